// Package storagetest gives tests real stores: a private Postgres and a
// private Redis per test binary, and in them a database of its own for every
// test, cloned from a migrated template.
//
//	var servers = storagetest.With(storage.Migrate)
//
//	func TestMain(m *testing.M) { servers.Main(m) }
//
//	func TestSomething(t *testing.T) {
//		t.Parallel()
//		databaseURL, redisURL := servers.New(t)
//		…
//	}
//
// The servers start with the first test that asks for them. Tests are never
// skipped: where a server is missing it is installed, or the test fails with
// one line that says what to run.
//
// Tests that kill servers start their own with package local.
package storagetest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/redis/go-redis/v9"

	"pingyi/storage/local"
)

// template is the database that tests' databases are cloned from.
const template = "template_test"

// timeout bounds the start of the servers, an installation included, and each
// later step.
const timeout = 10 * time.Minute

// Servers are the stores of one test binary. All methods may be called from
// parallel tests.
type Servers struct {
	migrate func(ctx context.Context, databaseURL string) error

	once     sync.Once
	err      error // why the servers did not start
	postgres *local.Postgres
	redis    *local.Redis

	mu   sync.Mutex
	made int   // databases made so far; names the next one
	free []int // logical databases of Redis given back
	next int   // the first logical database never given out
}

// With returns the stores whose template is made by migrate: it gets the
// address of an empty database and brings it to the current schema. Nothing
// is started yet.
func With(migrate func(ctx context.Context, databaseURL string) error) *Servers {
	return &Servers{migrate: migrate}
}

// Main is the body of TestMain: it runs the tests, stops the servers and exits.
func (s *Servers) Main(m *testing.M) {
	code := m.Run()
	if err := s.stop(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = max(code, 1)
	}
	os.Exit(code)
}

// New returns the addresses of a migrated database without rows and of an
// empty logical Redis database, for this test alone. Both are removed when the
// test ends. FLUSHDB touches this test only; channels of Redis and scripts are
// shared by all tests of the binary.
func (s *Servers) New(t testing.TB) (databaseURL, redisURL string) {
	t.Helper()
	s.start(t)
	return s.database(t, template), s.keys(t)
}

// Blank returns the address of a database without any schema, for tests of the
// migrations themselves.
func (s *Servers) Blank(t testing.TB) (databaseURL string) {
	t.Helper()
	s.start(t)
	return s.database(t, "template0")
}

// start runs the servers once; every test of the binary gets the same fault.
func (s *Servers) start(t testing.TB) {
	t.Helper()
	s.once.Do(func() {
		ctx, cancel := context.WithTimeout(context.Background(), timeout)
		defer cancel()
		s.err = s.run(ctx)
	})
	if s.err != nil {
		t.Fatalf("servers for tests: %v", s.err)
	}
}

func (s *Servers) run(ctx context.Context) (err error) {
	options := local.Options{NoSync: true}
	if s.postgres, err = local.StartPostgres(ctx, options); err != nil {
		return err
	}
	if s.redis, err = local.StartRedis(ctx, options); err != nil {
		return err
	}
	if err := s.exec(ctx, "CREATE DATABASE "+template); err != nil {
		return err
	}
	if err := s.migrate(ctx, s.postgres.URL(template)); err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	return nil
}

func (s *Servers) stop() error {
	var faults []error
	if s.postgres != nil {
		faults = append(faults, s.postgres.Stop())
	}
	if s.redis != nil {
		faults = append(faults, s.redis.Stop())
	}
	return errors.Join(faults...)
}

// database clones a database for the test.
func (s *Servers) database(t testing.TB, from string) string {
	t.Helper()
	s.mu.Lock()
	s.made++
	name := fmt.Sprintf("test_%d", s.made)
	s.mu.Unlock()
	if err := s.exec(t.Context(), fmt.Sprintf("CREATE DATABASE %s TEMPLATE %s STRATEGY wal_log", name, from)); err != nil {
		t.Fatalf("database for the test: %v", err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), timeout)
		defer cancel()
		if err := s.exec(ctx, fmt.Sprintf("DROP DATABASE %s WITH (FORCE)", name)); err != nil {
			t.Errorf("database of the test: %v", err)
		}
	})
	return s.postgres.URL(name)
}

// keys gives the test a logical database of Redis.
func (s *Servers) keys(t testing.TB) string {
	t.Helper()
	s.mu.Lock()
	number := s.next
	if last := len(s.free) - 1; last >= 0 {
		number, s.free = s.free[last], s.free[:last]
	} else {
		s.next++
	}
	s.mu.Unlock()
	address := s.redis.DatabaseURL(number)
	t.Cleanup(func() {
		if err := flush(address); err != nil {
			t.Errorf("redis database of the test: %v", err)
			return
		}
		s.mu.Lock()
		s.free = append(s.free, number)
		s.mu.Unlock()
	})
	return address
}

func flush(address string) error {
	options, err := redis.ParseURL(address)
	if err != nil {
		return err
	}
	client := redis.NewClient(options)
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	return errors.Join(client.FlushDB(ctx).Err(), client.Close())
}

// exec runs a statement in the database that nothing is cloned from.
func (s *Servers) exec(ctx context.Context, sql string) error {
	conn, err := pgx.Connect(ctx, s.postgres.URL("postgres"))
	if err != nil {
		return err
	}
	if _, err = conn.Exec(ctx, sql); err != nil {
		err = fmt.Errorf("%s: %w", strings.SplitN(sql, " WITH", 2)[0], err)
	}
	return errors.Join(err, conn.Close(ctx))
}
