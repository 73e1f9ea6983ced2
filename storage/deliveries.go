package storage

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// DeliveryKind says what is to be sent. The words are made when it is sent.
type DeliveryKind string

// The kinds of deliveries.
const (
	DeliverInvitation DeliveryKind = "invitation" // asks a person to answer; its message becomes the live one
	DeliverReminder   DeliveryKind = "reminder"   // reminds of a request
	DeliverClosed     DeliveryKind = "closed"     // the live message of a request is to say that the round is over
	DeliverCancelled  DeliveryKind = "cancelled"  // the same of a round that was cancelled
	DeliverResults    DeliveryKind = "results"    // tells a respondent that results are out
)

// Priorities: who is waiting comes before who is asked, before who is reminded,
// before messages that only change their looks.
const (
	priorityWaiting = iota
	priorityInvitation
	priorityReminder
	priorityClosing
)

// everyRound is the round id that stands for all rounds.
const everyRound int64 = 0

// Between these stands a query of what is to be sent: kind, person_id,
// request_id, round_id and args, in the order of sending. All of it is one
// batch, and a span for each round.
const (
	sqlDeliver = `
	WITH what AS (`
	sqlDelivered = `
	), number AS MATERIALIZED (SELECT nextval('batch') AS batch
	), written AS (
		INSERT INTO delivery (kind, person_id, request_id, round_id, args, due_at, batch)
		SELECT kind, person_id, request_id, round_id, args, @due::timestamptz, batch FROM what, number
		RETURNING id, round_id
	), spans AS (
		INSERT INTO span (batch, round_id, priority, due_at, first_id, last_id)
		SELECT (SELECT batch FROM number), round_id, @priority::smallint, @due, min(id), max(id)
		FROM written GROUP BY round_id
	)
	SELECT count(*) FROM written`
)

// deliver writes what is to be sent from a moment on, and returns how much it
// is. what is the query between sqlDeliver and sqlDelivered.
func deliver(ctx context.Context, tx pgx.Tx, due time.Time, priority int, what string, args pgx.NamedArgs) (int, error) {
	all := pgx.NamedArgs{"due": due, "priority": priority}
	for name, value := range args {
		all[name] = value
	}
	var n int
	if err := tx.QueryRow(ctx, sqlDeliver+what+sqlDelivered, all).Scan(&n); err != nil {
		return 0, fmt.Errorf("writing deliveries: %w", err)
	}
	if n == 0 {
		return 0, nil
	}
	return n, notify(ctx, tx, deliveryChannel)
}

// deliveredTo finds the deliveries of a request.
const deliveredTo = `d.person_id = q.person_id AND d.request_id = q.id`

const (
	// Of two who invite at once the second waits here, and sees then what the
	// first has written.
	sqlHoldUnasked = `
	SELECT FROM request q JOIN round r ON r.id = q.round_id
	WHERE (@round::bigint = 0 OR q.round_id = @round) AND (@person::bigint = 0 OR q.person_id = @person)
	  AND r.state IN ('open', 'paused') AND q.state IN ('pending', 'unreachable')
	ORDER BY q.id FOR UPDATE OF q`
	// In an order by lot: when somebody is asked tells nothing.
	sqlUnasked = `
	SELECT 'invitation' AS kind, q.person_id, q.id AS request_id, q.round_id, '{}'::jsonb AS args
	FROM request q JOIN person p ON p.id = q.person_id JOIN round r ON r.id = q.round_id
	WHERE (@round::bigint = 0 OR q.round_id = @round) AND (@person::bigint = 0 OR q.person_id = @person)
	  AND r.state IN ('open', 'paused') AND q.state IN ('pending', 'unreachable')
	  AND p.telegram_id IS NOT NULL AND p.stopped_at IS NULL AND p.unreachable_at IS NULL
	  AND NOT EXISTS (SELECT FROM delivery d WHERE ` + deliveredTo + ` AND d.kind = 'invitation' AND d.state = 'pending')
	ORDER BY q.panel_id, ` + lot + `, q.id`
)

// invite writes invitations for requests that have not been sent yet, to people
// who can be written to. An invitation under way is not doubled.
func (s *Store) invite(ctx context.Context, tx pgx.Tx, due time.Time, person, round int64, priority int) error {
	args := pgx.NamedArgs{"person": person, "round": round}
	if _, err := tx.Exec(ctx, sqlHoldUnasked, args); err != nil {
		return fmt.Errorf("holding requests: %w", err)
	}
	return s.inviteHeld(ctx, tx, due, person, round, priority)
}

// inviteHeld is invite where nobody else can see the requests, or change them.
func (s *Store) inviteHeld(ctx context.Context, tx pgx.Tx, due time.Time, person, round int64, priority int) error {
	_, err := deliver(ctx, tx, due, priority, sqlUnasked, pgx.NamedArgs{"person": person, "round": round})
	return err
}
