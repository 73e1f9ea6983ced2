package bot

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/go-telegram/bot/models"
	"github.com/valyala/fasthttp"
)

func TestWebhook(t *testing.T) {
	t.Parallel()
	const secret = "s3cret-of-the-hook"
	client, err := NewClient("1:test", "http://127.0.0.1:1")
	if err != nil {
		t.Fatal(err)
	}
	quiet := func(context.Context, *models.Update) error { return nil }
	tests := []struct {
		name, method, secret, body string
		do                         func(context.Context, *models.Update) error
		status                     int
		reply                      string
	}{
		{"handled", "POST", secret, `{"update_id":1}`, quiet, 200, ""},
		{"wrong secret", "POST", "guess", `{"update_id":1}`, quiet, 401, "unauthorized"},
		{"no secret", "POST", "", `{"update_id":1}`, quiet, 401, "unauthorized"},
		{"wrong secret and no JSON", "POST", "guess", `{`, quiet, 401, "unauthorized"},
		{"no JSON", "POST", secret, `{`, quiet, 400, "not an update"},
		{"not a post", "GET", secret, ``, quiet, 405, "post only"},
		{"failure comes again", "POST", secret, `{"update_id":1}`,
			func(context.Context, *models.Update) error { return errors.New("down") }, 503, "try again"},
		{"the answer to a press rides along", "POST", secret, `{"update_id":1}`,
			func(ctx context.Context, _ *models.Update) error {
				return answerCallback(ctx, client, queryAnswer{query: "7", text: "好"})
			}, 200, `{"method":"answerCallbackQuery","callback_query_id":"7","text":"好"}`},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			status, reply := call(NewWebhook(secret, tc.do, slog.New(slog.DiscardHandler)), tc.method, tc.secret, tc.body)
			if status != tc.status {
				t.Errorf("status %d, want %d", status, tc.status)
			}
			if reply != tc.reply {
				t.Errorf("body %q, want %q", reply, tc.reply)
			}
		})
	}
}

// call makes a call of a webhook as a server does that has read the request.
func call(hook *Webhook, method, secret, body string) (status int, reply string) {
	var c fasthttp.RequestCtx
	c.Request.Header.SetMethod(method)
	if secret != "" {
		c.Request.Header.Set(secretHeader, secret)
	}
	c.Request.SetBodyString(body)
	hook.Serve(&c)
	return c.Response.StatusCode(), string(c.Response.Body())
}

func TestWebhookWithoutASecretLetsNobodyIn(t *testing.T) {
	t.Parallel()
	hook := NewWebhook("", func(context.Context, *models.Update) error { return nil }, slog.New(slog.DiscardHandler))
	if status, _ := call(hook, "POST", "", `{"update_id":1}`); status != http.StatusUnauthorized {
		t.Errorf("status %d, want 401", status)
	}
}

// How much is read of a call is settled before it is read.
func TestWebhookReadsLittleFromStrangers(t *testing.T) {
	t.Parallel()
	hook := NewWebhook("right", nil, slog.New(slog.DiscardHandler))
	for secret, want := range map[string]int{"right": maxUpdateSize, "wrong": 0, "": 0} {
		var header fasthttp.RequestHeader
		header.Set(secretHeader, secret)
		if got := hook.Limits(&header).MaxRequestBodySize; got != want {
			t.Errorf("with the secret %q %d bytes are read, want %d", secret, got, want)
		}
	}
}

func TestOnlyOneAnswerRidesInAReply(t *testing.T) {
	t.Parallel()
	calls := 0
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		calls++
		_, _ = io.WriteString(w, `{"ok":true,"result":true}`)
	}))
	defer api.Close()
	client, err := NewClient("1:test", api.URL)
	if err != nil {
		t.Fatal(err)
	}
	ctx, _ := withReply(t.Context())
	for range 2 {
		if err := answerCallback(ctx, client, queryAnswer{query: "7"}); err != nil {
			t.Fatal(err)
		}
	}
	if calls != 1 {
		t.Errorf("%d calls, want the second answer alone to be a call", calls)
	}
}
