package storage

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// inviteAtOnce is how many invitations are written together: a few seconds of
// sending at the highest rate there is.
const inviteAtOnce = 10_000

// lot puts requests, q, in an order for sending that has nothing to do with
// who came first. Nobody has to draw it again, so it is the fastest there is.
const lot = `hashint8extended(q.id, q.round_id)`

const (
	sqlInvitation = `
	SELECT 'invitation' AS kind, q.person_id, q.id AS request_id, q.round_id, '{}'::jsonb AS args
	FROM request q JOIN person p ON p.id = q.person_id JOIN round r ON r.id = q.round_id`
	// Whoever can be written to and was not asked yet.
	sqlUnasked = `
	WHERE r.state IN ('open', 'paused') AND q.state IN ('pending', 'unreachable')
	  AND p.telegram_id IS NOT NULL AND p.stopped_at IS NULL AND p.unreachable_at IS NULL`
	sqlNotUnderWay = `
	  AND NOT EXISTS (SELECT FROM delivery d WHERE ` + deliveredTo + ` AND d.kind = 'invitation' AND d.state = 'pending')`

	// In an order by lot: when somebody is asked tells nothing.
	sqlUninvited = `
	INSERT INTO uninvited (round_id, due_at, requests)
	SELECT @round, @due, array_agg(id ORDER BY n) FROM (
		SELECT q.id, row_number() OVER (ORDER BY q.panel_id, ` + lot + `, q.id) - 1 AS n
		FROM request q JOIN person p ON p.id = q.person_id JOIN round r ON r.id = q.round_id` + sqlUnasked + ` AND q.round_id = @round
	) lots GROUP BY n / @most::bigint ORDER BY n / @most::bigint`
)

// inviteAll has everybody invited whom a round asks that opens.
func inviteAll(ctx context.Context, tx pgx.Tx, due time.Time, round int64) error {
	_, err := tx.Exec(ctx, sqlUninvited, pgx.NamedArgs{"round": round, "due": due, "most": inviteAtOnce})
	if err != nil {
		return fmt.Errorf("noting whom to invite: %w", err)
	}
	if err := inviteNext(ctx, tx, round, nil); err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, sqlInvited); err != nil {
		return fmt.Errorf("counting invitations: %w", err)
	}
	return nil
}

// A sender's plans are kept: before the planner knows of the first invitations
// they would read all deliveries for each.
const sqlInvited = `ANALYZE delivery`

const (
	sqlOfPerson = `
	  AND (@round::bigint = 0 OR q.round_id = @round) AND q.person_id = @person::bigint`
	// Whoever has a turn still to come is left to it.
	sqlOfRound = `
	  AND q.round_id = @round AND NOT EXISTS (
	    SELECT FROM (SELECT unnest(requests) AS id FROM uninvited WHERE round_id = @round) turn WHERE turn.id = q.id)`
	sqlHoldUnasked = `
	SELECT FROM request q JOIN round r ON r.id = q.round_id
	WHERE r.state IN ('open', 'paused') AND q.state IN ('pending', 'unreachable')`
	// Of two who invite at once the second waits here, and sees then what the
	// first has written.
	sqlInOrder = `
	ORDER BY q.id FOR UPDATE OF q`
	sqlByLot = `
	ORDER BY q.panel_id, ` + lot + `, q.id`
)

// invite writes invitations for requests that have not been sent yet, to people
// who can be written to: to one person, in one round or every, or to everybody
// in one round. An invitation under way is not doubled.
func invite(ctx context.Context, tx pgx.Tx, due time.Time, person, round int64, priority int) error {
	args, whose := pgx.NamedArgs{"person": person, "round": round}, sqlOfPerson
	if person == everybody {
		whose = sqlOfRound
	}
	if _, err := tx.Exec(ctx, sqlHoldUnasked+whose+sqlInOrder, args); err != nil {
		return fmt.Errorf("holding requests: %w", err)
	}
	_, err := deliver(ctx, tx, due, priority, sqlInvitation+sqlUnasked+sqlNotUnderWay+whose+sqlByLot, args)
	return err
}

const (
	// A round that has no invitations left to lease, however many others have.
	sqlRunDry = `
	SELECT r.id FROM uninvited u JOIN round r ON r.id = u.round_id
	WHERE u.due_at <= @now AND r.state = 'open' AND NOT EXISTS (
	    SELECT FROM span s WHERE s.round_id = u.round_id AND s.priority = @priority AND s.due_at <= @now
	    AND (s.leased_until IS NULL OR s.leased_until <= @now))
	LIMIT 1`
	// Whoever closes a round, or is at this already, is not waited for.
	sqlHoldDry       = sqlRunDry + ` FOR SHARE OF r SKIP LOCKED`
	sqlTakeUninvited = `
	DELETE FROM uninvited WHERE id = (
	    SELECT id FROM uninvited WHERE round_id = @round ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED)
	RETURNING requests, due_at`
	sqlHoldUninvited = `SELECT FROM request q WHERE q.id = ANY(@requests::bigint[]) ORDER BY q.id FOR UPDATE`
	sqlInviteNext    = sqlInvitation + `
	JOIN unnest(@requests::bigint[]) WITH ORDINALITY AS turn (id, n) ON turn.id = q.id` + sqlUnasked + sqlNotUnderWay + `
	ORDER BY turn.n`
)

// inviteDry writes more invitations of a round that has none left to lease.
// They are not served before other rounds, whose turn it is.
func (s *Store) inviteDry(ctx context.Context, now time.Time) error {
	var round int64
	args := pgx.NamedArgs{"now": now, "priority": priorityInvitation}
	err := s.pool.QueryRow(ctx, sqlRunDry, args).Scan(&round)
	if err == nil {
		err = s.tx(ctx, func(tx pgx.Tx) error {
			if err := tx.QueryRow(ctx, sqlHoldDry, args).Scan(&round); err != nil {
				return err
			}
			return inviteNext(ctx, tx, round, &now)
		})
	}
	if isNone(err) {
		return nil
	}
	return mapError(err)
}

// inviteNext writes the next invitations of a round, which the transaction
// holds. served is when the round had its last turn, nil for never.
func inviteNext(ctx context.Context, tx pgx.Tx, round int64, served *time.Time) error {
	var requests []int64
	var due time.Time
	err := tx.QueryRow(ctx, sqlTakeUninvited, pgx.NamedArgs{"round": round}).Scan(&requests, &due)
	if isNone(err) {
		return nil
	}
	args := pgx.NamedArgs{"requests": requests, "served": served}
	if err == nil {
		_, err = tx.Exec(ctx, sqlHoldUninvited, args)
	}
	if err != nil {
		return fmt.Errorf("taking whom to invite: %w", err)
	}
	_, err = deliver(ctx, tx, due, priorityInvitation, sqlInviteNext, args)
	return err
}
