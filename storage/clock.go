package storage

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"pingyi/survey"
)

// What the clock does. Each call is a set of transactions guarded by state: any
// number of replicas may make it at any time, and it returns what it did.

const (
	sqlOpenDue  = `SELECT code FROM round WHERE state = 'scheduled' AND opens_at <= @now ORDER BY opens_at, id`
	sqlCloseDue = `SELECT code FROM round WHERE state = 'open' AND closes_at <= @now ORDER BY closes_at, id`
)

// OpenDue opens the scheduled rounds whose time has come. One whose end has
// passed as well, because nothing ran meanwhile, is cancelled instead.
func (s *Store) OpenDue(ctx context.Context, now time.Time) ([]string, error) {
	return s.each(ctx, sqlOpenDue, pgx.NamedArgs{"now": now}, func(code string) (bool, error) {
		round, err := s.Round(ctx, code)
		if err != nil {
			return false, err
		}
		if round.ClosesAt != nil && !round.ClosesAt.After(now) {
			return false, s.CancelRound(ctx, now, Cause{}, code)
		}
		err = s.OpenRound(ctx, now, Cause{}, code)
		return err == nil, err
	})
}

// CloseDue closes the open rounds whose end has come. A paused round is not
// closed over people's heads: it waits for an admin.
func (s *Store) CloseDue(ctx context.Context, now time.Time) ([]string, error) {
	return s.each(ctx, sqlCloseDue, pgx.NamedArgs{"now": now}, func(code string) (bool, error) {
		err := s.closeRound(ctx, now, Cause{}, code, func(r heldRound) bool { // it may have been extended meanwhile
			return r.State == survey.RoundOpen && r.ClosesAt != nil && !r.ClosesAt.After(now)
		})
		return err == nil, err
	})
}

const sqlNextDue = `
	SELECT min(at) FROM (
		SELECT opens_at AS at FROM round WHERE state = 'scheduled'
		UNION ALL SELECT closes_at FROM round WHERE state = 'open'
		UNION ALL SELECT next_due FROM series WHERE active AND next_due < 'infinity'
	) due WHERE at > @now`

// NextDue returns when, after now, the clock has something to do next: a round
// to open or to close, a reminder, a series; false where nothing is planned.
func (s *Store) NextDue(ctx context.Context, now time.Time) (time.Time, bool, error) {
	var at *time.Time
	if err := s.pool.QueryRow(ctx, sqlNextDue, pgx.NamedArgs{"now": now}).Scan(&at); err != nil {
		return time.Time{}, false, fmt.Errorf("storage: reading what falls due next: %w", mapError(err))
	}
	reminder, err := s.nextReminder(ctx, now)
	if err != nil {
		return time.Time{}, false, fmt.Errorf("storage: reading the next reminder: %w", mapError(err))
	}
	if reminder != nil && (at == nil || reminder.Before(*at)) {
		at = reminder
	}
	if at == nil {
		return time.Time{}, false, nil
	}
	return at.In(s.zone), true, nil
}

const sqlUnderWay = `
	SELECT id, code, title, period, state, spec, opens_at, closes_at, opened_at, reminded, seed, NULL::bytea AS salt
	FROM round WHERE state = 'open' ORDER BY id`

// underWay reads the open rounds without holding them.
func (s *Store) underWay(ctx context.Context) ([]heldRound, error) {
	rows, _ := s.pool.Query(ctx, sqlUnderWay)
	return pgx.CollectRows(rows, pgx.RowToStructByName[heldRound])
}

func (s *Store) nextReminder(ctx context.Context, now time.Time) (*time.Time, error) {
	rounds, err := s.underWay(ctx)
	if err != nil {
		return nil, err
	}
	var next *time.Time
	for _, r := range rounds {
		times, _, err := s.remindersOf(ctx, s.pool, r)
		if err != nil {
			return nil, fmt.Errorf("round %s: %w", r.Code, err)
		}
		for _, t := range times {
			if t.After(now) && (next == nil || t.Before(*next)) {
				next = &t
			}
		}
	}
	return next, nil
}
