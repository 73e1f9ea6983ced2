package local

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"sync"
	"time"
)

const (
	// startTimeout bounds one start, with room for a busy machine and for
	// recovery after a kill.
	startTimeout = 60 * time.Second
	// retryPause is the wait before a server that ended at once is tried again:
	// its port may be taken, or the memory of a killed one still be in use.
	retryPause = 200 * time.Millisecond
	// readyPause is the wait between two knocks at a starting server.
	readyPause = 10 * time.Millisecond
)

// server is what Postgres and Redis have in common: a folder, a port, a
// process. Its methods may be called from several goroutines.
type server struct {
	name       string
	account    account
	folder     *folder
	libraries  string
	stopSignal string
	port       int

	// command builds the command line; it is called after the port is chosen.
	command func(port int) ([]string, error)
	// knock reports whether the server answers to its password.
	knock func(ctx context.Context) error

	mu      sync.Mutex
	process *process // nil while stopped or killed
	closed  bool
}

// start runs the server and waits until it answers. The port is chosen at the
// first start and kept ever after.
func (s *server) start(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return fmt.Errorf("%s: stopped for good", s.name)
	}
	if s.process != nil {
		return fmt.Errorf("%s: already running", s.name)
	}
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	choose := s.port == 0
	for {
		if choose {
			port, err := freePort(ctx)
			if err != nil {
				return fmt.Errorf("%s: %w", s.name, err)
			}
			s.port = port
		}
		ended, err := s.attempt(ctx)
		if err == nil {
			return nil
		}
		if !ended || !s.worthRetrying() {
			return fmt.Errorf("%s: %w", s.name, err)
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s: %w", s.name, err)
		case <-time.After(retryPause):
		}
	}
}

// attempt starts the process once; ended tells that it gave up by itself.
func (s *server) attempt(ctx context.Context) (ended bool, err error) {
	command, err := s.command(s.port)
	if err != nil {
		return false, err
	}
	if err := os.Truncate(s.folder.logFile(), 0); err != nil && !errors.Is(err, os.ErrNotExist) {
		return false, err
	}
	p, err := startProcess(s.account, s.folder, s.libraries, s.stopSignal, command)
	if err != nil {
		return false, err
	}
	for {
		err := s.knock(ctx)
		if err == nil {
			s.process = p
			return false, nil
		}
		select {
		case <-p.ended:
			return true, fmt.Errorf("does not start: %s", s.lastWords())
		case <-ctx.Done():
			return false, errors.Join(fmt.Errorf("does not answer: %w (%s)", err, s.lastWords()), p.kill())
		case <-time.After(readyPause):
		}
	}
}

// worthRetrying tells a passing obstacle (a port or shared memory in use) from
// a lasting one by what the server wrote.
func (s *server) worthRetrying() bool {
	return strings.Contains(s.log(), "in use")
}

// lastWords is the end of the server's log, on one line.
func (s *server) lastWords() string {
	lines := strings.FieldsFunc(s.log(), func(r rune) bool { return r == '\n' })
	if len(lines) == 0 {
		return "it wrote nothing"
	}
	return strings.Join(lines[max(0, len(lines)-3):], " | ")
}

func (s *server) log() string {
	text, err := os.ReadFile(s.folder.logFile())
	if err != nil {
		return err.Error()
	}
	return string(text)
}

// kill ends the server by SIGKILL, as a crash would; start runs it again on
// the same data and port.
func (s *server) kill() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.process == nil {
		return fmt.Errorf("%s: not running", s.name)
	}
	p := s.process
	s.process = nil
	if err := p.kill(); err != nil {
		return fmt.Errorf("%s: kill: %w", s.name, err)
	}
	return nil
}

// stop ends the server in order and gives up its folder. It may be repeated.
func (s *server) stop() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil
	}
	s.closed = true
	var err error
	if s.process != nil {
		err = s.process.stop()
		s.process = nil
	}
	if err := errors.Join(err, s.folder.close()); err != nil {
		return fmt.Errorf("%s: stop: %w", s.name, err)
	}
	return nil
}

// freePort asks the system for a free port of the loopback address.
func freePort(ctx context.Context) (int, error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	port := listener.Addr().(*net.TCPAddr).Port
	return port, listener.Close()
}
