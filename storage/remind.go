package storage

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"pingyi/survey"
)

// Whoever has not finished, has got the invitation, can be written to, and has
// no reminder on its way already.
const sqlUnfinished = `
	SELECT 'reminder' AS kind, q.person_id, q.id AS request_id, q.round_id, '{}'::jsonb AS args
	FROM request q JOIN person p ON p.id = q.person_id JOIN round r ON r.id = q.round_id
	WHERE q.round_id = @round AND q.state IN ('sent', 'opened') AND q.done_at IS NULL
	  AND p.telegram_id IS NOT NULL AND p.stopped_at IS NULL AND p.unreachable_at IS NULL
	  AND NOT EXISTS (SELECT FROM delivery d WHERE ` + deliveredTo + ` AND d.kind = 'reminder' AND d.state = 'pending')
	ORDER BY ` + lot + `, q.id`

// remind writes reminders, after the quiet hours, and returns how many.
func (s *Store) remind(ctx context.Context, tx pgx.Tx, now time.Time, round int64, quiet survey.Quiet) (int, error) {
	return deliver(ctx, tx, quiet.Next(now.In(s.zone)), priorityReminder, sqlUnfinished, pgx.NamedArgs{"round": round})
}

// RemindRound reminds everybody who has not finished, at an admin's word, and
// returns how many that are. Nobody gets two reminders at once.
func (s *Store) RemindRound(ctx context.Context, now time.Time, cause Cause, code string) (int, error) {
	var n int
	err := s.change(ctx, now, cause, func(tx pgx.Tx) error {
		r, _, err := holdRound(ctx, tx, code, survey.RoundRemind)
		if err != nil {
			return err
		}
		_, quiet, err := s.remindersOf(ctx, tx, r)
		if err != nil {
			return err
		}
		if n, err = s.remind(ctx, tx, now, r.ID, quiet); err != nil {
			return err
		}
		return s.audit(ctx, tx, now, cause, "round.remind", "round:"+code, nil, map[string]int{"reminded": n})
	})
	if err != nil {
		return 0, fmt.Errorf("storage: reminding of round %s: %w", code, err)
	}
	return n, nil
}

// remindersOf returns when a round that has opened reminds, and its quiet hours.
func (s *Store) remindersOf(ctx context.Context, q querier, r heldRound) ([]time.Time, survey.Quiet, error) {
	spec, err := parseSpec(r.Spec)
	if err != nil {
		return nil, survey.Quiet{}, err
	}
	quiet, err := quietOf(ctx, q, spec)
	if err != nil || r.OpenedAt == nil || r.ClosesAt == nil {
		return nil, quiet, err
	}
	return spec.ReminderTimes(r.OpenedAt.In(s.zone), *r.ClosesAt, quiet), quiet, nil
}

const sqlOpenRounds = `SELECT code FROM round WHERE state = 'open' ORDER BY id`

// RemindDue sends the planned reminders that have come due and returns the
// codes of their rounds. Several that were missed are made up for by one.
func (s *Store) RemindDue(ctx context.Context, now time.Time) ([]string, error) {
	return s.each(ctx, sqlOpenRounds, nil, func(code string) (done bool, err error) {
		err = s.tx(ctx, func(tx pgx.Tx) error {
			done, err = s.remindDue(ctx, tx, now, code)
			return err
		})
		return done, err
	})
}

const sqlReminded = `UPDATE round SET reminded = @n WHERE id = @round`

func (s *Store) remindDue(ctx context.Context, tx pgx.Tx, now time.Time, code string) (bool, error) {
	r, _, err := holdRound(ctx, tx, code, survey.RoundRemind)
	if err != nil {
		return false, err
	}
	times, quiet, err := s.remindersOf(ctx, tx, r)
	if err != nil {
		return false, err
	}
	due := survey.DueReminders(times, now)
	if due <= r.Reminded {
		return false, nil
	}
	if _, err := tx.Exec(ctx, sqlReminded, pgx.NamedArgs{"round": r.ID, "n": due}); err != nil {
		return false, err
	}
	n, err := s.remind(ctx, tx, now, r.ID, quiet)
	if err != nil {
		return false, err
	}
	return true, s.audit(ctx, tx, now, Cause{}, "round.remind", "round:"+code, nil, map[string]int{"reminded": n})
}

// each calls fn for every code that the query returns, and returns those it
// did something about. What another replica did meanwhile is no fault; other
// faults do not keep it from going on.
func (s *Store) each(ctx context.Context, sql string, args pgx.NamedArgs, fn func(code string) (bool, error)) ([]string, error) {
	rows, _ := s.pool.Query(ctx, sql, args)
	codes, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, fmt.Errorf("storage: looking for what is due: %w", mapError(err))
	}
	var did []string
	var faults []error
	for _, code := range codes {
		done, err := fn(code)
		switch {
		case errors.Is(err, survey.ErrStale), errors.Is(err, survey.ErrClosed), errors.Is(err, survey.ErrPaused):
		case err != nil:
			faults = append(faults, fmt.Errorf("storage: %s: %w", code, err))
		case done:
			did = append(did, code)
		}
	}
	return did, errors.Join(faults...)
}
