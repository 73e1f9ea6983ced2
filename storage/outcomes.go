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

// Went is a delivery that went out as a message; 0 where an older one was redrawn.
type Went struct{ ID, MessageID int64 }

const (
	sqlSent = `
	WITH went AS (SELECT * FROM unnest(@ids::bigint[], @messages::bigint[]) AS w (id, message)),
	done AS (
		UPDATE delivery d SET state = 'sent', error = '', message_id = nullif(w.message, 0)
		FROM went w WHERE d.id = w.id AND d.state <> 'sent'
		RETURNING d.kind, d.request_id, w.message
	)
	UPDATE request q SET message_id = done.message, sent_at = coalesce(q.sent_at, @now),
	       state = CASE WHEN q.state IN ('pending', 'unreachable') THEN 'sent' ELSE q.state END
	FROM done WHERE q.id = done.request_id AND done.kind = 'invitation'
	RETURNING q.id, q.state = 'expired' AS late`
	sqlLate = `
	SELECT CASE r.state WHEN 'cancelled' THEN 'cancelled' ELSE 'closed' END AS kind, q.person_id, q.id AS request_id,
	       q.round_id, '{}'::jsonb AS args
	FROM request q JOIN round r ON r.id = q.round_id WHERE q.id = ANY(@late) AND r.state IN ('closed', 'cancelled')`
)

// Sent records that deliveries went out. The message of an invitation becomes
// the request's live message; where the round ended while it was on its way,
// the message is to be told so. What another sender, whose lease ran out, said
// before stays.
func (s *Store) Sent(ctx context.Context, now time.Time, went ...Went) error {
	slices.SortFunc(went, func(a, b Went) int { return cmp.Compare(a.ID, b.ID) })
	args := pgx.NamedArgs{"now": now,
		"ids":      column(went, func(w Went) int64 { return w.ID }),
		"messages": column(went, func(w Went) int64 { return w.MessageID })}
	err := s.tx(ctx, func(tx pgx.Tx) error {
		rows, _ := tx.Query(ctx, sqlSent, args)
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
		_, err = deliver(ctx, tx, now, priorityClosing, sqlLate, pgx.NamedArgs{"late": ended})
		return err
	})
	if err != nil {
		return fmt.Errorf("storage: %d deliveries were sent: %w", len(went), err)
	}
	return nil
}

const sqlPutOff = `
	WITH off AS (
		UPDATE delivery SET batch = nextval('batch'), due_at = @at, error = @error,
		       attempts = attempts + CASE WHEN @tried THEN 1 ELSE 0 END
		WHERE id = @id AND state = 'pending' RETURNING id, batch, round_id
	)
	INSERT INTO span (batch, round_id, priority, due_at, first_id, last_id)
	SELECT batch, round_id, @priority, @at, id, id FROM off`

// PutOff takes a delivery out of its span, to be sent at a later moment. tried
// says that it was attempted in vain, which counts; code says why, in a word
// for the operator, never in the recipient's.
func (s *Store) PutOff(ctx context.Context, d Delivery, at time.Time, code string, tried bool) error {
	_, err := s.pool.Exec(ctx, sqlPutOff, pgx.NamedArgs{
		"id": d.ID, "priority": d.Priority, "at": at, "error": code, "tried": tried})
	if err != nil {
		return fmt.Errorf("storage: delivery %d is put off: %w", d.ID, mapError(err))
	}
	return nil
}

const (
	sqlFail = `
	UPDATE delivery SET state = @state, error = @error
	WHERE id = @id AND state = 'pending' RETURNING person_id`
	sqlPersonUnreachable = `
	UPDATE person SET unreachable_at = coalesce(unreachable_at, @now) WHERE id = @person`
	sqlRequestsUnreachable = `
	UPDATE request SET state = 'unreachable' WHERE person_id = @person AND state IN ('pending', 'sent')`
	sqlDropDeliveries = `
	UPDATE delivery SET state = 'unreachable' WHERE person_id = @person AND state = 'pending'`
)

// Fail ends a delivery that cannot be sent: survey.DeliveryUnreachable (the
// person blocked the bot or is gone: nothing further is sent until they come
// back), DeliveryFailed, or DeliveryExpired. code says why in a word.
func (s *Store) Fail(ctx context.Context, now time.Time, id int64, state survey.DeliveryState, code string) error {
	err := s.tx(ctx, func(tx pgx.Tx) error {
		args := pgx.NamedArgs{"id": id, "state": state, "error": code, "now": now}
		var person int64
		err := tx.QueryRow(ctx, sqlFail, args).Scan(&person)
		if errors.Is(err, pgx.ErrNoRows) {
			return nil
		}
		if err != nil || state != survey.DeliveryUnreachable {
			return err
		}
		args["person"] = person
		for _, sql := range []string{sqlPersonUnreachable, sqlRequestsUnreachable, sqlDropDeliveries} {
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

const sqlRoundState = `SELECT state FROM round WHERE id = @id`

// RoundState returns where a round stands at this moment.
func (s *Store) RoundState(ctx context.Context, id int64) (survey.RoundState, error) {
	var state survey.RoundState
	if err := s.pool.QueryRow(ctx, sqlRoundState, pgx.NamedArgs{"id": id}).Scan(&state); err != nil {
		return "", fmt.Errorf("storage: state of round %d: %w", id, mapError(err))
	}
	return state, nil
}
