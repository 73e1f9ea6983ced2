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
		INSERT INTO span (batch, round_id, priority, due_at, first_id, last_id, served_at)
		SELECT (SELECT batch FROM number), round_id, @priority::smallint, @due, min(id), max(id), @served::timestamptz
		FROM written GROUP BY round_id
	)
	SELECT count(*) FROM written`
)

// deliver writes what is to be sent from a moment on, and returns how much it
// is. what is the query between sqlDeliver and sqlDelivered.
func deliver(ctx context.Context, tx pgx.Tx, due time.Time, priority int, what string, args pgx.NamedArgs) (int, error) {
	all := pgx.NamedArgs{"due": due, "priority": priority, "served": nil}
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
