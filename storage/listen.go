package storage

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// Signal says what changed in the database. It carries nothing else: whoever
// hears it reads the tables.
type Signal string

// The signals.
const (
	SignalClock    Signal = clockChannel    // something falls due at another time than before
	SignalDelivery Signal = deliveryChannel // there is something to send
)

// How listening goes on after faults, and how a connection that died silently
// is noticed.
const (
	listenPause    = 200 * time.Millisecond
	listenMaxPause = 5 * time.Second
	listenQuiet    = 30 * time.Second
	listenPatience = 5 * time.Second
)

// Listen passes on the database's signals until ctx ends, then closes the
// channel. It connects again whenever it has to; whatever it may have missed
// meanwhile it makes good by sending every signal once it listens.
func (s *Store) Listen(ctx context.Context) <-chan Signal {
	signals := make(chan Signal)
	go func() {
		defer close(signals)
		pause := listenPause
		for ctx.Err() == nil {
			heard, err := s.listen(ctx, signals)
			if ctx.Err() != nil {
				return
			}
			if heard {
				pause = listenPause
			}
			s.log.WarnContext(ctx, "listening to the database was interrupted", "error", err)
			if !sleep(ctx, pause) {
				return
			}
			pause = min(2*pause, listenMaxPause)
		}
	}()
	return signals
}

// listen listens on one connection until it fails; heard: it did work.
func (s *Store) listen(ctx context.Context, signals chan<- Signal) (heard bool, err error) {
	conn, err := s.ownConn(ctx)
	if err != nil {
		return false, err
	}
	defer closeConn(ctx, conn)
	for _, signal := range []Signal{SignalClock, SignalDelivery} {
		if _, err := conn.Exec(ctx, `LISTEN `+pgx.Identifier{string(signal)}.Sanitize()); err != nil {
			return false, err
		}
	}
	for _, signal := range []Signal{SignalClock, SignalDelivery} {
		if !send(ctx, signals, signal) {
			return true, ctx.Err()
		}
	}
	for {
		signal, err := hear(ctx, conn)
		if err != nil {
			return true, err
		}
		if signal != "" && !send(ctx, signals, signal) {
			return true, ctx.Err()
		}
	}
}

// hear waits for a signal; after a quiet time it asks whether the connection
// still lives and returns none.
func hear(ctx context.Context, conn *pgx.Conn) (Signal, error) {
	waiting, cancel := context.WithTimeout(ctx, listenQuiet)
	n, err := conn.WaitForNotification(waiting)
	cancel()
	switch {
	case err == nil:
		return Signal(n.Channel), nil
	case ctx.Err() != nil || waiting.Err() == nil:
		return "", err
	}
	return "", alive(ctx, conn)
}

// alive asks a connection whether it still works.
func alive(ctx context.Context, conn *pgx.Conn) error {
	ctx, cancel := context.WithTimeout(ctx, listenPatience)
	defer cancel()
	return conn.Ping(ctx)
}

// ownConn opens a connection beside the pool. The server notices within half a
// minute that its other end is gone without a word.
func (s *Store) ownConn(ctx context.Context) (*pgx.Conn, error) {
	cc := s.pool.Config().ConnConfig.Copy()
	for name, value := range map[string]string{
		"tcp_keepalives_idle": "10", "tcp_keepalives_interval": "5", "tcp_keepalives_count": "3",
	} {
		cc.RuntimeParams[name] = value
	}
	conn, err := pgx.ConnectConfig(ctx, cc)
	if err != nil {
		return nil, fmt.Errorf("storage: connecting to the database: %w", err)
	}
	return conn, nil
}

// closeConn closes a connection even where ctx has ended.
func closeConn(ctx context.Context, conn *pgx.Conn) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), listenPatience)
	defer cancel()
	_ = conn.Close(ctx) // gone either way
}

// send passes a signal on; false: ctx ended first.
func send(ctx context.Context, signals chan<- Signal, signal Signal) bool {
	select {
	case signals <- signal:
		return true
	case <-ctx.Done():
		return false
	}
}

// sleep waits; false: ctx ended first.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
