package storage

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"pingyi/scoring"
	"pingyi/survey"
)

// Run is one scoring of an evaluation. It never changes.
type Run struct {
	ID         int64
	CreatedAt  time.Time
	InputsHash []byte
	JSON       []byte          // the result as it was written down, trace and all
	Result     *scoring.Result // computed again from the run's own inputs
	Repeats    bool            // Result is to the byte what was written down; false after a change of the engine
}

// scoreRow is what a run keeps of each subject, for tables and history.
type scoreRow struct {
	Subject string          `json:"subject"`
	Total   *string         `json:"total"`
	Rank    *int            `json:"rank"`
	Grade   string          `json:"grade"`
	Trace   json.RawMessage `json:"trace"`
}

// ScoreEvaluation computes an evaluation from what stands in the database and
// keeps the run. The same inputs as those of the latest run are that run. A
// round that is not over is survey.ErrNotYet, a published evaluation
// survey.ErrStale; faults of scheme or data are survey.ErrInvalid and
// scoring.Faults.
func (s *Store) ScoreEvaluation(ctx context.Context, now time.Time, cause Cause, code string) (Run, error) {
	run, err := s.score(ctx, now, cause, code)
	if err != nil {
		return Run{}, fmt.Errorf("storage: scoring evaluation %s: %w", code, err)
	}
	return run, nil
}

func (s *Store) score(ctx context.Context, now time.Time, cause Cause, code string) (Run, error) {
	e, in, err := s.readInputs(ctx, code, true)
	if err != nil {
		return Run{}, err
	}
	result, err := in.compute()
	if err != nil {
		return Run{}, err
	}
	packed, hash, err := in.encode()
	if err != nil {
		return Run{}, err
	}
	var written bytes.Buffer
	if err := result.WriteJSON(&written); err != nil {
		return Run{}, fmt.Errorf("writing the result: %w", err)
	}
	run := Run{CreatedAt: now, InputsHash: hash, JSON: written.Bytes(), Result: result, Repeats: true}
	err = s.change(ctx, now, cause, func(tx pgx.Tx) error {
		return s.keepRun(ctx, tx, now, cause, e, packed, &run)
	})
	return run, err
}

const (
	sqlLastRun = `
	SELECT id, created_at, inputs_hash FROM score_run WHERE evaluation_id = @evaluation ORDER BY id DESC LIMIT 1`
	sqlKeepRun = `
	INSERT INTO score_run (evaluation_id, scheme_id, inputs_hash, inputs, result, created_at)
	VALUES (@evaluation, @scheme, @hash, @inputs, @result, @now) RETURNING id`
	sqlKeepScores = `
	INSERT INTO score (run_id, subject_id, total, rank, grade, trace)
	SELECT @run, s.id, r.total, r.rank, r.grade, r.trace
	FROM jsonb_to_recordset(@rows::jsonb) AS r (subject text, total numeric, rank int, grade text, trace jsonb)
	JOIN subject s ON s.code = r.subject`
)

// keepRun writes a run and its scores, unless it is the latest run once more.
func (s *Store) keepRun(ctx context.Context, tx pgx.Tx, now time.Time, cause Cause, e *evaluated, packed []byte, run *Run) error {
	held, err := holdEvaluation(ctx, tx, e.Code)
	if err != nil {
		return err
	}
	if !held.State.CanBecome(survey.EvaluationScored) {
		return fmt.Errorf("it is %s: %w", held.State, survey.ErrStale)
	}
	args := pgx.NamedArgs{"evaluation": e.ID, "scheme": e.SchemeID, "hash": run.InputsHash, "inputs": packed,
		"result": string(run.JSON), "now": now, "state": survey.EvaluationScored}
	var id int64
	var at time.Time
	var hash []byte
	err = tx.QueryRow(ctx, sqlLastRun, args).Scan(&id, &at, &hash)
	if err == nil && bytes.Equal(hash, run.InputsHash) {
		run.ID, run.CreatedAt = id, at
		return nil
	}
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return err
	}
	if err := tx.QueryRow(ctx, sqlKeepRun, args).Scan(&run.ID); err != nil {
		return fmt.Errorf("keeping the run: %w", err)
	}
	rows, err := scoreRows(run.JSON)
	if err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, sqlKeepScores, pgx.NamedArgs{"run": run.ID, "rows": rows}); err != nil {
		return fmt.Errorf("keeping the scores: %w", err)
	}
	if _, err := tx.Exec(ctx, sqlEvaluationState, args); err != nil {
		return err
	}
	return s.audit(ctx, tx, now, cause, "evaluation.score", "evaluation:"+e.Code,
		map[string]any{"state": held.State, "run": id}, map[string]any{"state": survey.EvaluationScored,
			"run": run.ID, "inputs": fmt.Sprintf("%x", run.InputsHash)})
}

// scoreRows takes the rows out of a result as JSON.
func scoreRows(result []byte) ([]scoreRow, error) {
	var read struct {
		Rows []scoreRow `json:"rows"`
	}
	if err := json.Unmarshal(result, &read); err != nil {
		return nil, fmt.Errorf("reading the result back: %w", err)
	}
	return read.Rows, nil
}

const sqlRun = `
	SELECT run.id, run.created_at, run.inputs_hash, run.inputs, run.result
	FROM score_run run JOIN evaluation e ON e.id = run.evaluation_id
	WHERE e.code = @code ORDER BY run.id DESC LIMIT 1`

// LatestRun returns the latest run of an evaluation, its result computed again
// from the inputs kept with it; survey.ErrNotFound where it was never scored.
func (s *Store) LatestRun(ctx context.Context, code string) (Run, error) {
	var run Run
	var packed []byte
	var written string
	err := s.pool.QueryRow(ctx, sqlRun, pgx.NamedArgs{"code": code}).
		Scan(&run.ID, &run.CreatedAt, &run.InputsHash, &packed, &written)
	if err != nil {
		return Run{}, fmt.Errorf("storage: latest run of evaluation %s: %w", code, mapError(err))
	}
	in, err := decodeInputs(packed)
	if err == nil {
		run.Result, err = in.compute()
	}
	if err != nil {
		return Run{}, fmt.Errorf("storage: run %d of evaluation %s: %w", run.ID, code, err)
	}
	var again bytes.Buffer
	if err := run.Result.WriteJSON(&again); err != nil {
		return Run{}, fmt.Errorf("storage: run %d of evaluation %s: %w", run.ID, code, err)
	}
	run.JSON, run.Repeats = []byte(written), again.String() == written
	return run, nil
}

const sqlRunInputs = `
	SELECT run.inputs FROM score_run run JOIN evaluation e ON e.id = run.evaluation_id
	WHERE e.code = @code ORDER BY run.id DESC LIMIT 1`

// runInputs returns the inputs of the latest run; survey.ErrNotFound: none.
func (s *Store) runInputs(ctx context.Context, code string) (*inputs, error) {
	var packed []byte
	if err := s.pool.QueryRow(ctx, sqlRunInputs, pgx.NamedArgs{"code": code}).Scan(&packed); err != nil {
		return nil, mapError(err)
	}
	return decodeInputs(packed)
}

// RunInfo is a run in a list.
type RunInfo struct {
	ID         int64
	CreatedAt  time.Time
	InputsHash []byte
}

const sqlRuns = `
	SELECT run.id, run.created_at, run.inputs_hash FROM score_run run JOIN evaluation e ON e.id = run.evaluation_id
	WHERE e.code = @code ORDER BY run.id DESC`

// Runs returns the runs of an evaluation, the latest first.
func (s *Store) Runs(ctx context.Context, code string) ([]RunInfo, error) {
	rows, _ := s.pool.Query(ctx, sqlRuns, pgx.NamedArgs{"code": code})
	runs, err := pgx.CollectRows(rows, pgx.RowToStructByName[RunInfo])
	if err != nil {
		return nil, fmt.Errorf("storage: runs of evaluation %s: %w", code, mapError(err))
	}
	return runs, nil
}

// A round that names a scheme is scored as soon as it is closed.
const sqlScoreDue = `
	SELECT e.code FROM evaluation e JOIN round r ON r.code = e.code
	WHERE e.state = 'draft' AND r.state = 'closed' AND r.scheme_id IS NOT NULL ORDER BY r.closed_at, e.id`

// ScoreDue scores the evaluations of rounds that have closed, and returns their
// codes. One that takes further rounds waits for them.
func (s *Store) ScoreDue(ctx context.Context, now time.Time) ([]string, error) {
	return s.each(ctx, sqlScoreDue, nil, func(code string) (bool, error) {
		_, err := s.ScoreEvaluation(ctx, now, Cause{}, code)
		if errors.Is(err, survey.ErrNotYet) {
			return false, nil
		}
		return err == nil, err
	})
}
