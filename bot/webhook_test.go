package bot

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	tg "github.com/go-telegram/bot"
	"github.com/go-telegram/bot/models"
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
		{"wrong secret", "POST", "guess", `{"update_id":1}`, quiet, 401, "unauthorized\n"},
		{"no secret", "POST", "", `{"update_id":1}`, quiet, 401, "unauthorized\n"},
		{"wrong secret and no JSON", "POST", "guess", `{`, quiet, 401, "unauthorized\n"},
		{"no JSON", "POST", secret, `{`, quiet, 400, "not an update\n"},
		{"too large", "POST", secret, `{"x":"` + strings.Repeat("a", maxUpdateSize) + `"}`, quiet, 400, "not an update\n"},
		{"not a post", "GET", secret, ``, quiet, 405, "post only\n"},
		{"failure comes again", "POST", secret, `{"update_id":1}`,
			func(context.Context, *models.Update) error { return errors.New("down") }, 503, "try again\n"},
		{"the answer to a press rides along", "POST", secret, `{"update_id":1}`,
			func(ctx context.Context, _ *models.Update) error {
				return answerCallback(ctx, client, &tg.AnswerCallbackQueryParams{CallbackQueryID: "7", Text: "好"})
			}, 200, `{"method":"answerCallbackQuery","callback_query_id":"7","text":"好"}` + "\n"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			r := httptest.NewRequestWithContext(t.Context(), tc.method, "/telegram/webhook", strings.NewReader(tc.body))
			if tc.secret != "" {
				r.Header.Set(secretHeader, tc.secret)
			}
			w := httptest.NewRecorder()
			Webhook(secret, tc.do, slog.New(slog.DiscardHandler)).ServeHTTP(w, r)
			if w.Code != tc.status {
				t.Errorf("status %d, want %d", w.Code, tc.status)
			}
			if got := w.Body.String(); got != tc.reply {
				t.Errorf("body %q, want %q", got, tc.reply)
			}
		})
	}
}

func TestWebhookWithoutASecretLetsNobodyIn(t *testing.T) {
	t.Parallel()
	r := httptest.NewRequestWithContext(t.Context(), "POST", "/", strings.NewReader(`{"update_id":1}`))
	w := httptest.NewRecorder()
	Webhook("", func(context.Context, *models.Update) error { return nil }, slog.New(slog.DiscardHandler)).ServeHTTP(w, r)
	if w.Code != http.StatusUnauthorized {
		t.Errorf("status %d, want 401", w.Code)
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
		if err := answerCallback(ctx, client, &tg.AnswerCallbackQueryParams{CallbackQueryID: "7"}); err != nil {
			t.Fatal(err)
		}
	}
	if calls != 1 {
		t.Errorf("%d calls, want the second answer alone to be a call", calls)
	}
}
