package storage

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Replicas that start together wait for the one that migrates: every second,
// for ten minutes.
const (
	migrateEvery = 1
	migrateTries = 600
)

// Migrate brings the tables of the database at url to what this program
// needs. Any number may run it at once: a session lock lets one do the work and
// the others find it done.
func Migrate(ctx context.Context, url string) error {
	cc, err := pgx.ParseConfig(url)
	if err != nil {
		return fmt.Errorf("storage: the database URL cannot be read: %w", err)
	}
	sturdy(cc)
	db := stdlib.OpenDB(*cc)
	defer func() { _ = db.Close() }()
	provider, err := newMigrations(db)
	if err != nil {
		return err
	}
	if _, err := provider.Up(ctx); err != nil {
		return fmt.Errorf("storage: migrating: %w", err)
	}
	return nil
}

// checkSchema compares the database's version with the newest file embedded.
func checkSchema(ctx context.Context, pool *pgxpool.Pool) error {
	db := stdlib.OpenDBFromPool(pool)
	defer func() { _ = db.Close() }()
	provider, err := newMigrations(db)
	if err != nil {
		return err
	}
	has, wants, err := provider.GetVersions(ctx)
	if err != nil {
		return fmt.Errorf("storage: reading the version of the tables: %w", err)
	}
	switch {
	case has < wants:
		return fmt.Errorf("%w: they are at version %d, the program needs %d: run pingyi migrate", ErrSchema, has, wants)
	case has > wants:
		return fmt.Errorf("%w: they are at version %d, the program knows %d: start the newer program", ErrSchema, has, wants)
	}
	return nil
}

func newMigrations(db *sql.DB) (*goose.Provider, error) {
	dir, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, err
	}
	locker, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(migrateEvery, migrateTries))
	if err != nil {
		return nil, err
	}
	provider, err := goose.NewProvider(goose.DialectPostgres, db, dir, goose.WithSessionLocker(locker))
	if err != nil {
		return nil, fmt.Errorf("storage: reading the migrations: %w", err)
	}
	return provider, nil
}
