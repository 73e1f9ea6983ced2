package sandbox

import (
	"net/http"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

func itoa(n int) string { return strconv.Itoa(n) }

// Drop says when a fault cuts the connection instead of answering.
type Drop int

// Moments of cutting the connection.
const (
	DropNever  Drop = iota
	DropBefore      // the request has no effect
	DropAfter       // the request took effect, the answer is lost
)

// Fault is trouble that matching requests meet.
type Fault struct {
	Method     string        // matches this method; empty: all but getUpdates
	Chat       int64         // matches this chat_id; 0: all
	Status     int           // answered instead of doing it: 429, 403, 500, 502 …
	RetryAfter int           // seconds, with 429
	Drop       Drop          // cuts the connection
	Delay      time.Duration // holds the request up first
	Times      int           // ends after so many hits; 0: until cancelled
	Every      int           // hits each nth matching request; 0 and 1: each
}

func (f Fault) refusal() error {
	switch f.Status {
	case http.StatusTooManyRequests:
		return tooMany(max(1, f.RetryAfter))
	case http.StatusForbidden:
		return forbidden("bot was blocked by the user")
	}
	return &refusal{code: f.Status, description: http.StatusText(f.Status)}
}

// injected is a fault with its counters.
type injected struct {
	Fault
	seen, hits int
}

// faultList is checked by every request, so the empty list costs one load.
type faultList struct {
	any  atomic.Bool
	mu   sync.Mutex
	list []*injected
}

// Inject makes matching requests fail until the fault has run out or cancel is
// called. Where several match, the one injected first acts.
func (s *Sandbox) Inject(f Fault) (cancel func()) {
	in := &injected{Fault: f}
	l := &s.faults
	l.mu.Lock()
	defer l.mu.Unlock()
	l.list = append(l.list, in)
	l.any.Store(true)
	return func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.drop(in)
	}
}

// drop takes a fault off; the caller holds the lock.
func (l *faultList) drop(in *injected) {
	l.list = slices.DeleteFunc(l.list, func(x *injected) bool { return x == in })
	l.any.Store(len(l.list) > 0)
}

// next is the fault that this request meets, or the zero Fault.
func (l *faultList) next(method string, chat int64) Fault {
	if !l.any.Load() {
		return Fault{}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, in := range l.list {
		if in.Method == "" && method == "getUpdates" || in.Method != "" && in.Method != method || in.Chat != 0 && in.Chat != chat {
			continue
		}
		in.seen++
		if in.Every > 1 && in.seen%in.Every != 0 {
			continue
		}
		in.hits++
		if in.Times > 0 && in.hits >= in.Times {
			l.drop(in)
		}
		return in.Fault
	}
	return Fault{}
}
