package local

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/jackc/pgx/v5"
)

// StartStandby starts a server that holds all that the primary holds and
// follows it. The copy is made by pg_basebackup, which has to be there. A
// primary with Options.NoSync writes too little to be followed.
func StartStandby(ctx context.Context, primary *Postgres) (*Postgres, error) {
	o := primary.options
	o.Dir = "" // the folder named there is the primary's own
	p, err := newPostgres(ctx, o)
	if err != nil {
		return nil, err
	}
	p.password = primary.password
	if err = p.copyFrom(ctx, primary); err == nil {
		err = p.server.start(ctx)
	}
	if err != nil {
		return nil, errors.Join(err, p.server.folder.close())
	}
	return p, nil
}

// Rebuild gives up all that a killed server holds and starts it again, on the
// same port, as a standby of the primary: a primary whose place another has
// taken must never come back as what it was.
func (p *Postgres) Rebuild(ctx context.Context, primary *Postgres) error {
	if err := p.copyFrom(ctx, primary); err != nil {
		return err
	}
	return p.server.start(ctx)
}

// Promote makes a standby a primary and returns once it takes writes.
func (p *Postgres) Promote(ctx context.Context) error {
	return p.tell(ctx, `SELECT pg_promote(true, 60)`)
}

// Follow makes a running standby follow another primary, which must not be
// behind it.
func (p *Postgres) Follow(ctx context.Context, primary *Postgres) error {
	return errors.Join(
		p.tell(ctx, `ALTER SYSTEM SET primary_conninfo = '`+p.source(primary)+`'`),
		p.tell(ctx, `SELECT pg_reload_conf()`))
}

// source says where a standby reads from. The password stands in a file.
func (p *Postgres) source(primary *Postgres) string {
	return fmt.Sprintf("host=127.0.0.1 port=%d user=%s passfile=%s application_name=%s",
		primary.server.port, role, p.passfile(), filepath.Base(p.server.folder.path))
}

func (p *Postgres) passfile() string { return filepath.Join(p.server.folder.home, "pgpass") }

// copyFrom replaces the data by a copy of the primary's, set up to follow it.
func (p *Postgres) copyFrom(ctx context.Context, primary *Postgres) error {
	account, home := p.server.account, p.server.folder.home
	err := errors.Join(
		os.RemoveAll(p.data()),
		os.WriteFile(p.passfile(), []byte("*:*:*:*:"+p.password+"\n"), 0o600),
		account.own(p.passfile()))
	if err != nil {
		return fmt.Errorf("postgres: standby: %w", err)
	}
	cmd := account.command(ctx, home, p.programs.libraries, p.programs.path("pg_basebackup"),
		"-D", p.data(), "-d", p.source(primary), "-R", "-X", "stream", "-c", "fast", "--no-sync")
	if output, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("postgres: standby: pg_basebackup: %w: %s", err, lastLine(output))
	}
	return nil
}

// tell runs one statement.
func (p *Postgres) tell(ctx context.Context, sql string) error {
	conn, err := pgx.Connect(ctx, p.URL("postgres"))
	if err != nil {
		return err
	}
	_, err = conn.Exec(ctx, sql)
	return errors.Join(err, conn.Close(ctx))
}
