package storage

import (
	"bytes"
	"context"
	"errors"
	"sync"

	"github.com/redis/go-redis/v9"
)

// sessionPut is a session on its way to Redis.
type sessionPut struct {
	name  string
	round int64
	value []byte
	done  chan error
}

// putQueue collects sessions: whatever waits goes out together, the round trip
// before being the window in which the next collect. Those of one account keep
// their order. Its zero value is ready; it is safe for concurrent use.
type putQueue struct {
	mu      sync.Mutex
	waiting []*sessionPut
	running bool
}

// add queues a session; out sends what waits.
func (q *putQueue) add(p *sessionPut, out func([]*sessionPut) error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.waiting = append(q.waiting, p)
	if !q.running {
		q.running = true
		go q.run(out)
	}
}

func (q *putQueue) run(out func([]*sessionPut) error) {
	for {
		q.mu.Lock()
		puts := q.waiting
		q.waiting = nil
		if len(puts) == 0 {
			q.running = false
			q.mu.Unlock()
			return
		}
		q.mu.Unlock()
		err := out(puts)
		for _, p := range puts {
			p.done <- err
		}
	}
}

// put writes sessions. One that was not there before, or belonged to another
// round, is then listed under its round; Redis tells which those are.
func (s *Sessions) put(puts []*sessionPut) error {
	return s.presses.ask(context.Background(), func(ctx context.Context) error {
		before := make([]*redis.StatusCmd, len(puts))
		_, err := s.client.Pipelined(ctx, func(pipe redis.Pipeliner) error {
			for i, p := range puts {
				before[i] = pipe.SetArgs(ctx, p.name, p.value, redis.SetArgs{TTL: sessionLife, Get: true})
			}
			return nil
		})
		if err != nil && !errors.Is(err, redis.Nil) {
			return err
		}
		var unlisted []*sessionPut
		for i, p := range puts {
			old, err := before[i].Bytes()
			if err != nil && !errors.Is(err, redis.Nil) {
				return err
			}
			if p.round != 0 && !bytes.HasPrefix(old, p.value[:roundSize]) {
				unlisted = append(unlisted, p)
			}
		}
		return s.list(ctx, unlisted)
	})
}

// list enters sessions under their rounds, so that they go with them.
func (s *Sessions) list(ctx context.Context, puts []*sessionPut) error {
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
	return err
}
