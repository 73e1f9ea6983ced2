package storage

import (
	"bytes"
	"testing"
	"time"

	"pingyi/storage/storagetest"
)

var servers = storagetest.With(Migrate)

func TestMain(m *testing.M) { servers.Main(m) }

// testSecret is the secret of every test's store.
var testSecret = bytes.Repeat([]byte("secret--"), 4)

// testNow is when tests happen: a Monday morning in Shanghai.
var testNow = time.Date(2026, 9, 28, 9, 0, 0, 0, shanghai())

func shanghai() *time.Location {
	zone, err := time.LoadLocation("Asia/Shanghai")
	if err != nil {
		panic(err)
	}
	return zone
}

// newStore opens a store on a database of the test's own.
func newStore(t testing.TB) *Store {
	t.Helper()
	url, _ := servers.New(t)
	return openStore(t, url)
}

func openStore(t testing.TB, url string) *Store {
	t.Helper()
	s, err := Open(t.Context(), Config{URL: url, Secret: testSecret, Zone: testNow.Location()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

// exec runs statements in the test's database.
func exec(t testing.TB, s *Store, sql string, args ...any) {
	t.Helper()
	if _, err := s.pool.Exec(t.Context(), sql, args...); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

// scalar reads one value.
func scalar[T any](t testing.TB, s *Store, sql string, args ...any) T {
	t.Helper()
	var v T
	if err := s.pool.QueryRow(t.Context(), sql, args...).Scan(&v); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return v
}
