package bot

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-telegram/bot/models"
	"github.com/google/go-cmp/cmp"
)

func pressUpdate(id, from int64) *models.Update {
	return &models.Update{ID: id, CallbackQuery: &models.CallbackQuery{From: models.User{ID: from}}}
}

func newTestDispatcher(handle func(context.Context, *models.Update) error, aside func(*models.Update) (int, error)) *Dispatcher {
	return NewDispatcher(DispatcherConfig{
		Handle:   handle,
		SetAside: func(_ context.Context, u *models.Update, _ error) (int, error) { return aside(u) },
		Workers:  8, Backoff: time.Second, Log: slog.New(slog.DiscardHandler),
	})
}

func never(*models.Update) (int, error) { return 0, errors.New("unexpected") }

func TestDispatcherKeepsOnePersonsOrder(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	seen := map[int64][]int64{}
	d := newTestDispatcher(func(_ context.Context, u *models.Update) error {
		mu.Lock()
		defer mu.Unlock()
		from := u.CallbackQuery.From.ID
		seen[from] = append(seen[from], u.ID)
		return nil
	}, never)
	want := map[int64][]int64{}
	var waiting []<-chan error
	for id := int64(1); id <= 300; id++ {
		from := id % 7
		want[from] = append(want[from], id)
		done, err := d.Queue(t.Context(), pressUpdate(id, from))
		if err != nil {
			t.Fatal(err)
		}
		waiting = append(waiting, done)
	}
	for _, done := range waiting {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	if diff := cmp.Diff(want, seen); diff != "" {
		t.Error(diff)
	}
}

func TestDispatcherServesPeopleSideBySide(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		defer time.Sleep(2 * crewIdle) // until nobody waits for work any more
		d := newTestDispatcher(func(context.Context, *models.Update) error { time.Sleep(time.Minute); return nil }, never)
		begin := time.Now()
		var all sync.WaitGroup
		for from := range int64(8) {
			all.Go(func() {
				if err := d.Do(t.Context(), pressUpdate(from, from)); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if took := time.Since(begin); took != time.Minute {
			t.Errorf("eight people took %s, want the time of one", took)
		}
	})
}

func TestDispatcherSetsAsideAfterThreeTries(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		defer time.Sleep(2 * crewIdle) // until nobody waits for work any more
		tries, attempts := 0, 0
		d := newTestDispatcher(func(_ context.Context, u *models.Update) error {
			if u.ID == 2 {
				return nil
			}
			tries++
			panic("a fault in the program")
		}, func(*models.Update) (int, error) { attempts++; return attempts, nil })
		if err := d.Do(t.Context(), pressUpdate(1, 1)); err != nil {
			t.Errorf("an update that is set aside is confirmed, got %v", err)
		}
		if tries != maxTries {
			t.Errorf("tried %d times, want %d", tries, maxTries)
		}
		if err := d.Do(t.Context(), pressUpdate(2, 1)); err != nil {
			t.Errorf("the person's next update: %v", err)
		}
	})
}

func TestDispatcherDoesNotConfirmWhatItCannotSetAside(t *testing.T) {
	t.Parallel()
	down := errors.New("database is away")
	d := newTestDispatcher(func(context.Context, *models.Update) error { return down },
		func(*models.Update) (int, error) { return 0, down })
	if err := d.Do(t.Context(), pressUpdate(1, 1)); !errors.Is(err, down) {
		t.Errorf("got %v, want the update to come again", err)
	}
}

// An update that failed and comes again is never overtaken by one that the person sent after it.
func TestDispatcherLetsNothingOvertakeAFailure(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		defer time.Sleep(2 * crewIdle)
		down := errors.New("database is away")
		away := true
		d := newTestDispatcher(func(context.Context, *models.Update) error {
			if away {
				return down
			}
			return nil
		}, func(*models.Update) (int, error) { return 0, down })
		do := func(id, from int64) error { return d.Do(t.Context(), pressUpdate(id, from)) }
		if err := do(5, 1); !errors.Is(err, down) {
			t.Fatalf("the first: %v", err)
		}
		away = false
		if err := do(6, 1); !errors.Is(err, errOvertaking) {
			t.Errorf("the one after it, which arrived late: %v", err)
		}
		if err := do(6, 2); err != nil {
			t.Errorf("somebody else's: %v", err)
		}
		for _, id := range []int64{5, 6} {
			if err := do(id, 1); err != nil {
				t.Errorf("update %d once more: %v", id, err)
			}
		}
		away = true
		_ = do(7, 1)
		away = false
		time.Sleep(maxTime)
		if err := do(8, 1); err != nil {
			t.Errorf("after the failed one went to another replica: %v", err)
		}
	})
}

func TestDispatcherTellsAtTheCommit(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		defer time.Sleep(2 * crewIdle) // until nobody waits for work any more
		drawn := make(chan struct{})
		d := newTestDispatcher(func(ctx context.Context, _ *models.Update) error {
			committed(ctx)
			<-drawn
			return nil
		}, never)
		if err := d.Do(t.Context(), pressUpdate(1, 1)); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := d.Drain(ctx); err == nil {
			t.Error("Drain returned while a message was still being drawn")
		}
		close(drawn)
		if err := d.Drain(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

func TestDispatcherBoundsOnePersonsQueue(t *testing.T) {
	t.Parallel()
	gate := make(chan struct{})
	d := newTestDispatcher(func(context.Context, *models.Update) error { <-gate; return nil }, never)
	refused := 0
	for id := range int64(maxQueue + 50) {
		if _, err := d.Queue(t.Context(), pressUpdate(id, 1)); errors.Is(err, ErrBusy) {
			refused++
		}
	}
	if refused == 0 {
		t.Error("the queue of one person has no bound")
	}
	if _, err := d.Queue(t.Context(), pressUpdate(9999, 2)); err != nil {
		t.Errorf("another person is held up: %v", err)
	}
	close(gate)
}

func TestDispatcherKeepsOrderOverAFailure(t *testing.T) {
	t.Parallel()
	gate := make(chan struct{})
	down := errors.New("database is away")
	var away atomic.Bool
	away.Store(true)
	var mu sync.Mutex
	var done []int64
	d := newTestDispatcher(func(_ context.Context, u *models.Update) error {
		<-gate
		if u.ID == 1 && away.Load() {
			return down
		}
		mu.Lock()
		defer mu.Unlock()
		done = append(done, u.ID)
		return nil
	}, func(*models.Update) (int, error) { return 0, down })
	var outcomes []<-chan error
	for id := int64(1); id <= 3; id++ {
		outcome, err := d.Queue(t.Context(), pressUpdate(id, 7))
		if err != nil {
			t.Fatal(err)
		}
		outcomes = append(outcomes, outcome)
	}
	close(gate)
	for i, outcome := range outcomes {
		if err := <-outcome; !errors.Is(err, down) {
			t.Errorf("update %d: %v, want it to come again with the first", i+1, err)
		}
	}
	if len(done) > 0 {
		t.Errorf("%v took effect before an older update", done)
	}
	away.Store(false)
	for id := int64(1); id <= 4; id++ {
		if err := d.Do(t.Context(), pressUpdate(id, 7)); err != nil {
			t.Errorf("the person is not served any more: update %d: %v", id, err)
		}
	}
}
