package local

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// script makes an executable shell script in a folder, which it makes too.
func script(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+text+"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
}

func TestLookPostgres(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	server := func(dir, version string) string {
		script(t, filepath.Join(root, dir, "postgres"), "echo 'postgres (PostgreSQL) "+version+"'")
		script(t, filepath.Join(root, dir, "initdb"), "exit 0")
		return filepath.Join(root, dir)
	}
	old, good := server("13", "13.21"), server("17", "17.5 (Debian 17.5-1)")
	broken := server("broken", "18.0")
	script(t, filepath.Join(broken, "postgres"), "exit 127")
	alone := server("alone", "18.0")
	linked := filepath.Join(root, "linked")
	if err := errors.Join(os.Remove(filepath.Join(alone, "initdb")), os.Mkdir(linked, 0o755),
		os.Symlink(filepath.Join(good, "postgres"), filepath.Join(linked, "postgres"))); err != nil {
		t.Fatal(err)
	}

	for name, test := range map[string]struct {
		dirs []string
		want string
	}{
		"too old, broken and incomplete ones are passed over": {[]string{old, broken, alone, good}, good},
		"a link leads to the whole":                           {[]string{linked}, good},
		"none":                                                {[]string{old, broken, alone, root}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			found, ok := lookPostgres(t.Context(), test.dirs, "")
			if found.dir != test.want || ok != (test.want != "") {
				t.Errorf("found %q (%v), want %q", found.dir, ok, test.want)
			}
		})
	}
}

func TestLookRedis(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	valkey := filepath.Join(root, "new")
	script(t, filepath.Join(valkey, "valkey-server"), "echo 'Valkey server v=8.1.1'")
	broken := filepath.Join(root, "broken")
	script(t, filepath.Join(broken, "redis-server"), "exit 127")
	found, ok := lookRedis(t.Context(), []string{broken, valkey}, "")
	if want := filepath.Join(valkey, "valkey-server"); !ok || found.path(found.redis) != want {
		t.Errorf("found %q (%v), want %q", found.path(found.redis), ok, want)
	}
}

// Where nothing can be had, there is one line, and it names the command.
func TestMissing(t *testing.T) {
	t.Parallel()
	options := Options{Search: []string{}, Offline: true, Cache: t.TempDir()}
	_, postgresErr := StartPostgres(t.Context(), options)
	_, redisErr := StartRedis(t.Context(), options)
	m, known := systemManager()
	for name, err := range map[string]error{"PostgreSQL": postgresErr, "Redis": redisErr} {
		var absent *MissingError
		if !errors.As(err, &absent) || absent.Server != name {
			t.Fatalf("%s: %v, want it reported missing", name, err)
		}
		checkLine(t, err)
		// Both are missing here, so one command brings both.
		for _, p := range []product{postgresProduct(), redisProduct()} {
			if known && !strings.Contains(err.Error(), p.pkg[m.program]) {
				t.Errorf("%q does not name the package %s", err, p.pkg[m.program])
			}
		}
	}
}

func TestMissingOnClosedNetwork(t *testing.T) {
	t.Parallel()
	options := Options{
		Search: []string{}, Cache: t.TempDir(),
		Repository: "http://127.0.0.1:1",
		apt:        aptSource(t, "deb [trusted=yes] http://127.0.0.1:1/ ./"),
	}
	for _, p := range []product{postgresProduct(), redisProduct()} {
		_, err := obtain(t.Context(), options, p, filepath.Join(options.Cache, p.name), p.sources)
		var absent *MissingError
		if !errors.As(err, &absent) || absent.Err == nil {
			t.Fatalf("%s: %v, want it reported missing, with the reason", p.name, err)
		}
		checkLine(t, err)
	}
}

func checkLine(t *testing.T, err error) {
	t.Helper()
	if text := err.Error(); strings.Contains(text, "\n") || !strings.Contains(text, "start again") {
		t.Errorf("%q: want one line that says what to do", text)
	}
	if _, known := systemManager(); known && strings.Count(err.Error(), "`") != 2 {
		t.Errorf("%q: want one command in it", err)
	}
}

func TestSourcesInTurn(t *testing.T) {
	t.Parallel()
	var asked []string
	answer := func(name string, err error) source {
		return func(context.Context, Options, product, string) (programs, error) {
			asked = append(asked, name)
			return programs{dir: name}, err
		}
	}
	fault := errors.New("closed")
	options := Options{Search: []string{}, Cache: t.TempDir()}
	found, err := obtain(t.Context(), options, redisProduct(), "",
		[]source{answer("first", fault), answer("second", nil), answer("third", nil)})
	if err != nil || found.dir != "second" {
		t.Errorf("obtained %q, %v, want second", found.dir, err)
	}
	if diff := cmp.Diff([]string{"first", "second"}, asked); diff != "" {
		t.Error(diff)
	}
	if _, err := obtain(t.Context(), options, redisProduct(), "", []source{answer("only", fault)}); !errors.Is(err, fault) {
		t.Errorf("error %v, want it to hold the reason", err)
	}
}
