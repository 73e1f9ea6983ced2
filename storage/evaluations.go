package storage

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"pingyi/survey"
)

// Evaluation is an evaluation as it stands.
type Evaluation struct {
	ID          int64
	Code        string
	Title       survey.Text
	Period      string
	State       survey.EvaluationState
	Scheme      string // code
	Params      map[string]string
	Rounds      []EvaluatedRound
	PublishedAt *time.Time
	ScoredAt    *time.Time // of the latest run; nil: none
}

// EvaluatedRound is a round that an evaluation takes.
type EvaluatedRound struct {
	Code   string            `json:"code"`
	State  survey.RoundState `json:"state"`
	Period string            `json:"period"` // the part of the evaluation's period it stands for
}

const sqlEvaluations = `
	SELECT e.id, e.code, e.title, e.period, e.state, s.code AS scheme, e.params, e.published_at,
	       (SELECT max(created_at) FROM score_run WHERE evaluation_id = e.id) AS scored_at,
	       coalesce((SELECT jsonb_agg(jsonb_build_object('code', r.code, 'state', r.state, 'period', er.period)
	                                  ORDER BY r.code COLLATE "C")
	                 FROM evaluation_round er JOIN round r ON r.id = er.round_id
	                 WHERE er.evaluation_id = e.id), '[]') AS rounds
	FROM evaluation e JOIN scheme s ON s.id = e.scheme_id
	WHERE @code::text = '' OR e.code = @code
	ORDER BY e.period DESC, e.id DESC`

// Evaluations returns all evaluations, the latest period first.
func (s *Store) Evaluations(ctx context.Context) ([]Evaluation, error) {
	rows, _ := s.pool.Query(ctx, sqlEvaluations, pgx.NamedArgs{"code": ""})
	all, err := pgx.CollectRows(rows, pgx.RowToStructByName[Evaluation])
	if err != nil {
		return nil, fmt.Errorf("storage: reading the evaluations: %w", mapError(err))
	}
	return all, nil
}

// Evaluation returns the evaluation with the code; survey.ErrNotFound where
// there is none.
func (s *Store) Evaluation(ctx context.Context, code string) (Evaluation, error) {
	if code == "" {
		return Evaluation{}, fmt.Errorf("storage: an evaluation without a code: %w", survey.ErrNotFound)
	}
	rows, _ := s.pool.Query(ctx, sqlEvaluations, pgx.NamedArgs{"code": code})
	e, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[Evaluation])
	if err != nil {
		return Evaluation{}, fmt.Errorf("storage: reading evaluation %s: %w", code, mapError(err))
	}
	return e, nil
}

const (
	sqlOwnEvaluation = `
	INSERT INTO evaluation (code, title, period, scheme_id, params)
	SELECT r.code, r.title, r.period, r.scheme_id, @params FROM round r WHERE r.id = @round
	ON CONFLICT (code) DO NOTHING`
	sqlOwnRound = `
	INSERT INTO evaluation_round (evaluation_id, round_id)
	SELECT id, @round FROM evaluation WHERE code = @code
	ON CONFLICT DO NOTHING`
)

// ownEvaluation gives a round that names a scheme an evaluation with the
// round's code. One that was applied beforehand is kept as it is.
func ownEvaluation(ctx context.Context, tx pgx.Tx, r heldRound, spec *survey.RoundSpec) error {
	if spec.Scheme == "" {
		return nil
	}
	args := pgx.NamedArgs{"round": r.ID, "code": r.Code, "params": params(spec.Params)}
	for _, sql := range []string{sqlOwnEvaluation, sqlOwnRound} {
		if _, err := tx.Exec(ctx, sql, args); err != nil {
			return fmt.Errorf("giving the round its evaluation: %w", err)
		}
	}
	return nil
}

// params makes an empty object of none.
func params(given map[string]string) map[string]string {
	if given == nil {
		return map[string]string{}
	}
	return given
}

const (
	sqlCreateEvaluation = `
	INSERT INTO evaluation (code, title, period, scheme_id, params)
	SELECT @code, @title, @period, id, @params FROM scheme WHERE code = @scheme ORDER BY version DESC LIMIT 1`
	sqlTakeRound = `
	INSERT INTO evaluation_round (evaluation_id, round_id, period)
	SELECT e.id, r.id, @period FROM evaluation e, round r WHERE e.code = @code AND r.code = @round`
)

// CreateEvaluation writes a new evaluation by the newest version of its
// scheme. survey.ErrNotFound says that the scheme or a round is not there,
// survey.ErrStale that an evaluation of that code is.
func (s *Store) CreateEvaluation(ctx context.Context, now time.Time, cause Cause, spec survey.EvaluationSpec) error {
	err := s.change(ctx, now, cause, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, sqlCreateEvaluation, pgx.NamedArgs{"code": spec.Code, "title": spec.Title,
			"period": spec.Period, "scheme": spec.Scheme, "params": params(spec.Params)})
		if err == nil && tag.RowsAffected() == 0 {
			err = fmt.Errorf("scheme %s: %w", spec.Scheme, survey.ErrNotFound)
		}
		if err != nil {
			return err
		}
		for _, r := range spec.Rounds {
			tag, err := tx.Exec(ctx, sqlTakeRound, pgx.NamedArgs{"code": spec.Code, "round": r.Round, "period": r.Period})
			if err == nil && tag.RowsAffected() == 0 {
				err = fmt.Errorf("round %s: %w", r.Round, survey.ErrNotFound)
			}
			if err != nil {
				return err
			}
		}
		return s.audit(ctx, tx, now, cause, "evaluation.create", "evaluation:"+spec.Code, nil, spec)
	})
	if err != nil {
		return fmt.Errorf("storage: creating evaluation %s: %w", spec.Code, err)
	}
	return nil
}

// heldEvaluation is an evaluation's row under lock.
type heldEvaluation struct {
	ID    int64
	State survey.EvaluationState
}

const sqlHoldEvaluation = `SELECT id, state FROM evaluation WHERE code = @code FOR UPDATE`

func holdEvaluation(ctx context.Context, tx pgx.Tx, code string) (heldEvaluation, error) {
	rows, _ := tx.Query(ctx, sqlHoldEvaluation, pgx.NamedArgs{"code": code})
	e, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[heldEvaluation])
	return e, mapError(err)
}

const (
	sqlEvaluationState = `
	UPDATE evaluation SET state = @state, published_at = CASE @state::text WHEN 'published' THEN @now::timestamptz END
	WHERE id = @evaluation`
	// Whoever took part is told, once, however many of its rounds it was.
	sqlTellResults = `
	SELECT DISTINCT ON (p.id) 'results' AS kind, p.id AS person_id, NULL::bigint AS request_id, NULL::bigint AS round_id,
	       jsonb_build_object('evaluation', @evaluation::bigint) AS args
	FROM evaluation_round er JOIN request q ON q.round_id = er.round_id JOIN person p ON p.id = q.person_id
	WHERE er.evaluation_id = @evaluation AND q.state = 'done'
	  AND p.telegram_id IS NOT NULL AND p.stopped_at IS NULL AND p.unreachable_at IS NULL
	ORDER BY p.id`
)

// ApproveEvaluation says that the latest run is to stand.
func (s *Store) ApproveEvaluation(ctx context.Context, now time.Time, cause Cause, code string) error {
	return s.promote(ctx, now, cause, code, survey.EvaluationApproved, "evaluation.approve")
}

// PublishEvaluation makes the result of an approved evaluation public for good
// and has everybody who took part told, after the quiet hours.
func (s *Store) PublishEvaluation(ctx context.Context, now time.Time, cause Cause, code string) error {
	return s.promote(ctx, now, cause, code, survey.EvaluationPublished, "evaluation.publish")
}

// promote moves an evaluation on; survey.ErrStale where it does not stand so.
func (s *Store) promote(ctx context.Context, now time.Time, cause Cause, code string, to survey.EvaluationState, action string) error {
	err := s.change(ctx, now, cause, func(tx pgx.Tx) error {
		e, err := holdEvaluation(ctx, tx, code)
		if err != nil {
			return err
		}
		if !e.State.CanBecome(to) {
			return fmt.Errorf("it is %s: %w", e.State, survey.ErrStale)
		}
		args := pgx.NamedArgs{"evaluation": e.ID, "state": to, "now": now}
		if _, err := tx.Exec(ctx, sqlEvaluationState, args); err != nil {
			return err
		}
		if to == survey.EvaluationPublished {
			if err := s.tellResults(ctx, tx, now, e.ID); err != nil {
				return err
			}
		}
		return s.audit(ctx, tx, now, cause, action, "evaluation:"+code, e.State, to)
	})
	if err != nil {
		return fmt.Errorf("storage: %s %s: %w", action, code, err)
	}
	return nil
}

func (s *Store) tellResults(ctx context.Context, tx pgx.Tx, now time.Time, evaluation int64) error {
	quiet, err := quietOf(ctx, tx, &survey.RoundSpec{})
	if err != nil {
		return err
	}
	_, err = deliver(ctx, tx, quiet.Next(now.In(s.zone)), priorityReminder, sqlTellResults,
		pgx.NamedArgs{"evaluation": evaluation})
	return err
}
