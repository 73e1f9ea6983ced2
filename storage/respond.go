package storage

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"pingyi/survey"
)

// What respondents do with a request, beside answering: the participation side.
// These transactions share-lock the round and write no ballot.

// heldRequest is a request's row under lock.
type heldRequest struct {
	ID       int64
	PersonID int64
	RoundID  int64
	PanelID  int64
	State    survey.RequestState
	Asks     survey.AsksMode
	AsksMax  int
	Relation survey.Relation
	Seed     []byte
}

const (
	// The round first, as everybody does. Who would have to wait for it to be
	// closed tries again instead of holding a connection.
	sqlShareRound = `
	SELECT r.state FROM round r
	WHERE r.id = (SELECT round_id FROM request WHERE id = @request) FOR SHARE SKIP LOCKED`
	sqlRequestThere = `SELECT EXISTS (SELECT FROM request WHERE id = @request)`
	sqlHoldRequest  = `
	SELECT q.id, q.person_id, q.round_id, q.panel_id, q.state, p.asks, p.asks_max, p.relation, r.seed
	FROM request q JOIN panel p ON p.id = q.panel_id JOIN round r ON r.id = q.round_id
	WHERE q.id = @request FOR NO KEY UPDATE OF q`
)

// respond runs fn on a person's own request of an open round, under lock.
func (s *Store) respond(ctx context.Context, now time.Time, cause Cause, person, request int64,
	fn func(tx pgx.Tx, q heldRequest) error) error {
	return unlessBusy(ctx, func() error {
		return s.change(ctx, now, cause, func(tx pgx.Tx) error {
			q, err := holdRequest(ctx, tx, person, request)
			if err != nil {
				return err
			}
			return fn(tx, q)
		})
	})
}

func holdRequest(ctx context.Context, tx pgx.Tx, person, request int64) (heldRequest, error) {
	args := pgx.NamedArgs{"request": request}
	var state survey.RoundState
	err := tx.QueryRow(ctx, sqlShareRound, args).Scan(&state)
	if errors.Is(err, pgx.ErrNoRows) {
		var there bool
		if err := tx.QueryRow(ctx, sqlRequestThere, args).Scan(&there); err != nil {
			return heldRequest{}, err
		}
		if there {
			return heldRequest{}, errBusy
		}
		return heldRequest{}, survey.ErrNotFound
	}
	if err != nil {
		return heldRequest{}, err
	}
	rows, _ := tx.Query(ctx, sqlHoldRequest, args)
	q, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[heldRequest])
	if err != nil {
		return heldRequest{}, err
	}
	if q.PersonID != person {
		return heldRequest{}, survey.ErrForbidden
	}
	return q, state.Answering()
}

const sqlRequestState = `
	UPDATE request SET state = @state, opened_at = coalesce(opened_at, @opened), done_at = @done WHERE id = @request`

// That it was submitted is remembered: it counts as done, and is not reminded of.
const sqlReopen = `UPDATE request SET state = 'opened' WHERE id = @request`

const sqlAssignmentStates = `
	UPDATE assignment a SET state = @to FROM request q
	WHERE q.id = @request AND ` + ofRequest + ` AND a.state = ANY(@from::text[])`

// become moves a request and its assignments to their next states.
func become(ctx context.Context, tx pgx.Tx, now time.Time, q heldRequest, state survey.RequestState,
	to survey.AssignmentState, from ...survey.AssignmentState) error {
	args := pgx.NamedArgs{"request": q.ID, "state": state, "opened": nil, "done": nil, "to": to, "from": from}
	switch state {
	case survey.RequestOpened:
		args["opened"] = now
	case survey.RequestDone:
		args["done"] = now
	}
	if _, err := tx.Exec(ctx, sqlRequestState, args); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, sqlAssignmentStates, args)
	return err
}

// Open begins a request, takes it up again, or takes a refusal back. One that
// was submitted is survey.ErrStale: see Reopen.
func (s *Store) Open(ctx context.Context, now time.Time, cause Cause, person, request int64) error {
	err := s.respond(ctx, now, cause, person, request, func(tx pgx.Tx, q heldRequest) error {
		if q.State == survey.RequestOpened {
			return nil
		}
		if q.State == survey.RequestDone || !q.State.CanBecome(survey.RequestOpened) {
			return survey.ErrStale
		}
		return become(ctx, tx, now, q, survey.RequestOpened, survey.AssignmentInvited, survey.AssignmentRecused)
	})
	if err != nil {
		return fmt.Errorf("storage: opening request %d: %w", request, err)
	}
	return nil
}

// Decline says that the person does not want to take part. What was answered
// does not count; until the round closes Open takes it back.
func (s *Store) Decline(ctx context.Context, now time.Time, cause Cause, person, request int64) error {
	err := s.respond(ctx, now, cause, person, request, func(tx pgx.Tx, q heldRequest) error {
		if q.State == survey.RequestDeclined {
			return nil
		}
		if !q.State.CanBecome(survey.RequestDeclined) && q.State != survey.RequestUnreachable {
			return survey.ErrStale
		}
		return become(ctx, tx, now, q, survey.RequestDeclined, survey.AssignmentRecused,
			survey.AssignmentProposed, survey.AssignmentInvited, survey.AssignmentAnswered)
	})
	if err != nil {
		return fmt.Errorf("storage: declining request %d: %w", request, err)
	}
	return nil
}

// Reopen lets a person change what was submitted. What stands counts all the
// while: nobody loses a vote by looking at it again.
func (s *Store) Reopen(ctx context.Context, now time.Time, cause Cause, person, request int64) error {
	err := s.respond(ctx, now, cause, person, request, func(tx pgx.Tx, q heldRequest) error {
		switch q.State {
		case survey.RequestOpened:
			return nil
		case survey.RequestDone:
			_, err := tx.Exec(ctx, sqlReopen, pgx.NamedArgs{"request": q.ID})
			return err
		}
		return survey.ErrStale
	})
	if err != nil {
		return fmt.Errorf("storage: reopening request %d: %w", request, err)
	}
	return nil
}

// Submit finishes a request. It validates what stands in Postgres and returns
// the questions that are still missing, in which case nothing changes; where
// subjects have to be chosen first it is survey.ErrInvalid. Submitting twice is
// no error.
func (s *Store) Submit(ctx context.Context, now time.Time, cause Cause, person, request int64) ([]survey.Step, error) {
	f, _, err := s.form(ctx, person, request)
	if err != nil {
		return nil, fmt.Errorf("storage: submitting request %d: %w", request, mapError(err))
	}
	if f.State == survey.RequestOpened && f.Round.State == survey.RoundOpen {
		if f.Form.Choosing() {
			return nil, fmt.Errorf("storage: request %d: too few subjects are chosen: %w", request, survey.ErrInvalid)
		}
		if missing := f.Form.Missing(); len(missing) > 0 {
			return missing, nil
		}
	}
	err = s.respond(ctx, now, cause, person, request, func(tx pgx.Tx, q heldRequest) error {
		if q.State == survey.RequestDone {
			return nil
		}
		if !q.State.CanBecome(survey.RequestDone) {
			return survey.ErrStale
		}
		return become(ctx, tx, now, q, survey.RequestDone, survey.AssignmentAnswered, survey.AssignmentInvited)
	})
	if err != nil {
		return nil, fmt.Errorf("storage: submitting request %d: %w", request, err)
	}
	return nil, nil
}

const (
	sqlChosen = `
	SELECT count(*), count(*) FILTER (WHERE a.subject_id = @subject) FROM request q JOIN assignment a ON ` + ofRequest + `
	WHERE q.id = @request AND a.state IN ('invited', 'answered')`
	sqlChoose = `
	INSERT INTO assignment (round_id, request_id, person_id, subject_id, relation, position)
	SELECT @round, request_id, person_id, subject_id, @relation, position FROM pair WHERE subject_id = @subject
	ON CONFLICT (round_id, person_id, subject_id, relation) DO UPDATE SET state = 'invited'
	WHERE assignment.request_id = excluded.request_id`
	sqlUnchoose = `
	UPDATE assignment a SET state = 'withdrawn' FROM request q
	WHERE q.id = @request AND ` + ofRequest + ` AND a.subject_id = @subject AND a.state IN ('invited', 'answered')`
)

// Choose takes a subject in or out, in panels where respondents choose. More
// than the maximum is survey.ErrLimit, a subject that cannot be chosen
// survey.ErrInvalid. What is taken out keeps its answers until the round
// closes: taking it in again finds them.
func (s *Store) Choose(ctx context.Context, now time.Time, cause Cause, person, request, subject int64, on bool) error {
	err := s.respond(ctx, now, cause, person, request, func(tx pgx.Tx, q heldRequest) error {
		switch {
		case q.Asks != survey.AsksChoose:
			return survey.ErrInvalid
		case q.State != survey.RequestOpened:
			return survey.ErrStale
		}
		args := pgx.NamedArgs{"request": q.ID, "round": q.RoundID, "subject": subject,
			"relation": q.Relation, "seed": q.Seed, "today": s.today(now)}
		if !on {
			_, err := tx.Exec(ctx, sqlUnchoose, args)
			return err
		}
		var chosen, already int
		if err := tx.QueryRow(ctx, sqlChosen, args).Scan(&chosen, &already); err != nil || already > 0 {
			return err
		}
		if chosen >= q.AsksMax {
			return survey.ErrLimit
		}
		tag, err := tx.Exec(ctx, sqlPairs(q.Relation, oneRequest)+sqlChoose, args)
		if err == nil && tag.RowsAffected() == 0 {
			return survey.ErrInvalid
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("storage: choosing subject %d in request %d: %w", subject, request, err)
	}
	return nil
}

const sqlSetMessage = `UPDATE request SET message_id = @message WHERE id = @request AND person_id = @person`

// SetMessage records the live message of a person's request; survey.ErrNotFound
// where there is no such request.
func (s *Store) SetMessage(ctx context.Context, person, request, message int64) error {
	tag, err := s.pool.Exec(ctx, sqlSetMessage, pgx.NamedArgs{"message": message, "request": request, "person": person})
	if err == nil && tag.RowsAffected() == 0 {
		err = survey.ErrNotFound
	}
	if err != nil {
		return fmt.Errorf("storage: live message of request %d: %w", request, mapError(err))
	}
	return nil
}
