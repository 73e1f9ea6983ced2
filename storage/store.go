package storage

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// MinSecret is the least number of bytes of Config.Secret.
const MinSecret = 32

// defaultConns is the size of the pool where the URL does not say
// (pool_max_conns): a press waits for a connection rather than for a core.
const defaultConns = 16

// ErrSecret says that the database was set up with another secret: with this
// one people could vote twice, and nobody's open ballots would be found.
var ErrSecret = errors.New("storage: this database was set up with another PINGYI_SECRET; " +
	"start with the secret it was set up with")

// ErrSchema says that the tables are older or newer than the program.
var ErrSchema = errors.New("storage: the tables do not fit this program")

// Config says how to open a store.
type Config struct {
	URL    string         // Postgres, postgres://…; pool_max_conns and the like are understood
	Secret []byte         // at least MinSecret bytes; every key is derived from it
	Zone   *time.Location // the project's time zone, by its IANA name; nil: UTC
	Log    *slog.Logger   // nil: silence
}

// Store is the database. It is safe for concurrent use.
type Store struct {
	pool *pgxpool.Pool
	keys keys
	zone *time.Location
	log  *slog.Logger

	taps           gatherer[*tapWrite]
	presses        gatherer[*pressRead]
	recent         recentPresses
	texts          sharedTexts
	questionnaires questionnaires
}

// Open connects to a migrated database. It returns [ErrSchema] where Migrate
// has still to run (or a newer program ran it), and [ErrSecret] where the
// database belongs to another secret; the first Open fixes the secret.
func Open(ctx context.Context, cfg Config) (*Store, error) {
	k, err := deriveKeys(cfg.Secret)
	if err != nil {
		return nil, err
	}
	pc, err := pgxpool.ParseConfig(cfg.URL)
	if err != nil {
		return nil, fmt.Errorf("storage: the database URL cannot be read: %w", err)
	}
	if !strings.Contains(cfg.URL, "pool_max_conns") {
		pc.MaxConns = defaultConns
	}
	if cfg.Zone == nil {
		cfg.Zone = time.UTC
	}
	pc.ConnConfig.RuntimeParams["timezone"] = cfg.Zone.String() // dates in SQL are the project's
	if pc.ConnConfig.RuntimeParams["application_name"] == "" {
		pc.ConnConfig.RuntimeParams["application_name"] = "pingyi"
	}
	sturdy(pc.ConnConfig)
	if pc.PingTimeout == 0 {
		pc.PingTimeout = pingPatience
	}
	pool, err := pgxpool.NewWithConfig(ctx, pc)
	if err != nil {
		return nil, fmt.Errorf("storage: connecting to the database: %w", err)
	}
	s := &Store{pool: pool, keys: k, zone: cfg.Zone, log: cfg.Log}
	s.taps.do, s.taps.key = s.writeTaps, func(w *tapWrite) int64 { return w.tap.RequestID }
	s.presses.do = s.readPresses
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if err := s.check(ctx); err != nil {
		pool.Close()
		return nil, err
	}
	return s, nil
}

// check compares the schema and the secret with what the database knows.
func (s *Store) check(ctx context.Context) error {
	if err := s.pool.Ping(ctx); err != nil {
		return fmt.Errorf("storage: the database does not answer: %w", err)
	}
	if err := checkSchema(ctx, s.pool); err != nil {
		return err
	}
	return s.checkSecret(ctx)
}

const sqlKeepFingerprint = `
	INSERT INTO setting (key, value) VALUES ('secret_fingerprint', to_jsonb(@fingerprint::text))
	ON CONFLICT (key) DO NOTHING`

const sqlFingerprint = `SELECT value #>> '{}' FROM setting WHERE key = 'secret_fingerprint'`

func (s *Store) checkSecret(ctx context.Context) error {
	args := pgx.NamedArgs{"fingerprint": s.keys.fingerprint}
	if _, err := s.pool.Exec(ctx, sqlKeepFingerprint, args); err != nil {
		return fmt.Errorf("storage: keeping the secret's fingerprint: %w", mapError(err))
	}
	var kept string
	if err := s.pool.QueryRow(ctx, sqlFingerprint).Scan(&kept); err != nil {
		return fmt.Errorf("storage: reading the secret's fingerprint: %w", mapError(err))
	}
	if subtle.ConstantTimeCompare([]byte(kept), []byte(s.keys.fingerprint)) != 1 {
		return ErrSecret
	}
	return nil
}

// Close waits for what is under way and closes all connections.
func (s *Store) Close() { s.pool.Close() }

// Now is the database's clock: the only one that all replicas share.
func (s *Store) Now(ctx context.Context) (time.Time, error) {
	var now time.Time
	if err := s.pool.QueryRow(ctx, `SELECT clock_timestamp()`).Scan(&now); err != nil {
		return time.Time{}, fmt.Errorf("storage: reading the clock: %w", mapError(err))
	}
	return now.In(s.zone), nil
}

// Zone is the project's time zone.
func (s *Store) Zone() *time.Location { return s.zone }
