package sandbox_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"mime/multipart"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"pingyi/bot/sandbox"
)

func TestRates(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		limits sandbox.Limits
		chat   int64
		pass   int
		wait   time.Duration // after which one more passes
	}{
		{"over all chats", sandbox.Limits{MessagesPerSecond: 5}, ann, 5, 200 * time.Millisecond},
		{"in a chat", sandbox.Limits{ChatPerSecond: 1, ChatBurst: 3}, ann, 3, time.Second},
		{"in a group", sandbox.Limits{GroupPerMinute: 20}, -50, 20, 3 * time.Second},
		{"none", sandbox.Limits{}, ann, 200, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := newClock()
			w := newWorld(t, sandbox.Config{Now: c.now, Limits: tt.limits})
			report(t, w.sb.AddGroup(sandbox.Group{ID: -50, Title: "群", Members: []int64{ann}}))
			for i := range tt.pass {
				w.must("sendMessage", obj{"chat_id": tt.chat, "text": fmt.Sprint(i)}, nil)
			}
			if tt.wait == 0 {
				return
			}
			out := w.call("sendMessage", obj{"chat_id": tt.chat, "text": "x"})
			if out.Code != http.StatusTooManyRequests || out.Parameters.RetryAfter < 1 {
				t.Fatalf("beyond the limit: %+v", out)
			}
			c.advance(tt.wait)
			w.must("sendMessage", obj{"chat_id": tt.chat, "text": "x"}, nil)
			if len(w.sb.Violations()) != 0 {
				t.Error("a rate is no violation")
			}
		})
	}
}

func TestFaults(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Config{})
	codes := func(n int) []int {
		var out []int
		for range n {
			out = append(out, w.call("sendMessage", obj{"chat_id": ann, "text": "x"}).Code)
		}
		return out
	}
	w.sb.Inject(sandbox.Fault{Status: http.StatusTooManyRequests, RetryAfter: 3, Times: 2})
	if got := fmt.Sprint(codes(3)); got != "[429 429 0]" {
		t.Errorf("a storm of two: %s", got)
	}
	cancel := w.sb.Inject(sandbox.Fault{Method: "sendMessage", Chat: ann, Status: http.StatusBadGateway, Every: 2})
	if got := fmt.Sprint(codes(4)); got != "[0 502 0 502]" {
		t.Errorf("every second: %s", got)
	}
	cancel()
	if got := fmt.Sprint(codes(2)); got != "[0 0]" {
		t.Errorf("cancelled: %s", got)
	}
	w.sb.Inject(sandbox.Fault{Status: http.StatusForbidden, Chat: bob, Times: 1})
	if got := fmt.Sprint(codes(1)); got != "[0]" {
		t.Errorf("another chat's fault: %s", got)
	}
}

func TestDroppedConnections(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		drop sandbox.Drop
		sent int
	}{{sandbox.DropBefore, 0}, {sandbox.DropAfter, 1}} {
		w := newWorld(t, sandbox.Config{})
		w.sb.Inject(sandbox.Fault{Method: "sendMessage", Drop: tt.drop, Times: 1})
		link := w.url + "/bot" + token + "/sendMessage?" + url.Values{"chat_id": {fmt.Sprint(ann)}, "text": {"x"}}.Encode()
		req, err := http.NewRequestWithContext(within(t), http.MethodPost, link, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		if resp, err := http.DefaultClient.Do(req); err == nil {
			resp.Body.Close()
			t.Errorf("drop %d: answered %s", tt.drop, resp.Status)
		}
		if got := len(w.sb.Messages(ann)) - 1; got != tt.sent {
			t.Errorf("drop %d: %d messages arrived, want %d", tt.drop, got, tt.sent)
		}
	}
}

func TestDelayEndsWithTheRequest(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Config{})
	w.sb.Inject(sandbox.Fault{Method: "sendMessage", Delay: time.Hour, Times: 1})
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, w.url+"/bot"+token+"/sendMessage", strings.NewReader(`{"chat_id":11,"text":"x"}`))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	if resp, err := http.DefaultClient.Do(req); err == nil {
		resp.Body.Close()
		t.Error("a delayed request was answered")
	}
	w.fresh()
	if err := w.sb.Settle(within(t)); err != nil {
		t.Errorf("the request is still held: %v", err)
	}
}

// form builds a multipart body: values that are []byte become files.
func form(t *testing.T, fields map[string]any) (string, *bytes.Buffer) {
	t.Helper()
	var buf bytes.Buffer
	f := multipart.NewWriter(&buf)
	for name, v := range fields {
		content, isFile := v.([]byte)
		create := f.CreateFormField
		if isFile {
			create = func(string) (io.Writer, error) { return f.CreateFormFile(name, name+".png") }
		} else {
			content = []byte(fmt.Sprint(v))
		}
		part, err := create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := part.Write(content); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	return f.FormDataContentType(), &buf
}

func TestUploads(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		method string
		fields map[string]any
		want   string // part of the refusal; empty: accepted
	}{
		{"photo", "sendPhoto", map[string]any{"chat_id": ann, "photo": picture(t, 100, 50)}, ""},
		{"ratio of 20", "sendPhoto", map[string]any{"chat_id": ann, "photo": picture(t, 200, 10)}, ""},
		{"ratio over 20", "sendPhoto", map[string]any{"chat_id": ann, "photo": picture(t, 201, 10)}, "PHOTO_INVALID_DIMENSIONS"},
		{"sides over 10000", "sendPhoto", map[string]any{"chat_id": ann, "photo": picture(t, 9001, 1000)}, "PHOTO_INVALID_DIMENSIONS"},
		{"photo over 10 MB", "sendPhoto", map[string]any{"chat_id": ann, "photo": append(picture(t, 10, 10), make([]byte, 10<<20)...)}, "too big"},
		{"not a picture", "sendPhoto", map[string]any{"chat_id": ann, "photo": []byte("text")}, "IMAGE_PROCESS_FAILED"},
		{"caption of 1025", "sendPhoto", map[string]any{"chat_id": ann, "photo": picture(t, 10, 10), "caption": strings.Repeat("字", 1025)}, "too long"},
		{"document", "sendDocument", map[string]any{"chat_id": ann, "document": []byte("x")}, ""},
		{"attached document", "sendDocument", map[string]any{"chat_id": ann, "document": "attach://d", "d": []byte("x")}, ""},
		{"attachment missing", "sendDocument", map[string]any{"chat_id": ann, "document": "attach://d"}, "no file is attached"},
		{"empty document", "sendDocument", map[string]any{"chat_id": ann, "document": []byte{}}, "non-empty"},
		{"stray file", "sendMessage", map[string]any{"chat_id": ann, "text": "x", "extra": []byte("x")}, "not referred to"},
		{"file for a text", "sendMessage", map[string]any{"chat_id": ann, "text": []byte("x")}, "not a file"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, sandbox.Config{})
			kind, body := form(t, tt.fields)
			out := w.post(tt.method, kind, body)
			if out.OK != (tt.want == "") || !strings.Contains(out.Description, tt.want) {
				t.Errorf("got %+v, want a refusal naming %q", out, tt.want)
			}
		})
	}
}

func TestUploadOver50MB(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Config{})
	kind, body := form(t, map[string]any{"chat_id": ann, "document": make([]byte, 50<<20+1)})
	if out := w.post("sendDocument", kind, body); out.Code != http.StatusRequestEntityTooLarge {
		t.Errorf("got %+v", out)
	}
}

func TestWaysToSendParameters(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Config{})
	values := url.Values{"chat_id": {"11"}, "text": {"a & b"}, "protect_content": {"true"}}
	if out := w.post("sendMessage", "application/x-www-form-urlencoded", strings.NewReader(values.Encode())); !out.OK {
		t.Errorf("form: %+v", out)
	}
	if out := w.post("sendMessage?"+values.Encode(), "", strings.NewReader("")); !out.OK {
		t.Errorf("query: %+v", out)
	}
	if out := w.post("sendMessage?chat_id=11", "application/json", strings.NewReader(`{"text":"a & b","protect_content":true}`)); !out.OK {
		t.Errorf("query and JSON: %+v", out)
	}
	for _, m := range w.sb.Messages(ann)[1:] {
		if m.Text != "a & b" || !m.Protected {
			t.Errorf("message %+v", m)
		}
	}
	for name, body := range map[string]string{"twice": `{"chat_id":11,"text":"x"}`, "no object": `[1]`, "cut short": `{"text":`} {
		if out := w.post("sendMessage?chat_id=11", "application/json", strings.NewReader(body)); out.Code != 400 {
			t.Errorf("%s: %+v", name, out)
		}
	}
}

// TestCrowd has hundreds of people talk to a bot at once.
func TestCrowd(t *testing.T) {
	t.Parallel()
	const crowd = 400
	w := newWorld(t, sandbox.Config{})
	h := newHook(t, func(u update) (int, string) {
		if u.Query != nil {
			return 200, fmt.Sprintf(`{"method":"answerCallbackQuery","callback_query_id":%q,"text":"ok"}`, u.Query.ID)
		}
		return 200, ""
	})
	w.must("setWebhook", obj{"url": h.URL, "max_connections": 20}, nil)
	ctx := within(t)
	var wg sync.WaitGroup
	for i := range crowd {
		wg.Add(1)
		go func() {
			defer wg.Done()
			id := int64(1000 + i)
			report(t, w.sb.AddPerson(sandbox.Person{ID: id, First: "P"}))
			_, err := w.sb.Start(id, "")
			report(t, err)
			var m message
			w.must("sendMessage", obj{"chat_id": id, "text": "x", "reply_markup": inline("go")}, &m)
			act, err := w.sb.Tap(id, "go")
			report(t, err)
			_, err = w.sb.WaitAnswer(ctx, act)
			report(t, err)
		}()
	}
	wg.Wait()
	report(t, w.sb.Settle(ctx))
	if s := w.sb.Stats(); s.Presses != crowd || s.Answered != crowd || s.Violations != 0 || s.Pending != 0 {
		t.Errorf("stats %+v", s)
	}
}

// A bot that dies in the middle of a request has not sent a wrong one.
func TestRequestCutShort(t *testing.T) {
	t.Parallel()
	sb := sandbox.New(sandbox.Config{Token: "1:test"})
	t.Cleanup(sb.Close)
	server := httptest.NewServer(sb.Handler())
	t.Cleanup(server.Close)
	var d net.Dialer
	conn, err := d.DialContext(t.Context(), "tcp", server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	_, err = io.WriteString(conn, "POST /bot1:test/sendMessage HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n"+
		"Content-Type: multipart/form-data; boundary=b\r\n\r\n20\r\n--b\r\nContent-Disposition: form-d")
	if err != nil {
		t.Fatal(err)
	}
	if err := conn.(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadAll(conn); err != nil {
		t.Logf("the connection was reset: %v", err)
	}
	if v := sb.Violations(); len(v) > 0 {
		t.Errorf("refused for its form: %+v", v)
	}
}
