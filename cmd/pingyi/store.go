package main

import (
	"context"
	"time"

	"pingyi/storage"
)

// withStore opens the database for one command and hands over its clock.
func (a *app) withStore(ctx context.Context, do func(context.Context, *storage.Store, time.Time) error) error {
	cfg, err := readConfig(a.environ, needDatabase, needSecret)
	if err != nil {
		return err
	}
	store, err := storage.Open(ctx, storage.Config{
		URL: cfg.DatabaseURL, Secret: []byte(cfg.Secret), Zone: cfg.zone, Log: a.newLogger(),
	})
	if err != nil {
		return err
	}
	defer store.Close()
	now, err := store.Now(ctx)
	if err != nil {
		return err
	}
	return do(ctx, store, now)
}
