package load

import (
	"bytes"
	"testing"
	"time"

	"pingyi/storage"
	"pingyi/storage/storagetest"
)

var servers = storagetest.With(storage.Migrate)

func TestMain(m *testing.M) { servers.Main(m) }

// testNow is when tests happen: a Friday morning in Shanghai.
var testNow = time.Date(2026, 11, 20, 9, 0, 0, 0, shanghai())

func shanghai() *time.Location {
	zone, err := time.LoadLocation("Asia/Shanghai")
	if err != nil {
		panic(err)
	}
	return zone
}

// newStore opens a store on a database of the test's own.
func newStore(t testing.TB) *storage.Store {
	t.Helper()
	url, _ := servers.New(t)
	s, err := storage.Open(t.Context(), storage.Config{
		URL: url, Secret: bytes.Repeat([]byte("secret--"), 4), Zone: shanghai()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}
