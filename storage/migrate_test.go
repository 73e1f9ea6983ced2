package storage

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
)

// What waited to be sent, row by row, waits in spans after the tables were brought up to date.
func TestMigrationKeepsWhatWaits(t *testing.T) {
	t.Parallel()
	url := servers.Blank(t)
	cc, err := pgx.ParseConfig(url)
	if err != nil {
		t.Fatal(err)
	}
	db := stdlib.OpenDB(*cc)
	defer func() { _ = db.Close() }()
	provider, err := newMigrations(db)
	if err != nil {
		t.Fatal(err)
	}
	const rowByRow = 3 // the last version that leased so
	if _, err := provider.UpTo(t.Context(), rowByRow); err != nil {
		t.Fatal(err)
	}
	_, err = db.ExecContext(t.Context(), `
		INSERT INTO person (code, telegram_id, created_at) SELECT 'p' || i, i, now() FROM generate_series(1, 4) AS i;
		INSERT INTO delivery (kind, person_id, state, priority, due_at, leased_by, leased_until)
		SELECT 'linked', p.id, x.state, x.priority, '2026-01-01', x.worker, '2026-01-02' FROM person p
		JOIN (VALUES ('p1', 'pending', 1, NULL), ('p2', 'leased', 1, 'gone'), ('p3', 'sent', 1, NULL), ('p4', 'pending', 0, NULL))
		    AS x (code, state, priority, worker) USING (code)`)
	if err != nil {
		t.Fatal(err)
	}
	if err := Migrate(t.Context(), url); err != nil {
		t.Fatal(err)
	}
	c := &city{Store: openStore(t, url), t: t}
	found, err := c.leaseFor(testNow, "sender", 10)
	if err != nil {
		t.Fatal(err)
	}
	var got []int64
	for _, d := range found {
		got = append(got, d.TelegramID)
	}
	if diff := cmp.Diff([]int64{4, 1, 2}, got); diff != "" {
		t.Errorf("leased, the urgent first (-want +got):\n%s", diff)
	}
}
