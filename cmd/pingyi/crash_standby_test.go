//go:build crash

package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"pingyi/storage/local"
)

// databases is the Postgres of a run: one server, or a primary and standbys any one of which has to
// hold a commit before it counts.
type databases struct {
	servers []*local.Postgres

	mu         sync.Mutex // one failure at a time
	primary    *local.Postgres
	promotions int
}

func startDatabases(t *testing.T, standbys int) *databases {
	t.Helper()
	p, err := local.StartPostgres(t.Context(), local.Options{})
	if err != nil {
		t.Fatal(err)
	}
	d := &databases{servers: []*local.Postgres{p}, primary: p}
	t.Cleanup(func() {
		for _, s := range d.servers {
			_ = s.Stop()
		}
	})
	if standbys == 0 {
		return d
	}
	// The standbys take the setting over with the copy: whichever is promoted waits for another.
	for _, sql := range []string{`ALTER SYSTEM SET synchronous_standby_names = 'ANY 1 (*)'`, `SELECT pg_reload_conf()`} {
		if _, err := askServer(t.Context(), p, sql); err != nil {
			t.Fatal(err)
		}
	}
	for range standbys {
		s, err := local.StartStandby(t.Context(), p)
		if err != nil {
			t.Fatal(err)
		}
		d.servers = append(d.servers, s)
	}
	if err := d.whole(t.Context()); err != nil {
		t.Fatal(err)
	}
	return d
}

// url leads to whichever server takes writes.
func (d *databases) url() string {
	var all []string
	for _, s := range d.servers {
		all = append(all, s.URL("postgres"))
	}
	return several(all)
}

// databaseCables are the cables from one replica to all servers.
type databaseCables struct {
	url string
	all []*cable
}

func (d *databases) lay(t *testing.T) *databaseCables {
	t.Helper()
	c := &databaseCables{}
	var urls []string
	for _, s := range d.servers {
		one, u := lay(t, s.URL("postgres"))
		c.all, urls = append(c.all, one), append(urls, u)
	}
	c.url = several(urls)
	return c
}

func (c *databaseCables) each(do func(*cable)) {
	for _, one := range c.all {
		do(one)
	}
}

// fail kills a server, and sees to it that what is left goes on and is whole again in the end.
func (d *databases) fail(ctx context.Context, x trouble) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	victim := d.primary
	if x.n%2 != 0 {
		victim = d.servers[x.n%len(d.servers)]
	}
	if len(d.servers) == 1 {
		return restart(ctx, victim, x.lasts)
	}
	if err := d.whole(ctx); err != nil {
		return err
	}
	if x.n%5 == 0 {
		return restart(ctx, victim, x.lasts)
	}
	if err := victim.Kill(); err != nil {
		return err
	}
	time.Sleep(x.lasts)
	if victim == d.primary {
		if err := d.promote(ctx); err != nil {
			return err
		}
	}
	return victim.Rebuild(ctx, d.primary)
}

// promote makes that standby the primary which holds most: every commit that counts is on one at least.
func (d *databases) promote(ctx context.Context) error {
	var best *local.Postgres
	var most uint64
	var others []*local.Postgres
	for _, s := range d.servers {
		if s == d.primary {
			continue
		}
		holds, err := held(ctx, s)
		if err != nil {
			return err
		}
		if best == nil || holds > most {
			best, most = s, holds
		}
		others = append(others, s)
	}
	if err := best.Promote(ctx); err != nil {
		return err
	}
	d.primary = best
	d.promotions++
	for _, s := range others {
		if s != best {
			if err := s.Follow(ctx, best); err != nil {
				return err
			}
		}
	}
	return nil
}

// held is how far a standby holds the log, once no more of it is on the way.
func held(ctx context.Context, s *local.Postgres) (uint64, error) {
	err := until(ctx, "a standby notices that its primary is gone", func() (bool, error) {
		n, err := askServer(ctx, s, `SELECT count(*) FROM pg_stat_wal_receiver WHERE status = 'streaming'`)
		return n == 0, err
	})
	if err != nil {
		return 0, err
	}
	n, err := askServer(ctx, s, `SELECT (greatest(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn()) - '0/0'::pg_lsn)::bigint`)
	return uint64(n), err
}

// whole waits until all standbys follow, so that losing any one server loses nothing.
func (d *databases) whole(ctx context.Context) error {
	return until(ctx, "the standbys follow", func() (bool, error) {
		n, err := askServer(ctx, d.primary, `SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming' AND sync_state = 'quorum'`)
		return int(n) == len(d.servers)-1, err
	})
}

func until(ctx context.Context, what string, holds func() (bool, error)) error {
	for began := time.Now(); ; time.Sleep(20 * time.Millisecond) {
		ok, err := holds()
		if err != nil || ok {
			return err
		}
		if time.Since(began) > time.Minute {
			return errors.New("after a minute still not: " + what)
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
}

// askServer runs a statement on one server and returns the number it yields; 0 where it is none.
func askServer(ctx context.Context, s *local.Postgres, sql string) (n int64, err error) {
	conn, err := pgx.Connect(ctx, s.URL("postgres"))
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, conn.Close(ctx)) }()
	rows, _ := conn.Query(ctx, sql)
	values, err := pgx.CollectRows(rows, pgx.RowTo[any])
	if err != nil {
		return 0, fmt.Errorf("%s: %w", sql, err)
	}
	if len(values) == 1 {
		n, _ = values[0].(int64)
	}
	return n, nil
}
