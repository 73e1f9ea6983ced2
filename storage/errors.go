package storage

import (
	"errors"
	"fmt"
	"io"
	"net"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"pingyi/survey"
)

// databaseError is what Postgres said, under the sentinel it means to us. Its
// text leaves out the database's message: that may repeat what somebody typed.
type databaseError struct {
	means error
	pg    *pgconn.PgError
}

func (e *databaseError) Error() string {
	text := fmt.Sprintf("%v (database code %s", e.means, e.pg.Code)
	if e.pg.ConstraintName != "" {
		text += ", " + e.pg.ConstraintName
	}
	return text + ")"
}

func (e *databaseError) Unwrap() []error { return []error{e.means, e.pg} }

// sentinel says what a code of Postgres means to us.
// https://www.postgresql.org/docs/current/errcodes-appendix.html
func sentinel(code string) error {
	switch code {
	case "23505", // unique_violation
		"40001", "40P01", "55P03": // serialization_failure, deadlock_detected, lock_not_available
		return survey.ErrStale
	case "23503": // foreign_key_violation
		return survey.ErrNotFound
	case "23502", "23514", // not_null_violation, check_violation
		"21000": // cardinality_violation
		return survey.ErrInvalid
	}
	if len(code) == 5 && code[:2] == "22" { // data_exception: NUL bytes, overlong or malformed values
		return survey.ErrInvalid
	}
	return nil
}

// mapError turns an error of the database into what it means to us, once.
func mapError(err error) error {
	if err == nil {
		return nil
	}
	var mapped *databaseError
	if errors.As(err, &mapped) {
		return err
	}
	if errors.Is(err, pgx.ErrNoRows) {
		return fmt.Errorf("%w: %w", survey.ErrNotFound, err)
	}
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		if means := sentinel(pg.Code); means != nil {
			return &databaseError{means: means, pg: pg}
		}
	}
	return err
}

// passing says whether a transaction that failed so may succeed when repeated.
func passing(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && (pg.Code == "40001" || pg.Code == "40P01")
}

// Away reports whether an operation failed because the database was not there
// to do it: not reached, lost on the way, or starting or shutting down. What
// was asked of it last may have been done.
func Away(err error) bool {
	var connecting *pgconn.ConnectError
	var network *net.OpError
	if errors.As(err, &connecting) || errors.As(err, &network) || errors.Is(err, io.ErrUnexpectedEOF) || pgconn.SafeToRetry(err) {
		return true
	}
	var pg *pgconn.PgError
	if !errors.As(err, &pg) {
		return false
	}
	switch pg.Code {
	case "57P01", "57P02", "57P03": // admin_shutdown, crash_shutdown, cannot_connect_now
		return true
	}
	return strings.HasPrefix(pg.Code, "08") // connection_exception
}
