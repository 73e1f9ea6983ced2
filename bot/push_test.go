package bot

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"pingyi/bot/sandbox"
	"pingyi/storage"
	"pingyi/survey"
)

// asked is a round that asks the clerk and the boss alone, both known by their accounts beforehand.
const asked = `round: asked
title: 部门评价
questionnaire: services
subjects: all
duration: 14d
panels:
  - {panel: staff, title: 职员, who: {kind: staff}, identity: anonymous, minimum: 5, asks: every}
`

// senders is a world in which people of the roster are asked by a sender.
func senders(t *testing.T) (*world, *Sender) {
	t.Helper()
	w := newWorld(t, survey.ZhHans)
	house := testHouse(t)
	house.People = []storage.PersonRow{
		{Code: "clerk", Name: "李明", TelegramID: clerk, Memberships: []storage.MembershipRow{{Kind: survey.Staff, Unit: "city"}}},
		{Code: "boss", Name: "周处", TelegramID: boss, Memberships: []storage.MembershipRow{{Kind: survey.Staff, Unit: "city"}}},
	}
	w.apply(&storage.House{People: house.People})
	sender := NewSender(SenderConfig{
		Bot: w.bot, Store: w.store, Limiter: w.redis.Limiter(), Rate: 500, Worker: "test", Wake: make(chan struct{}),
		Count: func(storage.DeliveryKind, Outcome) {}, Backoff: 10 * time.Millisecond, Log: w.bot.log,
	})
	return w, sender
}

// work lets the sender send until the person's chat holds a button of an invitation, or for a while.
func (w *world) work(sender *Sender, person int64, patience time.Duration) bool {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), patience)
	var done sync.WaitGroup
	done.Go(func() { _ = sender.Run(ctx) })
	defer func() { cancel(); done.Wait() }()
	for ctx.Err() == nil {
		for _, m := range w.box.Messages(person) {
			for _, row := range m.Inline {
				for _, b := range row {
					if strings.HasPrefix(b.Data, string(verbBegin)+".") {
						return true
					}
				}
			}
		}
		time.Sleep(5 * time.Millisecond)
	}
	return false
}

// unreachable reports whether anybody asked counts as such.
func (w *world) unreachable() bool {
	w.t.Helper()
	round, err := w.store.Round(w.t.Context(), "asked")
	w.must(err)
	counts, err := w.store.RoundCounts(w.t.Context(), round.ID)
	w.must(err)
	return counts[0].Unreachable > 0
}

func TestSenderFindsWhoNeverStarted(t *testing.T) {
	t.Parallel()
	w, sender := senders(t)
	_, err := w.box.Start(boss, "")
	w.must(err)
	w.settle()
	w.open(asked)
	if !w.work(sender, boss, 10*time.Second) {
		t.Fatal("who started the bot was not asked")
	}
	if !w.unreachable() {
		t.Error("who never started the bot does not count as unreachable")
	}
	_, err = w.box.Start(clerk, "")
	w.must(err)
	w.settle()
	if !w.work(sender, clerk, 10*time.Second) {
		t.Error("who starts the bot later is not asked")
	}
	if strings.Contains(w.log.String(), "level=ERROR") {
		t.Errorf("a person who never started the bot is no error:\n%s", w.log)
	}
}

func TestSenderGoesOnAfterTrouble(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]sandbox.Fault{
		"429":            {Method: "sendMessage", Status: http.StatusTooManyRequests, RetryAfter: 1, Times: 2},
		"500":            {Method: "sendMessage", Status: http.StatusInternalServerError, Times: 2},
		"dropped before": {Method: "sendMessage", Drop: sandbox.DropBefore, Times: 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, sender := senders(t)
			for _, id := range []int64{boss, clerk} {
				_, err := w.box.Start(id, "")
				w.must(err)
			}
			w.settle()
			w.open(asked)
			w.box.Inject(fault)
			for _, id := range []int64{boss, clerk} {
				if !w.work(sender, id, 20*time.Second) {
					t.Errorf("person %d was not asked", id)
				}
			}
			if got := w.box.Stats().Methods["sendMessage"]; got > 2+2+fault.Times {
				t.Errorf("%d messages were sent: something was sent twice", got)
			}
		})
	}
}

func TestSenderKeepsAwayFromWhoBlocked(t *testing.T) {
	t.Parallel()
	w, sender := senders(t)
	for _, id := range []int64{boss, clerk} {
		_, err := w.box.Start(id, "")
		w.must(err)
	}
	w.settle()
	w.must(w.box.Block(clerk))
	w.settle()
	w.open(asked)
	if !w.work(sender, boss, 10*time.Second) {
		t.Fatal("the boss was not asked")
	}
	if w.work(sender, clerk, 200*time.Millisecond) {
		t.Error("somebody who blocked the bot was written to")
	}
	w.must(w.box.Unblock(clerk))
	w.settle()
	if !w.work(sender, clerk, 10*time.Second) {
		t.Error("who unblocked the bot is not asked")
	}
}

// An invitation that was under way when its round was paused goes out when it goes on.
func TestSenderHoldsWhatIsPaused(t *testing.T) {
	t.Parallel()
	w, sender := senders(t)
	_, err := w.box.Start(boss, "")
	w.must(err)
	w.settle()
	w.open(asked)
	w.must(sender.lease(t.Context()))
	if sender.queue.size() == 0 {
		t.Fatal("nothing was leased")
	}
	w.must(w.store.PauseRound(t.Context(), today(), storage.Cause{}, "asked"))
	w.must(sender.row(t.Context()))
	if w.work(sender, boss, 300*time.Millisecond) {
		t.Error("somebody was asked for a paused round")
	}
	w.must(w.store.ResumeRound(t.Context(), today(), storage.Cause{}, "asked"))
	if !w.work(sender, boss, 10*time.Second) {
		t.Error("an invitation was lost by the pause")
	}
}
