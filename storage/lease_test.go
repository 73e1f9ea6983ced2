package storage

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sync/errgroup"

	"pingyi/survey"
)

// claim leases spans for a sender and returns them with the round of each.
func (c *city) claim(now time.Time, most int) []string {
	c.t.Helper()
	spans, err := c.Lease(c.t.Context(), now, Claim{Worker: "sender", Most: most, TTL: testLease})
	if err != nil {
		c.t.Fatal(err)
	}
	var got []string
	for _, s := range spans {
		code := scalar[string](c.t, c.Store, `SELECT r.code FROM span s JOIN round r ON r.id = s.round_id WHERE s.id = $1`, s.ID)
		got = append(got, fmt.Sprintf("%s %d", code, s.Last-s.First+1))
	}
	return got
}

// Rounds that send at the same time take turns: a small one does not wait for the end of a large one.
func TestRoundsShare(t *testing.T) {
	t.Parallel()
	c := newCity(t, 20)
	c.open(residents)
	c.open(strings.Replace(residents, "round: "+scalar[string](t, c.Store, `SELECT code FROM round`), "round: other", 1))
	first := scalar[string](t, c.Store, `SELECT code FROM round ORDER BY id LIMIT 1`)
	want := []string{first + " 4", "other 4", first + " 4", "other 4", first + " 4"}
	var got []string
	for range want {
		got = append(got, c.claim(testNow, 4)...)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("turns (-want +got):\n%s", diff)
	}
	if rest := c.claim(testNow, 100); len(rest) != 2 {
		t.Errorf("the rest is %v", rest)
	}
	if none := c.claim(testNow, 100); none != nil {
		t.Errorf("leased twice: %v", none)
	}
}

// What a sender left undone is for another: after it gave it back, or when its lease has run out.
// What was settled or put off meanwhile is not sent again with it.
func TestSpansAreTakenOver(t *testing.T) {
	t.Parallel()
	c := newCity(t, 8)
	c.open(residents)
	ctx := t.Context()
	mine, err := c.leaseFor(testNow, "first", 5)
	if err != nil || len(mine) != 5 {
		t.Fatalf("leased %d: %v", len(mine), err)
	}
	steps := []error{
		c.Sent(ctx, testNow, Went{ID: mine[0].ID, MessageID: 9}),
		c.Fail(ctx, testNow, mine[1].ID, survey.DeliveryFailed, "refused"),
		c.PutOff(ctx, mine[2], testNow.Add(time.Hour), "too_many", false),
	}
	if err := errors.Join(steps...); err != nil {
		t.Fatal(err)
	}
	theirs, err := c.leaseFor(testNow.Add(testLease), "second", 100)
	if err != nil {
		t.Fatal(err)
	}
	if len(theirs) != 5 || theirs[0].ID != mine[3].ID || theirs[1].ID != mine[4].ID {
		t.Errorf("taken over with the rest: %v", theirs)
	}
	late, err := c.Outgoing(ctx, "first", []Pick{{mine[3].ID, mine[3].Span}})
	if err != nil || len(late) > 0 {
		t.Errorf("the first still has %v: %v", late, err)
	}
	if err := c.Release(ctx, "first"); err != nil {
		t.Fatal(err)
	}
	if err := c.Sent(ctx, testNow, Went{ID: theirs[0].ID, MessageID: 10}); err != nil {
		t.Fatal(err)
	}
	if err := c.Release(ctx, "second", theirs[0].Span); err != nil {
		t.Fatal(err)
	}
	third, err := c.leaseFor(testNow.Add(testLease), "third", 100)
	if err != nil || len(third) != 1 || third[0].ID != mine[4].ID {
		t.Errorf("given back: %v, %v", third, err)
	}
	if again, err := c.leaseFor(testNow.Add(2*time.Hour), "third", 100); err != nil || len(again) != 5 {
		t.Errorf("in the end %d are left, want all but three: %v", len(again), err)
	}
}

// Spans that are done with leave nothing behind, nor does a round that ended.
func TestSpansEnd(t *testing.T) {
	t.Parallel()
	c := newCity(t, 6)
	code := c.open(residents)
	found, err := c.leaseFor(testNow, "sender", 3)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range found {
		if err := c.Sent(t.Context(), testNow, Went{ID: d.ID, MessageID: d.ID}); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.Release(t.Context(), "sender"); err != nil {
		t.Fatal(err)
	}
	if n := scalar[int](t, c.Store, `SELECT sum(last_id - first_id + 1) FROM span`); n != 3 {
		t.Errorf("spans of %d deliveries are left, want 3", n)
	}
	c.close(code)
	states := listed[string](t, c.Store, `SELECT kind || ' ' || state || ' ' || count(*) FROM delivery GROUP BY kind, state ORDER BY 1`)
	if diff := cmp.Diff([]string{"closed pending 3", "invitation expired 3", "invitation sent 3"}, states); diff != "" {
		t.Errorf("deliveries (-want +got):\n%s", diff)
	}
	if n := scalar[int](t, c.Store, `SELECT count(*) FROM span`); n != 1 {
		t.Errorf("%d spans, want the one of those who are told", n)
	}
}

// Batches written at the same time interleave their ids; each delivery goes out once all the same.
func TestBatchesInterleave(t *testing.T) {
	t.Parallel()
	c := newCity(t, 12)
	c.open(residents)
	exec(t, c.Store, `UPDATE delivery SET batch = nextval('batch') WHERE id % 3 = 0`)
	exec(t, c.Store, `INSERT INTO span (batch, round_id, priority, due_at, first_id, last_id)
		SELECT max(batch), max(round_id), 1, min(due_at), min(id), max(id) FROM delivery WHERE id % 3 = 0`)
	exec(t, c.Store, `UPDATE delivery SET batch = (SELECT max(batch) FROM span) WHERE id % 3 = 0`)
	got := make(map[int64]int)
	var mu sync.Mutex
	var g errgroup.Group
	for worker := range 3 {
		g.Go(func() error {
			for {
				found, err := c.leaseFor(testNow, fmt.Sprint(worker), 4)
				if err != nil || len(found) == 0 {
					return err
				}
				mu.Lock()
				for _, d := range found {
					got[d.ID]++
				}
				mu.Unlock()
			}
		})
	}
	if err := g.Wait(); err != nil {
		t.Fatal(err)
	}
	for id, n := range got {
		if n != 1 {
			t.Errorf("delivery %d was leased %d times", id, n)
		}
	}
	if len(got) != 12 {
		t.Errorf("%d were leased, want 12", len(got))
	}
}

// What is read for sending is what the form says, answers included, whoever reads it.
func TestOutgoingReadsForms(t *testing.T) {
	t.Parallel()
	c := newCity(t, 3)
	code := c.open(residents)
	for _, d := range c.lease(testNow) {
		if err := c.Sent(t.Context(), testNow, Went{ID: d.ID, MessageID: 5}); err != nil {
			t.Fatal(err)
		}
	}
	c.vote("c001", "4", false)
	if n, err := c.RemindRound(t.Context(), testNow, Cause{}, code); err != nil || n != 3 {
		t.Fatalf("%d are reminded: %v", n, err)
	}
	reminders := c.lease(testNow)
	if len(reminders) != 3 {
		t.Fatalf("leased %v", sortedKeys(reminders))
	}
	for what, d := range reminders {
		want, err := c.FormToAnswer(t.Context(), d.PersonID, d.RequestID)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want.Form.Answers, d.Form.Form.Answers); diff != "" {
			t.Errorf("%s: answers (-want +got):\n%s", what, diff)
		}
		if diff := cmp.Diff(want.Form.Asked, d.Form.Form.Asked); diff != "" {
			t.Errorf("%s: subjects (-want +got):\n%s", what, diff)
		}
		if answers := len(d.Form.Form.Answers); (answers > 0) != (what == "reminder c001") {
			t.Errorf("%s comes with %d answers", what, answers)
		}
		if diff := cmp.Diff(want.Round, d.Form.Round); diff != "" {
			t.Errorf("%s: round (-want +got):\n%s", what, diff)
		}
	}
}
