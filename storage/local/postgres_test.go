package local

import (
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
)

func TestPostgresSettings(t *testing.T) {
	t.Parallel()
	address := startPostgres(t, Options{}).URL("postgres")
	for query, want := range map[string]string{
		"SHOW timezone":                    "UTC",
		"SHOW server_encoding":             "UTF8",
		"SHOW lc_collate":                  "C",
		"SHOW listen_addresses":            "127.0.0.1",
		"SHOW unix_socket_directories":     "",
		"SHOW fsync":                       "on",
		"SHOW synchronous_commit":          "on",
		"SHOW password_encryption":         "scram-sha-256",
		"SELECT current_user::text":        role,
		"SELECT upper('é') || lower('ЖÄ')": "Éжä",
		"SELECT (current_setting('server_version_num')::int >= 150000)::text": "true",
	} {
		if got := ask(t, address, query); got != want {
			t.Errorf("%s = %q, want %q", query, got, want)
		}
	}
}

func TestPostgresNoSync(t *testing.T) {
	t.Parallel()
	address := startPostgres(t, Options{NoSync: true}).URL("postgres")
	for query, want := range map[string]string{"SHOW fsync": "off", "SHOW synchronous_commit": "on"} {
		if got := ask(t, address, query); got != want {
			t.Errorf("%s = %q, want %q", query, got, want)
		}
	}
}

// What was committed survives a kill, on the same port, fast or durable.
func TestPostgresKillAndStart(t *testing.T) {
	t.Parallel()
	for name, options := range map[string]Options{"durable": {}, "fast": {NoSync: true}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := startPostgres(t, options)
			address := p.URL("postgres")
			execute(t, address, "CREATE TABLE kept (n int)")
			want := ""
			for _, n := range []string{"1", "2", "3"} {
				execute(t, address, "INSERT INTO kept VALUES ("+n+")")
				want += n
				if err := p.Kill(); err != nil {
					t.Fatal(err)
				}
				if listening(t, address) {
					t.Fatal("a killed server still listens")
				}
				if err := p.Start(t.Context()); err != nil {
					t.Fatal(err)
				}
				if got := p.URL("postgres"); got != address {
					t.Fatalf("URL = %s, want the same as before, %s", got, address)
				}
				if got := ask(t, address, "SELECT string_agg(n::text, '' ORDER BY n) FROM kept"); got != want {
					t.Fatalf("kept = %s, want %s", got, want)
				}
			}
		})
	}
}

func TestPostgresStopLeavesNothing(t *testing.T) {
	t.Parallel()
	p := startPostgres(t, Options{NoSync: true})
	address, folder := p.URL("postgres"), p.server.folder.path
	for range 2 { // stopping again does nothing
		if err := p.Stop(); err != nil {
			t.Fatal(err)
		}
	}
	if listening(t, address) {
		t.Error("a stopped server still listens")
	}
	if _, err := os.Stat(folder); !os.IsNotExist(err) {
		t.Errorf("folder %s: %v, want it gone", folder, err)
	}
	if err := p.Start(t.Context()); err == nil {
		t.Error("Start after Stop succeeded")
	}
	if err := p.Kill(); err == nil {
		t.Error("Kill after Stop succeeded")
	}
}

// A folder of one's own keeps the data from run to run, for one process at once.
func TestPostgresDir(t *testing.T) {
	t.Parallel()
	options := Options{Dir: filepath.Join(shared(t), "data"), NoSync: true}
	first := startPostgres(t, options)
	execute(t, first.URL("postgres"), "CREATE TABLE kept AS SELECT 'still here'::text AS note")

	_, err := StartPostgres(t.Context(), options)
	if err == nil || !strings.Contains(err.Error(), "in use by another process") {
		t.Fatalf("second server in the same folder: %v, want it refused", err)
	}
	if err := first.Stop(); err != nil {
		t.Fatal(err)
	}
	second := startPostgres(t, options)
	if got := ask(t, second.URL("postgres"), "SELECT note FROM kept"); got != "still here" {
		t.Errorf("note = %q", got)
	}
}

func TestPostgresAsksForPassword(t *testing.T) {
	t.Parallel()
	p := startPostgres(t, Options{NoSync: true})
	address, err := url.Parse(p.URL("postgres"))
	if err != nil {
		t.Fatal(err)
	}
	for _, user := range []*url.Userinfo{url.User(role), url.UserPassword(role, "wrong")} {
		address.User = user
		if conn, err := pgx.Connect(t.Context(), address.String()); err == nil {
			_ = conn.Close(t.Context())
			t.Errorf("%s was let in", user)
		}
	}
	arguments, err := p.server.command(1)
	if err != nil || strings.Contains(strings.Join(arguments, " "), p.password) {
		t.Errorf("command line %v (%v): want it without the password", arguments, err)
	}
}

func TestServersSideBySide(t *testing.T) {
	t.Parallel()
	first, second := startPostgres(t, Options{NoSync: true}), startPostgres(t, Options{NoSync: true})
	execute(t, first.URL("postgres"), "CREATE DATABASE only_first")
	const query = "SELECT string_agg(datname, ',' ORDER BY datname) FROM pg_database"
	got := []string{ask(t, first.URL("postgres"), query), ask(t, second.URL("postgres"), query)}
	want := []string{"only_first,postgres,template0,template1", "postgres,template0,template1"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
