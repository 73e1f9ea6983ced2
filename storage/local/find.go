package local

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// oldestPostgres is the first major version whose SQL we may use.
const oldestPostgres = 15

// programs is a folder with the binaries of a server.
type programs struct {
	dir       string
	version   string // as the server itself prints it
	libraries string // LD_LIBRARY_PATH where the system lacks them; usually empty
	redis     string // the name of Redis's binary
}

func (b programs) path(name string) string { return filepath.Join(b.dir, name) }

// search returns the folders to look through, in order of preference: what the
// user put into PATH, then where distributions put servers, newest first.
func (o Options) search() []string {
	if o.Search != nil {
		return o.Search
	}
	dirs := filepath.SplitList(os.Getenv("PATH"))
	for _, pattern := range []string{
		"/usr/lib/postgresql/*/bin",         // Debian, Ubuntu
		"/usr/pgsql-*/bin",                  // PostgreSQL's own RPMs
		"/usr/lib/postgresql*/bin",          // openSUSE
		"/usr/libexec/postgresql*",          // Alpine
		"/opt/homebrew/opt/postgresql*/bin", // Homebrew on Apple silicon
		"/usr/local/opt/postgresql*/bin",    // Homebrew on Intel
		"/Library/PostgreSQL/*/bin",         // the installer for macOS
		"/usr/local/pgsql/bin",              // built from source
		"/Applications/Postgres.app/Contents/Versions/*/bin",
	} {
		found, err := filepath.Glob(pattern)
		if err != nil {
			continue // only for a malformed pattern
		}
		slices.SortFunc(found, func(a, b string) int { return major(b) - major(a) })
		dirs = append(dirs, found...)
	}
	return append(dirs, "/usr/bin", "/usr/sbin", "/usr/local/bin", "/usr/local/sbin", "/opt/homebrew/bin")
}

// major is the first number in a text, such as a path or a version.
func major(text string) int {
	n, err := strconv.Atoi(regexp.MustCompile(`\d+`).FindString(text))
	if err != nil {
		return 0
	}
	return n
}

// lookPostgres finds a server and its initdb, side by side and new enough.
func lookPostgres(ctx context.Context, dirs []string, libraries string) (programs, bool) {
	for _, dir := range dirs {
		// A link in /usr/local/bin leads to the folder that holds the rest.
		server, err := filepath.EvalSymlinks(filepath.Join(dir, "postgres"))
		if err != nil {
			continue
		}
		found := programs{dir: filepath.Dir(server), libraries: libraries}
		if !executable(found.path("postgres")) || !executable(found.path("initdb")) {
			continue
		}
		if found.version = version(ctx, found, "postgres"); major(found.version) >= oldestPostgres {
			return found, true
		}
	}
	return programs{}, false
}

// lookRedis finds Redis, or Valkey where a distribution has moved on to it.
func lookRedis(ctx context.Context, dirs []string, libraries string) (programs, bool) {
	for _, name := range []string{"redis-server", "valkey-server"} {
		for _, dir := range dirs {
			found := programs{dir: dir, libraries: libraries, redis: name}
			if !executable(found.path(name)) {
				continue
			}
			if found.version = version(ctx, found, name); found.version != "" {
				return found, true
			}
		}
	}
	return programs{}, false
}

func executable(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0
}

// version asks a server for its version; empty where it does not run here,
// as for want of a shared library.
func version(ctx context.Context, b programs, name string) string {
	cmd := exec.CommandContext(ctx, b.path(name), "--version")
	cmd.Env = append(os.Environ(), "LC_ALL=C")
	if b.libraries != "" {
		cmd.Env = append(cmd.Env, "LD_LIBRARY_PATH="+b.libraries)
	}
	output, err := cmd.Output()
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(output))
}

// product is one server, and how to come by it.
type product struct {
	name    string // for messages
	look    func(ctx context.Context, dirs []string, libraries string) (programs, bool)
	pkg     map[string]string // its package by package manager
	sources []source          // for an ordinary user, in order
}

// source gets a product that is missing. The folder is the product's own part
// of the cache.
type source func(ctx context.Context, o Options, p product, dir string) (programs, error)

func postgresProduct() product {
	return product{
		name: "PostgreSQL", look: lookPostgres, sources: []source{unpack, fetch},
		pkg: map[string]string{"apt-get": "postgresql", "dnf": "postgresql-server", "apk": "postgresql", "brew": "postgresql@17"},
	}
}

func redisProduct() product {
	return product{
		name: "Redis", look: lookRedis, sources: []source{unpack},
		pkg: map[string]string{"apt-get": "redis-server", "dnf": "redis", "apk": "redis", "brew": "redis"},
	}
}

// find looks for a product and gets it where it is missing.
func find(ctx context.Context, o Options, p product) (programs, error) {
	cache, err := o.cache()
	if err != nil {
		return programs{}, err
	}
	dir := filepath.Join(cache, strings.ToLower(p.name))
	if found, ok := have(ctx, o, p, dir); ok {
		return found, nil
	}
	if o.Offline {
		return programs{}, missing(ctx, o, p, nil)
	}
	// Test processes start side by side: one installs, the others then find.
	gate, err := lockFile(filepath.Join(cache, "install.lock"), true)
	if err != nil {
		return programs{}, err
	}
	defer gate.Close()
	if found, ok := have(ctx, o, p, dir); ok {
		return found, nil
	}
	sources := p.sources
	if os.Geteuid() == 0 {
		sources = append([]source{install}, sources...)
	}
	return obtain(ctx, o, p, dir, sources)
}

// obtain tries the sources in turn.
func obtain(ctx context.Context, o Options, p product, dir string, sources []source) (programs, error) {
	ctx, cancel := context.WithTimeout(ctx, installTimeout)
	defer cancel()
	var faults []error
	for _, get := range sources {
		found, err := get(ctx, o, p, dir)
		if err == nil {
			return found, nil
		}
		faults = append(faults, err)
	}
	return programs{}, missing(ctx, o, p, errors.Join(faults...))
}

// have looks for a product on the system, and then for what was unpacked or
// fetched into the cache earlier.
func have(ctx context.Context, o Options, p product, dir string) (programs, bool) {
	if found, ok := p.look(ctx, o.search(), ""); ok {
		return found, true
	}
	if found, ok := lookUnpacked(ctx, p, dir); ok {
		return found, true
	}
	return lookFetched(ctx, p, dir)
}
