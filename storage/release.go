package storage

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"pingyi/scoring/disclosure"
)

const sqlMinimums = `
	SELECT p.code, max(p.minimum) AS minimum
	FROM panel p JOIN evaluation_round er ON er.round_id = p.round_id JOIN evaluation e ON e.id = er.evaluation_id
	WHERE e.code = @code GROUP BY p.code`

// Released returns the latest run of an evaluation as it may be shown: its result has passed the
// gate, by the minimums its panels were promised, and there is no JSON of it. survey.ErrNotFound says
// that it was never scored.
func (s *Store) Released(ctx context.Context, code string) (Run, error) {
	run, err := s.LatestRun(ctx, code)
	if err != nil {
		return Run{}, err
	}
	rows, _ := s.pool.Query(ctx, sqlMinimums, pgx.NamedArgs{"code": code})
	rules := disclosure.Rules{Panels: map[string]int64{}}
	var panel string
	var minimum int64
	_, err = pgx.ForEachRow(rows, []any{&panel, &minimum}, func() error {
		rules.Panels[panel] = minimum
		return nil
	})
	if err != nil {
		return Run{}, fmt.Errorf("storage: minimums of evaluation %s: %w", code, mapError(err))
	}
	run.Result, run.JSON = disclosure.Result(run.Result, rules), nil
	return run, nil
}
