package storage

import (
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
)

// That the database is away is told from what it has to say.
func TestAway(t *testing.T) {
	t.Parallel()
	store := newStore(t)
	conn, err := store.ownConn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer closeConn(t.Context(), conn)
	exec(t, store, `SELECT pg_terminate_backend($1)`, conn.PgConn().PID())
	_, lost := conn.Exec(t.Context(), `SELECT 1`)
	_, closed := conn.Exec(t.Context(), `SELECT 1`)
	_, fault := store.pool.Exec(t.Context(), `SELECT 1/0`)
	_, unreached := Open(t.Context(), Config{URL: "postgres://127.0.0.1:1/x", Secret: testSecret})
	for name, c := range map[string]struct {
		err  error
		want bool
	}{
		"lost": {lost, true}, "closed": {closed, true}, "not reached": {unreached, true},
		"starting": {&pgconn.PgError{Code: "57P03"}, true}, "a fault of ours": {fault, false}, "none": {nil, false},
	} {
		if got := Away(c.err); got != c.want {
			t.Errorf("%s: Away(%v) = %v", name, c.err, got)
		}
	}
}
