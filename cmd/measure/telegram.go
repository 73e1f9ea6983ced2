package main

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"sync/atomic"
	"time"

	"github.com/valyala/fasthttp"
)

// pollTime is how long a call for updates is held open.
const pollTime = 25 * time.Second

// telegram is a Bot API that does nothing but take its time, and as little as can be of everybody's processor.
type telegram struct {
	url    string
	socket net.Listener
	delay  atomic.Int64
	drawn  atomic.Pointer[func(chat int64)] // is told of every message that was redrawn
}

func newTelegram(ctx context.Context) (*telegram, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	t := &telegram{url: "http://" + l.Addr().String(), socket: l}
	server := &fasthttp.Server{Handler: t.serve, DisablePreParseMultipartForm: true}
	go func() { _ = server.Serve(l) }()
	return t, nil
}

// serve is every method of the Bot API.
func (t *telegram) serve(c *fasthttp.RequestCtx) {
	path := c.Path()
	time.Sleep(time.Duration(t.delay.Load()))
	result := "true"
	switch string(path[bytes.LastIndexByte(path, '/')+1:]) {
	case "getMe":
		result = `{"id":777,"is_bot":true,"first_name":"bench","username":"bench_bot"}`
	case "sendMessage":
		result = fmt.Sprintf(`{"message_id":%d,"date":1,"chat":{"id":1,"type":"private"}}`, 1000+time.Now().UnixNano()%1e9)
	case "getUpdates": // nothing happens
		time.Sleep(pollTime)
		result = "[]"
	case "editMessageText":
		if drawn := t.drawn.Load(); drawn != nil {
			(*drawn)(chatOf(c.PostBody()))
		}
		result = `{` + questionShown + `}`
	}
	c.SetContentType("application/json")
	_, _ = c.WriteString(`{"ok":true,"result":`) // into memory, as what follows
	_, _ = c.WriteString(result)
	_, _ = c.WriteString(`}`)
}

// questionShown is a message as it comes with each press on it and with each answer to redrawing it: a
// question and its buttons, without the chat it is in. The Bot API escapes whatever is not ASCII.
const questionShown = `"message_id":5,"from":{"id":777,"is_bot":true,"first_name":"bench","username":"bench_bot"},` +
	`"date":1764500000,"edit_date":1764500060,"text":"Police \u00b7 1/3 \u2593\u2593\u2591\u2591\u2591\u2591\u2591\u2591\n\nHow satisfied are you? *",` +
	`"entities":[{"offset":0,"length":6,"type":"bold"},{"offset":24,"length":22,"type":"bold"}],"reply_markup":{"inline_keyboard":[` +
	`[{"text":"Very satisfied","callback_data":"a.1.1.1.0"}],[{"text":"Satisfied","callback_data":"a.1.1.1.1"}],` +
	`[{"text":"Fair","callback_data":"a.1.1.1.2"}],[{"text":"Dissatisfied","callback_data":"a.1.1.1.3"}],` +
	`[{"text":"Very dissatisfied","callback_data":"a.1.1.1.4"}],[{"text":"\u2039 Back","callback_data":"p.1.1.1"}]]}`

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
