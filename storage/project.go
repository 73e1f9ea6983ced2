package storage

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"pingyi/survey"
)

const (
	sqlSetting     = `SELECT value FROM setting WHERE key = @key`
	sqlKeepSetting = `
	INSERT INTO setting (key, value) VALUES (@key, @value)
	ON CONFLICT (key) DO UPDATE SET value = excluded.value`
)

// projectKey is the setting that holds project.yaml.
const projectKey = "project"

// querier is what a pool and a transaction have in common.
type querier interface {
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}

// Project returns the settings of the public body: project.yaml as it was last
// applied. Before that it is survey.ErrNotFound.
func (s *Store) Project(ctx context.Context) (survey.Project, error) {
	p, err := project(ctx, s.pool)
	if err != nil {
		return survey.Project{}, fmt.Errorf("storage: reading the project: %w", mapError(err))
	}
	return p, nil
}

func project(ctx context.Context, q querier) (survey.Project, error) {
	var p survey.Project
	err := q.QueryRow(ctx, sqlSetting, pgx.NamedArgs{"key": projectKey}).Scan(&p)
	return p, err
}

// keepProject replaces the settings of the public body.
func keepProject(ctx context.Context, tx pgx.Tx, p survey.Project) error {
	_, err := tx.Exec(ctx, sqlKeepSetting, pgx.NamedArgs{"key": projectKey, "value": p})
	if err != nil {
		return fmt.Errorf("keeping the project: %w", err)
	}
	return nil
}
