package local

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// accounts are those who may start servers here: ourselves, and where we are
// root, an ordinary user too.
func accounts(t *testing.T) map[string]account {
	t.Helper()
	if os.Geteuid() != 0 {
		return map[string]account{"ordinary user": {}}
	}
	ordinary, err := serverAccount()
	if err != nil {
		t.Fatal(err)
	}
	return map[string]account{"root": {}, "ordinary user": ordinary}
}

// cacheOf makes a cache folder that belongs to the account.
func cacheOf(t *testing.T, a account) string {
	t.Helper()
	cache := filepath.Join(shared(t), "cache")
	if err := os.Mkdir(cache, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := a.own(cache); err != nil {
		t.Fatal(err)
	}
	return cache
}

func serverFolders(t *testing.T, cache string) []string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(cache, "servers", "*-*"))
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// Root and an ordinary user alike start servers, work with them and stop them.
func TestEveryUser(t *testing.T) {
	t.Parallel()
	for name, a := range accounts(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cache := cacheOf(t, a)
			cmd, input, report := startHolder(t, a, cache)
			if a.credential != nil && report.UID != a.uid {
				t.Fatalf("holder runs as %d, want %d", report.UID, a.uid)
			}
			execute(t, report.Postgres, "CREATE TABLE used (n int)")
			if err := redisClient(t, report.Redis).Ping(t.Context()).Err(); err != nil {
				t.Fatal(err)
			}
			if err := input.Close(); err != nil {
				t.Fatal(err)
			}
			if err := cmd.Wait(); err != nil {
				t.Fatal(err)
			}
			if listening(t, report.Postgres) || listening(t, report.Redis) {
				t.Error("stopped servers still listen")
			}
			if left := serverFolders(t, cache); len(left) > 0 {
				t.Errorf("left behind: %v", left)
			}
		})
	}
}

// Whoever is killed with -9 leaves no servers, and the next start no folders.
func TestNoOrphans(t *testing.T) {
	t.Parallel()
	for name, a := range accounts(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cache := cacheOf(t, a)
			cmd, _, report := startHolder(t, a, cache)
			data := func() []string {
				found, err := filepath.Glob(filepath.Join(cache, "servers", "*", "home", "*"))
				if err != nil {
					t.Fatal(err)
				}
				return found
			}
			if got := data(); len(got) != 2 {
				t.Fatalf("while the servers run: %v, want data of two", got)
			}
			if err := cmd.Process.Signal(syscall.SIGKILL); err != nil {
				t.Fatal(err)
			}
			_ = cmd.Wait() // it was killed
			eventually(t, "both servers are gone, and their data", func() bool {
				return !listening(t, report.Postgres) && !listening(t, report.Redis) && len(data()) == 0
			})
			next, input, _ := startHolder(t, a, cache)
			if got := len(serverFolders(t, cache)); got != 2 {
				t.Errorf("%d folders after the next start, want its own 2 alone", got)
			}
			if err := input.Close(); err != nil {
				t.Fatal(err)
			}
			if err := next.Wait(); err != nil {
				t.Fatal(err)
			}
		})
	}
}

// The folders of the living stay, those of the dead go, even unfinished ones.
func TestSweep(t *testing.T) {
	t.Parallel()
	cache := shared(t)
	options := Options{Cache: cache}
	living, err := openFolder(options, account{}, "living")
	if err != nil {
		t.Fatal(err)
	}
	dead, err := openFolder(options, account{}, "dead")
	if err != nil {
		t.Fatal(err)
	}
	if err := dead.lock.Close(); err != nil {
		t.Fatal(err)
	}
	unfinished := filepath.Join(cache, "servers", "unfinished-1")
	if err := os.Mkdir(unfinished, 0o700); err != nil {
		t.Fatal(err)
	}
	next, err := openFolder(options, account{}, "next")
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]bool{living.path: true, next.path: true, dead.path: false, unfinished: false} {
		if _, err := os.Stat(path); (err == nil) != want {
			t.Errorf("%s is there: %v, want %v", path, err == nil, want)
		}
	}
	for _, f := range []*folder{living, next} {
		if err := f.close(); err != nil {
			t.Error(err)
		}
	}
}

// A server that cannot start says why, in one line, and leaves nothing.
func TestStartFault(t *testing.T) {
	t.Parallel()
	f, err := openFolder(Options{Cache: shared(t)}, account{}, "broken")
	if err != nil {
		t.Fatal(err)
	}
	s := &server{name: "broken", folder: f, stopSignal: "TERM", command: func(int) ([]string, error) {
		return []string{"/bin/sh", "-c", "echo no such thing; exit 3"}, nil
	}}
	s.knock = func(context.Context) error { return errors.New("nobody there") }
	const want = "broken: does not start: no such thing"
	if err := s.start(t.Context()); err == nil || err.Error() != want {
		t.Errorf("start: %v, want %s", err, want)
	}
	if err := s.stop(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(f.path); !os.IsNotExist(err) {
		t.Errorf("folder: %v, want it gone", err)
	}
}

// What was fetched under a strict umask can be read and run by the account,
// and still be written by us alone.
func TestOpenTree(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	script(t, filepath.Join(root, "bin", "server"), "exit 0")
	write(t, filepath.Join(root, "share", "data"), "data")
	for path, mode := range map[string]os.FileMode{"": 0o700, "bin": 0o700, "bin/server": 0o700, "share": 0o700, "share/data": 0o600} {
		if err := os.Chmod(filepath.Join(root, path), mode); err != nil {
			t.Fatal(err)
		}
	}
	if err := openTree(root); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]os.FileMode{"": 0o755, "bin": 0o755, "bin/server": 0o755, "share": 0o755, "share/data": 0o644} {
		info, err := os.Stat(filepath.Join(root, path))
		if err != nil {
			t.Fatal(err)
		}
		if got := info.Mode().Perm(); got != want {
			t.Errorf("%q has mode %o, want %o", path, got, want)
		}
	}
}
