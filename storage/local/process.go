package local

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"
	"time"
)

// keeper runs a server and stops it when its own standard input closes, which
// the kernel sees to however our process ends. Then it also removes the
// temporary folder. A line on standard input kills the server at once; that,
// and an end of its own, leave the folder as it is. The keeper is the parent,
// so that a dead server does not linger as a zombie that Postgres, looking for
// its predecessor, would take for a live one.
// Arguments: the signal that stops the server, the folder to remove (or
// nothing), the command.
const keeper = `
stop=$1 leftover=$2
shift 2
exec 5<&0 </dev/null
"$@" 5<&- &
server=$!
{ if read -r _ <&5; then kill -KILL "$server"; exit 1; fi; kill -"$stop" "$server"; } 2>/dev/null &
watch=$!
exec 5<&-
wait "$server"
code=$?
kill "$watch" 2>/dev/null
if wait "$watch" 2>/dev/null && [ -n "$leftover" ]; then rm -rf "$leftover"; fi
exit "$code"
`

// stopTimeout is how long a server may take to stop before it is killed.
const stopTimeout = 30 * time.Second

// process is a running server together with its keeper.
type process struct {
	pid   int
	leash io.WriteCloser // closing it stops the server
	ended chan struct{}  // closed once the keeper, the server and all its children are gone
}

// startProcess runs the command as the account. Two files travel to everything
// that is started: the lock, so that the folder counts as used while any of it
// lives, and the end of a pipe, which closes with the last of it.
func startProcess(a account, f *folder, libraries, stopSignal string, command []string) (*process, error) {
	log, err := os.OpenFile(f.logFile(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	defer log.Close()
	leftover := ""
	if f.temporary {
		leftover = f.home
	}
	args := append([]string{"-c", keeper, "keeper", stopSignal, leftover}, command...)
	// The keeper ends by its leash, never by a context: a deadline meant for
	// starting must not kill a server that runs.
	cmd := a.command(context.Background(), f.home, libraries, "/bin/sh", args...)
	cmd.Stdout, cmd.Stderr = log, log
	life, held, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer held.Close()
	cmd.ExtraFiles = []*os.File{f.lock, held}
	leash, err := cmd.StdinPipe()
	if err != nil {
		return nil, errors.Join(err, life.Close())
	}
	if err := cmd.Start(); err != nil {
		return nil, errors.Join(err, life.Close())
	}
	p := &process{pid: cmd.Process.Pid, leash: leash, ended: make(chan struct{})}
	go func() {
		defer close(p.ended)
		defer life.Close()
		// How it ended is told by the log; a kill is no fault.
		_ = cmd.Wait()
		_, _ = io.Copy(io.Discard, life)
	}()
	return p, nil
}

// stop asks the server to stop and waits until it is gone.
func (p *process) stop() error {
	if err := ignoreClosed(p.leash.Close()); err != nil {
		return err
	}
	select {
	case <-p.ended:
		return nil
	case <-time.After(stopTimeout):
	}
	err := fmt.Errorf("process %d did not stop within %s and was killed", p.pid, stopTimeout)
	return errors.Join(err, syscall.Kill(-p.pid, syscall.SIGKILL))
}

// kill ends the server at once, by SIGKILL, and waits until all of it is gone.
func (p *process) kill() error {
	// A broken pipe: it has ended already.
	if _, err := io.WriteString(p.leash, "kill\n"); err != nil && !errors.Is(err, syscall.EPIPE) && !errors.Is(err, os.ErrClosed) {
		return err
	}
	<-p.ended
	return ignoreClosed(p.leash.Close())
}

func ignoreClosed(err error) error {
	if errors.Is(err, os.ErrClosed) {
		return nil
	}
	return err
}
