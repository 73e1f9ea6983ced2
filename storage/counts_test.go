package storage

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

// TestProgressIsExact lets many people act at once and then counts their requests.
func TestProgressIsExact(t *testing.T) {
	t.Parallel()
	const people = 32
	c := newCity(t, people)
	c.open(residents)
	errs := make(chan error, people)
	for i := range people {
		go func() {
			random := rand.New(rand.NewPCG(1, uint64(i)))
			errs <- c.wander(t, fmt.Sprintf("c%03d", i+1), random)
		}()
	}
	for range people {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
	if err := c.Forget(t.Context(), testNow, Cause{}, c.person("c005")); err != nil {
		t.Fatal(err)
	}
	exec(t, c.Store, `UPDATE request SET stratum = 'island' WHERE person_id IN (SELECT id FROM person WHERE code < 'c004')`)
	wrong := listed[string](t, c.Store, `
		SELECT row(kept, counted)::text FROM (
			SELECT round_id, panel_id, stratum, sum(asked) AS asked, sum(delivered) AS delivered, sum(opened) AS opened,
			       sum(done) AS done, sum(declined) AS declined, sum(unreachable) AS unreachable
			FROM progress GROUP BY 1, 2, 3 HAVING sum(asked) <> 0
		) kept FULL JOIN (
			SELECT round_id, panel_id, stratum, count(*) AS asked,
			       count(*) FILTER (WHERE sent_at IS NOT NULL OR opened_at IS NOT NULL) AS delivered,
			       count(*) FILTER (WHERE opened_at IS NOT NULL) AS opened, count(*) FILTER (WHERE done_at IS NOT NULL) AS done,
			       count(*) FILTER (WHERE state = 'declined') AS declined, count(*) FILTER (WHERE state = 'unreachable') AS unreachable
			FROM request GROUP BY 1, 2, 3
		) counted USING (round_id, panel_id, stratum)
		WHERE kept.* IS NULL OR counted.* IS NULL OR (kept.asked, kept.delivered, kept.opened, kept.done, kept.declined, kept.unreachable)
		      <> (counted.asked, counted.delivered, counted.opened, counted.done, counted.declined, counted.unreachable)`)
	if len(wrong) > 0 {
		t.Errorf("kept, and counted: %v", wrong)
	}
	if n := scalar[int](t, c.Store, `SELECT count(DISTINCT state) FROM request`); n < 3 {
		t.Errorf("requests are in %d states only", n)
	}
}

// wander opens, declines and submits a person's request as it comes.
func (c *city) wander(t *testing.T, code string, random *rand.Rand) error {
	ctx := t.Context()
	var person, request int64
	err := c.pool.QueryRow(ctx, `SELECT q.person_id, q.id FROM request q JOIN person p ON p.id = q.person_id WHERE p.code = $1`, code).Scan(&person, &request)
	if err != nil {
		return err
	}
	for i := range 6 {
		switch random.IntN(3) {
		case 0:
			err = c.Open(ctx, testNow, Cause{}, person, request)
		case 1:
			err = c.Decline(ctx, testNow, Cause{}, person, request)
		default:
			err = c.SetMessage(ctx, person, request, int64(i))
		}
		if err != nil {
			return err
		}
	}
	return nil
}
