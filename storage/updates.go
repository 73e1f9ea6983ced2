package storage

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"

	"pingyi/survey"
)

// MaxUpdateAttempts is how often an update may fail before it is set aside.
const MaxUpdateAttempts = 3

// How long ids of handled updates are kept, and what was set aside.
const (
	updateDays   = 3 // Telegram keeps an update for one
	setAsideDays = 30
)

const sqlMarkHandled = `
	INSERT INTO handled_update (update_id, day) VALUES (@update, (@now::timestamptz AT TIME ZONE 'UTC')::date)
	ON CONFLICT (update_id) DO NOTHING`

// markHandled records an update's id; false: it stood there already.
func markHandled(ctx context.Context, tx pgx.Tx, now time.Time, updateID int64) (bool, error) {
	tag, err := tx.Exec(ctx, sqlMarkHandled, pgx.NamedArgs{"update": updateID, "now": now})
	if err != nil {
		return false, fmt.Errorf("recording update %d: %w", updateID, err)
	}
	return tag.RowsAffected() == 1, nil
}

const sqlHandled = `SELECT EXISTS (SELECT FROM handled_update WHERE update_id = @update)`

// Handled says whether an update's effects are committed.
func (s *Store) Handled(ctx context.Context, updateID int64) (bool, error) {
	var yes bool
	err := s.pool.QueryRow(ctx, sqlHandled, pgx.NamedArgs{"update": updateID}).Scan(&yes)
	if err != nil {
		return false, fmt.Errorf("storage: looking for update %d: %w", updateID, mapError(err))
	}
	return yes, nil
}

// MarkHandled records an update that had no effect of its own in the database.
// Repeating it is no error.
func (s *Store) MarkHandled(ctx context.Context, now time.Time, updateID int64) error {
	return s.tx(ctx, func(tx pgx.Tx) error {
		_, err := markHandled(ctx, tx, now, updateID)
		return err
	})
}

const sqlFailUpdate = `
	INSERT INTO failed_update (update_id, attempts, day)
	VALUES (@update, 1, (@now::timestamptz AT TIME ZONE 'UTC')::date)
	ON CONFLICT (update_id) DO UPDATE SET attempts = failed_update.attempts + 1
	RETURNING attempts`

const sqlSetAside = `UPDATE failed_update SET body = @body WHERE update_id = @update`

// FailUpdate counts a failed attempt at an update. At the third it is set
// aside: its body is kept sealed by the secret, its id counts as handled, and
// the poller goes on. It returns the attempts so far.
func (s *Store) FailUpdate(ctx context.Context, now time.Time, updateID int64, body []byte) (int, error) {
	var n int
	err := s.tx(ctx, func(tx pgx.Tx) error {
		args := pgx.NamedArgs{"update": updateID, "now": now}
		if err := tx.QueryRow(ctx, sqlFailUpdate, args).Scan(&n); err != nil {
			return fmt.Errorf("counting failed update %d: %w", updateID, err)
		}
		if n < MaxUpdateAttempts {
			return nil
		}
		args["body"] = seal(s.keys.updates, body, strconv.FormatInt(updateID, 10))
		if _, err := tx.Exec(ctx, sqlSetAside, args); err != nil {
			return fmt.Errorf("setting update %d aside: %w", updateID, err)
		}
		_, err := markHandled(ctx, tx, now, updateID)
		return err
	})
	return n, err
}

const sqlFailedUpdate = `SELECT body FROM failed_update WHERE update_id = @update AND body IS NOT NULL`

// FailedUpdate returns the body of an update that was set aside.
func (s *Store) FailedUpdate(ctx context.Context, updateID int64) ([]byte, error) {
	var sealed []byte
	err := s.pool.QueryRow(ctx, sqlFailedUpdate, pgx.NamedArgs{"update": updateID}).Scan(&sealed)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, fmt.Errorf("storage: update %d was not set aside: %w", updateID, survey.ErrNotFound)
	}
	if err != nil {
		return nil, fmt.Errorf("storage: reading update %d: %w", updateID, mapError(err))
	}
	return unseal(s.keys.updates, sealed, strconv.FormatInt(updateID, 10))
}

const (
	sqlForgetHandled = `DELETE FROM handled_update WHERE day < @handled::date`
	sqlForgetFailed  = `DELETE FROM failed_update WHERE day < @failed::date`
)

// ForgetUpdates deletes the ids of updates older than three days, and what was
// set aside a month ago.
func (s *Store) ForgetUpdates(ctx context.Context, now time.Time) error {
	args := pgx.NamedArgs{
		"handled": now.UTC().AddDate(0, 0, -updateDays),
		"failed":  now.UTC().AddDate(0, 0, -setAsideDays),
	}
	for _, sql := range []string{sqlForgetHandled, sqlForgetFailed} {
		if _, err := s.pool.Exec(ctx, sql, args); err != nil {
			return fmt.Errorf("storage: forgetting old updates: %w", mapError(err))
		}
	}
	return nil
}
