package bot

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"pingyi/bot/sandbox"
	"pingyi/storage"
	"pingyi/survey"
)

// replica is the sender of another process, with the Redis at a URL.
func (w *world) replica(cache string, rate float64) *Sender {
	w.t.Helper()
	redis, err := storage.OpenRedis(cache, bytes.Repeat([]byte("secret--"), 4), w.bot.log)
	w.must(err)
	w.t.Cleanup(func() { _ = redis.Close() })
	b := New(Config{
		Client: w.bot.client, Store: w.store, Sessions: redis.Sessions(), Limiter: redis.Limiter(), Locales: w.bot.locales, Log: w.bot.log,
		Username: "pingyi_bot", Language: survey.ZhHans, Now: today,
	})
	return NewSender(SenderConfig{
		Bot: b, Store: w.store, Limiter: redis.Limiter(), Rate: rate, Worker: fmt.Sprintf("replica %p", b), Wake: make(chan struct{}),
		Count: func(storage.DeliveryKind, Outcome) {}, Backoff: 10 * time.Millisecond, Log: w.bot.log,
	})
}

// run lets a sender send until the function that is returned is called.
func run(t *testing.T, s *Sender) (stop func()) {
	ctx, cancel := context.WithCancel(t.Context())
	var done sync.WaitGroup
	done.Go(func() { _ = s.Run(ctx) })
	stop = func() { cancel(); done.Wait() }
	t.Cleanup(stop)
	return stop
}

// await waits until something is so.
func await(t *testing.T, what string, so func() bool) {
	t.Helper()
	for began := time.Now(); !so(); time.Sleep(5 * time.Millisecond) {
		if time.Since(began) > 30*time.Second {
			t.Fatalf("waited in vain: %s", what)
		}
	}
}

// sent is how many messages the bot has tried to send.
func (w *world) sent() int { return w.box.Stats().Methods["sendMessage"] }

// both starts the clerk and the boss, who are asked then, and returns how much was sent to them for it.
func (w *world) both() int {
	w.t.Helper()
	for _, id := range []int64{boss, clerk} {
		_, err := w.box.Start(id, "")
		w.must(err)
	}
	w.settle()
	w.open(asked)
	return w.sent()
}

// One replica meets with a 429 that is about everybody: the others send nothing either.
func TestPenaltyOfEverybodyStopsAllReplicas(t *testing.T) {
	t.Parallel()
	w, _ := senders(t)
	ctx := t.Context()
	one, other := w.replica(w.cache, 10), w.replica(w.cache, 10) // a message at a time
	before := w.both()
	w.box.Inject(sandbox.Fault{Method: "sendMessage", Status: http.StatusTooManyRequests, RetryAfter: 30, Times: 1})
	w.must(one.lease(ctx))
	w.must(one.row(ctx))
	one.flights.Wait()
	if got := w.sent() - before; got != 1 {
		t.Fatalf("%d messages were tried, want the one that met the limit", got)
	}
	w.must(one.row(ctx)) // gives back what it holds
	w.must(other.lease(ctx))
	if other.queue.size() == 0 {
		t.Fatal("nothing is left for the other")
	}
	await(t, "the other has come to the rest", func() bool { // whose chat has a slot a second later
		w.must(other.row(ctx))
		other.flights.Wait()
		return !other.next.IsZero()
	})
	if got := w.sent() - before; got != 1 {
		t.Errorf("%d messages were tried during the penalty", got)
	}
	for name, s := range map[string]*Sender{"one": one, "other": other} {
		if left := time.Until(s.next); left < 20*time.Second {
			t.Errorf("%s sends again in %v", name, left)
		}
		if !s.cfg.Bot.floods.stopped() {
			t.Errorf("%s goes on replying", name)
		}
	}
}

// Where so much is under way that nobody knows to have arrived, a sender keeps what it holds, and sends it
// once that is known.
func TestSenderWaitsForWhatIsUnderWay(t *testing.T) {
	t.Parallel()
	w, _ := senders(t)
	ctx := t.Context()
	const rate = 20 // two messages at a time
	s := w.replica(w.cache, rate)
	before := w.both()
	others := w.redis.Limiter()
	taken := others.ReserveRow(ctx, globalPace, rate, rate)
	w.must(s.lease(ctx))
	w.must(s.row(ctx))
	s.flights.Wait()
	if got := w.sent() - before; got != 0 || s.queue.size() != 2 {
		t.Errorf("%d messages were sent beside as many as the rate allows, and %d are held", got, s.queue.size())
	}
	for _, slot := range taken {
		others.Waive(slot)
	}
	await(t, "both are asked", func() bool {
		w.must(s.row(ctx))
		s.flights.Wait()
		return w.sent()-before == 2
	})
}

// What can be about one chat alone stops nobody else: something else had gone there just before, or the
// pause is longer than Telegram ever asks of everybody, until a second chat is refused.
func TestPenaltyOfAChatStopsNoOther(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ before, pause int }{"busy": {3, 30}, "long": {0, 3600}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, _ := senders(t)
			s := w.replica(w.cache, 10)
			before := w.both()
			for range c.before {
				s.cfg.Bot.floods.goes(clerk)
			}
			w.box.Inject(sandbox.Fault{Method: "sendMessage", Chat: clerk, Status: http.StatusTooManyRequests, RetryAfter: c.pause})
			if !w.work(s, boss, 20*time.Second) {
				t.Error("the other one is not asked")
			}
			await(t, "the clerk's message is refused", func() bool { return w.box.Stats().Methods["sendMessage"]-before >= 1 })
			if s.cfg.Bot.floods.stopped() {
				t.Error("nobody gets replies")
			}
			s.cfg.Bot.floods.met(t.Context(), boss, time.Minute)
			if !s.cfg.Bot.floods.stopped() {
				t.Error("two chats are refused, and nobody stops")
			}
		})
	}
}

// A round that is paused or over stops at every replica within a second.
func TestPausedRoundStopsAllReplicas(t *testing.T) {
	t.Parallel()
	const crowd, rate = 80, 10
	for name, end := range map[string]func(*storage.Store, context.Context, time.Time, storage.Cause, string) error{
		"paused": (*storage.Store).PauseRound, "closed": (*storage.Store).CloseRound,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, survey.ZhHans)
			var people []storage.PersonRow
			for id := int64(5000); id < 5000+crowd; id++ {
				people = append(people, storage.PersonRow{Code: fmt.Sprint("p", id), Name: "某", TelegramID: id,
					Memberships: []storage.MembershipRow{{Kind: survey.Staff, Unit: "city"}}})
				w.must(w.box.AddPerson(sandbox.Person{ID: id, First: "某"}))
				_, err := w.box.Start(id, "")
				w.must(err)
			}
			w.settle()
			w.apply(&storage.House{People: people})
			w.open(asked)
			before := w.sent()
			for range 2 {
				run(t, w.replica(w.cache, rate))
			}
			await(t, "some are asked", func() bool { return w.sent() >= before+rate/2 })
			w.must(end(w.store, t.Context(), today(), storage.Cause{}, "asked"))
			time.Sleep(time.Second)
			stopped := w.sent()
			if stopped >= before+crowd {
				t.Fatal("all were asked before it stopped")
			}
			time.Sleep(time.Second)
			if got := w.sent(); got != stopped {
				t.Errorf("%d were asked more than a second after it was %s", got-stopped, name)
			}
			if name == "closed" {
				return
			}
			w.must(w.store.ResumeRound(t.Context(), today(), storage.Cause{}, "asked"))
			await(t, "all are asked once it goes on", func() bool { return w.sent() >= before+crowd })
			if got := w.sent() - before; got != crowd {
				t.Errorf("%d messages to %d people", got, crowd)
			}
		})
	}
}

// What was being read when its round was paused is sent once that goes on.
func TestPausedWhileReadIsSentLater(t *testing.T) {
	t.Parallel()
	w, _ := senders(t)
	ctx := t.Context()
	s := w.replica(w.cache, 10)
	before := w.both()
	w.must(s.lease(ctx))
	found, err := w.store.Outgoing(ctx, s.cfg.Worker, s.queue.take(1))
	w.must(err)
	w.must(w.store.PauseRound(ctx, today(), storage.Cause{}, "asked"))
	d := found[0]
	d.Form, err = w.store.FormToAnswer(ctx, d.PersonID, d.RequestID) // read after the rest of it
	w.must(err)
	w.must(s.fly(ctx, flight{Delivery: d, read: time.Now(), slot: storage.Slot{At: time.Now()}}))
	if got := w.sent() - before; got != 0 {
		t.Fatalf("%d messages were sent of a paused round", got)
	}
	w.must(w.store.ResumeRound(ctx, today(), storage.Cause{}, "asked"))
	run(t, s)
	await(t, "both are asked", func() bool { return w.sent()-before == 2 })
}

// Who alone has lost Redis leaves sending to the others, and sends for all once no other has Redis.
func TestWithoutRedisOneSends(t *testing.T) {
	t.Parallel()
	w, _ := senders(t)
	with, without := w.replica(w.cache, 100), w.replica("redis://127.0.0.1:1", 100)
	stop := run(t, with)
	await(t, "who has Redis may send", with.Sends)
	stopWithout := run(t, without)
	time.Sleep(1500 * time.Millisecond)
	if without.Sends() {
		t.Fatal("two measure by themselves")
	}
	stop()
	await(t, "who is left sends alone", without.Sends)
	stop = run(t, with)
	before := w.both()
	await(t, "both are asked", func() bool { return w.sent() >= before+2 })
	if with.Sends() || !without.Sends() {
		t.Error("who has Redis sends beside who does not know of it")
	}
	stopWithout()
	await(t, "who has Redis sends again", with.Sends)
	stop()
}
