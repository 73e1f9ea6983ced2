package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/go-telegram/bot/models"

	"pingyi/bot"
)

// listening starts the HTTP side alone, with a webhook that has updates done.
func listening(t *testing.T, do func(context.Context, *models.Update) error) (*listener, string) {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	s := &service{cfg: config{Listen: freePort(t)}, log: log, metrics: newMetrics(), ready: &readiness{}}
	l, err := s.listen(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.stop)
	if do != nil {
		l.hook.Store(bot.NewWebhook("right", do, log))
	}
	return l, "http://" + s.cfg.Listen
}

// ask makes a request and returns the status and the body.
func ask(t *testing.T, method, url, secret, body string) (int, string) {
	t.Helper()
	status, text, err := tryAsking(t, method, url, secret, body)
	if err != nil {
		t.Fatal(err)
	}
	return status, text
}

func tryAsking(t *testing.T, method, url, secret, body string) (int, string, error) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("X-Telegram-Bot-Api-Secret-Token", secret)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, "", err
	}
	defer func() { _ = resp.Body.Close() }()
	if server := resp.Header.Get("Server"); server != "" {
		t.Errorf("the server names itself %q", server)
	}
	text, err := io.ReadAll(resp.Body)
	return resp.StatusCode, string(text), err
}

// update is one of about so many bytes.
func update(size int) string {
	return fmt.Sprintf(`{"update_id":1,"x":"%s"}`, strings.Repeat("x", size))
}

func TestListener(t *testing.T) {
	t.Parallel()
	_, ready := listening(t, func(context.Context, *models.Update) error { return nil })
	_, early := listening(t, nil)
	for _, tc := range []struct {
		name, method, url, secret, body string
		want                            int
	}{
		{"alive", "GET", ready + "/healthz", "", "", 200},
		{"not ready", "GET", ready + "/readyz", "", "", 503},
		{"metrics", "GET", ready + "/metrics", "", "", 200},
		{"no such page", "GET", ready + "/", "", "", 404},
		{"nothing to post to", "POST", ready + "/healthz", "", "x", 405},
		{"an update", "POST", ready + webhookPath, "right", update(1), 200},
		{"a long update", "POST", ready + webhookPath, "right", update(1 << 19), 200},
		{"a stranger", "POST", ready + webhookPath, "wrong", update(1), 401},
		{"an update before all is there", "POST", early + webhookPath, "right", update(1), 503},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			if got, text := ask(t, tc.method, tc.url, tc.secret, tc.body); got != tc.want {
				t.Errorf("%d %s, want %d", got, text, tc.want)
			}
		})
	}
}

// What is too long is not read; whoever goes on sending finds the connection closed.
func TestListenerRefusesTooMuch(t *testing.T) {
	t.Parallel()
	_, url := listening(t, func(context.Context, *models.Update) error {
		t.Error("it was taken for an update")
		return nil
	})
	for secret, size := range map[string]int{"right": 1 << 20, "wrong": maxRequest, "": 1 << 19} {
		status, text, err := tryAsking(t, "POST", url+webhookPath, secret, update(size))
		if err == nil && status != http.StatusBadRequest {
			t.Errorf("%q: %d %s", secret, status, text)
		}
	}
}

func TestListenerContainsPanics(t *testing.T) {
	t.Parallel()
	_, url := listening(t, func(context.Context, *models.Update) error { panic("on purpose") })
	for range 2 {
		status, text := ask(t, "POST", url+webhookPath, "right", update(1))
		if status != http.StatusInternalServerError || strings.Contains(text, "purpose") {
			t.Errorf("%d %s", status, text)
		}
	}
}

func dial(t *testing.T, url string) (net.Conn, error) {
	return new(net.Dialer).DialContext(t.Context(), "tcp", strings.TrimPrefix(url, "http://"))
}

// Whoever is being served when the replica stops is served to the end.
func TestListenerFinishesWhatIsUnderWay(t *testing.T) {
	t.Parallel()
	begun, finish, stopped := make(chan struct{}), make(chan struct{}), make(chan struct{})
	l, url := listening(t, func(context.Context, *models.Update) error {
		close(begun)
		<-finish
		return nil
	})
	go func() {
		defer close(stopped)
		<-begun
		go l.stop()
		for conn, err := dial(t, url); err == nil; conn, err = dial(t, url) {
			_ = conn.Close()
		}
		close(finish)
	}()
	if status, text := ask(t, "POST", url+webhookPath, "right", update(1)); status != http.StatusOK {
		t.Errorf("%d %s", status, text)
	}
	<-stopped
}
