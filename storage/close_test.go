package storage

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pingyi/survey"
)

// tables that name people: their rows' system columns must never meet those of ballots.
const sqlNaming = `
	SELECT table_name::text FROM information_schema.columns
	WHERE table_schema = 'public' AND table_name IN (SELECT tablename FROM pg_tables WHERE schemaname = 'public')
	  AND (column_name = 'person_id' OR (table_name = 'person' AND column_name = 'id')) ORDER BY 1`

// TestOpenBallotsShareNoTransactionWithPeople looks for what ties an open
// ballot to a person without the secret: a transaction id in both rows, be it
// of a write (xmin) or of a lock (xmax).
func TestOpenBallotsShareNoTransactionWithPeople(t *testing.T) {
	t.Parallel()
	c := newCity(t, 6)
	c.open(residents)
	for i := range 6 {
		c.vote(fmt.Sprintf("c%03d", i+1), "4", i%2 == 0)
	}
	naming := listed[string](t, c.Store, sqlNaming)
	if !slices.Contains(naming, "request") || !slices.Contains(naming, "person") || len(naming) < 6 {
		t.Fatalf("tables that name people: %v", naming)
	}
	xids := func(table string) []string {
		return listed[string](t, c.Store, fmt.Sprintf(`SELECT xmin::text FROM %[1]s UNION SELECT xmax::text FROM %[1]s WHERE xmax::text <> '0'`, table))
	}
	of := make(map[string]string)
	for _, table := range naming {
		for _, xid := range xids(table) {
			of[xid] = table
		}
	}
	for _, table := range ballotTables {
		for _, xid := range xids(table) {
			if other, ok := of[xid]; ok {
				t.Errorf("transaction %s wrote or locked rows of %s and of %s", xid, table, other)
			}
		}
	}
}

// TestNothingTiesASealedBallotToAPerson tries what a holder of the database
// (without its earlier backups) could try on an anonymous panel.
func TestNothingTiesASealedBallotToAPerson(t *testing.T) {
	t.Parallel()
	const people = 120
	c := newCity(t, people)
	exec(t, c.Store, `UPDATE person SET district = 'island' WHERE code IN ('c007', 'c011')`)
	code := c.open(strings.Replace(residents, "subjects: {kind: department}", "subjects: {list: [police]}", 1))
	turn := make(map[string]int) // which answer was given as the how-manieth: every ballot is recognisable to us
	for i := range people {
		person, f := c.form(fmt.Sprintf("c%03d", i+1))
		note := fmt.Sprintf("note %d", i)
		turn[note] = i
		for _, tap := range []Tap{{Item: 1, Value: "1"}, {Item: 1, Comment: &note}} {
			tap.PersonID, tap.RequestID, tap.AssignmentID = person, f.RequestID, f.Form.Asked[0].Assignment
			if err := c.Answer(t.Context(), testNow, tap); err != nil {
				t.Fatal(err)
			}
		}
		// The answer to item 3 grows with the turn: it carries it to the ballot's row.
		if err := c.tap(person, f, "police", 3, fmt.Sprint(1+i*5/people)); err != nil {
			t.Fatal(err)
		}
		if missing, err := c.Submit(t.Context(), testNow, Cause{}, person, f.RequestID); err != nil || len(missing) > 0 {
			t.Fatal(missing, err)
		}
	}
	c.close(code)

	t.Run("no columns of the person", func(t *testing.T) {
		if n := scalar[int](t, c.Store, `SELECT count(respondent) FROM ballot`); n != 0 {
			t.Errorf("%d ballots name a respondent", n)
		}
		if n := scalar[int](t, c.Store, `SELECT count(ballot_id) FROM comment`); n != 0 {
			t.Errorf("%d comments name their ballot", n)
		}
		if n := scalar[int](t, c.Store, `SELECT count(*) FROM assignment`); n != 0 {
			t.Errorf("%d assignments are kept", n)
		}
		if n := scalar[int](t, c.Store, `SELECT count(salt) FROM round`); n != 0 {
			t.Error("the salt is kept")
		}
		if n := scalar[int](t, c.Store, `SELECT length(seed) FROM round`); n != 0 {
			t.Error("the seed, by which subjects are drawn, is kept")
		}
		if n := scalar[int](t, c.Store, `SELECT count(*) FROM pg_class WHERE relname ~ '^open_.*_\d+$'`); n != 0 {
			t.Errorf("%d tables of open ballots are left", n)
		}
	})
	t.Run("no key elsewhere", func(t *testing.T) {
		columns := listed[string](t, c.Store, `SELECT format('SELECT %I::text FROM %I', column_name, table_name) FROM information_schema.columns
			WHERE table_schema = 'public' AND (table_name, column_name) NOT IN (('ballot', 'id'), ('answer', 'ballot_id'), ('comment', 'id'))`)
		elsewhere := make(map[string]bool)
		for _, sql := range columns {
			for _, v := range listed[*string](t, c.Store, sql) {
				if v != nil {
					elsewhere[*v] = true
				}
			}
		}
		for _, id := range listed[string](t, c.Store, `SELECT id::text FROM ballot UNION ALL SELECT id::text FROM comment`) {
			if elsewhere[id] {
				t.Errorf("id %s stands in another table", id)
			}
		}
	})
	t.Run("no transaction of a person", func(t *testing.T) {
		for _, table := range []string{"ballot", "answer", "comment"} {
			got := listed[string](t, c.Store, fmt.Sprintf(`SELECT DISTINCT xmin::text || ' ' || cmin::text || ' ' || (xmax::text = '0') FROM %s`, table))
			// Foreign keys lock ballots within the sealing transaction: xmax is that transaction or none.
			if len(got) > 2 {
				t.Errorf("%s differs in its system columns: %v", table, got)
			}
			if n := scalar[int](t, c.Store, fmt.Sprintf(`SELECT count(DISTINCT xmin::text) + count(*) FILTER (WHERE xmax::text NOT IN ('0', xmin::text)) FROM %s`, table)); n != 1 {
				t.Errorf("%s was written or locked by %d transactions", table, n)
			}
		}
	})
	t.Run("no order of arrival", func(t *testing.T) {
		for name, sql := range map[string]string{
			"comments by place": `SELECT text FROM comment ORDER BY ctid`,
			"comments by id":    `SELECT text FROM comment ORDER BY id`,
			"answers by place":  `SELECT value FROM answer WHERE item = 3 ORDER BY ctid`,
			"answers by ballot": `SELECT value FROM answer WHERE item = 3 ORDER BY ballot_id`,
			"ballots by place":  `SELECT value FROM ballot b JOIN answer a ON a.ballot_id = b.id WHERE item = 3 ORDER BY b.ctid`,
		} {
			var order []float64
			for _, v := range listed[string](t, c.Store, sql) {
				if n, ok := turn[v]; ok {
					order = append(order, float64(n))
				} else {
					order = append(order, float64(v[0]))
				}
			}
			if len(order) != people {
				t.Fatalf("%s: %d rows", name, len(order))
			}
			// Of 120 in random order one in a million correlates as much as this.
			if rho := correlation(order); rho > 0.45 || rho < -0.45 {
				t.Errorf("%s tell the order of arrival: correlation %.2f", name, rho)
			}
		}
	})
	t.Run("no small stratum", func(t *testing.T) {
		small := listed[string](t, c.Store, `SELECT stratum || ' ' || count(*) FROM ballot b JOIN panel p ON p.id = panel_id
			GROUP BY panel_id, subject_id, b.relation, stratum, minimum HAVING count(*) < minimum`)
		if len(small) > 0 {
			t.Errorf("strata below the minimum: %v", small)
		}
	})
}

// correlation is Pearson's between the values and their places.
func correlation(values []float64) float64 {
	var mean, place float64
	for i, v := range values {
		mean += v / float64(len(values))
		place += float64(i) / float64(len(values))
	}
	var both, one, other float64
	for i, v := range values {
		both += (v - mean) * (float64(i) - place)
		one += (v - mean) * (v - mean)
		other += (float64(i) - place) * (float64(i) - place)
	}
	return both / math.Sqrt(one*other)
}

func TestSmallStrataAreMerged(t *testing.T) {
	t.Parallel()
	c := newCity(t, 12)
	// By subject: 1 on the island, 4 in the south, 7 in the north; at least 3.
	exec(t, c.Store, `UPDATE person SET district = CASE WHEN code = 'c001' THEN 'island' WHEN code <= 'c005' THEN 'south' ELSE 'north' END
		WHERE code LIKE 'c0%'`)
	code := c.open(strings.Replace(residents, "minimum: 2", "minimum: 3", 1))
	for i := range 12 {
		c.vote(fmt.Sprintf("c%03d", i+1), "4", true)
	}
	for _, when := range []string{"open", "closed"} {
		if when == "closed" {
			c.close(code)
		}
		counts, err := c.RoundCounts(t.Context(), c.round)
		if err != nil {
			t.Fatal(err)
		}
		all := Counts{Asked: 5, Delivered: 5, Opened: 5, Done: 5}
		north := Counts{Asked: 7, Delivered: 7, Opened: 7, Done: 7}
		if diff := cmp.Diff([]GroupCounts{{Counts: all}, {Group: "north", Counts: north}}, counts[0].Groups); diff != "" {
			t.Errorf("groups while %s (-want +got):\n%s", when, diff)
		}
	}
	got := listed[string](t, c.Store, `SELECT stratum || ' ' || count(*) FROM ballot b JOIN subject s ON s.id = b.subject_id
		WHERE s.code = 'police' GROUP BY stratum ORDER BY 1`)
	if diff := cmp.Diff([]string{" 5", "north 7"}, got); diff != "" {
		t.Errorf("strata: the island is merged with the south, or it could be told (-want +got):\n%s", diff)
	}
}

func TestClosingSettlesWhatCounts(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ unsubmitted, draft string }{{"void", "draft"}, {"count", "valid"}} {
		t.Run(test.unsubmitted, func(t *testing.T) {
			t.Parallel()
			c := newCity(t, 5)
			code := c.open(residents + "unsubmitted: " + test.unsubmitted + "\n")
			// c001 explains a bad mark, then finds it was good: the explanation is hidden again.
			person, f := c.form("c001")
			for _, tap := range [][2]string{{"1", "1"}, {"2", "because"}, {"1", "5"}} {
				if err := c.tap(person, f, "police", int(tap[0][0]-'0'), tap[1]); err != nil {
					t.Fatal(err)
				}
			}
			c.vote("c001", "5", true)
			c.vote("c002", "2", false)
			c.vote("c003", "3", true)
			// c003 looks again and goes away: what stands counts.
			person, f = c.submitted("c003")
			if err := c.Reopen(t.Context(), testNow, Cause{}, person, f.RequestID); err != nil {
				t.Fatal(err)
			}
			// c004 answers, then declines: nothing of it is kept.
			c.vote("c004", "1", false)
			person, f = c.form("c004")
			if err := c.Decline(t.Context(), testNow, Cause{}, person, f.RequestID); err != nil {
				t.Fatal(err)
			}
			c.close(code)
			var kept []string
			for _, subject := range []string{"health", "police", "school"} {
				kept = append(kept, subject+" 1=2 "+test.draft, subject+" 1=3 valid", subject+" 1=5 valid")
			}
			if diff := cmp.Diff(kept, listed[string](t, c.Store, sealed)); diff != "" {
				t.Errorf("ballots (-want +got):\n%s", diff)
			}
			if texts := listed[string](t, c.Store, `SELECT text FROM comment`); len(texts) > 0 {
				t.Errorf("hidden texts are kept: %v", texts)
			}
			states := listed[string](t, c.Store, `SELECT p.code || ' ' || q.state FROM request q JOIN person p ON p.id = q.person_id ORDER BY 1`)
			if diff := cmp.Diff([]string{"c001 done", "c002 expired", "c003 done", "c004 declined", "c005 expired"}, states); diff != "" {
				t.Errorf("requests (-want +got):\n%s", diff)
			}
			drafts := map[string]string{"draft": "1", "valid": "0"}[test.draft]
			took := listed[string](t, c.Store, `SELECT s.code || ' ' || asked || ' ' || answered || ' ' || drafts
				FROM participation JOIN subject s ON s.id = subject_id ORDER BY 1`)
			if diff := cmp.Diff([]string{"health 5 2 " + drafts, "police 5 2 " + drafts, "school 5 2 " + drafts}, took); diff != "" {
				t.Errorf("participation (-want +got):\n%s", diff)
			}
		})
	}
}

// submitted reads a person's form without opening it.
func (c *city) submitted(code string) (int64, *OpenForm) {
	c.t.Helper()
	person := c.person(code)
	request := scalar[int64](c.t, c.Store, `SELECT id FROM request WHERE round_id = $1 AND person_id = $2`, c.round, person)
	f, err := c.Form(c.t.Context(), testNow, person, request)
	if err != nil {
		c.t.Fatal(err)
	}
	return person, f
}

func TestIdentityModes(t *testing.T) {
	t.Parallel()
	c := newCity(t, 3)
	code := c.open(`
round: modes
title: 三种
questionnaire: satisfaction
subjects: {list: [police, health]}
duration: 1d
panels:
  - {panel: residents, title: 居民, who: {kind: citizen}, identity: anonymous, minimum: 2}
  - {panel: staff, title: 干部, who: {kind: staff}, identity: confidential, minimum: 2}
  - {panel: leaders, title: 领导, who: {kind: leader}, identity: named}
`)
	for _, voter := range []string{"c001", "c002", "ann", "bob", "mayor"} {
		c.vote(voter, "4", true)
	}
	c.close(code)
	got := listed[string](t, c.Store, `SELECT p.code || ' ' || count(*) || ' ' || count(DISTINCT respondent) || ' ' || count(*) FILTER (WHERE respondent = 'mayor')
		FROM ballot b JOIN panel p ON p.id = b.panel_id GROUP BY p.code, p.position ORDER BY p.position`)
	if diff := cmp.Diff([]string{"residents 4 0 0", "staff 4 2 0", "leaders 2 1 2"}, got); diff != "" {
		t.Errorf("panel, ballots, respondents, of them the mayor (-want +got):\n%s", diff)
	}
	for _, pseudonym := range listed[string](t, c.Store, `SELECT DISTINCT respondent FROM ballot b JOIN panel p ON p.id = b.panel_id WHERE p.code = 'staff'`) {
		for _, name := range []string{"ann", "bob", fmt.Sprint(c.person("ann"))} {
			if pseudonym == name {
				t.Errorf("the pseudonym is %s", pseudonym)
			}
		}
	}
	kept := listed[string](t, c.Store, `SELECT DISTINCT p.code FROM assignment a JOIN person p ON p.id = a.person_id`)
	if diff := cmp.Diff([]string{"mayor"}, kept); diff != "" {
		t.Errorf("whose assignments are kept (-want +got):\n%s", diff)
	}
}

func TestEndOfARoundTellsLiveMessages(t *testing.T) {
	t.Parallel()
	for _, end := range []struct {
		kind DeliveryKind
		do   func(*city, string) error
	}{
		{DeliverClosed, func(c *city, code string) error { return c.CloseRound(t.Context(), testNow, Cause{}, code) }},
		{DeliverCancelled, func(c *city, code string) error { return c.CancelRound(t.Context(), testNow, Cause{}, code) }},
	} {
		t.Run(string(end.kind), func(t *testing.T) {
			t.Parallel()
			c := newCity(t, 4)
			code := c.open(residents)
			c.vote("c001", "4", true)
			leased, err := c.leaseFor(testNow, "one", 4) // and who has voted needs no invitation
			if err != nil || len(leased) != 3 {
				t.Fatalf("leased %d: %v", len(leased), err)
			}
			for i, d := range leased[:2] {
				if err := c.Sent(t.Context(), testNow, Went{ID: d.ID, MessageID: int64(500 + i)}); err != nil {
					t.Fatal(err)
				}
			}
			if err := end.do(c, code); err != nil {
				t.Fatal(err)
			}
			want(t, "ending it again", end.do(c, code), survey.ErrClosed)
			// The third was on its way when the round ended.
			if err := c.Sent(t.Context(), testNow, Went{ID: leased[2].ID, MessageID: 502}); err != nil {
				t.Fatal(err)
			}
			told, err := c.leaseFor(testNow, "two", 10)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, d := range told {
				got = append(got, fmt.Sprint(d.Kind, d.MessageID))
			}
			slices.Sort(got)
			if diff := cmp.Diff([]string{fmt.Sprint(end.kind, 500), fmt.Sprint(end.kind, 501), fmt.Sprint(end.kind, 502)}, got); diff != "" {
				t.Errorf("told (-want +got):\n%s", diff)
			}
			ballots := scalar[int](t, c.Store, `SELECT count(*) FROM ballot`)
			if (end.kind == DeliverCancelled) != (ballots == 0) {
				t.Errorf("%d ballots are kept", ballots)
			}
		})
	}
}

func TestClosingIsAllOrNothing(t *testing.T) {
	t.Parallel()
	c := newCity(t, 2)
	code := c.open(residents)
	c.vote("c001", "4", true)
	exec(t, c.Store, `CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no'; END $$`)
	exec(t, c.Store, `CREATE TRIGGER refuse BEFORE INSERT ON turnout FOR EACH ROW EXECUTE FUNCTION refuse()`)
	if err := c.CloseRound(t.Context(), testNow, Cause{}, code); err == nil {
		t.Fatal("closing went through")
	}
	round, err := c.Round(t.Context(), code)
	if err != nil || round.State != survey.RoundOpen {
		t.Errorf("after a failure the round is %s: %v", round.State, err)
	}
	if n := scalar[int](t, c.Store, `SELECT count(*) FROM ballot`); n != 0 {
		t.Errorf("%d ballots were sealed", n)
	}
	exec(t, c.Store, `DROP TRIGGER refuse ON turnout`)
	c.close(code)
	if n := scalar[int](t, c.Store, `SELECT count(*) FROM ballot`); n != 3 {
		t.Errorf("%d ballots were sealed, want 3", n)
	}
	var pg interface{ SQLState() string }
	_, err = c.pool.Exec(t.Context(), `SELECT FROM open_ballot_1`)
	if !errors.As(err, &pg) || pg.SQLState() != "42P01" {
		t.Errorf("the table of open ballots: %v", err)
	}
}
