package storage

import (
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"pingyi/survey"
)

// manyAsked is a round that asks more people than are invited at once.
func manyAsked(t *testing.T) (c *city, code string) {
	t.Helper()
	c = newCity(t, 0)
	exec(t, c.Store, `WITH people AS (
			INSERT INTO person (code, telegram_id, created_at) SELECT 'n' || i, 1000 + i, now() FROM generate_series(1, $1::int) AS i RETURNING id)
		INSERT INTO membership (person_id, kind) SELECT id, 'citizen' FROM people`, inviteAtOnce+40)
	return c, c.open(strings.Replace(residents, "{kind: department}", "{list: [health]}", 1))
}

// Invitations are written when it is nearly their turn, each once, in an order by lot.
func TestInvitationsAreWrittenInStretches(t *testing.T) {
	t.Parallel()
	c, code := manyAsked(t)
	const written = `SELECT count(*) FROM delivery`
	same(t, "written when it opens", inviteAtOnce, scalar[int](t, c.Store, written))
	late := listed[int64](t, c.Store, `SELECT q.person_id FROM uninvited u JOIN request q ON q.id = ANY(u.requests) ORDER BY q.id`)
	same(t, "to be written", 40, len(late))

	// Of those whose invitation is not written yet one comes back, one stops, one is gone.
	exec(t, c.Store, `UPDATE person SET stopped_at = now() WHERE id = ANY($1)`, late[:2])
	if err := c.Resume(t.Context(), testNow, Cause{}, late[0]); err != nil {
		t.Fatal(err)
	}
	exec(t, c.Store, `DELETE FROM person WHERE id = $1`, late[2])
	same(t, "written for who came back", inviteAtOnce+1, scalar[int](t, c.Store, written))

	if err := c.PauseRound(t.Context(), testNow, Cause{}, code); err != nil {
		t.Fatal(err)
	}
	same(t, "leased while it pauses", []string(nil), c.claim(testNow, inviteAtOnce))
	if err := c.ResumeRound(t.Context(), testNow, Cause{}, code); err != nil {
		t.Fatal(err)
	}
	var turns []string
	for range 4 {
		turns = append(turns, c.claim(testNow, inviteAtOnce)...)
	}
	same(t, "leased", []string{code + " 1", code + " 9999", code + " 1", code + " 37"}, turns)
	same(t, "people invited, and how often", []string{"10038 1"}, listed[string](t, c.Store,
		`SELECT count(*) || ' ' || n FROM (SELECT count(*) AS n FROM delivery GROUP BY person_id) each GROUP BY n`))
	same(t, "invited before somebody with a lower lot, but for who came back", 0, scalar[int](t, c.Store, `
		SELECT count(*) FROM (
			SELECT lot, lag(lot) OVER (ORDER BY id) AS before FROM (
				SELECT d.id, `+lot+` AS lot
				FROM delivery d JOIN request q ON q.id = d.request_id WHERE d.person_id <> $1) drawn
		) pairs WHERE lot < before`, late[0]))
	same(t, "still to be written", 0, scalar[int](t, c.Store, `SELECT count(*) FROM uninvited`))
}

// A small round has its turn while a large one is under way, and while more of its invitations are written.
func TestStretchesTakeTurns(t *testing.T) {
	t.Parallel()
	c, code := manyAsked(t)
	exec(t, c.Store, `UPDATE span SET first_id = last_id - 2`)
	small := c.open(strings.NewReplacer("2026-q4", "small", "{kind: citizen}", "{kind: staff}").Replace(residents))
	var turns []string
	for i := range 4 {
		turns = append(turns, c.claim(testNow.Add(time.Duration(i)*time.Second), 3)...)
	}
	same(t, "turns", []string{code + " 3", small + " 3", code + " 3", small + " 1", code + " 2"}, turns)
}

// Nobody is invited to a round that was over before it was their turn.
func TestEndedRoundsInviteNobodyMore(t *testing.T) {
	t.Parallel()
	c, code := manyAsked(t)
	c.close(code)
	same(t, "to be written", 0, scalar[int](t, c.Store, `SELECT count(*) FROM uninvited`))
	same(t, "leased", []string(nil), c.claim(testNow, inviteAtOnce))
}

// A round that is being closed keeps no other from inviting.
func TestClosingHoldsUpNoOtherRound(t *testing.T) {
	t.Parallel()
	c := newCity(t, 2)
	closing := c.open(residents)
	other := c.open(strings.Replace(residents, "2026-q4", "other", 1))
	exec(t, c.Store, `DELETE FROM span`)
	exec(t, c.Store, `DELETE FROM delivery`)
	exec(t, c.Store, `INSERT INTO uninvited (round_id, due_at, requests)
		SELECT round_id, $1, array_agg(id) FROM request GROUP BY round_id ORDER BY round_id`, testNow)
	err := pgx.BeginFunc(t.Context(), c.pool, func(tx pgx.Tx) error {
		if _, _, err := holdRound(t.Context(), tx, closing, survey.RoundClose); err != nil {
			return err
		}
		same(t, "leased while one closes", []string{other + " 2"}, c.claim(testNow, 10))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	same(t, "leased when it stays open after all", []string{closing + " 2"}, c.claim(testNow, 10))
}

// Inviting everybody once more leaves those to their turn who have it still to come.
func TestInvitingEverybodyKeepsTurns(t *testing.T) {
	t.Parallel()
	c := newCity(t, 3)
	c.open(residents)
	exec(t, c.Store, `DELETE FROM delivery`)
	exec(t, c.Store, `INSERT INTO uninvited (round_id, due_at, requests) SELECT round_id, now(), ARRAY[id] FROM request WHERE person_id = $1`, c.person("c002"))
	for range 2 { // inviting again changes nothing
		err := c.tx(t.Context(), func(tx pgx.Tx) error {
			return invite(t.Context(), tx, testNow, everybody, c.round, priorityInvitation)
		})
		if err != nil {
			t.Fatal(err)
		}
		same(t, "invited", []string{"c001", "c003"}, listed[string](t, c.Store,
			`SELECT p.code FROM delivery d JOIN person p ON p.id = d.person_id ORDER BY 1`))
	}
}

// Two senders do not write the same invitations.
func TestInvitingTwiceAtOnce(t *testing.T) {
	t.Parallel()
	c, _ := manyAsked(t)
	err := pgx.BeginFunc(t.Context(), c.pool, func(tx pgx.Tx) error {
		if err := inviteNext(t.Context(), tx, c.round, nil); err != nil {
			return err
		}
		exec(t, c.Store, `DELETE FROM span`)
		return c.inviteDry(t.Context(), testNow)
	})
	if err != nil {
		t.Fatal(err)
	}
	same(t, "deliveries", inviteAtOnce+40, scalar[int](t, c.Store, `SELECT count(*) FROM delivery`))
}
