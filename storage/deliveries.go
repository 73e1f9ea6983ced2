package storage

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"pingyi/survey"
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

// Delivery is something to be sent, leased to one sender.
type Delivery struct {
	ID         int64
	Kind       DeliveryKind
	PersonID   int64
	TelegramID int64
	Lang       survey.Lang // empty: the project's
	RequestID  int64       // 0: none
	RoundID    int64       // 0: none
	MessageID  int64       // the request's live message; 0: none
	Attempts   int         // counts this one
	Args       map[string]int64
}

const sqlInvite = `
	INSERT INTO delivery (kind, person_id, request_id, round_id, priority, due_at)
	SELECT 'invitation', q.person_id, q.id, q.round_id, @priority, @due
	FROM request q JOIN person p ON p.id = q.person_id JOIN round r ON r.id = q.round_id
	WHERE (@round::bigint = 0 OR q.round_id = @round) AND (@person::bigint = 0 OR q.person_id = @person)
	  AND r.state IN ('open', 'paused') AND q.state IN ('pending', 'unreachable')
	  AND p.telegram_id IS NOT NULL AND p.stopped_at IS NULL AND p.unreachable_at IS NULL
	ORDER BY q.id
	ON CONFLICT DO NOTHING`

// invite writes invitations for requests that have not been sent yet, to people
// who can be written to. An invitation under way is not doubled.
func (s *Store) invite(ctx context.Context, tx pgx.Tx, due time.Time, person, round int64, priority int) error {
	_, err := tx.Exec(ctx, sqlInvite, pgx.NamedArgs{
		"due": due, "person": person, "round": round, "priority": priority})
	if err != nil {
		return fmt.Errorf("writing invitations: %w", err)
	}
	return nil
}

// What belongs to a round goes out only while it is open, or, where it tells
// of its end, once it is over; the rest of a paused round waits. Checked again
// here: time has passed since it was written.
const sqlLease = `
	WITH due AS (
		SELECT d.id FROM delivery d
		WHERE d.state IN ('pending', 'leased') AND d.due_at <= @now
		  AND (d.leased_until IS NULL OR d.leased_until <= @now)
		  AND NOT EXISTS (SELECT FROM round r WHERE r.id = d.round_id AND r.state = 'paused')
		ORDER BY d.priority, d.due_at, d.id
		LIMIT @n FOR UPDATE SKIP LOCKED
	), stand AS (
		SELECT d.id, CASE
			WHEN p.telegram_id IS NULL OR p.stopped_at IS NOT NULL THEN 'expired'
			WHEN d.kind IN ('invitation', 'reminder') AND r.state <> 'open' THEN 'expired'
			WHEN d.kind IN ('invitation', 'reminder') AND q.state IN ('done', 'declined', 'expired') THEN 'expired'
			WHEN d.kind = 'invitation' AND q.state IN ('sent', 'opened') THEN 'expired'
			ELSE 'leased' END AS state,
			p.telegram_id, p.language, q.message_id
		FROM due JOIN delivery d USING (id) JOIN person p ON p.id = d.person_id
		LEFT JOIN request q ON q.id = d.request_id LEFT JOIN round r ON r.id = d.round_id
	)
	UPDATE delivery d SET state = stand.state,
	       leased_by    = CASE stand.state WHEN 'leased' THEN @worker END,
	       leased_until = CASE stand.state WHEN 'leased' THEN @until::timestamptz END,
	       attempts     = d.attempts + CASE stand.state WHEN 'leased' THEN 1 ELSE 0 END
	FROM stand WHERE d.id = stand.id
	RETURNING d.id, d.kind, d.person_id, coalesce(stand.telegram_id, 0) AS telegram_id, stand.language AS lang,
	          coalesce(d.request_id, 0) AS request_id, coalesce(d.round_id, 0) AS round_id,
	          coalesce(stand.message_id, 0) AS message_id, d.attempts, d.args,
	          d.state = 'leased' AS live, d.priority, d.due_at`

// Lease hands up to n due deliveries to a sender until now+ttl, the most urgent
// first. What has become pointless (round over, request finished, person
// stopped) expires here and is not returned; what belongs to a paused round
// waits. A lease that runs out makes the delivery due again.
func (s *Store) Lease(ctx context.Context, now time.Time, worker string, n int, ttl time.Duration) ([]Delivery, error) {
	type leased struct {
		Delivery
		Live     bool
		Priority int16
		DueAt    time.Time
	}
	for {
		rows, _ := s.pool.Query(ctx, sqlLease, pgx.NamedArgs{
			"now": now, "worker": worker, "n": n, "until": now.Add(ttl)})
		all, err := pgx.CollectRows(rows, pgx.RowToStructByName[leased])
		if err != nil {
			return nil, fmt.Errorf("storage: leasing deliveries: %w", mapError(err))
		}
		live := make([]Delivery, 0, len(all))
		slices.SortFunc(all, func(a, b leased) int {
			return cmp.Or(cmp.Compare(a.Priority, b.Priority), a.DueAt.Compare(b.DueAt), cmp.Compare(a.ID, b.ID))
		})
		for _, d := range all {
			if d.Live {
				live = append(live, d.Delivery)
			}
		}
		if len(live) > 0 || len(all) == 0 {
			return live, nil
		}
	}
}

const sqlNextDelivery = `
	SELECT min(greatest(d.due_at, coalesce(d.leased_until, d.due_at)))
	FROM delivery d LEFT JOIN round r ON r.id = d.round_id
	WHERE d.state IN ('pending', 'leased') AND r.state IS DISTINCT FROM 'paused'`

// NextDelivery returns when something falls due; false where nothing waits.
func (s *Store) NextDelivery(ctx context.Context) (time.Time, bool, error) {
	var at *time.Time
	if err := s.pool.QueryRow(ctx, sqlNextDelivery).Scan(&at); err != nil {
		return time.Time{}, false, fmt.Errorf("storage: reading the next delivery: %w", mapError(err))
	}
	if at == nil {
		return time.Time{}, false, nil
	}
	return at.In(s.zone), true, nil
}

// Went is a delivery that went out as a message; 0 where an older one was redrawn.
type Went struct{ ID, MessageID int64 }

const (
	sqlSent = `
	WITH went AS (SELECT * FROM unnest(@ids::bigint[], @messages::bigint[]) AS w (id, message)),
	done AS (
		UPDATE delivery d SET state = 'sent', leased_by = NULL, leased_until = NULL, error = '', message_id = nullif(w.message, 0)
		FROM went w WHERE d.id = w.id AND d.state <> 'sent'
		RETURNING d.kind, d.request_id, w.message
	)
	UPDATE request q SET message_id = done.message, sent_at = coalesce(q.sent_at, @now),
	       state = CASE WHEN q.state IN ('pending', 'unreachable') THEN 'sent' ELSE q.state END
	FROM done WHERE q.id = done.request_id AND done.kind = 'invitation'
	RETURNING q.id, q.state = 'expired' AS late`
	sqlCloseLate = `
	INSERT INTO delivery (kind, person_id, request_id, round_id, priority, due_at)
	SELECT CASE r.state WHEN 'cancelled' THEN 'cancelled' ELSE 'closed' END, q.person_id, q.id, q.round_id, @priority, @now
	FROM request q JOIN round r ON r.id = q.round_id WHERE q.id = ANY(@late) AND r.state IN ('closed', 'cancelled')`
)

// Sent records that deliveries went out. The message of an invitation becomes
// the request's live message; where the round ended while it was on its way,
// the message is to be told so. What another sender, whose lease ran out, said
// before stays.
func (s *Store) Sent(ctx context.Context, now time.Time, went ...Went) error {
	slices.SortFunc(went, func(a, b Went) int { return cmp.Compare(a.ID, b.ID) })
	ids, messages := make([]int64, len(went)), make([]int64, len(went))
	for i, w := range went {
		ids[i], messages[i] = w.ID, w.MessageID
	}
	err := s.tx(ctx, func(tx pgx.Tx) error {
		rows, _ := tx.Query(ctx, sqlSent, pgx.NamedArgs{"ids": ids, "messages": messages, "now": now})
		var ended []int64
		var request int64
		var late bool
		_, err := pgx.ForEachRow(rows, []any{&request, &late}, func() error {
			if late {
				ended = append(ended, request)
			}
			return nil
		})
		if err != nil || len(ended) == 0 {
			return err
		}
		if _, err := tx.Exec(ctx, sqlCloseLate, pgx.NamedArgs{"late": ended, "now": now, "priority": priorityClosing}); err != nil {
			return err
		}
		return notify(ctx, tx, deliveryChannel)
	})
	if err != nil {
		return fmt.Errorf("storage: %d deliveries were sent: %w", len(went), err)
	}
	return nil
}

const sqlGiveBack = `
	UPDATE delivery SET state = 'pending', leased_by = NULL, leased_until = NULL, attempts = attempts - 1
	WHERE state = 'leased' AND leased_by = @worker AND (@id::bigint = 0 OR id = @id)`

// GiveBack returns a delivery that a sender leased and did not attempt, for
// whoever comes next; id 0: all that it holds.
func (s *Store) GiveBack(ctx context.Context, worker string, id int64) error {
	if _, err := s.pool.Exec(ctx, sqlGiveBack, pgx.NamedArgs{"worker": worker, "id": id}); err != nil {
		return fmt.Errorf("storage: delivery %d is given back: %w", id, mapError(err))
	}
	return nil
}

const sqlRoundState = `SELECT state FROM round WHERE id = @id`

// RoundState returns where a round stands at this moment.
func (s *Store) RoundState(ctx context.Context, id int64) (survey.RoundState, error) {
	var state survey.RoundState
	if err := s.pool.QueryRow(ctx, sqlRoundState, pgx.NamedArgs{"id": id}).Scan(&state); err != nil {
		return "", fmt.Errorf("storage: state of round %d: %w", id, mapError(err))
	}
	return state, nil
}

const sqlRetry = `
	UPDATE delivery SET state = 'pending', leased_by = NULL, leased_until = NULL, due_at = @at, error = @error
	WHERE id = @id AND state = 'leased'`

// Retry gives a delivery back, to be tried again at a moment. code says why, in
// a word for the operator, never in the recipient's.
func (s *Store) Retry(ctx context.Context, id int64, at time.Time, code string) error {
	_, err := s.pool.Exec(ctx, sqlRetry, pgx.NamedArgs{"id": id, "at": at, "error": code})
	if err != nil {
		return fmt.Errorf("storage: delivery %d is to be repeated: %w", id, mapError(err))
	}
	return nil
}

const (
	sqlFail = `
	UPDATE delivery SET state = @state, leased_by = NULL, leased_until = NULL, error = @error
	WHERE id = @id AND state IN ('pending', 'leased') RETURNING person_id, coalesce(request_id, 0)`
	sqlPersonUnreachable = `
	UPDATE person SET unreachable_at = coalesce(unreachable_at, @now) WHERE id = @person`
	sqlRequestsUnreachable = `
	UPDATE request SET state = 'unreachable' WHERE person_id = @person AND state IN ('pending', 'sent')`
	sqlDropReminders = `
	UPDATE delivery SET state = 'unreachable', leased_by = NULL, leased_until = NULL
	WHERE person_id = @person AND state = 'pending'`
)

// Fail ends a delivery that cannot be sent: survey.DeliveryUnreachable (the
// person blocked the bot or is gone: nothing further is sent until they come
// back), DeliveryFailed, or DeliveryExpired. code says why in a word.
func (s *Store) Fail(ctx context.Context, now time.Time, id int64, state survey.DeliveryState, code string) error {
	err := s.tx(ctx, func(tx pgx.Tx) error {
		args := pgx.NamedArgs{"id": id, "state": state, "error": code, "now": now}
		var person, request int64
		err := tx.QueryRow(ctx, sqlFail, args).Scan(&person, &request)
		if errors.Is(err, pgx.ErrNoRows) {
			return nil
		}
		if err != nil || state != survey.DeliveryUnreachable {
			return err
		}
		args["person"] = person
		for _, sql := range []string{sqlPersonUnreachable, sqlRequestsUnreachable, sqlDropReminders} {
			if _, err := tx.Exec(ctx, sql, args); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("storage: delivery %d ends as %s: %w", id, state, err)
	}
	return nil
}
