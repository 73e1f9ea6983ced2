package storage

import (
	"database/sql"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
)

// What waited to be sent, row by row, waits in spans after the tables were brought up to date.
func TestMigrationKeepsWhatWaits(t *testing.T) {
	t.Parallel()
	const rowByRow = 3 // the last version that leased so
	url, db := migratedTo(t, rowByRow)
	_, err := db.ExecContext(t.Context(), `
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

// migratedTo returns a database as an earlier version left it.
func migratedTo(t *testing.T, version int64) (url string, db *sql.DB) {
	t.Helper()
	url = servers.Blank(t)
	cc, err := pgx.ParseConfig(url)
	if err != nil {
		t.Fatal(err)
	}
	db = stdlib.OpenDB(*cc)
	t.Cleanup(func() { _ = db.Close() })
	provider, err := newMigrations(db)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := provider.UpTo(t.Context(), version); err != nil {
		t.Fatal(err)
	}
	return url, db
}

// Ballots sealed under random ids get others, and stay what they were.
func TestMigrationRenumbersSealedBallots(t *testing.T) {
	t.Parallel()
	const randomIDs = 4 // the last version that had them
	url, db := migratedTo(t, randomIDs)
	exec := func(sql string) {
		t.Helper()
		if _, err := db.ExecContext(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	exec(`
		SET session_replication_role = replica; -- the rounds they are of are no matter here
		INSERT INTO ballot (round_id, id, panel_id, subject_id, stratum, status)
		SELECT 1 + g % 2, ('x' || md5(g::text))::bit(60)::bigint, 1 + g % 3, 1 + g % 5,
		       CASE g % 4 WHEN 0 THEN 'a' ELSE '' END, CASE g % 9 WHEN 0 THEN 'draft' ELSE 'valid' END
		FROM generate_series(1, 400) AS g;
		INSERT INTO answer SELECT round_id, id, i, CASE (id + i) % 7 WHEN 0 THEN '' WHEN 1 THEN '0' ELSE ((id + i) % 5 + 1)::text END
		FROM ballot, generate_series(1, 4) AS i;
		INSERT INTO comment (id, round_id, panel_id, subject_id, relation, item, ballot_id, text)
		SELECT id, round_id, panel_id, subject_id, relation, 1, id, 'said ' || id FROM ballot WHERE id % 11 = 0;
		INSERT INTO imported_ballot (round_id, ref, ballot_id, panel_id, import_id)
		SELECT round_id, 'paper ' || id, id, panel_id, 1 FROM ballot WHERE id % 5 = 0;
		SET session_replication_role = DEFAULT`)
	const whole = `
		SELECT md5(string_agg(sheet, '|' ORDER BY sheet)) FROM (
			SELECT concat_ws(',', b.round_id, b.panel_id, b.subject_id, b.stratum, b.status, (
				SELECT string_agg(item || '=' || value, ';' ORDER BY item) FROM answer a WHERE (a.round_id, a.ballot_id) = (b.round_id, b.id)), (
				SELECT text FROM comment c WHERE (c.round_id, c.ballot_id) = (b.round_id, b.id)), (
				SELECT ref FROM imported_ballot i WHERE (i.round_id, i.ballot_id) = (b.round_id, b.id))) AS sheet
			FROM ballot b) sheets`
	read := func(sql string) (value string) {
		t.Helper()
		if err := db.QueryRowContext(t.Context(), sql).Scan(&value); err != nil {
			t.Fatal(err)
		}
		return value
	}
	before := read(whole)
	if err := Migrate(t.Context(), url); err != nil {
		t.Fatal(err)
	}
	if after := read(whole); after != before {
		t.Error("ballots, answers, comments and what was imported do not belong together as before")
	}
	if n := read(`SELECT count(*) FROM ballot b WHERE (id >> 62 = 1) <> EXISTS (
		SELECT FROM imported_ballot i WHERE (i.round_id, i.ballot_id) = (b.round_id, b.id))`); n != "0" {
		t.Errorf("%s ballots are numbered as if they were imported, or not", n)
	}
	if n := read(`SELECT count(*) FROM ballot b WHERE rated <> (SELECT count(*) FROM answer a
		WHERE (a.round_id, a.ballot_id) = (b.round_id, b.id) AND value NOT IN ('', '0', 'dk', 't'))`); n != "0" {
		t.Errorf("%s ballots have a wrong count of answers", n)
	}
}

// A round under way goes on: what belongs to its people still goes with them.
func TestMigrationKeepsRoundsUnderWay(t *testing.T) {
	t.Parallel()
	const rowByRow = 7 // the last version in which rows were looked up one by one
	url, db := migratedTo(t, rowByRow)
	_, err := db.ExecContext(t.Context(), citySQL+`;
		INSERT INTO round (code, title, spec, state, seed, opened_at, closes_at) VALUES ('now', '{}', '', 'open', 'seed', now(), now() + interval '1 day');
		INSERT INTO questionnaire (code, version, hash, body, created_at) VALUES ('q', 1, '', '', now());
		INSERT INTO panel (round_id, code, position, title, identity, minimum, asks, who, questionnaire_id)
		SELECT r.id, 'staff', 1, '{}', 'anonymous', 1, 'every', '{}', q.id FROM round r, questionnaire q;
		INSERT INTO request (round_id, panel_id, person_id) SELECT r.id, p.id, person.id FROM round r, panel p, person ORDER BY person.code DESC;
		INSERT INTO assignment (round_id, request_id, person_id, subject_id)
		SELECT q.round_id, q.id, q.person_id, s.id FROM request q, subject s WHERE s.person_id IS NULL;
		INSERT INTO delivery (kind, person_id, request_id, round_id, due_at, batch) SELECT 'invitation', person_id, id, round_id, now(), 1 FROM request`)
	if err != nil {
		t.Fatal(err)
	}
	if err := Migrate(t.Context(), url); err != nil {
		t.Fatal(err)
	}
	c := &city{Store: openStore(t, url), t: t}
	eve := c.person("eve")
	items, err := c.Todo(t.Context(), eve)
	if err != nil || len(items) != 1 {
		t.Fatalf("she is asked %v, %v", items, err)
	}
	exec(t, c.Store, `DELETE FROM person WHERE code = 'eve'`)
	exec(t, c.Store, `DELETE FROM request WHERE person_id = $1`, c.person("bob"))
	const left = `SELECT code FROM person JOIN %s ON person_id = person.id GROUP BY code HAVING count(*) = %d ORDER BY code`
	for table, n := range map[string]int{"request": 1, "assignment": 3, "delivery": 1} {
		same(t, table, []string{"ann", "head", "mayor"}, listed[string](t, c.Store, fmt.Sprintf(left, table, n)))
		same(t, "all of "+table, 3*n, scalar[int](t, c.Store, `SELECT count(*) FROM `+table))
	}
}
