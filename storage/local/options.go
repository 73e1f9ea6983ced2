package local

import (
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"syscall"
)

// Options says how a private server is to run. The zero value is good: a
// durable server in a temporary folder.
type Options struct {
	// Dir keeps the data between runs; a subfolder for each kind of server is
	// made in it. Empty: a temporary folder, removed when the server stops.
	Dir string

	// NoSync trades safety from power cuts for speed: right for tests. Data
	// that was committed still survives Kill, which leaves the operating
	// system's cache alone.
	NoSync bool

	// Substitute lets StartRedis fall back to miniredis inside this process
	// where no Redis can be had.
	Substitute bool

	// Log is told, in one line each, what is installed or fetched. Nil: silence.
	Log *slog.Logger

	// Search replaces PATH and the usual folders as the places to look for
	// binaries. Nil: PATH and the usual folders.
	Search []string

	// Offline forbids to install or fetch anything.
	Offline bool

	// Repository replaces Maven Central, from where embedded-postgres fetches
	// its archives.
	Repository string

	// Cache replaces the folder for temporary data, templates and fetched
	// binaries. Empty: /var/cache/pingyi for root, the user's cache otherwise.
	Cache string

	// apt are further options for apt-get, by which tests name a repository.
	apt []string
}

func (o Options) logger() *slog.Logger {
	if o.Log == nil {
		return slog.New(slog.DiscardHandler)
	}
	return o.Log
}

// cache returns the folder below which everything of ours lives, and makes it.
func (o Options) cache() (string, error) {
	dir := o.Cache
	if dir == "" {
		dir = defaultCache()
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", fmt.Errorf("cache folder: %w", err)
	}
	// In a folder shared by all, such as /tmp, somebody else could have made it.
	info, err := os.Lstat(dir)
	if err != nil {
		return "", fmt.Errorf("cache folder: %w", err)
	}
	if owner, ok := info.Sys().(*syscall.Stat_t); !info.IsDir() || !ok || int(owner.Uid) != os.Geteuid() {
		return "", fmt.Errorf("cache folder %s belongs to somebody else", dir)
	}
	return dir, makeOpen(dir)
}

// defaultCache is the user's cache; for root a place that others may enter,
// as the servers do not run as root.
func defaultCache() string {
	shared := filepath.Join(os.TempDir(), fmt.Sprintf("pingyi-%d", os.Geteuid()))
	if os.Geteuid() == 0 {
		if os.MkdirAll("/var/cache/pingyi", 0o755) == nil {
			return "/var/cache/pingyi"
		}
		return shared
	}
	if dir, err := os.UserCacheDir(); err == nil && os.MkdirAll(dir, 0o700) == nil {
		return filepath.Join(dir, "pingyi")
	}
	return shared
}
