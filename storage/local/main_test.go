package local

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/redis/go-redis/v9"
)

// holder names the cache folder in the environment of a second process of this
// test binary, which holds servers until it is told to stop, or killed.
const holder = "PINGYI_LOCAL_TEST_CACHE"

func TestMain(m *testing.M) {
	if cache := os.Getenv(holder); cache != "" {
		if err := hold(cache); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	syscall.Umask(0o022) // files that tests make have the rights they are given
	os.Exit(m.Run())
}

// held is what a holder reports about itself.
type held struct {
	Postgres, Redis string
	UID             int
}

// hold starts both servers, reports them, and stops them when its input ends.
func hold(cache string) error {
	ctx := context.Background()
	options := Options{Cache: cache, NoSync: true, Offline: true}
	postgres, err := StartPostgres(ctx, options)
	if err != nil {
		return err
	}
	redis, err := StartRedis(ctx, options)
	if err != nil {
		return err
	}
	report := held{postgres.URL("postgres"), redis.URL(), os.Getuid()}
	if err := json.NewEncoder(os.Stdout).Encode(report); err != nil {
		return err
	}
	if _, err := io.Copy(io.Discard, os.Stdin); err != nil {
		return err
	}
	return errors.Join(postgres.Stop(), redis.Stop())
}

// startHolder runs a holder as the account and waits until its servers answer.
// Closing the returned input ends it.
func startHolder(t *testing.T, a account, cache string) (*exec.Cmd, io.Closer, held) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	// Go builds test binaries in a folder nobody else may enter.
	program := filepath.Join(shared(t), "holder")
	if output, err := exec.CommandContext(t.Context(), "install", "-m", "755", self, program).CombinedOutput(); err != nil {
		t.Fatalf("install: %v: %s", err, output)
	}
	// A strict umask: the servers must get at their data nevertheless.
	cmd := a.command(t.Context(), filepath.Dir(program), "", "/bin/sh", "-c", `umask 077; exec "$0"`, program)
	cmd.Env = append(cmd.Env, holder+"="+cache, "PATH="+os.Getenv("PATH"))
	cmd.Stderr = os.Stderr
	input, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	output, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(output).ReadBytes('\n')
	if err != nil {
		t.Fatalf("holder: %v", errors.Join(err, cmd.Wait()))
	}
	var report held
	if err := json.Unmarshal(line, &report); err != nil {
		t.Fatal(err)
	}
	return cmd, input, report
}

// shared makes a temporary folder that every user may enter, as the parents of
// t.TempDir are closed.
func shared(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "pingyi-test-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

// startPostgres starts a server that is stopped when the test ends.
func startPostgres(t *testing.T, o Options) *Postgres {
	t.Helper()
	p, err := StartPostgres(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Stop(); err != nil {
			t.Error(err)
		}
	})
	return p
}

func startRedis(t *testing.T, o Options) *Redis {
	t.Helper()
	r, err := StartRedis(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.Stop(); err != nil {
			t.Error(err)
		}
	})
	return r
}

// execute runs statements on a fresh connection.
func execute(t *testing.T, address string, statements ...string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.Background()) }()
	for _, statement := range statements {
		if _, err := conn.Exec(t.Context(), statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
}

// ask returns the one value of a query.
func ask(t *testing.T, address, query string) string {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.Background()) }()
	var value string
	if err := conn.QueryRow(t.Context(), query).Scan(&value); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return value
}

func redisClient(t *testing.T, address string) *redis.Client {
	t.Helper()
	options, err := redis.ParseURL(address)
	if err != nil {
		t.Fatal(err)
	}
	client := redis.NewClient(options)
	t.Cleanup(func() { _ = client.Close() })
	return client
}

// listening tells whether anybody accepts connections at the address.
func listening(t *testing.T, address string) bool {
	t.Helper()
	parsed, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", parsed.Host)
	if err != nil {
		return false
	}
	_ = conn.Close()
	return true
}

// eventually waits for what another process does in its own time.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for !holds() {
		if time.Now().After(deadline) {
			t.Fatalf("after 30 s still not: %s", what)
		}
		time.Sleep(20 * time.Millisecond)
	}
}
