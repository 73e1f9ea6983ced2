package rounds

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"

	"pingyi/storage"
	"pingyi/storage/storagetest"
	"pingyi/survey"
)

var servers = storagetest.With(storage.Migrate)

func TestMain(m *testing.M) { servers.Main(m) }

const questionnaire = `
questionnaire: short
title: 短
items:
  - {code: fast, kind: yesno, text: 快吗}
`

const round = `
round: quick
title: 快
questionnaire: short
subjects: all
duration: 1h
panels:
  - {panel: residents, title: 居民, who: {kind: citizen}, identity: anonymous, minimum: 2}
`

// house is a database with one subject, three citizens and a draft.
func house(t *testing.T) (url string, conn *pgx.Conn) {
	t.Helper()
	url, _ = servers.New(t)
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	run(t, conn, `INSERT INTO subject (code, name, kind) VALUES ('police', '{}', 'department')`)
	run(t, conn, `INSERT INTO person (code, telegram_id, created_at) SELECT 'c' || i, i, now() FROM generate_series(1, 3) AS i`)
	run(t, conn, `INSERT INTO membership (person_id, kind) SELECT id, 'citizen' FROM person`)
	run(t, conn, `INSERT INTO questionnaire (code, version, hash, body, created_at) VALUES ('short', 1, '\x00', $1, now())`, questionnaire)
	run(t, conn, `INSERT INTO round (code, title, spec, seed) VALUES ('quick', '{}', $1, '\x01')`, round)
	return url, conn
}

func run(t *testing.T, conn *pgx.Conn, sql string, args ...any) {
	t.Helper()
	if _, err := conn.Exec(t.Context(), sql, args...); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

func open(t *testing.T, url string) *storage.Store {
	t.Helper()
	s, err := storage.Open(t.Context(), storage.Config{URL: url, Secret: bytes.Repeat([]byte("secret--"), 4)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

// TestClocksTogether runs two clocks on one database, by the database's own
// time: a round that an admin schedules opens and closes by itself, once, and
// long before the heartbeat.
func TestClocksTogether(t *testing.T) {
	t.Parallel()
	url, conn := house(t)
	ctx, stop := context.WithCancel(t.Context())
	var log lockedBuffer
	var clocks errgroup.Group
	for range 2 {
		clock := New(open(t, url), slog.New(slog.NewTextHandler(&log, nil)))
		clocks.Go(func() error { return clock.Run(ctx) })
	}
	admin := open(t, url)
	now, err := admin.Now(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if err := admin.ScheduleRound(ctx, now, storage.Cause{}, "quick", now.Add(1500*time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	await(t, admin, survey.RoundOpen)
	if err := admin.ExtendRound(ctx, now, storage.Cause{}, "quick", now.Add(4*time.Second)); err != nil {
		t.Fatal(err)
	}
	await(t, admin, survey.RoundClosed)
	stop()
	if err := clocks.Wait(); err != nil {
		t.Errorf("a clock ended with %v", err)
	}
	rows, _ := conn.Query(t.Context(), `SELECT action FROM audit ORDER BY id`)
	actions, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"round.schedule", "round.open", "round.extend", "round.close"}, actions); diff != "" {
		t.Errorf("what happened (-want +got):\n%s", diff)
	}
	if text := log.String(); bytes.Contains([]byte(text), []byte("level=ERROR")) {
		t.Errorf("faults were logged:\n%s", text)
	}
}

// await waits for the round's state, less long than a heartbeat.
func await(t *testing.T, s *storage.Store, state survey.RoundState) {
	t.Helper()
	deadline := time.Now().Add(12 * time.Second)
	for time.Now().Before(deadline) {
		r, err := s.Round(t.Context(), "quick")
		if err != nil {
			t.Fatal(err)
		}
		if r.State == state {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Fatalf("the round is not %s", state)
}

// TestFaultsDoNotStopTheClock gives the clock a round that cannot open and one
// that can.
func TestFaultsDoNotStopTheClock(t *testing.T) {
	t.Parallel()
	url, conn := house(t)
	run(t, conn, `INSERT INTO round (code, title, spec, seed, state, opens_at)
		SELECT 'broken', '{}', 'no round file', '\x01', 'scheduled', now() - interval '1 hour'`)
	run(t, conn, `UPDATE round SET state = 'scheduled', opens_at = now() - interval '1 minute' WHERE code = 'quick'`)
	ctx, stop := context.WithCancel(t.Context())
	var log lockedBuffer
	store := open(t, url)
	clock := New(store, slog.New(slog.NewTextHandler(&log, nil)))
	done := make(chan error, 1)
	go func() { done <- clock.Run(ctx) }()
	await(t, store, survey.RoundOpen)
	for deadline := time.Now().Add(12 * time.Second); !strings.Contains(log.String(), "broken") && time.Now().Before(deadline); {
		time.Sleep(20 * time.Millisecond)
	}
	stop()
	if err := <-done; err != nil {
		t.Errorf("the clock ended with %v", err)
	}
	if !strings.Contains(log.String(), "broken") {
		t.Errorf("the fault is not logged:\n%s", log.String())
	}
}

// lockedBuffer is a buffer that several loggers may write to.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}
