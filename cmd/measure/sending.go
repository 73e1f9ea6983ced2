package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"time"

	"github.com/jackc/pgx/v5"
)

const (
	sqlSendAgain = `
	WITH again AS (
		UPDATE delivery SET state = 'pending', message_id = NULL, attempts = 0
		WHERE kind = 'invitation' AND id IN (
			SELECT d.id FROM delivery d JOIN round r ON r.id = d.round_id WHERE r.code = 'blast' ORDER BY d.id LIMIT $1)
		RETURNING request_id
	) UPDATE request SET state = 'pending' WHERE id IN (SELECT request_id FROM again)`
	sqlUnsent = `SELECT count(*) FROM delivery WHERE state = 'pending'`
)

// sending measures how evenly invitations go out, while people press.
func (b *bench) sending(ctx context.Context, _ time.Duration) error {
	cmd := exec.CommandContext(ctx, b.program, "round", "open", "blast") //nolint:gosec // our own program
	cmd.Env, cmd.Stderr = b.env(), os.Stderr
	began := time.Now()
	if err := cmd.Run(); err != nil {
		return err
	}
	opened := time.Since(began)
	b.telegram.delay.Store(int64(20 * time.Millisecond))
	rows := [][]any{{"limit per second", "messages", "average of the limit", "worst second", "press p99 meanwhile"}}
	for _, c := range []struct{ rate, n int }{{1000, recipients}, {30, 300}} {
		row, err := b.blast(ctx, c.rate, c.n)
		if err != nil {
			return err
		}
		rows = append(rows, row)
	}
	return table(fmt.Sprintf("Sending invitations (a round of %d opened in %v)", recipients, opened.Round(time.Millisecond)), rows...)
}

func (b *bench) blast(ctx context.Context, rate, n int) ([]any, error) {
	conn, err := pgx.Connect(ctx, b.postgres.URL("postgres"))
	if err != nil {
		return nil, err
	}
	defer func() { _ = conn.Close(ctx) }()
	if _, err := conn.Exec(ctx, sqlSendAgain, n); err != nil {
		return nil, err
	}
	b.telegram.takeSent()
	listen, err := freeAddress(ctx)
	if err != nil {
		return nil, err
	}
	p, err := start(ctx, "http://"+listen, "/readyz", b.env("PINGYI_LISTEN="+listen, "PINGYI_PUBLIC_URL=http://"+listen,
		"PINGYI_WEBHOOK_SECRET="+hookSecret, fmt.Sprintf("PINGYI_SEND_RATE=%d", rate)), b.program, "serve")
	if err != nil {
		return nil, err
	}
	defer p.stop()
	_, latencies, err := b.load(ctx, p, 2*time.Second, 20)
	if err != nil {
		return nil, err
	}
	for left := 1; left > 0; time.Sleep(50 * time.Millisecond) {
		if err := conn.QueryRow(ctx, sqlUnsent).Scan(&left); err != nil {
			return nil, err
		}
	}
	at := b.telegram.takeSent()
	if len(at) != n {
		return nil, fmt.Errorf("%d messages were sent, want %d", len(at), n)
	}
	average := float64(n-1) / at[n-1].Sub(at[0]).Seconds()
	return []any{rate, n, fmt.Sprintf("%.1f %%", 100*average/float64(rate)), busiest(at), percentile(latencies, 99)}, nil
}
