//go:build crash

package main

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"pingyi/bot/sandbox"
)

// trouble is one thing that goes wrong at a moment of the schedule.
type trouble struct {
	after   time.Duration // the one before
	kind    string
	replica int
	lasts   time.Duration
	n       int
}

func (x trouble) String() string {
	return fmt.Sprintf("+%v %s replica=%d lasts=%v n=%d", x.after, x.kind, x.replica, x.lasts, x.n)
}

// The kinds of trouble. Those that come first come more often.
var troubles = []string{
	"kill replica", "kill replica", "kill replica", "kill Postgres", "kill Redis", "flush Redis", "duplicates", "duplicates",
	"cut Postgres", "cut Redis", "clog Postgres", "clog Redis", "429", "5xx", "drop before", "drop after", "second poller",
}

// plan is the schedule of a seed.
func (c scene) plan(seed uint64, length time.Duration) []trouble {
	if c.full {
		return planKills(seed, c.replicas, length)
	}
	dice := rand.New(rand.NewPCG(seed, 1))
	kinds := troubles
	// Whatever the dice say, enough is delivered twice and every replica dies with leases in its hands; with
	// standbys servers go more often, and the primary.
	all := []trouble{{kind: "duplicates", after: length / 10, n: enoughDuplicates}}
	for i := range c.replicas {
		all = append(all, trouble{kind: "kill replica", after: length / 20, replica: i, lasts: time.Second})
	}
	if c.standbys > 0 {
		kinds = slices.Concat(troubles, slices.Repeat([]string{"kill Postgres"}, 3))
		all = append(all, trouble{kind: "kill Postgres", after: length / 8, lasts: time.Second, n: 2})
	}
	for at := time.Duration(0); at < length; {
		x := trouble{
			after: time.Duration(300+dice.IntN(1400)) * time.Millisecond, kind: kinds[dice.IntN(len(kinds))],
			replica: dice.IntN(c.replicas), lasts: time.Duration(dice.IntN(2500)) * time.Millisecond, n: 1 + dice.IntN(20),
		}
		at += x.after
		if x.kind != "second poller" || !c.webhook {
			all = append(all, x)
		}
	}
	return all
}

// planKills is the schedule of a seed that kills replicas, and delivers updates twice in between.
func planKills(seed uint64, replicas int, length time.Duration) []trouble {
	dice := rand.New(rand.NewPCG(seed, 1))
	const kills = enoughKills + 4 // some find the replica down already
	var all []trouble
	for range kills {
		after := length/kills/2 + time.Duration(dice.Int64N(int64(length/kills)))
		all = append(all,
			trouble{after: after / 2, kind: "duplicates", n: 1 + dice.IntN(20)},
			trouble{after: after / 2, kind: "kill replica", replica: dice.IntN(replicas), lasts: time.Duration(dice.IntN(500)) * time.Millisecond})
	}
	return all
}

// span is a time in which something under way may have been done without being recorded.
type span struct{ from, to time.Time }

// spans are kept while trouble runs.
type spans struct {
	mu  sync.Mutex
	all []span
}

func (s *spans) add(from, to time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.all = append(s.all, span{from, to})
}

// near reports whether a moment lies in a span or within slack of one.
func (s *spans) near(at time.Time, slack time.Duration) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, x := range s.all {
		if at.After(x.from.Add(-slack)) && at.Before(x.to.Add(slack)) {
			return true
		}
	}
	return false
}

// afflict carries a schedule out, one trouble after the other; what lasts goes on beside the next.
func (s *stage) afflict(ctx context.Context, schedule []trouble) {
	var lasting sync.WaitGroup
	defer lasting.Wait()
	for _, x := range schedule {
		select {
		case <-ctx.Done():
			return
		case <-time.After(x.after):
		}
		s.t.Log(x)
		lasting.Go(func() {
			from := time.Now()
			if s.strike(ctx, x) {
				s.unsafe.add(from, time.Now())
			}
		})
	}
}

// strike does one trouble and undoes it; true where something under way may have been done without
// being recorded.
func (s *stage) strike(ctx context.Context, x trouble) (unsafe bool) {
	r := s.replicas[x.replica]
	wait := func() { time.Sleep(x.lasts) }
	storm := func(f sandbox.Fault) {
		cancel := s.sb.Inject(f)
		wait()
		cancel()
	}
	switch x.kind {
	case "kill replica":
		r.kill(x.lasts)
		return true
	case "kill Postgres":
		if err := s.databases.fail(context.WithoutCancel(ctx), x); err != nil {
			s.t.Error(err)
		}
		return true
	case "kill Redis":
		s.killRedis.Lock()
		defer s.killRedis.Unlock()
		if err := restart(context.WithoutCancel(ctx), s.redis, x.lasts); err != nil {
			s.t.Error(err)
		}
	case "flush Redis":
		s.flush(ctx)
	case "duplicates":
		s.duplicate(x)
	case "cut Postgres":
		r.database.each((*cable).sever)
		wait()
		r.database.each((*cable).mend)
		return true
	case "clog Postgres":
		r.database.each((*cable).clog)
		wait()
		r.database.each((*cable).mend)
		return true
	case "cut Redis":
		r.redis.sever()
		wait()
		r.redis.mend()
	case "clog Redis":
		r.redis.clog()
		wait()
		r.redis.mend()
	case "429":
		storm(sandbox.Fault{Status: http.StatusTooManyRequests, RetryAfter: 1, Every: 1 + x.n%4})
	case "5xx":
		storm(sandbox.Fault{Status: http.StatusBadGateway, Every: 1 + x.n%3})
	case "drop before":
		storm(sandbox.Fault{Drop: sandbox.DropBefore, Every: 1 + x.n%3})
		return true
	case "drop after":
		storm(sandbox.Fault{Drop: sandbox.DropAfter, Every: 1 + x.n%3})
		return true
	case "second poller":
		s.pollBeside(ctx)
	}
	return false
}

// restart kills a server and starts it again after a while.
func restart(ctx context.Context, server interface {
	Kill() error
	Start(ctx context.Context) error
}, down time.Duration) error {
	if err := server.Kill(); err != nil {
		return err
	}
	time.Sleep(down)
	return server.Start(ctx)
}

func (s *stage) flush(ctx context.Context) {
	s.killRedis.Lock() // not while it is down
	defer s.killRedis.Unlock()
	o, err := redis.ParseURL(s.redis.URL())
	if err != nil {
		s.t.Error(err)
		return
	}
	client := redis.NewClient(o)
	defer func() { _ = client.Close() }()
	if err := client.FlushAll(context.WithoutCancel(ctx)).Err(); err != nil {
		s.t.Error(err)
	}
}

// duplicate delivers the latest update of some people once more.
func (s *stage) duplicate(x trouble) {
	for i := range x.n {
		p := s.people[(x.replica*31+i*17+x.n)%len(s.people)]
		if s.sb.DuplicateLast(p.id) {
			s.duplicates.Add(1)
		}
	}
}

// pollBeside is a second program with the same token, which confirms nothing.
func (s *stage) pollBeside(ctx context.Context) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.api+"/bot"+botToken+"/getUpdates",
		bytes.NewReader([]byte(`{"timeout":0,"limit":1}`)))
	if err != nil {
		s.t.Error(err)
		return
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return // the schedule is over
	}
	_ = resp.Body.Close()
}
