package local

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// template is an initialised data directory, kept in the cache because initdb
// takes longer than everything else in a start together.
type template struct {
	data     string
	password string
}

// characterTypes are tried in turn: the first knows the letters of all
// scripts, but not every system has it.
func characterTypes() []string { return []string{"C.UTF-8", "C"} }

// findTemplate returns the template for these programs and this account, and
// makes it where there is none. One template serves all servers of a user: its
// password guards against other users of the machine.
func findTemplate(ctx context.Context, o Options, a account, b programs) (template, error) {
	cache, err := o.cache()
	if err != nil {
		return template{}, err
	}
	key := sha256.Sum256(fmt.Appendf(nil, "%s\n%s\n%d\n4", b.version, b.dir, a.uid))
	dir := filepath.Join(cache, fmt.Sprintf("template-%x", key[:6]))
	if err := makeOpen(dir); err != nil {
		return template{}, err
	}
	// Those who start together wait for the first one's work.
	gate, err := lockFile(filepath.Join(dir, "lock"), true)
	if err != nil {
		return template{}, err
	}
	defer gate.Close()
	t := template{data: filepath.Join(dir, "home", "data")}
	passwordFile := filepath.Join(dir, "password")
	if password, err := os.ReadFile(passwordFile); err == nil {
		t.password = string(password)
		return t, nil
	}
	t.password = rand.Text()
	if err := initTemplate(ctx, a, b, filepath.Join(dir, "home"), t.password); err != nil {
		return template{}, err
	}
	// Written last: it marks the template as complete.
	return t, os.WriteFile(passwordFile, []byte(t.password), 0o600)
}

func initTemplate(ctx context.Context, a account, b programs, home, password string) error {
	var faults []error
	for _, ctype := range characterTypes() {
		if err := os.RemoveAll(home); err != nil {
			return err
		}
		if err := errors.Join(os.Mkdir(home, 0o700), a.own(home)); err != nil {
			return err
		}
		// The password goes through a file: command lines are public.
		secret := filepath.Join(home, "password")
		if err := errors.Join(os.WriteFile(secret, []byte(password), 0o600), a.own(secret)); err != nil {
			return err
		}
		cmd := a.command(ctx, home, b.libraries, b.path("initdb"),
			"-D", filepath.Join(home, "data"), "-U", role, "-E", "UTF8", "--locale=C", "--lc-ctype="+ctype,
			"-A", "scram-sha-256", "--pwfile", secret, "--no-sync", "--no-instructions",
			"--wal-segsize=4") // a template of 27 MB instead of 39 to copy at every start
		output, err := cmd.CombinedOutput()
		if err == nil {
			return os.Remove(secret)
		}
		faults = append(faults, fmt.Errorf("initdb: %w: %s", err, lastLine(output)))
	}
	return faults[len(faults)-1]
}

// copyTo puts a copy of the template into the home of a server.
func (t template) copyTo(ctx context.Context, a account, f *folder) error {
	target := filepath.Join(f.home, "data")
	if err := os.RemoveAll(target); err != nil {
		return err
	}
	output, err := a.command(ctx, f.home, "", "/bin/cp", "-Rp", t.data, target).CombinedOutput()
	if err != nil {
		return fmt.Errorf("copy %s: %w: %s", t.data, err, lastLine(output))
	}
	return nil
}

func lastLine(output []byte) string {
	lines := strings.Split(string(bytes.TrimSpace(output)), "\n")
	return lines[len(lines)-1]
}
