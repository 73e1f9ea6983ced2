package storage

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"pingyi/survey"
)

// QuestionnaireVersion names the latest version of a questionnaire.
type QuestionnaireVersion struct {
	ID      int64
	Code    string
	Version int
}

const sqlCatalogue = `
	SELECT DISTINCT ON (code) id, code, version FROM questionnaire ORDER BY code, version DESC`

// Questionnaires returns the latest version of every questionnaire, by code.
func (s *Store) Questionnaires(ctx context.Context) ([]QuestionnaireVersion, error) {
	rows, _ := s.pool.Query(ctx, sqlCatalogue)
	versions, err := pgx.CollectRows(rows, pgx.RowToStructByName[QuestionnaireVersion])
	if err != nil {
		return nil, fmt.Errorf("storage: reading the questionnaires: %w", mapError(err))
	}
	return versions, nil
}

// Questionnaire returns a version, parsed; it is shared and must not be
// changed. survey.ErrNotFound where there is none.
func (s *Store) Questionnaire(ctx context.Context, id int64) (*survey.Questionnaire, error) {
	q, err := s.questionnaires.get(ctx, s.pool, id)
	if err != nil {
		return nil, fmt.Errorf("storage: %w", mapError(err))
	}
	return q, nil
}
