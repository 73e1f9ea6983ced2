package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"golang.org/x/sync/errgroup"

	"pingyi/storage"
)

const (
	leaseSenders = 4
	leaseMost    = 500
)

// Rows is what one would write by hand: each delivery is claimed, and its outcome recorded, by its row.
const (
	sqlRowsTable = `
	CREATE TABLE row_delivery (
	    id bigint PRIMARY KEY, kind text NOT NULL, person_id bigint NOT NULL, state text NOT NULL DEFAULT 'pending',
	    priority smallint NOT NULL DEFAULT 1, due_at timestamptz NOT NULL, leased_until timestamptz, leased_by text,
	    message_id bigint);
	CREATE INDEX ON row_delivery (priority, due_at, id) WHERE state = 'pending';
	CREATE INDEX ON row_delivery (person_id)`
	sqlRowsFill = `
	INSERT INTO row_delivery (id, kind, person_id, due_at)
	SELECT i, 'results', $2::bigint, now() FROM generate_series(1, $1::bigint) AS i`
	sqlRowsClaim = `
	UPDATE row_delivery SET state = 'leased', leased_by = @worker, leased_until = now() + interval '1 hour'
	WHERE id IN (SELECT id FROM row_delivery WHERE state = 'pending' AND due_at <= now()
	             ORDER BY priority, due_at, id LIMIT @most FOR UPDATE SKIP LOCKED)
	RETURNING id`
	sqlRowsSent = `
	UPDATE row_delivery d SET state = 'sent', leased_by = NULL, leased_until = NULL, message_id = w.message
	FROM unnest(@ids::bigint[], @ids::bigint[]) AS w (id, message) WHERE d.id = w.id AND d.state <> 'sent'`
	sqlSpansFill = `
	WITH written AS (
		INSERT INTO delivery (kind, person_id, due_at, batch)
		SELECT 'results', $2::bigint, now(), 0 FROM generate_series(1, $1::bigint) RETURNING id)
	INSERT INTO span (batch, priority, due_at, first_id, last_id) SELECT 0, 1, now(), min(id), max(id) FROM written`
	sqlSomebody = `INSERT INTO person (code, telegram_id, created_at) VALUES ('somebody', 1, now()) RETURNING id`
)

// leasing is a way to hand deliveries to senders, and to record that they were sent.
type leasing struct {
	name, clear, fill, held string
	lease                   func(ctx context.Context, worker string) ([]int64, []int64, error) // deliveries, spans
	sent                    func(ctx context.Context, worker string, ids, spans []int64) error
}

// leases measures how fast deliveries are handed out and recorded, by rows and by spans, also while
// somebody holds a snapshot.
func (b *bench) leases(ctx context.Context, _ time.Duration) error {
	pool, err := b.leaseDatabase(ctx)
	if err != nil {
		return err
	}
	defer pool.Close()
	store, err := storage.Open(ctx, storage.Config{URL: b.postgres.URL("leases"), Secret: []byte(benchSecret)})
	if err != nil {
		return err
	}
	defer store.Close()
	var person int64
	if err := pool.QueryRow(ctx, sqlSomebody).Scan(&person); err != nil {
		return err
	}
	rows := [][]any{{"", "leased/s", "beside rows", "with a snapshot held", "leased and recorded/s", "beside rows", "WAL bytes each"}}
	var by []leaseResult
	for _, way := range []leasing{byRows(pool), bySpans(store)} {
		r, err := b.lease(ctx, pool, way, person)
		if err != nil {
			return fmt.Errorf("by %s: %w", way.name, err)
		}
		by = append(by, r)
		rows = append(rows, []any{way.name, int(r.leased), fmt.Sprintf("%.1f×", r.leased/by[0].leased),
			fmt.Sprintf("%d (%.2f of it)", int(r.snapshot), r.snapshot/r.leased), int(r.recorded),
			fmt.Sprintf("%.1f×", r.recorded/by[0].recorded), int(r.wal)})
	}
	return table(fmt.Sprintf("Leasing %d deliveries, %d at a time, by %d senders", b.leased, leaseMost, leaseSenders), rows...)
}

// leaseDatabase makes a database of its own.
func (b *bench) leaseDatabase(ctx context.Context) (*pgxpool.Pool, error) {
	pool, err := b.database(ctx, "leases")
	if err != nil {
		return nil, err
	}
	_, err = pool.Exec(ctx, sqlRowsTable)
	return pool, err
}

func byRows(pool *pgxpool.Pool) leasing {
	return leasing{
		name: "rows", clear: `TRUNCATE row_delivery`, fill: sqlRowsFill, held: `SELECT count(*) FROM row_delivery`,
		lease: func(ctx context.Context, worker string) ([]int64, []int64, error) {
			rows, _ := pool.Query(ctx, sqlRowsClaim, pgx.NamedArgs{"worker": worker, "most": leaseMost})
			ids, err := pgx.CollectRows(rows, pgx.RowTo[int64])
			return ids, nil, err
		},
		sent: func(ctx context.Context, _ string, ids, _ []int64) error {
			slices.Sort(ids)
			_, err := pool.Exec(ctx, sqlRowsSent, pgx.NamedArgs{"ids": ids})
			return err
		},
	}
}

func bySpans(store *storage.Store) leasing {
	return leasing{
		name: "spans", clear: `TRUNCATE delivery, span`, fill: sqlSpansFill, held: `SELECT count(*) FROM delivery`,
		lease: func(ctx context.Context, worker string) (ids, held []int64, err error) {
			spans, err := store.Lease(ctx, time.Now(), storage.Claim{Worker: worker, Most: leaseMost, TTL: time.Hour})
			for _, s := range spans {
				held = append(held, s.ID)
				for _, p := range s.Picks() {
					ids = append(ids, p.ID)
				}
			}
			return ids, held, err
		},
		sent: func(ctx context.Context, worker string, ids, spans []int64) error {
			went := make([]storage.Went, len(ids))
			for i, id := range ids {
				went[i] = storage.Went{ID: id, MessageID: id}
			}
			if err := store.Sent(ctx, time.Now(), went...); err != nil {
				return err
			}
			return store.Release(ctx, worker, spans...)
		},
	}
}

type leaseResult struct {
	leased, snapshot, recorded float64 // per second
	wal                        float64 // bytes, leased and recorded
}

// lease hands everything out three times: with and without a snapshot held, and recording it.
func (b *bench) lease(ctx context.Context, pool *pgxpool.Pool, way leasing, person int64) (r leaseResult, err error) {
	fill := func() error {
		for _, sql := range []string{way.clear, `VACUUM`, `CHECKPOINT`} {
			if _, err := pool.Exec(ctx, sql); err != nil {
				return err
			}
		}
		if _, err := pool.Exec(ctx, way.fill, b.leased, person); err != nil {
			return err
		}
		_, err := pool.Exec(ctx, `VACUUM ANALYZE`)
		return err
	}
	if err := fill(); err != nil {
		return r, err
	}
	if r.leased, err = b.drain(ctx, way, false); err != nil {
		return r, err
	}
	if err := fill(); err != nil {
		return r, err
	}
	hold, err := pool.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.RepeatableRead})
	if err != nil {
		return r, err
	}
	defer func() { _ = hold.Rollback(ctx) }() // or the pool waits for it where something failed
	if _, err := hold.Exec(ctx, way.held); err != nil {
		return r, err
	}
	if r.snapshot, err = b.drain(ctx, way, false); err != nil {
		return r, err
	}
	if err := hold.Rollback(ctx); err != nil {
		return r, err
	}
	if err := fill(); err != nil {
		return r, err
	}
	var before, after int64
	wal := `SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::bigint`
	if err := pool.QueryRow(ctx, wal).Scan(&before); err != nil {
		return r, err
	}
	if r.recorded, err = b.drain(ctx, way, true); err != nil {
		return r, err
	}
	err = pool.QueryRow(ctx, wal).Scan(&after)
	r.wal = float64(after-before) / float64(b.leased)
	return r, err
}

// drain leases everything and returns how much a second.
func (b *bench) drain(ctx context.Context, way leasing, record bool) (float64, error) {
	began := time.Now()
	counts := make([]int, leaseSenders)
	group, ctx := errgroup.WithContext(ctx)
	for n := range leaseSenders {
		group.Go(func() error {
			worker := fmt.Sprint("sender ", n)
			for empty := 0; empty < 3; { // others may have held the row for a moment
				ids, spans, err := way.lease(ctx, worker)
				if err != nil {
					return err
				}
				if len(ids) == 0 {
					empty++
					time.Sleep(time.Millisecond)
					continue
				}
				counts[n], empty = counts[n]+len(ids), 0
				if record {
					if err := way.sent(ctx, worker, ids, spans); err != nil {
						return err
					}
				}
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return 0, err
	}
	took := time.Since(began)
	total := 0
	for _, n := range counts {
		total += n
	}
	if total != b.leased {
		return 0, fmt.Errorf("%d deliveries were leased, want %d", total, b.leased)
	}
	return float64(total) / took.Seconds(), nil
}
