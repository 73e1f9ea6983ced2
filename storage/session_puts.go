package storage

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

// sessionPut is a session on its way to Redis.
type sessionPut struct {
	name   string
	round  int64
	sealed []byte
}

// putPause is how long sessions collect: nobody waits for them to arrive, and
// nobody goes on with a conversation sooner.
const putPause = 10 * time.Millisecond

// putQueue collects sessions: whatever waits goes out together, of one account
// only the latest. It is safe for concurrent use.
type putQueue struct {
	out func([]sessionPut)

	mu      sync.Mutex
	waiting map[string]sessionPut // by name
	going   map[string]sessionPut // on their way
	running bool
	gone    int        // how many times some went out
	went    *sync.Cond // signals gone
}

func newPutQueue(out func([]sessionPut)) *putQueue {
	q := &putQueue{out: out, waiting: make(map[string]sessionPut)}
	q.went = sync.NewCond(&q.mu)
	return q
}

// add queues a session.
func (q *putQueue) add(p sessionPut) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.waiting[p.name] = p
	if !q.running {
		q.running = true
		go q.run()
	}
}

// get returns a session, sealed, that has not arrived yet.
func (q *putQueue) get(name string) ([]byte, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	p, ok := q.waiting[name]
	if !ok {
		p, ok = q.going[name]
	}
	return p.sealed, ok
}

// drop takes back what has not gone out yet, and waits for what is on its way.
func (q *putQueue) drop(name string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	delete(q.waiting, name)
	if _, going := q.going[name]; going {
		q.wait(1)
	}
}

// flush waits until what is queued by now has gone out, which takes little longer than Redis is waited for.
func (q *putQueue) flush() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.wait(min(len(q.going), 1) + min(len(q.waiting), 1))
}

// wait waits until some have gone out so many times more; the caller holds the lock.
func (q *putQueue) wait(times int) {
	for until := q.gone + times; q.gone < until && q.running; {
		q.went.Wait()
	}
}

func (q *putQueue) run() {
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.waiting) > 0 {
		q.mu.Unlock()
		time.Sleep(putPause)
		q.mu.Lock()
		q.going, q.waiting = q.waiting, make(map[string]sessionPut)
		puts := slices.Collect(maps.Values(q.going))
		q.mu.Unlock()
		q.out(puts)
		q.mu.Lock()
		q.going = nil
		q.gone++
		q.went.Broadcast()
	}
	q.running = false
	q.went.Broadcast()
}

// maxListed bounds what one process remembers of what is listed.
const maxListed = 50_000

// put writes sessions. What Redis has before it names the round only where that is known to list it:
// all others are listed then, so that no session outlives its round. That Redis is away is logged where
// it is asked; a session can always be lost. Nothing else runs beside it.
func (s *Sessions) put(puts []sessionPut) {
	if len(s.listed) > maxListed {
		clear(s.listed)
	}
	_ = s.presses.ask(context.Background(), func(ctx context.Context) error {
		before := make([]*redis.StatusCmd, len(puts))
		_, failed := s.client.Pipelined(ctx, func(pipe redis.Pipeliner) error {
			for i, p := range puts {
				before[i] = pipe.SetArgs(ctx, p.name, s.stored(p), redis.SetArgs{TTL: sessionLife, Get: true})
			}
			return nil
		})
		if errors.Is(failed, redis.Nil) {
			failed = nil // one was not there before; others may have failed
		}
		var unlisted []sessionPut
		for i, p := range puts {
			old, err := before[i].Bytes()
			switch {
			case err != nil && !errors.Is(err, redis.Nil):
				failed = err
			case p.round == 0:
			case bytes.HasPrefix(old, roundPrefix(p.round)):
				s.listed[p.name] = p.round
			default:
				unlisted = append(unlisted, p)
			}
		}
		return errors.Join(failed, s.list(ctx, unlisted))
	})
}

// stored is what stands in Redis: the round, 0 as long as it may not list the session, and what is sealed.
func (s *Sessions) stored(p sessionPut) []byte {
	round := p.round
	if s.listed[p.name] != round {
		round = 0
	}
	return append(roundPrefix(round), p.sealed...)
}

func roundPrefix(round int64) []byte { return binary.BigEndian.AppendUint64(nil, uint64(round)) }

// list enters sessions under their rounds, so that they go with them.
func (s *Sessions) list(ctx context.Context, puts []sessionPut) error {
	if len(puts) == 0 {
		return nil
	}
	_, err := s.client.Pipelined(ctx, func(pipe redis.Pipeliner) error {
		for _, p := range puts {
			pipe.SAdd(ctx, roundsName, p.round)
			pipe.SAdd(ctx, roundName(p.round), p.name)
			pipe.Expire(ctx, roundName(p.round), listLife)
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, p := range puts {
		s.listed[p.name] = p.round
	}
	return nil
}
