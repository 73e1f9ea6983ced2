package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"time"
)

// pollTime is how long a call for updates is held open.
const pollTime = 25 * time.Second

// telegram is a Bot API that does nothing but take its time.
type telegram struct {
	url    string
	server *http.Server
	delay  atomic.Int64
	drawn  atomic.Pointer[func(chat int64)] // is told of every message that was redrawn
}

func newTelegram(ctx context.Context) (*telegram, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	t := &telegram{url: "http://" + l.Addr().String()}
	t.server = &http.Server{Handler: t, ReadHeaderTimeout: time.Minute}
	go func() { _ = t.server.Serve(l) }()
	return t, nil
}

// ServeHTTP is every method of the Bot API.
func (t *telegram) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	method := r.URL.Path[strings.LastIndexByte(r.URL.Path, '/')+1:]
	body, _ := io.ReadAll(r.Body) // what is cut short has no chat in it
	time.Sleep(time.Duration(t.delay.Load()))
	result := "true"
	switch method {
	case "getMe":
		result = `{"id":777,"is_bot":true,"first_name":"bench","username":"bench_bot"}`
	case "sendMessage":
		result = fmt.Sprintf(`{"message_id":%d,"date":1,"chat":{"id":1,"type":"private"}}`, 1000+time.Now().UnixNano()%1e9)
	case "getUpdates": // nothing happens
		select {
		case <-r.Context().Done():
		case <-time.After(pollTime):
		}
		result = "[]"
	case "editMessageText":
		if drawn := t.drawn.Load(); drawn != nil {
			(*drawn)(chatOf(body))
		}
		result = `{"message_id":5,"date":1,"chat":{"id":1,"type":"private"}}`
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = fmt.Fprintf(w, `{"ok":true,"result":%s}`, result) // whoever asked has gone
}

// chatOf is the chat_id of a call, in JSON or in a form.
func chatOf(body []byte) int64 {
	_, rest, _ := bytes.Cut(body, []byte(`chat_id"`))
	var chat int64
	for _, c := range bytes.TrimLeft(rest, ": \r\n\"") {
		if c < '0' || c > '9' {
			break
		}
		chat = chat*10 + int64(c-'0')
	}
	return chat
}

// busiest is the most that lies within one second.
func busiest(at []time.Time) int {
	most, from := 0, 0
	for to := range at {
		for at[to].Sub(at[from]) >= time.Second {
			from++
		}
		most = max(most, to-from+1)
	}
	return most
}
