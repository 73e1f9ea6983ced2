package local

import (
	"context"
	"fmt"
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

// product is one server as the package managers know it.
type product struct {
	name                string // for messages
	look                func(ctx context.Context, dirs []string, libraries string) (programs, bool)
	apt, dnf, apk, brew string
}

func findPostgres(ctx context.Context, o Options) (programs, error) {
	return find(ctx, o, product{name: "PostgreSQL", look: lookPostgres,
		apt: "postgresql", dnf: "postgresql-server", apk: "postgresql", brew: "postgresql@17"})
}

func findRedis(ctx context.Context, o Options) (programs, error) {
	return find(ctx, o, product{name: "Redis", look: lookRedis,
		apt: "redis-server", dnf: "redis", apk: "redis", brew: "redis"})
}

// find looks for a product and gets it where it is missing.
func find(ctx context.Context, o Options, p product) (programs, error) {
	if found, ok := p.look(ctx, o.search(), ""); ok {
		return found, nil
	}
	if o.Offline {
		return programs{}, missing(p, nil)
	}
	cache, err := o.cache()
	if err != nil {
		return programs{}, err
	}
	// Test processes start side by side: one installs, the others then find.
	gate, err := lockFile(filepath.Join(cache, "install.lock"), true)
	if err != nil {
		return programs{}, err
	}
	defer gate.Close()
	if found, ok := p.look(ctx, o.search(), ""); ok {
		return found, nil
	}
	if os.Geteuid() != 0 {
		return programs{}, missing(p, nil)
	}
	err = install(ctx, o, p)
	if found, ok := p.look(ctx, o.search(), ""); ok {
		return found, nil
	}
	return programs{}, missing(p, err)
}

// MissingError says that a server's binaries are not here and could not be had.
// It prints as one line that names the command to run.
type MissingError struct {
	Server  string // "PostgreSQL" or "Redis"
	Command string // what installs it; empty where no package manager is known
	Err     error  // why it could not be had by ourselves; may be nil
}

func (e *MissingError) Error() string {
	text := e.Server + " is not installed"
	if e.Command == "" {
		return text + ": install it and start again"
	}
	return fmt.Sprintf("%s: run `%s` and start again", text, e.Command)
}

// Unwrap returns why the server could not be had.
func (e *MissingError) Unwrap() error { return e.Err }
