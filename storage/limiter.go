package storage

import (
	"context"
	"math"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

// paceShare is the part of a rate that is used: slots are even, and what comes
// up to 50 ms later than the rest still fits beside it. What comes later than
// that makes the slots after it wait (see row.go).
const paceShare = 0.95

// aloneShare is the part of a rate that is used where no Redis tells what comes
// late.
const aloneShare = 0.8

// MaxPace is the longest wait that slots are handed out for: what waits longer
// could have become pointless meanwhile.
const MaxPace = 2 * time.Second

// maxPaces bounds what one process remembers of paces.
const maxPaces = 10_000

// reserveScript hands out the next free slot of a pace, and tells when it is, in
// microseconds from now.
// What the process remembers (ARGV[2]) holds even if Redis has forgotten.
// A slot too far ahead is not handed out: the wait alone is told.
const reserveScript = `
local t = redis.call('TIME')
local now = tonumber(t[1]) * 1000000 + tonumber(t[2])
local interval, remembered, limit = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local slot = math.max(now + remembered,
    tonumber(redis.call('GET', KEYS[1]) or '0'), tonumber(redis.call('GET', KEYS[2]) or '0'))
local wait = slot - now
if wait <= limit then
    redis.call('SET', KEYS[1], string.format('%.0f', slot + interval),
        'PX', string.format('%.0f', math.ceil((wait + interval) / 1000) + 1000))
end
return string.format('%.0f', wait)`

// penaliseScript forbids slots for a while; a longer penalty stays.
const penaliseScript = `
local t = redis.call('TIME')
local now = tonumber(t[1]) * 1000000 + tonumber(t[2])
local ends = now + tonumber(ARGV[1])
if ends > tonumber(redis.call('GET', KEYS[1]) or '0') then
    redis.call('SET', KEYS[1], string.format('%.0f', ends),
        'PX', string.format('%.0f', math.ceil(tonumber(ARGV[1]) / 1000) + 1000))
end
return 0`

// penaltyScript tells what is left of a penalty.
const penaltyScript = `
local t = redis.call('TIME')
local now = tonumber(t[1]) * 1000000 + tonumber(t[2])
return string.format('%.0f', math.max(0, tonumber(redis.call('GET', KEYS[1]) or '0') - now))`

// Limiter paces what all replicas send, by slots reserved in Redis. Where Redis
// is away there are slots only for the one process that GoAlone was told to
// send for all. It is safe for concurrent use.
type Limiter struct {
	client   redis.UniversalClient
	presses  *patience // of those who press and only want to know
	paced    *patience
	reserve  *redis.Script
	row      *redis.Script
	penalise *redis.Script
	penalty  *redis.Script

	mu      sync.Mutex
	paces   map[string]*localPace
	settled map[string][]settled // what Redis is to be told of slots, by pace
	alone   bool                 // this process sends for all, without Redis
}

func newLimiter(client redis.UniversalClient, presses, paced *patience) *Limiter {
	return &Limiter{
		client:   client,
		presses:  presses,
		paced:    paced,
		reserve:  redis.NewScript(reserveScript),
		row:      redis.NewScript(rowScript),
		penalise: redis.NewScript(penaliseScript),
		penalty:  redis.NewScript(penaltyScript),
		paces:    map[string]*localPace{},
		settled:  map[string][]settled{},
	}
}

// localPace is what this process remembers of a pace.
type localPace struct {
	next    time.Time // no slot of this process before
	penalty time.Time // no slot at all before
}

// gapOf is the time from a slot to the next where a share of a rate is used.
func gapOf(rate, share float64) time.Duration {
	return time.Duration(float64(time.Second) / (rate * share)).Truncate(time.Microsecond)
}

func slotName(key string) string    { return "pingyi:pace:{" + key + "}" }
func penaltyName(key string) string { return "pingyi:pace:{" + key + "}:penalty" }

// ReserveEach takes the next slot of each of the paces called keys, which have
// rate slots a second over all replicas, in one round trip, and returns how
// long to wait for each. Slots are even: no burst. A wait longer than MaxPace
// (after a penalty) takes no slot: put the matter off for as long and reserve
// again.
func (l *Limiter) ReserveEach(ctx context.Context, keys []string, rate float64) []time.Duration {
	waits := make([]time.Duration, len(keys))
	if rate <= 0 || math.IsNaN(rate) || len(keys) == 0 {
		for i := range waits {
			waits[i] = MaxPace + time.Second
		}
		return waits
	}
	gap := gapOf(rate, paceShare)
	if l.isAlone() {
		for i, key := range keys {
			waits[i] = l.reserveAlone(key, gap)
		}
		return waits
	}
	asked := make([]*redis.Cmd, len(keys))
	err := l.paced.ask(ctx, func(ctx context.Context) error {
		ask := func(pipe redis.Pipeliner) error {
			for i, key := range keys {
				asked[i] = l.reserve.EvalSha(ctx, pipe, []string{slotName(key), penaltyName(key)},
					gap.Microseconds(), l.remembered(key).Microseconds(), MaxPace.Microseconds())
			}
			return nil
		}
		_, err := l.client.Pipelined(ctx, ask)
		if redis.HasErrorPrefix(err, "NOSCRIPT") {
			if err = l.reserve.Load(ctx, l.client).Err(); err == nil {
				_, err = l.client.Pipelined(ctx, ask)
			}
		}
		return err
	})
	for i, key := range keys {
		if err != nil {
			waits[i] = l.reserveAlone(key, gap)
			continue
		}
		micros, _ := asked[i].Float64()
		waits[i] = time.Duration(micros) * time.Microsecond
		if waits[i] <= MaxPace {
			l.remember(key, func(p *localPace) { p.next = later(p.next, time.Now().Add(waits[i]+gap)) })
		}
	}
	return waits
}

// Penalise forbids slots of a pace for a while, for all replicas: Telegram's
// retry_after.
func (l *Limiter) Penalise(ctx context.Context, key string, wait time.Duration) {
	if wait <= 0 {
		return
	}
	l.remember(key, func(p *localPace) { p.penalty = later(p.penalty, time.Now().Add(wait)) })
	// Redis being away is noted by ask; this process remembers.
	_, _ = l.run(ctx, l.paced, l.penalise, []string{penaltyName(key)}, wait.Microseconds())
}

// Penalty returns how long a pace is still forbidden, without taking a slot:
// for replies, which do not wait behind the pace but respect its penalty.
func (l *Limiter) Penalty(ctx context.Context, key string) time.Duration {
	shared, err := l.run(ctx, l.presses, l.penalty, []string{penaltyName(key)})
	if err != nil {
		shared = 0
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if p := l.paces[key]; p != nil {
		return max(shared, time.Until(p.penalty), 0)
	}
	return shared
}

// run runs a script that returns microseconds.
func (l *Limiter) run(ctx context.Context, p *patience, script *redis.Script, keys []string, args ...any) (time.Duration, error) {
	var micros float64
	err := p.ask(ctx, func(ctx context.Context) (err error) {
		micros, err = script.Run(ctx, l.client, keys, args...).Float64()
		return err
	})
	return time.Duration(micros) * time.Microsecond, err
}

// Answers reports whether Redis answers for a pace.
func (l *Limiter) Answers(ctx context.Context, key string) bool {
	return l.paced.ask(ctx, func(ctx context.Context) error { return l.client.Exists(ctx, slotName(key)).Err() }) == nil
}

// GoAlone says whether this process sends for all replicas from now on, without
// Redis. Whoever says so has made sure that no other sends.
func (l *Limiter) GoAlone(alone bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.alone = alone
}

func (l *Limiter) isAlone() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.alone
}

// remembered returns how long this process knows that there is no slot.
func (l *Limiter) remembered(key string) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	p := l.paces[key]
	if p == nil {
		return 0
	}
	return max(0, time.Until(later(p.next, p.penalty)))
}

// reserveAlone takes the next slots, of so long together, without Redis.
func (l *Limiter) reserveAlone(key string, interval time.Duration) time.Duration {
	var wait time.Duration
	l.remember(key, func(p *localPace) {
		slot := later(later(p.next, p.penalty), time.Now())
		if wait = max(0, time.Until(slot)); wait <= MaxPace {
			p.next = slot.Add(interval)
		}
	})
	return wait
}

// remember changes what the process knows of a pace, and forgets what is past
// where that has become much.
func (l *Limiter) remember(key string, change func(*localPace)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	p := l.paces[key]
	if p == nil {
		if len(l.paces) >= maxPaces {
			l.forgetPast()
		}
		p = &localPace{}
		l.paces[key] = p
	}
	change(p)
}

func (l *Limiter) forgetPast() {
	now := time.Now()
	for key, p := range l.paces {
		if p.next.Before(now) && p.penalty.Before(now) {
			delete(l.paces, key)
		}
	}
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
