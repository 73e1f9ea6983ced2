package storage

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"

	"pingyi/survey"
)

func TestMigrateTogether(t *testing.T) {
	t.Parallel()
	url := servers.Blank(t)
	if _, err := Open(t.Context(), Config{URL: url, Secret: testSecret}); !errors.Is(err, ErrSchema) {
		t.Errorf("opening an empty database: %v, want ErrSchema", err)
	}
	var g errgroup.Group
	for range 3 {
		g.Go(func() error { return Migrate(t.Context(), url) })
	}
	if err := g.Wait(); err != nil {
		t.Fatal(err)
	}
	s := openStore(t, url)
	if n := scalar[int](t, s, `SELECT count(*) FROM person`); n != 0 {
		t.Errorf("%d persons after migrating", n)
	}
	exec(t, s, `INSERT INTO goose_db_version (version_id, is_applied) VALUES (99999, true)`)
	_, err := Open(t.Context(), Config{URL: url, Secret: testSecret})
	if !errors.Is(err, ErrSchema) || !strings.Contains(err.Error(), "newer program") {
		t.Errorf("opening tables of a newer program: %v", err)
	}
}

func TestOpenRefusesAnotherSecret(t *testing.T) {
	t.Parallel()
	url, _ := servers.New(t)
	openStore(t, url)
	openStore(t, url)
	other := []byte(strings.Repeat("another-", 4))
	if _, err := Open(t.Context(), Config{URL: url, Secret: other}); !errors.Is(err, ErrSecret) {
		t.Errorf("another secret: %v, want ErrSecret", err)
	}
	if _, err := Open(t.Context(), Config{URL: url, Secret: []byte("short")}); err == nil {
		t.Error("a short secret was accepted")
	}
}

func TestNowIsTheDatabases(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	a, err := s.Now(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	b, err := s.Now(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if !b.After(a) || b.Sub(a) > time.Minute || a.Location() != s.Zone() {
		t.Errorf("clock: %v then %v", a, b)
	}
}

func TestBallotIDs(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	a, err := s.roundKey([]byte("salt-a"))
	if err != nil {
		t.Fatal(err)
	}
	b, err := s.roundKey([]byte("salt-b"))
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, key := range [][]byte{a, b} {
		for assignment := range int64(500) {
			id := ballotID(key, assignment)
			if len(id) != ballotIDSize || seen[string(id)] {
				t.Fatalf("ballot id of assignment %d: %x", assignment, id)
			}
			seen[string(id)] = true
		}
	}
	if _, err := s.roundKey(nil); err == nil {
		t.Error("a round without salt has a key")
	}
}

func TestErrorsOfTheDatabase(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	const person = `INSERT INTO person (code, created_at) VALUES ('p', now())`
	exec(t, s, person)
	tests := []struct {
		name, sql string
		want      error
	}{
		{"unique", person, survey.ErrStale},
		{"foreign key", `INSERT INTO consent VALUES (99, 'v', now())`, survey.ErrNotFound},
		{"check", `INSERT INTO role (person_id, role) SELECT id, 'king' FROM person`, survey.ErrInvalid},
		{"not null", `INSERT INTO person (code) VALUES ('q')`, survey.ErrInvalid},
		{"malformed", `SELECT 'tell-nobody'::bigint`, survey.ErrInvalid},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := s.tx(t.Context(), func(tx pgx.Tx) error {
				_, err := tx.Exec(t.Context(), tt.sql)
				return fmt.Errorf("trying: %w", err)
			})
			if !errors.Is(err, tt.want) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
			if strings.Contains(err.Error(), "tell-nobody") {
				t.Errorf("the error repeats what was typed: %v", err)
			}
		})
	}
}

// Two transactions that lock two rows in opposite order deadlock; both must
// come through.
func TestTransactionsSurviveDeadlocks(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	exec(t, s, `INSERT INTO setting VALUES ('a', '0'), ('b', '0')`)
	both := make(chan struct{}, 2)
	var first [2]bool
	add := func(ctx context.Context, i int, keys ...string) error {
		return s.tx(ctx, func(tx pgx.Tx) error {
			for n, key := range keys {
				if n == 1 && !first[i] { // meet once, after the first lock
					first[i] = true
					both <- struct{}{}
					for len(both) < 2 {
						time.Sleep(time.Millisecond)
					}
				}
				_, err := tx.Exec(ctx, `UPDATE setting SET value = to_jsonb((value #>> '{}')::int + 1) WHERE key = $1`, key)
				if err != nil {
					return err
				}
			}
			return nil
		})
	}
	g, ctx := errgroup.WithContext(t.Context())
	g.Go(func() error { return add(ctx, 0, "a", "b") })
	g.Go(func() error { return add(ctx, 1, "b", "a") })
	if err := g.Wait(); err != nil {
		t.Fatal(err)
	}
	if got := scalar[string](t, s, `SELECT string_agg(value::text, ' ' ORDER BY key) FROM setting WHERE key IN ('a', 'b')`); got != "2 2" {
		t.Errorf("after two transactions: %s, want 2 2", got)
	}
}

func TestUpdatesHappenOnce(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	ctx := t.Context()
	cause := Cause{UpdateID: 77}
	runs := 0
	once := func() error {
		return s.change(ctx, testNow, cause, func(pgx.Tx) error { runs++; return nil })
	}
	if err := once(); err != nil {
		t.Fatal(err)
	}
	if err := once(); !errors.Is(err, survey.ErrHandled) {
		t.Errorf("a redelivered update: %v, want ErrHandled", err)
	}
	if runs != 1 {
		t.Errorf("the change ran %d times", runs)
	}
	failing := Cause{UpdateID: 78}
	broken := errors.New("broken")
	if err := s.change(ctx, testNow, failing, func(pgx.Tx) error { return broken }); !errors.Is(err, broken) {
		t.Errorf("got %v, want %v", err, broken)
	}
	if yes, err := s.Handled(ctx, 78); err != nil || yes {
		t.Errorf("a change that failed counts as handled: %v, %v", yes, err)
	}
	if err := s.ForgetUpdates(ctx, testNow.AddDate(0, 0, 3)); err != nil {
		t.Fatal(err)
	}
	if yes, err := s.Handled(ctx, 77); err != nil || !yes {
		t.Errorf("forgotten after three days already: %v, %v", yes, err)
	}
	if err := s.ForgetUpdates(ctx, testNow.AddDate(0, 0, 4)); err != nil {
		t.Fatal(err)
	}
	if yes, err := s.Handled(ctx, 77); err != nil || yes {
		t.Errorf("not forgotten after four days: %v, %v", yes, err)
	}
}

func TestFailedUpdatesAreSetAside(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	ctx := t.Context()
	body := []byte(`{"update_id":5,"message":{"text":"私"}}`)
	for want := 1; want <= MaxUpdateAttempts; want++ {
		if yes, err := s.Handled(ctx, 5); err != nil || yes {
			t.Fatalf("before attempt %d: handled %v, %v", want, yes, err)
		}
		if _, err := s.FailedUpdate(ctx, 5); !errors.Is(err, survey.ErrNotFound) {
			t.Errorf("before attempt %d the body is kept: %v", want, err)
		}
		if got, err := s.FailUpdate(ctx, testNow, 5, body); err != nil || got != want {
			t.Fatalf("attempt %d: %d, %v", want, got, err)
		}
	}
	if yes, err := s.Handled(ctx, 5); err != nil || !yes {
		t.Errorf("after three attempts: handled %v, %v", yes, err)
	}
	got, err := s.FailedUpdate(ctx, 5)
	if err != nil || string(got) != string(body) {
		t.Errorf("set aside: %q, %v", got, err)
	}
	if n := scalar[int](t, s, `SELECT count(*) FROM failed_update WHERE position('私' in encode(body, 'escape')) > 0 OR body = $1`, body); n != 0 {
		t.Error("the body is not sealed")
	}
	for i, kept := range []error{nil, survey.ErrNotFound} {
		days := setAsideDays + i
		if err := s.ForgetUpdates(ctx, testNow.AddDate(0, 0, days)); err != nil {
			t.Fatal(err)
		}
		if _, err := s.FailedUpdate(ctx, 5); !errors.Is(err, kept) {
			t.Errorf("after %d days: %v, want %v", days, err, kept)
		}
	}
}

func TestSetAsideOpensUnderItsOwnIDOnly(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	ctx := t.Context()
	for range MaxUpdateAttempts {
		if _, err := s.FailUpdate(ctx, testNow, 5, []byte("{}")); err != nil {
			t.Fatal(err)
		}
	}
	exec(t, s, `INSERT INTO failed_update SELECT 6, attempts, body, day FROM failed_update`)
	if _, err := s.FailedUpdate(ctx, 6); !errors.Is(err, errUnsealed) {
		t.Errorf("a body moved to another update opens: %v", err)
	}
}
