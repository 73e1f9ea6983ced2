package bot

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/go-telegram/bot/models"

	"pingyi/survey"
)

// agreeable is a Bot API that grants everything.
func agreeable(w http.ResponseWriter, _ *http.Request) {
	_, _ = fmt.Fprint(w, `{"ok":true,"result":{"message_id":7,"date":1,"chat":{"id":1001,"type":"private"}}}`)
}

// FuzzUpdates: whatever comes by the webhook, in a button's data, as a payload of a link or as words, the
// bot neither panics nor fails: an update that fails would come again, for nothing.
func FuzzUpdates(f *testing.F) {
	w := begun(f)
	server := httptest.NewServer(http.HandlerFunc(agreeable))
	f.Cleanup(server.Close)
	client, err := NewClient(testToken, server.URL)
	w.must(err)
	b := New(Config{
		Client: client, Store: w.store, Sessions: w.redis.Sessions(), Limiter: w.redis.Limiter(), Locales: w.bot.locales,
		Log: slog.New(slog.DiscardHandler), Username: "pingyi_bot", Language: survey.ZhHans, Now: today,
	})
	const secret = "hook-secret"
	var failed error
	hook := NewWebhook(secret, func(ctx context.Context, u *models.Update) error {
		failed = b.Handle(ctx, u)
		return failed
	}, slog.New(slog.DiscardHandler))
	deliver := func(t *testing.T, body string) {
		t.Helper()
		failed = nil
		status, _ := call(hook, http.MethodPost, secret, body)
		if failed != nil || status != http.StatusOK && status != http.StatusBadRequest {
			t.Errorf("%s: %v, status %d", body, failed, status)
		}
	}
	for _, p := range everyPress() {
		f.Add(p.String(), "", `{}`)
	}
	for _, words := range []string{"/start", "/start join", "/start a-b_C9", "/todo@pingyi_bot x", "/forget", "13800138000", "好\x00\u202e", "/"} {
		f.Add("", words, `{}`)
	}
	for _, message := range []string{
		`{"message":{"message_id":1,"from":{"id":1001},"chat":{"id":1001,"type":"private"},"contact":{"user_id":1001,"phone_number":"+86"}}}`,
		`{"message":{"message_id":1,"chat":{"id":-5,"type":"group"},"text":"/todo"}}`, `{"message":{"from":{"id":9}}}`,
		`{"my_chat_member":{"chat":{"id":1001,"type":"private"},"from":{"id":1001},"new_chat_member":{"status":"kicked"}}}`,
		`{"callback_query":{"id":"1","from":{"id":1001},"inline_message_id":"x"}}`, `{"edited_message":{"chat":{"type":"private"}}}`,
		`{"channel_post":{"chat":{"id":-7}}}`, `{"update_id":-1e30}`, `[]`, ``,
	} {
		f.Add("", "", message)
	}
	id := 1_000_000
	f.Fuzz(func(t *testing.T, data, words, update string) {
		from := models.User{ID: resident, LanguageCode: "zh"}
		chat := models.Chat{ID: resident, Type: models.ChatTypePrivate}
		for _, u := range []models.Update{
			{CallbackQuery: &models.CallbackQuery{ID: "1", From: from, Data: data,
				Message: models.MaybeInaccessibleMessage{Message: &models.Message{ID: 5, Chat: chat}}}},
			{Message: &models.Message{ID: 6, From: &from, Chat: chat, Text: words}},
			{Message: &models.Message{ID: 6, From: &from, Chat: chat, Text: "/start " + words}},
		} {
			id++
			u.ID = int64(id)
			body, err := json.Marshal(u)
			if err != nil {
				t.Fatal(err)
			}
			deliver(t, string(body))
		}
		deliver(t, update)
		if u, err := decode(json.RawMessage(update)); u == nil && err == nil {
			t.Errorf("%q became nothing, and no fault", update)
		}
	})
}
