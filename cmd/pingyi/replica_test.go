package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"
)

// replica is a `pingyi serve` process of a test.
type replica struct {
	env    at
	listen string
	log    *lockedLog

	mu  sync.Mutex
	cmd *exec.Cmd
}

// lockedLog keeps the end of what a process says.
type lockedLog struct {
	mu  sync.Mutex
	all []byte
}

func (l *lockedLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all = append(l.all, p...)
	return len(p), nil
}

func (l *lockedLog) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return string(l.all)
}

// freePort is a loopback address nobody listens at.
func freePort(t *testing.T) string {
	t.Helper()
	var lc net.ListenConfig
	l, err := lc.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

// serve starts a replica and waits until it is ready. It is killed when the test ends.
func serve(t *testing.T, env at) *replica {
	t.Helper()
	return serveAt(t, env, freePort(t))
}

// serveAt is serve at an address that others know already.
func serveAt(t *testing.T, env at, listen string) *replica {
	t.Helper()
	r := &replica{listen: listen, log: &lockedLog{}}
	r.env = append(append(at{}, env...), "PINGYI_LISTEN="+r.listen, asProgram+"=1", "PATH="+os.Getenv("PATH"))
	r.start(t)
	t.Cleanup(r.kill)
	return r
}

func (r *replica) start(t *testing.T) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	r.mu.Lock()
	r.cmd = exec.CommandContext(context.Background(), self, "serve") //nolint:gosec // this test's own binary
	r.cmd.Env, r.cmd.Stdout, r.cmd.Stderr = r.env, r.log, r.log
	err = r.cmd.Start()
	r.mu.Unlock()
	if err != nil {
		t.Fatal(err)
	}
	deadline := time.Now().Add(30 * time.Second)
	for {
		if status, text := r.readyz(t); status == http.StatusOK && strings.HasPrefix(text, "ready") {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("the replica is not ready:\n%s", r.log)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// readyz is what it says of itself.
func (r *replica) readyz(t *testing.T) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, fmt.Sprintf("http://%s/readyz", r.listen), nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, ""
	}
	defer func() { _ = resp.Body.Close() }()
	body, _ := io.ReadAll(resp.Body)
	return resp.StatusCode, string(body)
}

// kill is kill -9.
func (r *replica) kill() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.cmd != nil && r.cmd.Process != nil {
		_ = r.cmd.Process.Kill()
		_ = r.cmd.Wait()
		r.cmd = nil
	}
}

// stop asks the replica to end and returns whether it ended well.
func (r *replica) stop() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.cmd.Process.Signal(os.Interrupt); err != nil {
		return err
	}
	err := r.cmd.Wait()
	r.cmd = nil
	return err
}
