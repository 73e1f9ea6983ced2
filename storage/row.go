package storage

import (
	"context"
	"maps"
	"math"
	"slices"
	"strconv"
	"time"
)

const (
	// rowWindow is how long what came to Telegram counts against its limit,
	// and a little for clocks that do not run alike.
	rowWindow = time.Second + 10*time.Millisecond
	// rowHold is how long a slot counts at most of which nothing is heard: its
	// process has ended. A call made at it ends before.
	rowHold = 13 * time.Second
	// settleSoon is how long it takes at most until others learn that a slot
	// was settled: well within its second, so that nobody waits for it.
	settleSoon = 100 * time.Millisecond
	// rowShare is the part of a rate that is used where slots are made good.
	rowShare = 0.98
)

// rowScript hands out the next free slots of a pace so that never more than
// `room` of them count. A slot counts from its own moment until a window after
// the latest moment at which what was sent at it can have come to Telegram, and
// until that is known for long: KEYS[3] holds when each ends to count. Whatever
// the network and the scheduler do to single messages, no window at Telegram's
// gets more: the slot of a message that comes into it lies before the window's
// end, and ends to count after it.
// Slots that nobody came for in time are made good, up to a second's worth
// (KEYS[4]): the next ones lie a little closer together.
// From ARGV[10] on come slots that are settled, and how long ago that was.
const rowScript = `
local t = redis.call('TIME')
local now = tonumber(t[1]) * 1000000 + tonumber(t[2])
local even, least, n, room = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local remembered, limit, window, hold, worth = tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7]), tonumber(ARGV[8]), tonumber(ARGV[9])
for i = 10, #ARGV, 2 do
    redis.call('ZADD', KEYS[3], 'XX', string.format('%.0f', now + window - tonumber(ARGV[i + 1])), ARGV[i])
end
redis.call('ZREMRANGEBYSCORE', KEYS[3], '-inf', string.format('%.0f', now))
local free, lag = tonumber(redis.call('GET', KEYS[1]) or '0'), tonumber(redis.call('GET', KEYS[4]) or '0')
local gap = math.max(least, even - math.floor(lag / math.max(n, 1)))
local slot = math.max(now + remembered, free, tonumber(redis.call('GET', KEYS[2]) or '0'))
local rank = math.max(room - n, 0)
for i, ends in ipairs(redis.call('ZREVRANGE', KEYS[3], rank, room - 1, 'WITHSCORES')) do
    if i % 2 == 0 then
        slot = math.max(slot, tonumber(ends) - (room - 1 - rank) * gap)
        rank = rank + 1
    end
end
local wait, ends = slot - now, slot + n * gap
if n > 0 and wait <= limit then
    for i = 0, n - 1 do
        local at = slot + i * gap
        redis.call('ZADD', KEYS[3], string.format('%.0f', at + hold), string.format('%.0f', at))
    end
    redis.call('PEXPIRE', KEYS[3], math.ceil((ends - now + hold) / 1000))
    local life = math.ceil((ends - now) / 1000) + 1000
    redis.call('SET', KEYS[1], string.format('%.0f', ends), 'PX', life)
    if free > 0 then
        lag = math.min(lag + slot - free, worth) - n * (even - gap)
        redis.call('SET', KEYS[4], string.format('%.0f', lag), 'PX', life)
    end
end
return {string.format('%.0f', wait), string.format('%.0f', slot), string.format('%.0f', gap)}`

func placesName(key string) string { return "pingyi:pace:{" + key + "}:places" }
func lagName(key string) string    { return "pingyi:pace:{" + key + "}:lag" }

// Slot is the moment at which one message may go out. Each is to be settled.
type Slot struct {
	At   time.Time
	pace string
	id   int64 // the moment by Redis's clock, in microseconds; 0: this process's own
}

// settled is a slot that counts until a window after a moment.
type settled struct {
	id int64
	by time.Time
}

// ReserveRow takes n slots, one after another, of the pace called key, which
// has rate slots a second over all replicas. No second at Telegram's gets more
// than that, however late single messages come there, as long as each slot is
// settled as it was. Where the first would be later than MaxPace, for a penalty
// or what others hold, and where Redis is away, there is none: ask again later.
func (l *Limiter) ReserveRow(ctx context.Context, key string, rate float64, n int) []Slot {
	if rate <= 0 || math.IsNaN(rate) || n <= 0 {
		return nil
	}
	r := reserved{gap: gapOf(rate, paceShare*aloneShare)}
	if l.isAlone() {
		r.wait = l.reserveAlone(key, time.Duration(n)*r.gap)
	} else {
		var err error
		if r, err = l.runRow(ctx, key, rate, n); err != nil {
			return nil
		}
		if r.wait <= MaxPace {
			l.remember(key, func(p *localPace) { p.next = later(p.next, time.Now().Add(r.wait+time.Duration(n)*r.gap)) })
		}
	}
	if r.wait > MaxPace {
		return nil
	}
	row := make([]Slot, n)
	first := time.Now().Add(r.wait)
	for i := range row {
		after := time.Duration(i) * r.gap
		row[i] = Slot{At: first.Add(after), pace: key}
		if r.id != 0 {
			row[i].id = r.id + after.Microseconds()
		}
	}
	return row
}

// reserved is what the script of rows says.
type reserved struct {
	wait, gap time.Duration
	id        int64 // of the first slot
}

// runRow runs the script of rows, and tells it what is settled.
func (l *Limiter) runRow(ctx context.Context, key string, rate float64, n int) (r reserved, err error) {
	args := []any{gapOf(rate, paceShare).Microseconds(), gapOf(rate, rowShare).Microseconds(), n, max(1, int(rate)), l.remembered(key).Microseconds(), MaxPace.Microseconds(),
		rowWindow.Microseconds(), rowHold.Microseconds(), time.Second.Microseconds()}
	l.mu.Lock()
	for _, s := range l.settled[key] {
		args = append(args, s.id, time.Since(s.by).Microseconds())
	}
	delete(l.settled, key)
	l.mu.Unlock()
	keys := []string{slotName(key), penaltyName(key), placesName(key), lagName(key)}
	err = l.paced.ask(ctx, func(ctx context.Context) error {
		told, err := l.row.Run(ctx, l.client, keys, args...).StringSlice()
		if err != nil {
			return err
		}
		var micros [3]int64
		for i := range micros {
			if micros[i], err = strconv.ParseInt(told[i], 10, 64); err != nil {
				return err
			}
		}
		r = reserved{time.Duration(micros[0]) * time.Microsecond, time.Duration(micros[2]) * time.Microsecond, micros[1]}
		return nil
	})
	return r, err
}

// Settle says that what was sent at a slot came to Telegram by a moment at the
// latest. Others learn of it with the next row, or soon.
func (l *Limiter) Settle(s Slot, by time.Time) {
	if s.id == 0 {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.settled[s.pace]) == 0 {
		time.AfterFunc(settleSoon, func() { l.tell(s.pace) })
	}
	l.settled[s.pace] = append(l.settled[s.pace], settled{s.id, by})
}

// Waive settles a slot at which nothing was sent.
func (l *Limiter) Waive(s Slot) { l.Settle(s, time.Now().Add(-rowWindow)) }

// tell tells the others what was settled, where no row has done so.
func (l *Limiter) tell(key string) {
	l.mu.Lock()
	n := len(l.settled[key])
	l.mu.Unlock()
	if n > 0 {
		_, _ = l.runRow(context.Background(), key, 1, 0) // where Redis is away, slots end to count by themselves
	}
}

// close tells what is left to be told.
func (l *Limiter) close() {
	l.mu.Lock()
	keys := slices.Collect(maps.Keys(l.settled))
	l.mu.Unlock()
	for _, key := range keys {
		l.tell(key)
	}
}
