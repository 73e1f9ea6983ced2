package storage

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"pingyi/survey"
)

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
	params := spec.Params
	if params == nil {
		params = map[string]string{}
	}
	args := pgx.NamedArgs{"round": r.ID, "code": r.Code, "params": params}
	for _, sql := range []string{sqlOwnEvaluation, sqlOwnRound} {
		if _, err := tx.Exec(ctx, sql, args); err != nil {
			return fmt.Errorf("giving the round its evaluation: %w", err)
		}
	}
	return nil
}
