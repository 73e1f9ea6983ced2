//go:build crash

// The crash suite: real processes and servers, the sandbox as Telegram, a seeded schedule of trouble,
// and a checker that compares what everybody pressed and saw acknowledged with what stands in the
// database. `make crash` runs it; SEED=… repeats a schedule, LENGTH=… (45s) is how long trouble lasts,
// RUN=… (standbys, kills, one, …) picks runs by their names.
package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http/httptest"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pingyi/bot/sandbox"
	"pingyi/storage/local"
)

// A run that reaches less has proved nothing.
const (
	enoughPresses      = 1000
	enoughDuplicates   = 10
	enoughTakeOvers    = 5
	enoughKills        = 20 // at full load
	pressersOfARun     = 40
	listenersOfARun    = 400
	pressesPerSecond   = 60
	fullLoad           = 5000 // more than people manage who wait for answers
	deliveriesAtSecond = 12
	firstListener      = int64(700000)
)

// scene is what a run plays in.
type scene struct {
	name     string
	replicas int
	webhook  bool
	standbys int  // of Postgres; commits wait for any one of them
	full     bool // people press as fast as they are answered, and only replicas are killed
}

// presses is how many people may press in a second.
func (c scene) presses() time.Duration {
	if c.full {
		return fullLoad
	}
	return pressesPerSecond
}

// steady is how many presses lead on for each that changes something.
func (c scene) steady() int {
	if c.full {
		return 1
	}
	return 3
}

func TestCrash(t *testing.T) {
	seed := crashSeed(t)
	for _, c := range []scene{
		{name: "one replica polling", replicas: 1},
		{name: "two replicas polling", replicas: 2},
		{name: "two replicas by webhook", replicas: 2, webhook: true},
		{name: "three replicas polling with standbys", replicas: 3, standbys: 2},
		{name: "three replicas by webhook with standbys", replicas: 3, webhook: true, standbys: 2},
		{name: "kills at full load", replicas: 2, webhook: true, full: true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Logf("SEED=%d", seed)
			s := newStage(t, c)
			length := crashLength(t)
			s.run(seed, c.plan(seed, length), length)
			s.checkStrength()
			if t.Failed() {
				t.Logf("repeat it by: make crash SEED=%d RUN='%s'", seed, c.name)
			}
		})
	}
}

func crashSeed(t *testing.T) uint64 {
	t.Helper()
	text := os.Getenv("SEED")
	if text == "" {
		return rand.Uint64N(1e9)
	}
	seed, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		t.Fatalf("SEED: %v", err)
	}
	return seed
}

func crashLength(t *testing.T) time.Duration {
	t.Helper()
	text := os.Getenv("LENGTH")
	if text == "" {
		return 45 * time.Second
	}
	length, err := time.ParseDuration(text)
	if err != nil {
		t.Fatalf("LENGTH: %v", err)
	}
	return length
}

// stage is everything a run needs.
type stage struct {
	t         *testing.T
	scene     scene
	sb        *sandbox.Sandbox
	api       string
	databases *databases
	redis     *local.Redis
	direct    at // the environment without cables
	replicas  []*crasher
	people    []*presser
	calm      atomic.Bool

	killRedis   sync.Mutex
	unsafe      spans
	duplicates  atomic.Int64
	invitations *invitations
}

func newStage(t *testing.T, c scene) *stage {
	t.Helper()
	s := &stage{t: t, scene: c, databases: startDatabases(t, c.standbys)}
	var err error
	if s.redis, err = local.StartRedis(t.Context(), local.Options{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.redis.Stop() })
	s.sb = sandbox.New(sandbox.Config{
		Token: botToken, Username: "town_bot", CallbackLife: 10 * time.Minute, Traffic: -1, WebhookBackoff: 50 * time.Millisecond,
	})
	server := httptest.NewServer(s.sb.Handler())
	t.Cleanup(server.Close)
	t.Cleanup(s.sb.Close)
	s.api = server.URL
	s.direct = at{
		"PINGYI_DATABASE_URL=" + s.databases.url(), "PINGYI_REDIS_URL=" + s.redis.URL(), "PINGYI_SECRET=" + testSecret,
		"PINGYI_LANG=en", "PINGYI_TELEGRAM_TOKEN=" + botToken, "PINGYI_TELEGRAM_API=" + s.api, "PINGYI_ADMINS=900001",
		fmt.Sprintf("PINGYI_SEND_RATE=%d", deliveriesAtSecond), "PATH=" + os.Getenv("PATH"),
	}
	for n := range c.replicas {
		s.replicas = append(s.replicas, s.newReplica(n))
	}
	if c.webhook {
		f := newFront(t, s.replicas)
		for _, r := range s.replicas {
			r.env = append(r.env, "PINGYI_PUBLIC_URL="+f.url, "PINGYI_WEBHOOK_SECRET=hook-secret")
		}
	}
	s.prepare()
	return s
}

func (s *stage) newReplica(n int) *crasher {
	r := &crasher{n: n, listen: freePort(s.t), log: &lockedLog{}}
	r.database = s.databases.lay(s.t)
	var redisURL string
	r.redis, redisURL = lay(s.t, s.redis.URL())
	// Of a name that stands twice the last one counts.
	r.env = append(append(at{}, s.direct...), "PINGYI_DATABASE_URL="+r.database.url, "PINGYI_REDIS_URL="+redisURL,
		"PINGYI_LISTEN="+r.listen, asProgram+"=1")
	return r
}

// prepare sets up the town: residents who will join and press, and clerks who are only asked.
func (s *stage) prepare() {
	s.direct.must(s.t, "migrate")
	s.direct.must(s.t, "apply", town(s.t))
	var roster strings.Builder
	roster.WriteString("code,name,kind,unit,telegram\n")
	for i := range listenersOfARun {
		id := firstListener + int64(i)
		fmt.Fprintf(&roster, "clerk%d,Clerk %d,staff,town,%d\n", i, i, id)
		s.add(id, "Clerk")
		if _, err := s.sb.Start(id, ""); err != nil {
			s.t.Fatal(err)
		}
	}
	s.direct.must(s.t, "apply", write(s.t, map[string]string{
		"units.csv": "code,name,kind,parent\ntown,Town,office,\n", "people.csv": roster.String(),
		"rounds/later.yaml": laterRound,
	}))
	s.direct.must(s.t, "round", "open", "now")
	s.watchLeases()
	s.invitations = watchInvitations(s.t, s.sb)
}

const laterRound = `round: later
title: And once more
questionnaire: visit
subjects: all
duration: 14d
panels:
  - {panel: residents, title: Residents, who: {kind: citizen}, identity: anonymous, minimum: 5, asks: {draw: 2}}
  - {panel: staff, title: Staff, who: {kind: staff}, identity: anonymous, minimum: 5, asks: every}
`

func (s *stage) add(id int64, name string) {
	if err := s.sb.AddPerson(sandbox.Person{ID: id, First: name, Language: "en"}); err != nil {
		s.t.Fatal(err)
	}
}

// run lets people press through a schedule, then in peace until they are done, and checks.
func (s *stage) run(seed uint64, schedule []trouble, length time.Duration) {
	ctx, stop := context.WithCancel(s.t.Context())
	var gone []<-chan struct{}
	for _, r := range s.replicas {
		gone = append(gone, r.supervise(ctx, s.t))
	}
	pressing, cancel := context.WithTimeout(ctx, length+4*time.Minute)
	defer cancel()
	tick := time.NewTicker(time.Second / s.scene.presses())
	defer tick.Stop()
	var all sync.WaitGroup
	for i := range pressersOfARun {
		p := &presser{
			id: int64(500000 + i), sb: s.sb, dice: rand.New(rand.NewPCG(seed, uint64(1000+i))), ticket: tick.C,
			calm: &s.calm, rounds: 2, steady: s.scene.steady(), beliefs: map[pressedKey]belief{}, reopened: map[string]bool{},
		}
		s.add(p.id, "Resident")
		s.people = append(s.people, p)
	}
	for _, p := range s.people {
		all.Go(func() {
			if !p.live(pressing) {
				s.t.Errorf("person %d did not come to an end:%s", p.id, s.chat(p.id))
			}
		})
	}
	s.afflict(ctx, schedule[:len(schedule)/4])
	s.direct.must(s.t, "round", "open", "later")
	s.afflict(ctx, schedule[len(schedule)/4:])
	s.calm.Store(true)
	all.Wait()
	s.check(ctx)
	stop()
	for _, g := range gone {
		<-g
	}
}

// chat is the end of a person's chat, for the report.
func (s *stage) chat(id int64) string {
	var b strings.Builder
	all := s.sb.Messages(id)
	for _, m := range all[max(0, len(all)-4):] {
		fmt.Fprintf(&b, "\n  #%d %q %v", m.ID, m.Text, m.Labels())
	}
	return b.String()
}
