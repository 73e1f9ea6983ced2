package bot

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/go-telegram/bot/models"
	"github.com/google/go-cmp/cmp"
)

// updatesServer keeps updates as Telegram does: until a call with a higher offset confirms them.
type updatesServer struct {
	mu      sync.Mutex
	kept    []int64
	raw     map[int64]string // bodies that differ from the plain one
	offsets []int64
}

func (s *updatesServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var call struct {
		Offset  int64    `json:"offset"`
		Limit   int      `json:"limit"`
		Timeout int      `json:"timeout"`
		Allowed []string `json:"allowed_updates"`
	}
	if err := json.NewDecoder(r.Body).Decode(&call); err != nil || call.Limit > 100 || len(call.Allowed) == 0 {
		http.Error(w, `{"ok":false,"error_code":400}`, http.StatusBadRequest)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.offsets = append(s.offsets, call.Offset)
	s.kept = slices.DeleteFunc(s.kept, func(id int64) bool { return id < call.Offset })
	var bodies []string
	for _, id := range s.kept {
		body := fmt.Sprintf(`{"update_id":%d,"callback_query":{"id":"x","from":{"id":%d},"data":"d"}}`, id, id%3)
		if other, ok := s.raw[id]; ok {
			body = other
		}
		bodies = append(bodies, body)
	}
	_, _ = fmt.Fprintf(w, `{"ok":true,"result":[%s]}`, strings.Join(bodies, ","))
}

func newTestPoller(t *testing.T, s *updatesServer, handle func(*models.Update) error) *Poller {
	api := httptest.NewServer(s)
	t.Cleanup(api.Close)
	d := newTestDispatcher(func(_ context.Context, u *models.Update) error { return handle(u) },
		func(*models.Update) (int, error) { return 0, errors.New("away") })
	return NewPoller(PollerConfig{Token: "1:test", API: api.URL, Queue: d.Queue, Log: slog.New(slog.DiscardHandler)})
}

func TestPollerConfirmsWhatIsCommitted(t *testing.T) {
	t.Parallel()
	server := &updatesServer{kept: []int64{10, 11, 12}, raw: map[int64]string{11: `{"update_id":11,"message":7}`}}
	var mu sync.Mutex
	var seen []int64
	p := newTestPoller(t, server, func(u *models.Update) error {
		mu.Lock()
		defer mu.Unlock()
		seen = append(seen, u.ID)
		return nil
	})
	for range 3 {
		if err := p.round(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	slices.Sort(seen)
	if diff := cmp.Diff([]int64{10, 12}, seen); diff != "" {
		t.Errorf("handled (the unreadable one is passed over):\n%s", diff)
	}
	// Once all is confirmed the offset begins anew, for ids that begin anew.
	if diff := cmp.Diff([]int64{0, 13, 0}, server.offsets); diff != "" {
		t.Error(diff)
	}
}

func TestPollerDoesNotConfirmAFailedBatch(t *testing.T) {
	t.Parallel()
	server := &updatesServer{kept: []int64{10, 11, 12}}
	away := true
	var mu sync.Mutex
	p := newTestPoller(t, server, func(u *models.Update) error {
		mu.Lock()
		defer mu.Unlock()
		if away && u.ID == 11 {
			return errors.New("database is away")
		}
		return nil
	})
	if err := p.round(t.Context()); err == nil {
		t.Fatal("a batch with a failure passed as done")
	}
	if diff := cmp.Diff([]int64{10, 11, 12}, server.kept); diff != "" {
		t.Errorf("kept by the server after a failure:\n%s", diff)
	}
	mu.Lock()
	away = false
	mu.Unlock()
	for range 2 {
		if err := p.round(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if len(server.kept) != 0 {
		t.Errorf("still unconfirmed: %v", server.kept)
	}
}

func TestPollerErrorsDoNotTellTheToken(t *testing.T) {
	t.Parallel()
	p := NewPoller(PollerConfig{Token: "123456:very-secret", API: "http://127.0.0.1:1", Log: slog.New(slog.DiscardHandler)})
	err := p.round(t.Context())
	if err == nil || strings.Contains(err.Error(), "very-secret") {
		t.Errorf("got %v, want an error without the token", err)
	}
}
