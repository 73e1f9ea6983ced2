package storage

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// What a round sends to everybody and has not sent when its quiet hours begin.
// Whoever waits for something gets it, and nobody is woken by a message that
// is redrawn because the round is over.
const sqlHush = `
	WITH hushed AS (
		UPDATE span SET due_at = @until
		WHERE round_id = @round AND priority BETWEEN @invitation AND @reminder AND due_at <= @now
		  AND (leased_until IS NULL OR leased_until <= @now)
		RETURNING 1
	), unwritten AS (
		UPDATE uninvited SET due_at = @until WHERE round_id = @round AND due_at <= @now RETURNING 1
	)
	SELECT (SELECT count(*) FROM hushed) + (SELECT count(*) FROM unwritten)`

// HushDue puts off what is left to send of rounds whose quiet hours have begun,
// until they end, and returns their codes: many people take longer than a day
// has hours to write to them. What is leased already goes out.
func (s *Store) HushDue(ctx context.Context, now time.Time) ([]string, error) {
	rounds, err := s.underWay(ctx)
	if err != nil {
		return nil, fmt.Errorf("storage: reading quiet hours: %w", mapError(err))
	}
	var hushed []string
	for _, r := range rounds {
		_, quiet, err := s.remindersOf(ctx, s.pool, r)
		if err != nil {
			return hushed, fmt.Errorf("storage: quiet hours of round %s: %w", r.Code, mapError(err))
		}
		until := quiet.Next(now.In(s.zone))
		if !until.After(now) {
			continue
		}
		var n int
		err = s.pool.QueryRow(ctx, sqlHush, pgx.NamedArgs{"round": r.ID, "now": now, "until": until,
			"invitation": priorityInvitation, "reminder": priorityReminder}).Scan(&n)
		if err != nil {
			return hushed, fmt.Errorf("storage: hushing round %s: %w", r.Code, mapError(err))
		}
		if n > 0 {
			hushed = append(hushed, r.Code)
		}
	}
	return hushed, nil
}
