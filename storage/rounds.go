package storage

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"pingyi/survey"
)

// Round is a round as it stands. Times are nil where not yet known.
type Round struct {
	ID       int64
	Code     string
	Title    survey.Text
	Period   string
	State    survey.RoundState
	Scheme   string // code of the pinned scheme; empty: none, or not opened yet
	OpensAt  *time.Time
	ClosesAt *time.Time
	OpenedAt *time.Time
	ClosedAt *time.Time
}

// heldRound is a round's row under lock, with what only storage may see.
type heldRound struct {
	ID       int64
	Code     string
	Title    survey.Text
	Period   string
	State    survey.RoundState
	Spec     string
	OpensAt  *time.Time
	ClosesAt *time.Time
	OpenedAt *time.Time
	Reminded int
	Seed     []byte
	Salt     []byte
}

const sqlRounds = `
	SELECT r.id, r.code, r.title, r.period, r.state, coalesce(s.code, '') AS scheme,
	       r.opens_at, r.closes_at, r.opened_at, r.closed_at
	FROM round r LEFT JOIN scheme s ON s.id = r.scheme_id
	WHERE @code::text = '' OR r.code = @code
	ORDER BY r.state IN ('closed', 'cancelled'), coalesce(r.opened_at, r.opens_at) DESC NULLS LAST, r.id DESC`

// Rounds returns all rounds: those under way first, then the latest.
func (s *Store) Rounds(ctx context.Context) ([]Round, error) {
	rows, _ := s.pool.Query(ctx, sqlRounds, pgx.NamedArgs{"code": ""})
	rounds, err := pgx.CollectRows(rows, pgx.RowToStructByName[Round])
	if err != nil {
		return nil, fmt.Errorf("storage: reading the rounds: %w", mapError(err))
	}
	return rounds, nil
}

// Round returns the round with the code; survey.ErrNotFound where there is none.
func (s *Store) Round(ctx context.Context, code string) (Round, error) {
	if code == "" {
		return Round{}, fmt.Errorf("storage: a round without a code: %w", survey.ErrNotFound)
	}
	rows, _ := s.pool.Query(ctx, sqlRounds, pgx.NamedArgs{"code": code})
	round, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[Round])
	if err != nil {
		return Round{}, fmt.Errorf("storage: reading round %s: %w", code, mapError(err))
	}
	return round, nil
}

// The lock keeps out taps (they share it) and other changes of the round, not
// the foreign keys of rows that name it.
const sqlHoldRound = `
	SELECT id, code, title, period, state, spec, opens_at, closes_at, opened_at, reminded, seed, salt
	FROM round WHERE code = @code FOR NO KEY UPDATE`

// holdRound locks a round for an action and returns it with the state that the
// action leads to. An action the state does not allow is refused by survey.
func holdRound(ctx context.Context, tx pgx.Tx, code string, action survey.RoundAction) (heldRound, survey.RoundState, error) {
	rows, _ := tx.Query(ctx, sqlHoldRound, pgx.NamedArgs{"code": code})
	r, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[heldRound])
	if err != nil {
		return heldRound{}, "", mapError(err)
	}
	next, err := r.State.After(action)
	return r, next, err
}

// roundFacts is what the audit log keeps of a round before and after a change.
type roundFacts struct {
	State    survey.RoundState `json:"state"`
	OpensAt  *time.Time        `json:"opens_at,omitempty"`
	ClosesAt *time.Time        `json:"closes_at,omitempty"`
}

func (r heldRound) facts() roundFacts {
	return roundFacts{State: r.State, OpensAt: r.OpensAt, ClosesAt: r.ClosesAt}
}

const sqlSetRound = `
	UPDATE round SET state = @state, opens_at = @opens, closes_at = @closes, reminded = @reminded WHERE id = @round`

// changeRound is the shape of every simple change of a round: lock, guard,
// alter, write, wake the clock, audit. alter may refuse.
func (s *Store) changeRound(ctx context.Context, now time.Time, cause Cause, code string,
	action survey.RoundAction, alter func(pgx.Tx, *heldRound) error) error {
	err := s.change(ctx, now, cause, func(tx pgx.Tx) error {
		r, next, err := holdRound(ctx, tx, code, action)
		if err != nil {
			return err
		}
		before := r.facts()
		r.State = next
		if err := alter(tx, &r); err != nil {
			return err
		}
		_, err = tx.Exec(ctx, sqlSetRound, pgx.NamedArgs{
			"round": r.ID, "state": r.State, "opens": r.OpensAt, "closes": r.ClosesAt, "reminded": r.Reminded})
		if err != nil {
			return err
		}
		if err := notify(ctx, tx, clockChannel, deliveryChannel); err != nil {
			return err
		}
		return s.audit(ctx, tx, now, cause, "round."+string(action), "round:"+code, before, r.facts())
	})
	if err != nil {
		return fmt.Errorf("storage: %s round %s: %w", action, code, err)
	}
	return nil
}

// ScheduleRound sets a round to open by itself at a moment.
func (s *Store) ScheduleRound(ctx context.Context, now time.Time, cause Cause, code string, opens time.Time) error {
	return s.changeRound(ctx, now, cause, code, survey.RoundSchedule, func(_ pgx.Tx, r *heldRound) error {
		r.OpensAt = &opens
		return nil
	})
}

// PauseRound stops a round from taking answers and from sending; ResumeRound
// goes on. Answers given stand.
func (s *Store) PauseRound(ctx context.Context, now time.Time, cause Cause, code string) error {
	return s.changeRound(ctx, now, cause, code, survey.RoundPause, unaltered)
}

// ResumeRound opens a paused round again. A deadline that passed meanwhile has
// to be extended first: survey.ErrInvalid.
func (s *Store) ResumeRound(ctx context.Context, now time.Time, cause Cause, code string) error {
	return s.changeRound(ctx, now, cause, code, survey.RoundResume, func(_ pgx.Tx, r *heldRound) error {
		if r.ClosesAt != nil && !r.ClosesAt.After(now) {
			return fmt.Errorf("its end has passed: %w", survey.ErrInvalid)
		}
		return nil
	})
}

// ExtendRound moves the end of an open or paused round; the new end lies in
// the future, or survey.ErrInvalid. Reminders counted from the end move along;
// those that went out are not repeated.
func (s *Store) ExtendRound(ctx context.Context, now time.Time, cause Cause, code string, closes time.Time) error {
	return s.changeRound(ctx, now, cause, code, survey.RoundExtend, func(tx pgx.Tx, r *heldRound) error {
		if !closes.After(now) {
			return fmt.Errorf("the new end lies in the past: %w", survey.ErrInvalid)
		}
		r.ClosesAt = &closes
		times, _, err := s.remindersOf(ctx, tx, *r)
		r.Reminded = survey.DueReminders(times, now)
		return err
	})
}

func unaltered(pgx.Tx, *heldRound) error { return nil }
