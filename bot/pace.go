package bot

import (
	"context"
	"sync"
	"time"

	"pingyi/storage"
	"pingyi/survey"
)

// A slot is reserved only shortly before it is used, so that what is paused meanwhile wastes none,
// and several at a time, so that reserving does not cost a round trip each.
const (
	slotAhead = 100 * time.Millisecond
	slotRow   = 50 * time.Millisecond
	// A slot that a busy machine wakes up too late for is let go: late ones beside those in time would
	// be more than the rate.
	slotLate  = 40 * time.Millisecond
	slotTries = 4
)

// slots hands out the slots of the rate that all replicas share, in the order of asking.
type slots struct {
	limiter *storage.Limiter
	rate    float64

	mu      sync.Mutex
	waiting []chan slot
	running bool
}

// slot is a moment to send at, or how long there is none.
type slot struct {
	at   time.Time
	wait time.Duration
}

// take waits until a slot is near and returns it; a wait over storage.MaxPace says that there is none
// for so long.
func (s *slots) take(ctx context.Context) (time.Time, time.Duration) {
	mine := make(chan slot, 1)
	s.mu.Lock()
	s.waiting = append(s.waiting, mine)
	if !s.running {
		s.running = true
		go s.run(context.WithoutCancel(ctx))
	}
	s.mu.Unlock()
	got := <-mine
	return got.at, got.wait
}

// run reserves rows of slots until nobody waits.
func (s *slots) run(ctx context.Context) {
	for {
		s.mu.Lock()
		n := min(len(s.waiting), max(1, int(s.rate*slotRow.Seconds())))
		row := s.waiting[:n]
		s.waiting = s.waiting[n:]
		if n == 0 {
			s.waiting, s.running = nil, false
			s.mu.Unlock()
			return
		}
		s.mu.Unlock()
		wait, gap := s.limiter.ReserveRow(ctx, globalPace, s.rate, n)
		first := time.Now().Add(wait)
		for i, to := range row {
			to <- slot{at: first.Add(time.Duration(i) * gap), wait: wait}
		}
		if wait <= storage.MaxPace {
			time.Sleep(time.Until(first.Add(time.Duration(n)*gap - slotAhead)))
		}
	}
}

// recordPause is how long a sender waits before it tries again to record what went out.
const recordPause = 250 * time.Millisecond

// sentLog records what went out: whatever waits in one transaction, the one before being the window
// in which the next collects. It is safe for concurrent use.
type sentLog struct {
	store *storage.Store

	mu      sync.Mutex
	waiting []sentEntry
	running bool
}

type sentEntry struct {
	storage.Went
	now  time.Time
	done chan error
}

// add returns once the delivery is recorded. What was not recorded would be sent again: it is tried
// until the lease is nearly over.
func (l *sentLog) add(ctx context.Context, now time.Time, went storage.Went) error {
	e := sentEntry{Went: went, now: now, done: make(chan error, 1)}
	for began := time.Now(); ; time.Sleep(recordPause) {
		l.mu.Lock()
		l.waiting = append(l.waiting, e)
		if !l.running {
			l.running = true
			go l.run(context.WithoutCancel(ctx))
		}
		l.mu.Unlock()
		if err := <-e.done; err == nil || time.Since(began) > leaseTime {
			return err
		}
	}
}

func (l *sentLog) run(ctx context.Context) {
	for {
		l.mu.Lock()
		batch := l.waiting
		l.waiting = nil
		if len(batch) == 0 {
			l.running = false
			l.mu.Unlock()
			return
		}
		l.mu.Unlock()
		went := make([]storage.Went, len(batch))
		for i, e := range batch {
			went[i] = e.Went
		}
		call, cancel := context.WithTimeout(ctx, sendTimeout)
		err := l.store.Sent(call, batch[len(batch)-1].now, went...)
		cancel()
		for _, e := range batch {
			e.done <- err
		}
	}
}

// gateLife is how long a round's state is trusted: what is paused or closed stops within it.
const gateLife = 250 * time.Millisecond

// gate knows whether a round is open at the moment of sending.
type gate struct {
	read func(ctx context.Context, round int64) (survey.RoundState, error)

	mu    sync.Mutex
	known map[int64]seen
}

type seen struct {
	state survey.RoundState
	at    time.Time
}

// state returns where the round of something that asks stands, a moment old at most; what does not ask
// may always go out.
func (g *gate) state(ctx context.Context, d storage.Delivery) (survey.RoundState, error) {
	if d.Kind != storage.DeliverInvitation && d.Kind != storage.DeliverReminder {
		return survey.RoundOpen, nil
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	now := time.Now()
	if s, ok := g.known[d.RoundID]; ok && now.Sub(s.at) < gateLife {
		return s.state, nil
	}
	state, err := g.read(ctx, d.RoundID)
	if err == nil {
		g.known[d.RoundID] = seen{state, now}
	}
	return state, err
}
