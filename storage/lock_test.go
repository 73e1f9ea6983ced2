package storage

import (
	"context"
	"errors"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/jackc/pgx/v5"
)

// endConnections ends every connection to the test's database but the pool's own.
const endConnections = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
	WHERE datname = current_database() AND pid <> pg_backend_pid() AND query ~ $1`

func TestLockIsHeldByOne(t *testing.T) {
	t.Parallel()
	url, _ := servers.New(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var g errgroup.Group
	inside := make(chan int, 2) // who is inside, after the other has left
	leave := make(chan struct{})
	busy := make(chan struct{}, 1)
	for i := range 2 {
		s := openStore(t, url)
		g.Go(func() error {
			return s.WithLock(ctx, "poller", func(ctx context.Context) error {
				select {
				case busy <- struct{}{}:
				default:
					return errors.New("two are inside")
				}
				defer func() { <-busy }()
				inside <- i
				<-leave
				return nil
			})
		})
	}
	first := <-inside
	select {
	case <-inside:
		t.Fatal("a second one got in")
	case <-time.After(1500 * time.Millisecond):
	}
	leave <- struct{}{}
	if second := <-inside; second == first {
		t.Errorf("%d got in twice", first)
	}
	leave <- struct{}{}
	if err := g.Wait(); err != nil {
		t.Error(err)
	}
}

func TestLostLockEndsItsHolder(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	ctx, cancel := context.WithCancel(t.Context())
	entered := make(chan struct{}, 2)
	done := make(chan error, 1)
	go func() {
		done <- s.WithLock(ctx, "poller", func(ctx context.Context) error {
			entered <- struct{}{}
			<-ctx.Done()
			return ctx.Err()
		})
	}()
	<-entered
	exec(t, s, endConnections, "pg_try_advisory_lock|-- ping")
	select {
	case <-entered: // it left, tried again and holds a lock anew
	case <-time.After(lockCheck + lockTry + 10*time.Second):
		t.Fatal("the lock's connection is gone and nobody noticed")
	}
	cancel()
	if err := <-done; err != nil {
		t.Errorf("ended with %v, want nil", err)
	}
}

func TestLockReturnsWhatItsHolderReturns(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	broken := errors.New("broken")
	want(t, "the holder's error", s.WithLock(t.Context(), "x", func(context.Context) error { return broken }), broken)
	if err := s.WithLock(t.Context(), "x", func(context.Context) error { return nil }); err != nil {
		t.Errorf("holding again: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.WithLock(ctx, "x", func(context.Context) error { return broken }); err != nil {
		t.Errorf("cancelled before: %v", err)
	}
}

// next reads signals until one of a kind comes.
func next(t *testing.T, signals <-chan Signal, kind Signal) {
	t.Helper()
	late := time.After(10 * time.Second)
	for {
		select {
		case got, ok := <-signals:
			if !ok {
				t.Fatal("the channel was closed")
			}
			if got == kind {
				return
			}
		case <-late:
			t.Fatalf("no signal of %s", kind)
		}
	}
}

func TestListen(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	ctx, cancel := context.WithCancel(t.Context())
	signals := s.Listen(ctx)
	next(t, signals, SignalDelivery) // both come once when listening begins
	tell := func(channel string) {
		t.Helper()
		if err := s.tx(ctx, func(tx pgx.Tx) error { return notify(ctx, tx, channel) }); err != nil {
			t.Fatal(err)
		}
	}
	tell(clockChannel)
	next(t, signals, SignalClock)
	tell(deliveryChannel)
	next(t, signals, SignalDelivery)

	exec(t, s, endConnections, "LISTEN")
	next(t, signals, SignalClock) // it listens again, and makes good what it may have missed
	next(t, signals, SignalDelivery)
	tell(clockChannel)
	next(t, signals, SignalClock)
	cancel()
	for range signals { // ends only when the channel is closed
	}
}
