package sandbox

import (
	"math"
	"net/http"
	"sync"
	"time"
)

// cost is the kind of limit a method counts against.
type cost int

const (
	costNone cost = iota
	costEdit      // counts in its chat
	costSend      // counts in its chat and over all
)

// bucket is a token bucket.
type bucket struct {
	tokens float64
	at     time.Time
}

// take uses one token of a bucket that holds size and gains rate per second,
// or says how long until there is one.
func (b *bucket) take(now time.Time, rate, size float64) time.Duration {
	if b.at.IsZero() {
		b.tokens = size
	} else if d := now.Sub(b.at).Seconds(); d > 0 {
		b.tokens = math.Min(size, b.tokens+d*rate)
	}
	b.at = now
	if b.tokens >= 1 {
		b.tokens--
		return 0
	}
	return time.Duration((1 - b.tokens) / rate * float64(time.Second))
}

// limiter holds the limit over all chats.
type limiter struct {
	mu  sync.Mutex
	all bucket
}

// pace counts a call against the limits; the caller holds the chat's lock.
func (s *Sandbox) pace(c *chat, k cost) error {
	l, now := s.cfg.Limits, s.cfg.Now()
	var wait time.Duration
	if k >= costEdit && l.ChatPerSecond > 0 {
		wait = max(wait, c.second.take(now, float64(l.ChatPerSecond), float64(max(1, l.ChatBurst))))
	}
	if k >= costEdit && l.GroupPerMinute > 0 && c.kind != kindPrivate {
		wait = max(wait, c.minute.take(now, float64(l.GroupPerMinute)/60, float64(l.GroupPerMinute)))
	}
	if k == costSend && l.MessagesPerSecond > 0 {
		s.limits.mu.Lock()
		wait = max(wait, s.limits.all.take(now, float64(l.MessagesPerSecond), float64(l.MessagesPerSecond)))
		s.limits.mu.Unlock()
	}
	if wait > 0 {
		return tooMany(int(math.Ceil(wait.Seconds())))
	}
	return nil
}

func tooMany(seconds int) error {
	return &refusal{
		code: http.StatusTooManyRequests, retryAfter: seconds,
		description: "Too Many Requests: retry after " + itoa(seconds),
	}
}
