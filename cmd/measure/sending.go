package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/valyala/fasthttp"
	"golang.org/x/sync/errgroup"

	"pingyi/storage"
)

const (
	// Everything that was sent waits again, as one batch.
	sqlSendAgain = `
	WITH again AS (
		UPDATE delivery SET state = 'pending', message_id = NULL, attempts = 0, batch = 0
		WHERE id IN (SELECT d.id FROM delivery d JOIN round r ON r.id = d.round_id
		             WHERE r.code = 'blast' AND d.kind = 'invitation' ORDER BY d.id LIMIT $1)
		RETURNING id, request_id, round_id
	), requests AS (
		UPDATE request SET state = 'pending', message_id = NULL WHERE id IN (SELECT request_id FROM again)
	)
	INSERT INTO span (batch, round_id, priority, due_at, first_id, last_id)
	SELECT 0, round_id, 1, now(), min(id), max(id) FROM again GROUP BY round_id`
	sqlNothingToSend = `
	WITH spans AS (DELETE FROM span) UPDATE delivery SET state = 'expired' WHERE state = 'pending'`
	sqlUnsent = `SELECT count(*) FROM delivery WHERE state = 'pending'`
)

// pressRate is how many presses a second there are during a broadcast.
const pressRate = 20

// sending measures how evenly invitations go out while people press, to a server that refuses the first
// message too many.
func (b *bench) sending(ctx context.Context, _ time.Duration) error {
	began := time.Now()
	if err := b.run(ctx, "round", "open", "blast"); err != nil {
		return err
	}
	opened := time.Since(began)
	if err := b.writeAll(ctx); err != nil {
		return err
	}
	rows := [][]any{{"limit/s", "replicas", "messages", "average of the limit", "worst second", "429 of all", "of a chat",
		"press → redrawn p50", "p99", "CPU ms/message", "last after pause"}}
	for _, c := range []struct{ rate, replicas int }{{1000, 1}, {1000, 4}, {30, 1}, {30, 4}} {
		n := b.recipients
		switch {
		case b.limit == 0:
			n = n * c.rate / 1000
		case b.limit != c.rate:
			continue
		}
		row, err := b.blast(ctx, c.rate, c.replicas, n)
		if err != nil {
			return err
		}
		rows = append(rows, row)
	}
	return table(fmt.Sprintf("Sending invitations (a round of %d opened in %v)", b.recipients, opened.Round(time.Millisecond)), rows...)
}

// writeAll leases whatever there is to send, which is written by and by, until nothing is left.
func (b *bench) writeAll(ctx context.Context) error {
	for {
		spans, err := b.store.Lease(ctx, time.Now(), storage.Claim{Worker: "nobody", Most: b.recipients, TTL: time.Hour})
		if err != nil || len(spans) == 0 {
			return err
		}
	}
}

// run runs a command of the program.
func (b *bench) run(ctx context.Context, args ...string) error {
	cmd := exec.CommandContext(ctx, b.program, args...) //nolint:gosec // our own program
	cmd.Env, cmd.Stderr = b.env(), os.Stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%s %v: %w", b.program, args, err)
	}
	return nil
}

// blast sends n invitations by so many replicas, and some more, in the middle of which it pauses the round.
func (b *bench) blast(ctx context.Context, rate, replicas, n int) ([]any, error) {
	conn, err := pgx.Connect(ctx, b.postgres.URL("postgres"))
	if err != nil {
		return nil, err
	}
	defer func() { _ = conn.Close(ctx) }()
	server, err := newStrict(ctx, rate)
	if err != nil {
		return nil, err
	}
	defer func() { _ = server.server.Close() }()
	for _, sql := range []string{sqlNothingToSend, `DELETE FROM span`} {
		if _, err := conn.Exec(ctx, sql); err != nil {
			return nil, err
		}
	}
	processes, err := b.replicas(ctx, server, rate, replicas)
	defer func() {
		for _, p := range processes {
			p.stop()
		}
	}()
	if err != nil {
		return nil, err
	}
	began := cpuOf(processes)
	latencies, err := b.broadcast(ctx, conn, server, processes, n)
	if err != nil {
		return nil, err
	}
	used := cpuOf(processes) - began
	at, refused := server.seen()
	if len(at) != n {
		return nil, fmt.Errorf("%d messages were sent, want %d", len(at), n)
	}
	average := float64(n-1) / at[n-1].Sub(at[0]).Seconds()
	late, err := b.pause(ctx, conn, server, rate)
	if err != nil {
		return nil, err
	}
	return []any{rate, replicas, n, fmt.Sprintf("%.1f %%", 100*average/float64(rate)), busiest(at), refused.all, refused.chat,
		percentile(latencies, 50), percentile(latencies, 99), fmt.Sprintf("%.2f", float64(used.Milliseconds())/float64(n)), late}, nil
}

// replicas starts processes that send to the server.
func (b *bench) replicas(ctx context.Context, server *strict, rate, n int) ([]*process, error) {
	var all []*process
	for range n {
		listen, err := freeAddress(ctx)
		if err != nil {
			return all, err
		}
		p, err := start(ctx, "http://"+listen, b.env("PINGYI_TELEGRAM_API="+server.url, "PINGYI_LISTEN="+listen,
			"PINGYI_PUBLIC_URL=http://"+listen, "PINGYI_WEBHOOK_SECRET="+hookSecret, fmt.Sprintf("PINGYI_SEND_RATE=%d", rate)),
			b.program, "serve")
		if err != nil {
			return all, err
		}
		all = append(all, p)
	}
	return all, nil
}

func cpuOf(all []*process) (used time.Duration) {
	for _, p := range all {
		used += p.cpu()
	}
	return used
}

// broadcast has n invitations sent while people press, and returns how long each press took until its
// message was redrawn, sorted.
func (b *bench) broadcast(ctx context.Context, conn *pgx.Conn, server *strict, processes []*process, n int) ([]time.Duration, error) {
	if _, err := conn.Exec(ctx, sqlSendAgain, n); err != nil {
		return nil, err
	}
	if _, err := conn.Exec(ctx, `NOTIFY pingyi_delivery`); err != nil {
		return nil, err
	}
	pressers := make([]*fasthttp.HostClient, len(processes))
	for i, p := range processes {
		pressers[i] = newPresser(p)
		defer pressers[i].CloseIdleConnections()
	}
	took := make(chan time.Duration, len(b.forms))
	var latencies []time.Duration
	var pressing errgroup.Group
	tick := time.NewTicker(time.Second / pressRate)
	defer tick.Stop()
	for i, left := 0, n; left > 0; i++ {
		f, client := b.forms[i%len(b.forms)], pressers[i%len(pressers)]
		<-tick.C
		pressing.Go(func() error {
			at, drawn := time.Now(), server.await(f.Telegram)
			if err := press(client, f, i/len(b.forms)); err != nil {
				return err
			}
			select {
			case redrawn := <-drawn:
				took <- redrawn.Sub(at)
				return nil
			case <-time.After(time.Minute):
				return fmt.Errorf("the message of %d was not redrawn", f.Telegram)
			}
		})
		for len(took) > 0 {
			latencies = append(latencies, <-took)
		}
		if i%(pressRate/4) == 0 {
			if err := conn.QueryRow(ctx, sqlUnsent).Scan(&left); err != nil {
				return nil, err
			}
		}
	}
	err := pressing.Wait()
	close(took)
	for d := range took {
		latencies = append(latencies, d)
	}
	slices.Sort(latencies)
	return latencies, err
}

// pause pauses the round in the middle of sending, and returns how long after that the last message came.
func (b *bench) pause(ctx context.Context, conn *pgx.Conn, server *strict, rate int) (time.Duration, error) {
	if _, err := conn.Exec(ctx, sqlSendAgain, b.recipients); err != nil {
		return 0, err
	}
	if _, err := conn.Exec(ctx, `NOTIFY pingyi_delivery`); err != nil {
		return 0, err
	}
	before, _ := server.seen()
	for at := before; len(at) < len(before)+rate; at, _ = server.seen() {
		time.Sleep(20 * time.Millisecond)
	}
	if err := b.run(ctx, "round", "pause", "blast"); err != nil {
		return 0, err
	}
	paused := time.Now()
	time.Sleep(3 * time.Second)
	at, _ := server.seen()
	return max(0, at[len(at)-1].Sub(paused)).Round(time.Millisecond), b.run(ctx, "round", "resume", "blast")
}
