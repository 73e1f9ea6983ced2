package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// stopTime is how long a process may take to end by itself.
const stopTime = 10 * time.Second

// process is a contender at work.
type process struct {
	cmd  *exec.Cmd
	base string
}

// start runs a program and waits until it is ready.
func start(ctx context.Context, base string, env []string, name string, args ...string) (*process, error) {
	p := &process{cmd: exec.CommandContext(ctx, name, args...), base: base} //nolint:gosec // our own programs
	p.cmd.Env, p.cmd.Stderr = env, os.Stderr
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	for began := time.Now(); ; time.Sleep(20 * time.Millisecond) {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, base+"/readyz", nil)
		if err != nil {
			p.stop()
			return nil, err
		}
		if resp, err := http.DefaultClient.Do(req); err == nil {
			_ = resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return p, nil
			}
		}
		if time.Since(began) > 30*time.Second {
			p.stop()
			return nil, fmt.Errorf("%s is not ready", name)
		}
	}
}

// stop lets the process end what it has begun: a replica that is killed leaves slots that count on against
// the limit of whoever is measured next.
func (p *process) stop() {
	late := time.AfterFunc(stopTime, func() { _ = p.cmd.Process.Kill() })
	defer late.Stop()
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	_ = p.cmd.Wait()
}

// cpu is how much processor time the process has used (man 5 proc: in ticks of 10 ms).
func (p *process) cpu() time.Duration {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.cmd.Process.Pid))
	if err != nil {
		return 0
	}
	fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
	user, _ := strconv.Atoi(fields[11])
	system, _ := strconv.Atoi(fields[12])
	return time.Duration(user+system) * 10 * time.Millisecond
}

// memory is the most memory the process has held, in MB.
func (p *process) memory() int { return p.status("VmHWM:") }

// status is a line of what the kernel tells about the process's memory, in MB (man 5 proc).
func (p *process) status(line string) int {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(status), line)
	kilobytes, _ := strconv.Atoi(strings.TrimSpace(strings.TrimSuffix(strings.SplitN(rest, "\n", 2)[0], "kB")))
	return kilobytes / 1024
}
