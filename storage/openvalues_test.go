package storage

import "testing"

// Reading answers back never reads all of a round's, even where their table was small, and known to be,
// when that was planned.
func TestAnswersAreFoundByKey(t *testing.T) {
	t.Parallel()
	c := newCity(t, 2)
	c.open(residents)
	person, f := c.form("c001")
	c.Store = openStore(t, c.pool.Config().ConnString()+"&pool_max_conns=1")
	answer := func() {
		for _, value := range []string{"1", "2", "3", "4", "5", "4", "3"} { // often enough for a plan to be kept
			form := c.pressed(c.account(person), f.RequestID, 1)
			tap := Tap{PersonID: person, RequestID: f.RequestID, AssignmentID: f.Form.Asked[0].Assignment, Item: 1, Value: value}
			if err := c.AnswerTo(t.Context(), testNow, form, tap); err != nil {
				t.Fatal(err)
			}
			if _, err := c.FormToAnswer(t.Context(), person, f.RequestID); err != nil {
				t.Fatal(err)
			}
		}
	}
	answer()
	exec(t, c.Store, `ANALYZE`)
	scans := func() int64 {
		exec(t, c.Store, `SELECT pg_stat_force_next_flush()`)
		return scalar[int64](t, c.Store, `SELECT sum(seq_scan) FROM pg_stat_user_tables WHERE relname LIKE 'open\_answer%' OR relname LIKE 'open\_comment%'`)
	}
	before := scans()
	answer()
	if after := scans(); after != before {
		t.Errorf("%d reads of whole tables", after-before)
	}
}
