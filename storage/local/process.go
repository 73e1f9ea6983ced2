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
// temporary folder. A server that ends by itself leaves its folder as it is.
// Arguments: the signal that stops the server, the folder to remove (or
// nothing), the command.
const keeper = `
stop=$1 leftover=$2
shift 2
exec 4<&0 </dev/null
"$@" 4<&- &
server=$!
{ read -r _ <&4; kill -"$stop" "$server"; } 2>/dev/null &
watch=$!
exec 4<&-
wait "$server"
code=$?
kill "$watch" 2>/dev/null
if wait "$watch" && [ -n "$leftover" ]; then rm -rf "$leftover"; fi
exit "$code"
`

// stopTimeout is how long a server may take to stop before it is killed.
const stopTimeout = 30 * time.Second

// process is a running server together with its keeper.
type process struct {
	pid   int
	leash io.Closer     // closing it stops the server
	ended chan struct{} // closed once server and keeper are gone
	err   error         // how they ended; read after ended
}

// startProcess runs the command as the account. The lock travels to everything
// that is started, so the folder counts as used while any of it lives.
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
	cmd.ExtraFiles = []*os.File{f.lock}
	leash, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	p := &process{pid: cmd.Process.Pid, leash: leash, ended: make(chan struct{})}
	go func() {
		p.err = cmd.Wait()
		close(p.ended)
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
		return errors.Join(fmt.Errorf("process %d did not stop within %s", p.pid, stopTimeout), p.kill())
	}
}

// kill ends server and keeper at once, by SIGKILL, and waits until they are gone.
func (p *process) kill() error {
	err := syscall.Kill(-p.pid, syscall.SIGKILL)
	if errors.Is(err, syscall.ESRCH) {
		err = nil
	}
	<-p.ended
	return errors.Join(err, ignoreClosed(p.leash.Close()))
}

func ignoreClosed(err error) error {
	if errors.Is(err, os.ErrClosed) {
		return nil
	}
	return err
}
