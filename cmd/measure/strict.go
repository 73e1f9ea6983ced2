package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// strict is a Bot API that holds everybody to the letter of the limits: it refuses whatever would be
// more messages within any one second than the limit, or more than one in a chat.
type strict struct {
	url    string
	server *http.Server

	mu      sync.Mutex
	limit   int
	sent    []time.Time // accepted, in order
	chats   map[string]time.Time
	refused refusals
	drawn   map[string]chan time.Time // who waits for a message of a chat to be redrawn
}

// refusals counts messages that were refused: as more than the limit over all chats, or as a second one
// in a chat.
type refusals struct{ all, chat int }

// strictDelay is how long every call takes.
const strictDelay = 20 * time.Millisecond

func newStrict(ctx context.Context, limit int) (*strict, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s := &strict{url: "http://" + l.Addr().String(), limit: limit, chats: map[string]time.Time{}, drawn: map[string]chan time.Time{}}
	s.server = &http.Server{Handler: s, ReadHeaderTimeout: time.Minute}
	go func() { _ = s.server.Serve(l) }()
	return s, nil
}

var chatField = regexp.MustCompile(`chat_id"?:?\s*"?(\d+)`)

// ServeHTTP is every method of the Bot API.
func (s *strict) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	at := time.Now()
	method := r.URL.Path[strings.LastIndexByte(r.URL.Path, '/')+1:]
	body, _ := io.ReadAll(r.Body) // what is cut short has no chat
	chat := ""
	if m := chatField.FindSubmatch(body); m != nil {
		chat = string(m[1])
	}
	w.Header().Set("Content-Type", "application/json")
	result := "true"
	switch method {
	case "getMe":
		result = `{"id":777,"is_bot":true,"first_name":"bench","username":"bench_bot"}`
	case "sendMessage":
		id, ok := s.send(at, chat)
		if !ok {
			w.WriteHeader(http.StatusTooManyRequests)
			_, _ = io.WriteString(w, `{"ok":false,"error_code":429,"description":"Too Many Requests: retry after 1","parameters":{"retry_after":1}}`)
			return
		}
		result = fmt.Sprintf(`{"message_id":%d,"date":1,"chat":{"id":1,"type":"private"}}`, id)
	case "editMessageText":
		s.mu.Lock()
		if waiting := s.drawn[chat]; waiting != nil {
			delete(s.drawn, chat)
			waiting <- at
		}
		s.mu.Unlock()
		result = `{"message_id":5,"date":1,"chat":{"id":1,"type":"private"}}`
	}
	time.Sleep(strictDelay)
	_, _ = fmt.Fprintf(w, `{"ok":true,"result":%s}`, result) // whoever asked has gone
}

// send takes a message, or refuses it.
func (s *strict) send(at time.Time, chat string) (id int, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	i, _ := slices.BinarySearchFunc(s.sent, at.Add(-time.Second), time.Time.Compare)
	switch {
	case at.Sub(s.chats[chat]) < time.Second:
		s.refused.chat++
		return 0, false
	case len(s.sent)-i >= s.limit:
		s.refused.all++
		return 0, false
	}
	s.sent, s.chats[chat] = append(s.sent, at), at
	return len(s.sent), true
}

// await returns a channel that tells when the chat's message is redrawn next.
func (s *strict) await(chat int64) <-chan time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	drawn := make(chan time.Time, 1)
	s.drawn[strconv.FormatInt(chat, 10)] = drawn
	return drawn
}

// seen returns when messages were accepted, and how many were refused.
func (s *strict) seen() ([]time.Time, refusals) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.sent), s.refused
}
