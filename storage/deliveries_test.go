package storage

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sync/errgroup"

	"pingyi/survey"
)

// leaseFor leases up to n deliveries and reads them, leaving out what has become pointless.
func (c *city) leaseFor(now time.Time, worker string, n int) ([]Delivery, error) {
	for {
		spans, err := c.Lease(c.t.Context(), now, Claim{Worker: worker, Most: n, TTL: testLease})
		if err != nil || len(spans) == 0 {
			return nil, err
		}
		var picks []Pick
		for _, s := range spans {
			picks = append(picks, s.Picks()...)
		}
		if found, err := c.Outgoing(c.t.Context(), worker, picks); err != nil || len(found) > 0 {
			return found, err
		}
	}
}

// lease leases and returns what, by person.
func (c *city) lease(now time.Time) map[string]Delivery {
	c.t.Helper()
	leased, err := c.leaseFor(now, "sender", 10)
	if err != nil {
		c.t.Fatal(err)
	}
	by := make(map[string]Delivery)
	for _, d := range leased {
		by[string(d.Kind)+" "+scalar[string](c.t, c.Store, `SELECT code FROM person WHERE id = $1`, d.PersonID)] = d
	}
	if len(by) != len(leased) {
		c.t.Errorf("%d deliveries for %d people", len(leased), len(by))
	}
	return by
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

func TestSendersShareTheWork(t *testing.T) {
	t.Parallel()
	const people = 60
	c := newCity(t, people)
	c.open(residents)
	var mu sync.Mutex
	got := make(map[int64]int)
	var g errgroup.Group
	for worker := range 4 {
		g.Go(func() error {
			for {
				leased, err := c.leaseFor(testNow, fmt.Sprint(worker), 7)
				if err != nil || len(leased) == 0 {
					return err
				}
				mu.Lock()
				for _, d := range leased {
					got[d.TelegramID]++
				}
				mu.Unlock()
				for _, d := range leased {
					if err := c.Sent(t.Context(), testNow, Went{ID: d.ID, MessageID: d.TelegramID * 10}); err != nil {
						return err
					}
				}
			}
		})
	}
	if err := g.Wait(); err != nil {
		t.Fatal(err)
	}
	if len(got) != people {
		t.Errorf("%d people were sent something, want %d", len(got), people)
	}
	for id, n := range got {
		if n != 1 {
			t.Errorf("account %d was sent %d invitations", id, n)
		}
	}
	if n := scalar[int](t, c.Store, `SELECT count(*) FROM request q JOIN person p ON p.id = q.person_id
		WHERE q.state = 'sent' AND q.message_id = p.telegram_id * 10 AND q.sent_at IS NOT NULL`); n != people {
		t.Errorf("%d requests know their message, want %d", n, people)
	}
}

func TestLeasesRunOutAndAreGivenBack(t *testing.T) {
	t.Parallel()
	c := newCity(t, 2)
	c.open(residents)
	first := c.lease(testNow)
	if diff := cmp.Diff([]string{"invitation c001", "invitation c002"}, sortedKeys(first)); diff != "" {
		t.Fatalf("leased (-want +got):\n%s", diff)
	}
	if again := c.lease(testNow.Add(testLease - time.Second)); len(again) != 0 {
		t.Errorf("leased twice: %v", again)
	}
	if err := c.PutOff(t.Context(), first["invitation c001"], testNow.Add(time.Hour), "down", true); err != nil {
		t.Fatal(err)
	}
	late := c.lease(testNow.Add(testLease))
	if diff := cmp.Diff([]string{"invitation c002"}, sortedKeys(late)); diff != "" {
		t.Errorf("leased after the first lease ran out (-want +got):\n%s", diff)
	}
	if at, ok, err := c.NextDelivery(t.Context()); err != nil || !ok || !at.Equal(testNow.Add(2*testLease)) {
		t.Errorf("next at %v %v: %v", at, ok, err)
	}
	// The sender whose lease ran out had sent it after all: it is one message.
	for range 2 {
		if err := c.Sent(t.Context(), testNow, Went{ID: late["invitation c002"].ID, MessageID: 7}); err != nil {
			t.Fatal(err)
		}
	}
	again := c.lease(testNow.Add(time.Hour))
	if got := sortedKeys(again); !slices.Equal(got, []string{"invitation c001"}) {
		t.Fatalf("leased after an hour: %v", got)
	}
	if n := again["invitation c001"].Attempts; n != 1 {
		t.Errorf("%d attempts failed", n)
	}
}

func TestPointlessDeliveriesExpire(t *testing.T) {
	t.Parallel()
	c := newCity(t, 8)
	code := c.open(residents)
	c.vote("c001", "4", true) // answered before it was invited
	person, f := c.form("c002")
	if err := c.Decline(t.Context(), testNow, Cause{}, person, f.RequestID); err != nil {
		t.Fatal(err)
	}
	exec(t, c.Store, `UPDATE person SET stopped_at = now() WHERE code = 'c003'`)
	exec(t, c.Store, `UPDATE person SET telegram_id = NULL WHERE code = 'c004'`)
	// Written while what it is about went.
	exec(t, c.Store, `UPDATE delivery SET person_id = -1 WHERE person_id = $1`, c.person("c007"))
	exec(t, c.Store, `UPDATE delivery SET request_id = -1 WHERE person_id = $1`, c.person("c008"))
	if err := c.PauseRound(t.Context(), testNow, Cause{}, code); err != nil {
		t.Fatal(err)
	}
	if got := c.lease(testNow); len(got) != 0 {
		t.Errorf("a paused round sends %v", got)
	}
	if _, ok, err := c.NextDelivery(t.Context()); ok || err != nil {
		t.Errorf("a paused round has something due: %v", err)
	}
	if err := c.ResumeRound(t.Context(), testNow, Cause{}, code); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"invitation c005", "invitation c006"}, sortedKeys(c.lease(testNow))); diff != "" {
		t.Errorf("leased (-want +got):\n%s", diff)
	}
	if n := scalar[int](t, c.Store, `SELECT count(*) FROM delivery WHERE state = 'expired'`); n != 6 {
		t.Errorf("%d expired, want 6", n)
	}
}

func TestUnreachablePeopleGetNothingMore(t *testing.T) {
	t.Parallel()
	c := newCity(t, 3)
	code := c.open(residents)
	leased := c.lease(testNow)
	if err := c.Fail(t.Context(), testNow, leased["invitation c001"].ID, survey.DeliveryUnreachable, "forbidden"); err != nil {
		t.Fatal(err)
	}
	if err := c.Fail(t.Context(), testNow, leased["invitation c002"].ID, survey.DeliveryFailed, "bad request"); err != nil {
		t.Fatal(err)
	}
	if err := c.Sent(t.Context(), testNow, Went{ID: leased["invitation c003"].ID, MessageID: 5}); err != nil {
		t.Fatal(err)
	}
	states := listed[string](t, c.Store, `SELECT p.code || ' ' || q.state || ' ' || (p.unreachable_at IS NOT NULL)
		FROM request q JOIN person p ON p.id = q.person_id ORDER BY 1`)
	if diff := cmp.Diff([]string{"c001 unreachable true", "c002 pending false", "c003 sent false"}, states); diff != "" {
		t.Errorf("requests (-want +got):\n%s", diff)
	}
	if n, err := c.RemindRound(t.Context(), testNow, Cause{}, code); err != nil || n != 1 {
		t.Errorf("%d were reminded, want only who got the invitation: %v", n, err)
	}
	if err := c.Reachable(t.Context(), testNow, 1001); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"invitation c001", "reminder c003"}, sortedKeys(c.lease(testNow))); diff != "" {
		t.Errorf("leased once c001 is back (-want +got):\n%s", diff)
	}
}

func TestWhoWaitsComesFirst(t *testing.T) {
	t.Parallel()
	c := newCity(t, 4)
	c.open(residents)
	exec(t, c.Store, `DELETE FROM delivery WHERE person_id = (SELECT id FROM person WHERE code = 'c003')`)
	if err := c.Resume(t.Context(), testNow, Cause{}, c.person("c003")); err != nil {
		t.Fatal(err)
	}
	leased, err := c.leaseFor(testNow.Add(time.Minute), "sender", 2)
	if err != nil {
		t.Fatal(err)
	}
	if leased[0].PersonID != c.person("c003") || len(leased) != 2 {
		t.Errorf("leased %v first", leased)
	}
}
