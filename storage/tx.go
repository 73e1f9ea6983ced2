package storage

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"pingyi/survey"
)

// Cause says who wants a change and by which update of Telegram.
//
// A change that carries an UpdateID happens once: the id is recorded in its
// transaction, and a second attempt returns survey.ErrHandled and changes
// nothing. An update may therefore be the cause of one call only; further
// calls it needs are such that repeating them does no harm, and carry 0.
type Cause struct {
	Actor    int64 // the person; 0: the clock or the command line
	UpdateID int64 // 0: no update
}

// attempts is how often a transaction is tried that deadlocks or collides.
const attempts = 4

// tx runs fn in a transaction. fn may run more than once (deadlocks), so it
// must set results rather than add to them.
func (s *Store) tx(ctx context.Context, fn func(tx pgx.Tx) error) error {
	var err error
	for range attempts {
		err = pgx.BeginFunc(ctx, s.pool, fn)
		if !passing(err) {
			break
		}
	}
	return mapError(err)
}

// change runs fn in a transaction that also records the cause's update; an
// update that was recorded before changes nothing: survey.ErrHandled.
func (s *Store) change(ctx context.Context, now time.Time, cause Cause, fn func(tx pgx.Tx) error) error {
	return s.tx(ctx, func(tx pgx.Tx) error {
		if cause.UpdateID != 0 {
			fresh, err := markHandled(ctx, tx, now, cause.UpdateID)
			if err != nil {
				return err
			}
			if !fresh {
				return survey.ErrHandled
			}
		}
		return fn(tx)
	})
}
