package storage

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
)

// MinPostgres is the oldest server the program is tested on, as server_version_num counts.
const MinPostgres = 150000

// Diagnosis is what can be told of a database before a store is opened on it.
type Diagnosis struct {
	Version    int           // server_version_num: 150018 is 15.18
	UTF8       bool          // the encoding of the database
	CanCreate  bool          // the account may create tables
	ReadOnly   bool          // a standby, or set so
	Skew       time.Duration // the database's clock minus this machine's
	Has, Wants int64         // version of the tables, and the one the program needs
}

const sqlDiagnose = `
	SELECT current_setting('server_version_num')::int,
	       current_setting('server_encoding') = 'UTF8',
	       has_schema_privilege(current_schema(), 'CREATE'),
	       current_setting('transaction_read_only')::bool,
	       clock_timestamp()`

// Diagnose looks at the database at url without changing it. The local clock is read through now,
// around the one question about the time, so that the skew does not count the way there and back.
func Diagnose(ctx context.Context, url string, now func() time.Time) (Diagnosis, error) {
	cc, err := pgx.ParseConfig(url)
	if err != nil {
		return Diagnosis{}, fmt.Errorf("storage: the database URL cannot be read: %w", err)
	}
	db := stdlib.OpenDB(*cc)
	defer func() { _ = db.Close() }()
	if err := db.PingContext(ctx); err != nil {
		return Diagnosis{}, fmt.Errorf("storage: the database does not answer: %w", err)
	}
	var d Diagnosis
	var theirs time.Time
	before := now()
	if err := db.QueryRowContext(ctx, sqlDiagnose).Scan(&d.Version, &d.UTF8, &d.CanCreate, &d.ReadOnly, &theirs); err != nil {
		return Diagnosis{}, fmt.Errorf("storage: asking the database about itself: %w", mapError(err))
	}
	d.Skew = theirs.Sub(before.Add(now().Sub(before) / 2))
	provider, err := newMigrations(db)
	if err != nil {
		return Diagnosis{}, err
	}
	if d.Has, d.Wants, err = provider.GetVersions(ctx); err != nil {
		return Diagnosis{}, fmt.Errorf("storage: reading the version of the tables: %w", err)
	}
	return d, nil
}
