package bot

import (
	"context"
	"sync"
	"time"

	"pingyi/storage"
	"pingyi/survey"
)

const (
	// A row of slots is reserved at a time, so that reading and reserving do not cost round trips for
	// each message, and only shortly before, so that what is sent is sent as things stand.
	slotRow   = 100 * time.Millisecond
	slotAhead = 300 * time.Millisecond
	// A slot that a busy machine wakes up too late for is let go.
	slotLate = 500 * time.Millisecond
)

const (
	// pathMemory is how long the shortest way to Telegram and back is remembered.
	pathMemory = time.Minute
	// pathTrial is how long it is only learned: the first calls of a process, which connect and meet others
	// that do, may all take longer than they have to.
	pathTrial = 5 * time.Second
)

// path knows how long the way to Telegram and back takes at least, lately. It is safe for concurrent use.
type path struct {
	mu           sync.Mutex
	first, since time.Time
	least, older time.Duration // in the time since then, and in the one before
}

// arrived returns when a call has come to Telegram at the latest, told as if the way there took no time
// where nothing is in the way: what it took longer than others can have been before it arrived. As long as
// that is not known, it may have arrived when it ended.
func (p *path) arrived(begun, ended time.Time) time.Time {
	took := ended.Sub(begun)
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.since.IsZero():
		p.first, p.since, p.least, p.older = ended, ended, took, took
	case ended.Sub(p.since) > pathMemory:
		p.since, p.least, p.older = ended, took, p.least
	}
	p.least = min(p.least, took)
	if ended.Sub(p.first) < pathTrial {
		return ended
	}
	return ended.Add(-min(p.least, p.older))
}

const (
	// recordPause is how long a sender waits before it tries again to record what went out.
	recordPause = 250 * time.Millisecond
	// recordEvery is how long what went out collects: nobody waits for the record, and a crash doubles
	// so much the more only as a call takes anyway.
	recordEvery = 25 * time.Millisecond
)

// sentLog records what went out, whatever has collected in one transaction. It is safe for concurrent use.
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
		time.Sleep(recordEvery)
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
const gateLife = 500 * time.Millisecond

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

// open reports whether the round of something that asks is open, a moment ago at most: it was when the
// delivery was read. What does not ask may always go out.
func (g *gate) open(ctx context.Context, f flight) bool {
	now := time.Now()
	if f.Kind != storage.DeliverInvitation && f.Kind != storage.DeliverReminder || now.Sub(f.read) < gateLife {
		return true
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if s, ok := g.known[f.RoundID]; ok && now.Sub(s.at) < gateLife {
		return s.state == survey.RoundOpen
	}
	state, err := g.read(ctx, f.RoundID)
	if err == nil {
		g.known[f.RoundID] = seen{state, now}
	}
	return err == nil && state == survey.RoundOpen
}
