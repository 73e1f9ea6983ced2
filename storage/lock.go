package storage

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"time"

	"github.com/jackc/pgx/v5"
)

// How often a lock is tried for, and how often its holder makes sure of it.
const (
	lockTry   = time.Second
	lockCheck = 2 * time.Second
)

// errLockLost is why the context of a lock's holder ends before its time.
var errLockLost = errors.New("storage: the connection that held the lock is gone")

const (
	sqlTryLock       = `SELECT pg_try_advisory_lock(@lock)`
	sqlTrySharedLock = `SELECT pg_try_advisory_lock_shared(@lock)`
)

// WithLock runs fn while this process alone holds the lock called name, and
// waits for it before. The lock lives with a connection of its own: where that
// is lost, fn's context ends, and once fn has returned the lock is tried for
// again. WithLock returns what fn returns while it holds the lock, and nil once
// ctx has ended.
func (s *Store) WithLock(ctx context.Context, name string, fn func(ctx context.Context) error) error {
	return s.withLock(ctx, sqlTryLock, name, fn)
}

// WithSharedLock is WithLock together with others who share the lock; nobody
// holds it alone meanwhile.
func (s *Store) WithSharedLock(ctx context.Context, name string, fn func(ctx context.Context) error) error {
	return s.withLock(ctx, sqlTrySharedLock, name, fn)
}

func (s *Store) withLock(ctx context.Context, try, name string, fn func(ctx context.Context) error) error {
	for ctx.Err() == nil {
		held, err := s.lockOnce(ctx, try, name, fn)
		if held && !errors.Is(err, errLockLost) {
			return err
		}
		if ctx.Err() == nil && err != nil {
			s.log.WarnContext(ctx, "lock not held", "lock", name, "error", err)
		}
		sleep(ctx, lockTry)
	}
	return nil
}

// lockOnce tries for the lock and, where it gets it, runs fn. held says that fn
// ran; errLockLost that it ran only until the connection was lost.
func (s *Store) lockOnce(ctx context.Context, try, name string, fn func(ctx context.Context) error) (held bool, err error) {
	conn, err := s.ownConn(ctx)
	if err != nil {
		return false, err
	}
	defer closeConn(ctx, conn)
	if held, err = tryLock(ctx, conn, try, name); err != nil || !held {
		return false, err
	}
	inner, lose := context.WithCancelCause(ctx)
	defer lose(nil)
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		if err := watch(inner, conn); err != nil {
			lose(fmt.Errorf("%w: %w", errLockLost, err))
		}
	}()
	err = fn(inner)
	lost := context.Cause(inner)
	lose(nil)
	<-watched
	if errors.Is(lost, errLockLost) {
		return true, lost
	}
	if ctx.Err() != nil && errors.Is(err, ctx.Err()) {
		return true, nil
	}
	return true, err
}

// tryLock tries for the lock until it is free, on one connection.
func tryLock(ctx context.Context, conn *pgx.Conn, try, name string) (bool, error) {
	h := fnv.New64a()
	h.Write([]byte("pingyi lock " + name))
	args := pgx.NamedArgs{"lock": int64(h.Sum64())}
	for {
		var got bool
		if err := conn.QueryRow(ctx, try, args).Scan(&got); err != nil || got {
			return got, err
		}
		if !sleep(ctx, lockTry) {
			return false, nil
		}
	}
}

// watch makes sure of the connection until ctx ends; an error means that it is
// gone, and the lock with it.
func watch(ctx context.Context, conn *pgx.Conn) error {
	for sleep(ctx, lockCheck) {
		if err := alive(ctx, conn); err != nil && ctx.Err() == nil {
			return err
		}
	}
	return nil
}
