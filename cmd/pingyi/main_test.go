package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pingyi/storage"
	"pingyi/storage/storagetest"
)

var servers = storagetest.With(storage.Migrate)

// asProgram in the environment makes this test binary the program itself, so that tests can start it,
// and kill it, as people do.
const asProgram = "PINGYI_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
		return
	}
	servers.Main(m)
}

// at is the environment of a command line: variables as NAME=value.
type at []string

// runs executes a command line in this process and returns its exit code and what it wrote.
func (env at) runs(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	code = run(t.Context(), func() {}, args, strings.NewReader(""), &out, &errs, env)
	return code, out.String(), errs.String()
}

// must is runs for a command line that has to succeed.
func (env at) must(t *testing.T, args ...string) string {
	t.Helper()
	code, out, errs := env.runs(t, args...)
	if code != exitDone {
		t.Fatalf("pingyi %s: exit %d\n%s", strings.Join(args, " "), code, errs)
	}
	return out
}

const testSecret = "0123456789abcdef0123456789abcdef"

// withStores is an environment with a database and a Redis of the test's own.
func withStores(t *testing.T) at {
	t.Helper()
	database, redis := servers.New(t)
	return at{"PINGYI_DATABASE_URL=" + database, "PINGYI_REDIS_URL=" + redis, "PINGYI_SECRET=" + testSecret, "PINGYI_LANG=en"}
}

func (env at) store(t *testing.T) *storage.Store {
	t.Helper()
	s, err := storage.Open(context.Background(), storage.Config{URL: environment(env, "PINGYI_DATABASE_URL"), Secret: []byte(testSecret)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

// write makes a folder of files.
func write(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}
