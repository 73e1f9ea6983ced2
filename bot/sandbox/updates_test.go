package sandbox_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pingyi/bot/sandbox"
)

// update is what tests read of an Update.
type update struct {
	ID      int64    `json:"update_id"`
	Message *message `json:"message"`
	Edited  *message `json:"edited_message"`
	Query   *struct {
		ID      string `json:"id"`
		Data    string `json:"data"`
		Message struct {
			ID   int    `json:"message_id"`
			Date int64  `json:"date"`
			Text string `json:"text"`
		} `json:"message"`
	} `json:"callback_query"`
	Member *struct {
		New struct {
			Status string `json:"status"`
		} `json:"new_chat_member"`
	} `json:"my_chat_member"`
}

// kind describes an update in a word.
func (u update) kind() string {
	switch {
	case u.Message != nil:
		return u.Message.Text
	case u.Edited != nil:
		return "edited " + u.Edited.Text
	case u.Query != nil:
		return "pressed " + u.Query.Data
	case u.Member != nil:
		return u.Member.New.Status
	}
	return "?"
}

func kinds(list []update) []string {
	out := []string{}
	for _, u := range list {
		out = append(out, u.kind())
	}
	return out
}

func (w *world) updates(args obj) []update {
	w.t.Helper()
	var out []update
	w.must("getUpdates", args, &out)
	return out
}

func TestOffsets(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Config{})
	for _, text := range []string{"a", "b", "c"} {
		ok[sandbox.Act](t)(w.sb.Send(ann, text))
	}
	all := w.updates(nil)
	if diff := cmp.Diff([]string{"/start", "a", "b", "c"}, kinds(all)); diff != "" {
		t.Fatal(diff)
	}
	if got := kinds(w.updates(obj{"limit": 2})); !slices.Equal(got, []string{"/start", "a"}) {
		t.Errorf("unconfirmed updates come again, limited: %v", got)
	}
	if got := kinds(w.updates(obj{"offset": all[1].ID})); !slices.Equal(got, []string{"a", "b", "c"}) {
		t.Errorf("after confirming one: %v", got)
	}
	if got := kinds(w.updates(nil)); !slices.Equal(got, []string{"a", "b", "c"}) {
		t.Errorf("a confirmed one is forgotten: %v", got)
	}
	if got := kinds(w.updates(obj{"offset": -1})); !slices.Equal(got, []string{"c"}) {
		t.Errorf("negative offset: %v", got)
	}
	if got := w.updates(obj{"offset": all[3].ID + 1}); len(got) != 0 || w.sb.Stats().Pending != 0 {
		t.Errorf("all confirmed: %v", kinds(got))
	}
	for i := 1; i < len(all); i++ {
		if all[i].ID != all[i-1].ID+1 {
			t.Errorf("ids %d, %d", all[i-1].ID, all[i].ID)
		}
	}
}

func TestLongPoll(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Config{})
	start := w.updates(nil)
	got := make(chan []update, 1)
	go func() { got <- w.updates(obj{"offset": start[0].ID + 1, "timeout": 50}) }()
	if err := w.sb.Settle(within(t)); err != nil { // the poll has begun: it confirmed /start
		t.Fatal(err)
	}
	ok[sandbox.Act](t)(w.sb.Send(ann, "late"))
	if list := <-got; len(list) != 1 || list[0].kind() != "late" {
		t.Errorf("got %v", kinds(list))
	}
}

func TestSecondPollerEndsTheFirst(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Config{})
	first := make(chan answer, 1)
	start := w.updates(nil)
	go func() { first <- w.call("getUpdates", obj{"offset": start[0].ID + 1, "timeout": 50}) }()
	if err := w.sb.Settle(within(t)); err != nil {
		t.Fatal(err)
	}
	w.updates(nil)
	if out := <-first; out.Code != http.StatusConflict {
		t.Errorf("the first poller got %+v", out)
	}
}

func TestAllowedUpdates(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Config{})
	first := w.updates(obj{"allowed_updates": []string{"callback_query"}})
	id := w.say("x", "go")
	ok[sandbox.Act](t)(w.sb.Send(ann, "not wanted"))
	ok[sandbox.Act](t)(w.sb.Press(ann, id, "go"))
	next := first[0].ID + 1
	if got := kinds(w.updates(obj{"offset": next})); !slices.Equal(got, []string{"pressed go"}) {
		t.Errorf("the choice stays until changed: %v", got)
	}
	w.updates(obj{"offset": next + 1, "allowed_updates": []string{}})
	ok[sandbox.Act](t)(w.sb.Send(ann, "wanted again"))
	if got := kinds(w.updates(nil)); !slices.Equal(got, []string{"wanted again"}) {
		t.Errorf("an empty list means the default: %v", got)
	}
}

func TestHoldAndDuplicate(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Config{})
	last := w.updates(nil)
	next := last[len(last)-1].ID + 1
	w.sb.Hold(ann)
	for _, text := range []string{"1", "2", "3"} {
		ok[sandbox.Act](t)(w.sb.Send(ann, text))
	}
	if got := w.updates(obj{"offset": next}); len(got) != 0 {
		t.Fatalf("held updates went out: %v", kinds(got))
	}
	w.sb.Release(ann, true)
	late := w.updates(nil)
	if got := kinds(late); !slices.Equal(got, []string{"3", "2", "1"}) {
		t.Errorf("released in reverse: %v", got)
	}
	w.updates(obj{"offset": late[2].ID + 1})
	if !w.sb.DuplicateLast(ann) {
		t.Fatal("nothing to duplicate")
	}
	again := w.updates(obj{"offset": late[2].ID + 1})
	if len(again) != 1 || again[0].ID != late[2].ID {
		t.Errorf("duplicate: %+v", again)
	}
	if !w.sb.DuplicateLast(ann) { // nobody polls for this one
		t.Fatal("nothing to duplicate")
	}
	h := newHook(t, func(update) (int, string) { return http.StatusOK, "" })
	w.must("setWebhook", obj{"url": h.URL}, nil)
	report(t, w.sb.Settle(within(t)))
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.got) != 1 || h.got[0].ID != late[2].ID {
		t.Errorf("duplicate by webhook: %+v", h.got)
	}
}

// hook is a bot's webhook that answers as told.
type hook struct {
	mu     sync.Mutex
	got    []update
	secret []string
	reply  func(u update) (int, string)
	*httptest.Server
}

func newHook(t *testing.T, reply func(u update) (int, string)) *hook {
	t.Helper()
	h := &hook{reply: reply}
	h.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		var u update
		if err != nil || json.Unmarshal(body, &u) != nil {
			t.Errorf("bad update %q", body)
		}
		code, text := h.reply(u)
		h.mu.Lock()
		if code == http.StatusOK {
			h.got = append(h.got, u)
		}
		h.secret = append(h.secret, r.Header.Get("X-Telegram-Bot-Api-Secret-Token"))
		h.mu.Unlock()
		w.WriteHeader(code)
		_, _ = io.WriteString(w, text)
	}))
	t.Cleanup(h.Close)
	return h
}

func TestWebhookRetriesInOrder(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Config{WebhookBackoff: time.Millisecond})
	var mu sync.Mutex
	tries := map[string]int{}
	h := newHook(t, func(u update) (int, string) {
		mu.Lock()
		defer mu.Unlock()
		tries[u.kind()]++
		if u.kind() == "a" && tries["a"] < 4 {
			return http.StatusServiceUnavailable, ""
		}
		return http.StatusOK, ""
	})
	for _, text := range []string{"a", "b", "c"} {
		ok[sandbox.Act](t)(w.sb.Send(ann, text))
	}
	w.must("setWebhook", obj{"url": h.URL, "secret_token": "s-1", "max_connections": 5}, nil)
	if out := w.call("getUpdates", nil); out.Code != http.StatusConflict {
		t.Errorf("polling beside a webhook: %+v", out)
	}
	if err := w.sb.Settle(within(t)); err != nil {
		t.Fatal(err)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if diff := cmp.Diff([]string{"/start", "a", "b", "c"}, kinds(h.got)); diff != "" {
		t.Error(diff)
	}
	if tries["a"] != 4 || tries["b"] != 1 {
		t.Errorf("tries: %v", tries)
	}
	if slices.ContainsFunc(h.secret, func(s string) bool { return s != "s-1" }) {
		t.Errorf("secrets: %v", h.secret)
	}
	var info struct {
		Error   string `json:"last_error_message"`
		Pending int    `json:"pending_update_count"`
	}
	w.must("getWebhookInfo", nil, &info)
	if !strings.Contains(info.Error, "503") || info.Pending != 0 {
		t.Errorf("info %+v", info)
	}
}

func TestWebhookReplyIsExecuted(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Config{})
	h := newHook(t, func(u update) (int, string) {
		if u.Query == nil {
			return http.StatusOK, ""
		}
		body, err := json.Marshal(obj{"method": "answerCallbackQuery", "callback_query_id": u.Query.ID, "text": "好", "show_alert": true})
		if err != nil {
			t.Error(err)
		}
		return http.StatusOK, string(body)
	})
	id := w.say("x", "go")
	w.must("setWebhook", obj{"url": h.URL}, nil)
	act := ok[sandbox.Act](t)(w.sb.Press(ann, id, "go"))
	ans := ok[sandbox.Answer](t)(w.sb.WaitAnswer(within(t), act))
	if ans.Text != "好" || !ans.Alert || ans.MessageID != id {
		t.Errorf("answer %+v", ans)
	}
	if n := w.sb.Stats().Methods["answerCallbackQuery"]; n != 1 {
		t.Errorf("counted %d", n)
	}
}

func TestWebhookIsParallelOverPeople(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Config{})
	gate, other := make(chan struct{}), make(chan struct{})
	h := newHook(t, func(u update) (int, string) {
		if u.kind() == "slow" {
			<-gate
		} else {
			close(other)
		}
		return http.StatusOK, ""
	})
	w.must("setWebhook", obj{"url": h.URL, "drop_pending_updates": true}, nil)
	ok[sandbox.Act](t)(w.sb.Send(ann, "slow"))
	ok[sandbox.Act](t)(w.sb.Start(bob, ""))
	select {
	case <-other:
	case <-within(t).Done():
		t.Error("one slow person held up another")
	}
	close(gate)
	if err := w.sb.Settle(within(t)); err != nil {
		t.Fatal(err)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if got := kinds(h.got); len(got) != 2 || !slices.Contains(got, "slow") || !slices.Contains(got, "/start") {
		t.Errorf("delivered %v", got)
	}
}

func TestWebhookHandsBackToPolling(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Config{WebhookBackoff: time.Hour})
	h := newHook(t, func(update) (int, string) { return http.StatusBadGateway, "" })
	w.must("setWebhook", obj{"url": h.URL}, nil)
	w.must("deleteWebhook", nil, nil)
	if got := kinds(w.updates(nil)); !slices.Equal(got, []string{"/start"}) {
		t.Errorf("what the webhook did not take is polled: %v", got)
	}
}
