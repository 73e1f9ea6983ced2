package bot

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	tg "github.com/go-telegram/bot"
)

func TestJudge(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		status int
		body   string
		want   Outcome
		wait   time.Duration
	}{
		{"ok", 200, `{"ok":true,"result":true}`, OutcomeOK, 0},
		{"blocked", 403, `{"ok":false,"error_code":403,"description":"any words"}`, OutcomeUnreachable, 0},
		{"too many", 429, `{"ok":false,"error_code":429,"description":"x","parameters":{"retry_after":10072}}`, OutcomeTooMany, 10072 * time.Second},
		{"bad request", 400, `{"ok":false,"error_code":400,"description":"any words"}`, OutcomeRefused, 0},
		{"fault of the server", 500, `{"ok":false,"error_code":500,"description":"any words"}`, OutcomeDown, 0},
		{"page of a gateway", 502, `<html>Bad Gateway</html>`, OutcomeDown, 0},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(tc.status)
				_, _ = io.WriteString(w, tc.body)
			}))
			defer api.Close()
			client, err := NewClient("1:test", api.URL)
			if err != nil {
				t.Fatal(err)
			}
			err = client.answerQuery(t.Context(), queryAnswer{query: "1"})
			got, wait := Judge(fmt.Errorf("wrapped: %w", err))
			if err == nil {
				got, wait = Judge(nil)
			}
			if got != tc.want || wait != tc.wait {
				t.Errorf("Judge = %v, %v, want %v, %v", got, wait, tc.want, tc.wait)
			}
		})
	}
}

// A request either has no form, or one that can be read.
func TestRequestsAreWhole(t *testing.T) {
	t.Parallel()
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Content-Type") != "" {
			if err := r.ParseMultipartForm(1 << 20); err != nil {
				t.Errorf("%s: %v", r.URL.Path, err)
			}
		}
		_, _ = io.WriteString(w, `{"ok":true,"result":{"id":1,"is_bot":true,"first_name":"x","username":"x_bot"}}`)
	}))
	defer api.Close()
	client, err := NewClient("1:test", api.URL)
	if err != nil {
		t.Fatal(err)
	}
	if me, err := client.GetMe(t.Context()); err != nil || me.Username != "x_bot" {
		t.Errorf("GetMe = %+v, %v", me, err)
	}
	if _, err := client.LeaveChat(t.Context(), &tg.LeaveChatParams{ChatID: -5}); err == nil {
		t.Error("an object was taken for a yes")
	}
}

func TestBrokenConnectionIsAmbiguousAndTellsNothing(t *testing.T) {
	t.Parallel()
	api := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }))
	defer api.Close()
	const token = "123456:very-secret-token"
	client, err := NewClient(token, api.URL)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	_, library := client.SendMessage(ctx, &tg.SendMessageParams{ChatID: 1, Text: "what somebody wrote"})
	_, direct := client.text(ctx, &textParams{chat: 1, text: "what somebody wrote"})
	for _, err := range []error{library, direct} {
		if err == nil {
			t.Fatal("the call went through")
		}
		if got, _ := Judge(err); got != OutcomeAmbiguous {
			t.Errorf("Judge = %v, want ambiguous (%v)", got, err)
		}
		if got := scrub(err); strings.Contains(got, token) || strings.Contains(got, "wrote") {
			t.Errorf("scrub lets through %q", got)
		}
	}
	if strings.Contains(direct.Error(), token) {
		t.Errorf("the token stands in %q", direct)
	}
	if got := scrub(errors.New("storage: round 7: closed")); got != "storage: round 7: closed" {
		t.Errorf("scrub hides our own words: %q", got)
	}
}
