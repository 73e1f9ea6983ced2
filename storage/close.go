package storage

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"pingyi/survey"
)

// CloseRound ends an open or paused round, in one transaction: no tap lands
// after it. Ballots are sealed (seal.go), who took part is reduced to counts,
// what is still to be sent expires, and live messages are to say that the round
// is over. Afterwards nothing ties a ballot of an anonymous panel to a person.
// A round that is over is survey.ErrClosed.
func (s *Store) CloseRound(ctx context.Context, now time.Time, cause Cause, code string) error {
	return s.closeRound(ctx, now, cause, code, func(heldRound) bool { return true })
}

// closeRound closes a round if, under lock, it still should be; else
// survey.ErrStale.
func (s *Store) closeRound(ctx context.Context, now time.Time, cause Cause, code string, still func(heldRound) bool) error {
	err := s.change(ctx, now, cause, func(tx pgx.Tx) error {
		r, next, err := holdRound(ctx, tx, code, survey.RoundClose)
		if err != nil {
			return err
		}
		if !still(r) {
			return survey.ErrStale
		}
		spec, err := parseSpec(r.Spec)
		if err != nil {
			return err
		}
		if err := s.sealBallots(ctx, tx, r, spec.Unsubmitted); err != nil {
			return err
		}
		return s.endRound(ctx, tx, now, cause, r, next, survey.RoundClose)
	})
	if err != nil {
		return fmt.Errorf("storage: closing round %s: %w", code, err)
	}
	s.sweep(ctx, code)
	return nil
}

// CancelRound calls a round off. Answers given so far are destroyed.
func (s *Store) CancelRound(ctx context.Context, now time.Time, cause Cause, code string) error {
	err := s.change(ctx, now, cause, func(tx pgx.Tx) error {
		r, next, err := holdRound(ctx, tx, code, survey.RoundCancel)
		if err != nil {
			return err
		}
		return s.endRound(ctx, tx, now, cause, r, next, survey.RoundCancel)
	})
	if err != nil {
		return fmt.Errorf("storage: cancelling round %s: %w", code, err)
	}
	s.sweep(ctx, code)
	return nil
}

const (
	// Whoever submitted, and then opened the form again, took part.
	sqlEndRequests = `
	UPDATE request SET state = CASE WHEN state = 'opened' AND done_at IS NOT NULL THEN 'done' ELSE 'expired' END
	WHERE round_id = @round AND state IN ('pending', 'sent', 'opened')`
	// What a ballot's panel, subject and stratum would be compared with is kept
	// for named panels only.
	sqlDropAssignments = `
	DELETE FROM assignment a USING request q JOIN panel p ON p.id = q.panel_id
	WHERE a.round_id = @round AND q.round_id = @round AND q.id = a.request_id AND p.identity <> 'named'`
	sqlEndAssignments = `
	UPDATE assignment SET state = 'expired' WHERE round_id = @round AND state IN ('proposed', 'invited')`
	sqlEndDeliveries = `
	WITH uninvited AS (DELETE FROM uninvited WHERE round_id = @round),
	     ended AS (DELETE FROM span WHERE round_id = @round RETURNING batch, first_id, last_id)
	UPDATE delivery d SET state = 'expired' FROM ended e
	WHERE d.id BETWEEN e.first_id AND e.last_id AND d.batch = e.batch AND d.round_id = @round AND d.state = 'pending'`
	sqlTellEnd = `
	SELECT @kind::text AS kind, q.person_id, q.id AS request_id, q.round_id, '{}'::jsonb AS args
	FROM request q JOIN person p ON p.id = q.person_id
	WHERE q.round_id = @round AND q.message_id IS NOT NULL
	  AND p.telegram_id IS NOT NULL AND p.stopped_at IS NULL AND p.unreachable_at IS NULL
	ORDER BY q.id`
	// Ballots of a round under way that stand among the sealed ones were imported.
	sqlDropImported = `
	WITH files AS (DELETE FROM ballot_import WHERE round_id = @round),
	     origins AS (DELETE FROM imported_ballot WHERE round_id = @round),
	     texts AS (DELETE FROM comment WHERE round_id = @round),
	     answers AS (DELETE FROM answer WHERE round_id = @round)
	DELETE FROM ballot WHERE round_id = @round`
	// The seed would tell again who was drawn to rate whom.
	sqlEndRound = `
	UPDATE round SET state = @state, closed_at = @now, salt = NULL, seed = '' WHERE id = @round`
)

// endRound is what closing and cancelling have in common: the participation
// side, the deliveries, the round itself. Salt and seed go here; the tables of
// open ballots are emptied last, as that makes other rounds' taps wait.
func (s *Store) endRound(ctx context.Context, tx pgx.Tx, now time.Time, cause Cause,
	r heldRound, next survey.RoundState, action survey.RoundAction) error {
	before := r.facts()
	kind := DeliverClosed
	if action == survey.RoundCancel {
		kind = DeliverCancelled
	}
	args := pgx.NamedArgs{"round": r.ID, "now": now, "state": next, "kind": kind}
	if action == survey.RoundCancel {
		if _, err := tx.Exec(ctx, sqlDropImported, args); err != nil {
			return fmt.Errorf("dropping imported ballots: %w", err)
		}
	}
	for _, sql := range []string{sqlEndRequests, sqlTurnout, sqlDropAssignments, sqlEndAssignments,
		sqlEndDeliveries, sqlEndRound} {
		if _, err := tx.Exec(ctx, sql, args); err != nil {
			return fmt.Errorf("ending the round: %w", err)
		}
	}
	if _, err := deliver(ctx, tx, now, priorityClosing, sqlTellEnd, args); err != nil {
		return fmt.Errorf("telling of the end: %w", err)
	}
	if err := notify(ctx, tx, clockChannel); err != nil {
		return err
	}
	r.State = next
	if err := s.audit(ctx, tx, now, cause, "round."+string(action), "round:"+r.Code, before, r.facts()); err != nil {
		return err
	}
	if len(r.Salt) == 0 {
		return nil // it never opened
	}
	return emptyPartitions(ctx, tx, r.ID)
}

// sweep removes what a round that ended leaves behind in the files: emptied
// tables, and dead rows that still hold the salt or tell who was to rate whom.
// It also tells the planner how much was sealed.
// It is done as far as possible; the clock comes back to it (Retain).
func (s *Store) sweep(ctx context.Context, code string) {
	err := s.dropPartitions(ctx)
	for _, sql := range []string{"VACUUM round", "VACUUM assignment", "VACUUM request", "ANALYZE ballot", "ANALYZE answer"} {
		if err == nil {
			_, err = s.pool.Exec(ctx, sql)
		}
	}
	if err != nil {
		s.log.WarnContext(ctx, "sweeping after the end of a round", "round", code, "error", mapError(err))
	}
}
