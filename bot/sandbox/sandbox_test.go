package sandbox_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"pingyi/bot/sandbox"
)

const token = "4242:test-token"

// clock is a clock that tests move.
type clock struct {
	mu sync.Mutex
	t  time.Time
}

func newClock() *clock { return &clock{t: time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)} }

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(d)
}

// world is a sandbox behind HTTP with two people, of whom the first has started.
type world struct {
	t   *testing.T
	sb  *sandbox.Sandbox
	url string
}

const (
	ann = 11 // has started the bot
	bob = 12 // has not
)

func newWorld(t *testing.T, cfg sandbox.Config) *world {
	t.Helper()
	cfg.Token, cfg.Username = token, "pingyi_bot"
	sb := sandbox.New(cfg)
	srv := httptest.NewServer(sb.Handler())
	t.Cleanup(func() { sb.Close(); srv.Close() })
	for _, p := range []sandbox.Person{
		{ID: ann, First: "安", Last: "娜", Username: "ann", Language: "zh-hans", Phone: "+8613800000011"},
		{ID: bob, First: "Bob", Language: "en", Phone: "+8613800000012"},
	} {
		if err := sb.AddPerson(p); err != nil {
			t.Fatal(err)
		}
	}
	w := &world{t: t, sb: sb, url: srv.URL}
	if _, err := sb.Start(ann, ""); err != nil {
		t.Fatal(err)
	}
	return w
}

// answer is the envelope of the Bot API.
type answer struct {
	OK          bool            `json:"ok"`
	Result      json.RawMessage `json:"result"`
	Code        int             `json:"error_code"`
	Description string          `json:"description"`
	Parameters  struct {
		RetryAfter int   `json:"retry_after"`
		MigrateTo  int64 `json:"migrate_to_chat_id"`
	} `json:"parameters"`
}

// post sends a body as it is.
func (w *world) post(method, contentType string, body io.Reader) answer {
	w.t.Helper()
	req, err := http.NewRequestWithContext(context.Background(), http.MethodPost, w.url+"/bot"+token+"/"+method, body)
	if err != nil {
		w.t.Fatal(err)
	}
	req.Header.Set("Content-Type", contentType)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	defer resp.Body.Close()
	var out answer
	if err := json.NewDecoder(resp.Body).Decode(&out); err != nil {
		w.t.Fatal(err)
	}
	if want := out.Code; !out.OK && resp.StatusCode != want {
		w.t.Errorf("%s: HTTP status %d, error_code %d", method, resp.StatusCode, want)
	}
	return out
}

type obj = map[string]any

// call sends JSON parameters.
func (w *world) call(method string, args obj) answer {
	w.t.Helper()
	body, err := json.Marshal(args)
	if err != nil {
		w.t.Fatal(err)
	}
	return w.post(method, "application/json", bytes.NewReader(body))
}

// must sends parameters that have to be accepted and decodes the result.
func (w *world) must(method string, args obj, result any) {
	w.t.Helper()
	out := w.call(method, args)
	if !out.OK {
		w.t.Fatalf("%s %v: %d %s", method, args, out.Code, out.Description)
	}
	if result != nil {
		if err := json.Unmarshal(out.Result, result); err != nil {
			w.t.Fatal(err)
		}
	}
}

// message is what tests read of a Message.
type message struct {
	ID       int              `json:"message_id"`
	Text     string           `json:"text"`
	Caption  string           `json:"caption"`
	Entities []sandbox.Entity `json:"entities"`
	Document struct {
		ID string `json:"file_id"`
	} `json:"document"`
	Photo []struct {
		ID    string `json:"file_id"`
		Width int    `json:"width"`
	} `json:"photo"`
}

// say sends a text with one button to Ann and returns its id.
func (w *world) say(text, data string) int {
	w.t.Helper()
	var m message
	w.must("sendMessage", obj{"chat_id": ann, "text": text, "reply_markup": inline(data)}, &m)
	return m.ID
}

func inline(data ...string) obj {
	row := []obj{}
	for _, d := range data {
		row = append(row, obj{"text": d, "callback_data": d})
	}
	return obj{"inline_keyboard": [][]obj{row}}
}

func within(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

func ok[T any](t *testing.T) func(v T, err error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}
