package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"pingyi/storage"
)

const (
	sqlTownspeople = `
	WITH people AS (
		INSERT INTO person (code, telegram_id, district, created_at)
		SELECT 'p' || i, 1000000 + i, 'd' || i % 10, now() FROM generate_series(1, $1::bigint) AS i RETURNING id)
	INSERT INTO membership (person_id, kind) SELECT id, 'citizen' FROM people`
	sqlHalfDone = `
	UPDATE request SET state = CASE id % 2 WHEN 0 THEN 'done' ELSE 'opened' END, sent_at = now(), opened_at = now(),
	    done_at = CASE id % 2 WHEN 0 THEN now() END WHERE id % 3 > 0`
	// What one would write by hand for the card of a round.
	sqlPlainCard = `
	SELECT panel_id, stratum, count(*), count(sent_at), count(opened_at), count(done_at),
	       count(*) FILTER (WHERE state = 'declined'), count(*) FILTER (WHERE state = 'unreachable')
	FROM request WHERE round_id = $1 GROUP BY panel_id, stratum`
)

// cardLooks is how often the card is opened.
const cardLooks = 100

// asking measures how long it takes to open a round for many people, and to look how far it has come.
func (b *bench) asking(ctx context.Context, _ time.Duration) error {
	pool, err := b.townDatabase(ctx, "asking")
	if err != nil {
		return err
	}
	defer pool.Close()
	if _, err := pool.Exec(ctx, sqlTownspeople, b.asked); err != nil {
		return err
	}
	if _, err := pool.Exec(ctx, `VACUUM ANALYZE person, membership`); err != nil {
		return err
	}
	var opened []time.Duration
	for _, code := range []string{"quarter", "year"} {
		began := time.Now()
		if _, err := b.command(ctx, "asking", "round", "open", code); err != nil {
			return err
		}
		opened = append(opened, time.Since(began).Round(time.Millisecond))
	}
	if _, err := pool.Exec(ctx, sqlHalfDone); err != nil {
		return err
	}
	store, err := storage.Open(ctx, storage.Config{URL: b.postgres.URL("asking"), Secret: []byte(benchSecret)})
	if err != nil {
		return err
	}
	defer store.Close()
	var round int64
	if err := pool.QueryRow(ctx, `SELECT id FROM round WHERE code = 'year'`).Scan(&round); err != nil {
		return err
	}
	var looks []time.Duration
	for range cardLooks {
		began := time.Now()
		if _, err := store.RoundCounts(ctx, round); err != nil {
			return err
		}
		looks = append(looks, time.Since(began))
	}
	slices.Sort(looks)
	began := time.Now()
	rows, _ := pool.Query(ctx, sqlPlainCard, round)
	if _, err := pgx.CollectRows(rows, pgx.RowToMap); err != nil {
		return err
	}
	return table(fmt.Sprintf("A round that asks %d people", b.asked),
		[]any{"opened in, with one panel and with three", opened[0], opened[1]},
		[]any{"its card, p50 and p99", percentile(looks, 50), percentile(looks, 99)},
		[]any{"counting the requests by hand", time.Since(began).Round(time.Millisecond), ""})
}
