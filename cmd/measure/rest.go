package main

import (
	"context"
	"fmt"
	"time"
)

const (
	settling = 5 * time.Second  // after the start, before rest is measured
	resting  = 30 * time.Second // how long it is
)

// rest measures one replica that has nothing to do, on a database that is there already.
func (b *bench) rest(ctx context.Context, _ time.Duration) error {
	b.telegram.delay.Store(0)
	rows := [][]any{{"", "start to ready", "MB at rest", "of a core at rest"}}
	for _, c := range []struct {
		name string
		env  []string
	}{
		{"polling", nil},
		{"webhook", []string{"PINGYI_PUBLIC_URL=http://127.0.0.1:1", "PINGYI_WEBHOOK_SECRET=" + hookSecret}},
	} {
		listen, err := freeAddress(ctx)
		if err != nil {
			return err
		}
		began := time.Now()
		p, err := start(ctx, "http://"+listen, b.env(append(c.env, "PINGYI_LISTEN="+listen)...), b.program, "serve")
		if err != nil {
			return err
		}
		ready := time.Since(began).Round(10 * time.Millisecond)
		defer p.stop()
		if err := wait(ctx, settling); err != nil {
			return err
		}
		before := p.cpu()
		if err := wait(ctx, resting); err != nil {
			return err
		}
		share := 100 * float64(p.cpu()-before) / float64(resting)
		rows = append(rows, []any{c.name, ready, p.status("VmRSS:"), fmt.Sprintf("%.2f %%", share)})
		p.stop()
	}
	return table(fmt.Sprintf("One replica at rest, for %v", resting), rows...)
}

func wait(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}
