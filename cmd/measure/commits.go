package main

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"pingyi/storage"
)

// writers is how many people wait for their answer to be saved at the same time.
const writers = 256

// commits measures group commit beside one commit per answer, on the same server.
func (b *bench) commits(ctx context.Context, length time.Duration) error {
	pool, err := pgxpool.New(ctx, b.postgres.URL("postgres")+"&pool_max_conns=32")
	if err != nil {
		return err
	}
	defer pool.Close()
	now, err := b.store.Now(ctx)
	if err != nil {
		return err
	}
	ways := []struct {
		name string
		save func(ctx context.Context, f form, i int) error
	}{
		{"Store.Answer: checked, recorded, shared commit", func(ctx context.Context, f form, i int) error {
			return b.store.Answer(ctx, now, storage.Tap{UpdateID: 1_000_000 + lastUpdate.Add(1), PersonID: f.Person, RequestID: f.Request,
				AssignmentID: f.Assignments[i%len(f.Assignments)], Item: 1 + i/3%3, Value: strconv.Itoa(1 + i%5)})
		}},
		{"one statement, one commit per answer", func(ctx context.Context, f form, i int) error {
			_, err := pool.Exec(ctx, sqlRivalSave, f.Telegram, strconv.Itoa(i%9), strconv.Itoa(i%5))
			return err
		}},
		{"BEGIN … COMMIT per answer", func(ctx context.Context, f form, i int) error {
			return pgx.BeginFunc(ctx, pool, func(tx pgx.Tx) error {
				_, err := tx.Exec(ctx, sqlRivalSave, f.Telegram, strconv.Itoa(i%9), strconv.Itoa(i%5))
				return err
			})
		}},
	}
	rows := [][]any{{"", "answers/s", "p50", "p99"}}
	for _, way := range ways {
		latencies, err := b.saves(ctx, length, way.save)
		if err != nil {
			return fmt.Errorf("%s: %w", way.name, err)
		}
		rows = append(rows, []any{way.name, int(float64(len(latencies)) / length.Seconds()), percentile(latencies, 50), percentile(latencies, 99)})
	}
	return table(fmt.Sprintf("Saving answers, %d people at once, durable", writers), rows...)
}

func (b *bench) saves(ctx context.Context, length time.Duration, save func(context.Context, form, int) error) ([]time.Duration, error) {
	var mu sync.Mutex
	var latencies []time.Duration
	var failed error
	var all sync.WaitGroup
	began := time.Now()
	for n := range writers {
		all.Go(func() {
			for i := 0; time.Since(began) < length; i++ {
				at := time.Now()
				err := save(ctx, b.forms[n%len(b.forms)], i)
				mu.Lock()
				latencies = append(latencies, time.Since(at))
				if err != nil {
					failed = err
				}
				mu.Unlock()
			}
		})
	}
	all.Wait()
	slices.Sort(latencies)
	return latencies, failed
}
