package storage

import (
	"context"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"
)

// Messages come to Telegram up to most of a second late, now this one and now
// that: no second there gets more than the rate.
func TestNoSecondGetsMoreThanTheRate(t *testing.T) {
	t.Parallel()
	const rate = 50
	ctx, cancel := context.WithTimeout(t.Context(), 6*time.Second)
	defer cancel()
	var mu sync.Mutex
	var at []time.Duration
	var all sync.WaitGroup
	began := time.Now()
	for n, l := range fourLimiters(t) {
		delays := rand.New(rand.NewPCG(1, uint64(n)))
		all.Go(func() {
			for ctx.Err() == nil {
				row := l.ReserveRow(ctx, "all", rate, 3)
				for _, slot := range row {
					comes := slot.At
					if delays.IntN(4) == 0 {
						comes = comes.Add(time.Duration(delays.IntN(900)) * time.Millisecond)
					}
					mu.Lock()
					at = append(at, comes.Sub(began))
					mu.Unlock()
					all.Go(func() {
						time.Sleep(time.Until(comes))
						l.Settle(slot, time.Now())
					})
				}
				if len(row) > 0 {
					sleep(ctx, time.Until(row[0].At))
				}
			}
		})
	}
	all.Wait()
	slices.Sort(at)
	if most := busiest(at); most > rate {
		t.Errorf("%d messages came within one second, the rate is %d", most, rate)
	}
	if len(at) < rate {
		t.Errorf("only %d messages were sent", len(at))
	}
}

// What a process took that has ended counts for long; what it says it did not
// use is free at once.
func TestSlotsCountUntilTheyAreSettled(t *testing.T) {
	t.Parallel()
	const rate = 50
	ls := fourLimiters(t)
	ctx := t.Context()
	taken := ls[0].ReserveRow(ctx, "all", rate, rate-5)
	if rest := ls[1].ReserveRow(ctx, "all", rate, 5); len(taken) != rate-5 || len(rest) != 5 {
		t.Fatalf("%d and %d slots", len(taken), len(rest))
	}
	if row := ls[1].ReserveRow(ctx, "all", rate, 1); row != nil {
		t.Errorf("%d slots more than the rate", len(row))
	}
	if row := ls[1].ReserveRow(ctx, "other", rate, 1); len(row) != 1 {
		t.Errorf("of another pace: %d slots", len(row))
	}
	for _, slot := range taken {
		ls[0].Waive(slot)
	}
	ls[0].tell("all")
	if row := ls[1].ReserveRow(ctx, "all", rate, 1); len(row) != 1 {
		t.Errorf("%d slots after the others gave theirs back", len(row))
	}
}

// Slots that nobody came for are made good by some that lie closer together.
func TestLostSlotsAreMadeGood(t *testing.T) {
	t.Parallel()
	const rate, n = 50, 10
	l := fourLimiters(t)[0]
	gap := func() time.Duration {
		row := l.ReserveRow(t.Context(), "all", rate, n)
		if len(row) != n {
			t.Fatalf("%d slots", len(row))
		}
		for _, slot := range row {
			l.Settle(slot, slot.At)
		}
		time.Sleep(time.Until(row[n-1].At))
		return row[1].At.Sub(row[0].At)
	}
	even := gap()
	time.Sleep(even + 100*time.Millisecond)
	if got := gap(); got != even {
		t.Errorf("nothing was lost yet, and slots are %v apart instead of %v", got, even)
	}
	if got, least := gap(), time.Second/rate; got >= even || got < least {
		t.Errorf("slots are %v apart, want less than %v, at least %v", got, even, least)
	}
}
