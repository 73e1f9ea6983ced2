//go:build crash

package main

import (
	"context"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"
)

// crasher is a replica that is started again whenever it ends, as a supervisor of a real machine does.
type crasher struct {
	n        int
	listen   string
	env      at
	log      *lockedLog
	database *databaseCables
	redis    *cable

	mu     sync.Mutex
	cmd    *exec.Cmd
	killed bool
	kills  int           // that found it running
	down   time.Duration // before it is started after a kill
	quits  []string      // what it said when it ended by itself after it had served
}

const restartPause = 300 * time.Millisecond

// supervise keeps the replica running until ctx ends; the channel is closed once it is gone.
func (c *crasher) supervise(ctx context.Context, t *testing.T) <-chan struct{} {
	t.Helper()
	gone := make(chan struct{})
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(gone)
		for ctx.Err() == nil {
			from := len(c.log.String())
			cmd := exec.CommandContext(ctx, self, "serve") //nolint:gosec // this test's own binary
			cmd.Env, cmd.Stdout, cmd.Stderr = c.env, c.log, c.log
			c.mu.Lock()
			c.killed = false
			err := cmd.Start()
			c.cmd = cmd
			c.mu.Unlock()
			if err != nil {
				t.Error(err)
				return
			}
			_ = cmd.Wait()
			pause := c.ended(ctx, c.log.String()[from:])
			select {
			case <-ctx.Done():
			case <-time.After(pause):
			}
		}
	}()
	return gone
}

// ended notes why the process ended and returns how long it stays down.
func (c *crasher) ended(ctx context.Context, said string) time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.cmd = nil
	if c.killed {
		return c.down
	}
	if ctx.Err() == nil && strings.Contains(said, `"msg":"serving"`) {
		c.quits = append(c.quits, said[max(0, len(said)-2000):])
	}
	return restartPause
}

// kill is kill -9; the replica stays down for a while.
func (c *crasher) kill(down time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.cmd != nil && c.cmd.Process != nil {
		c.killed, c.down = true, down
		c.kills++
		_ = c.cmd.Process.Kill()
	}
}

// pid is the process's id; 0 while there is none.
func (c *crasher) pid() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.cmd == nil || c.cmd.Process == nil {
		return 0
	}
	return c.cmd.Process.Pid
}

// took counts how often this replica began to poll.
func (c *crasher) took() int { return strings.Count(c.log.String(), "this replica polls") }
