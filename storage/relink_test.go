package storage

import (
	"testing"
	"time"

	"pingyi/survey"
)

// newClaim is a town where ann is linked to account 900 and head is the admin;
// account 901 claims ann.
func newClaim(t *testing.T) (c *city, relink Relink) {
	t.Helper()
	c = newTown(t, 1)
	exec(t, c.Store, `INSERT INTO role (person_id, role) SELECT id, 'admin' FROM person WHERE code = 'head'`)
	c.annJoins(900)
	token := c.invited("ann")
	for range 2 { // tapping again does not claim again
		_, err := c.redeem(token, 901)
		want(t, "claiming a linked person", err, survey.ErrNeedsApproval)
	}
	same(t, "told", []string{"relink head"}, c.told())
	return c, c.claimed()
}

// claimed is the one claim that waits.
func (c *city) claimed() Relink {
	c.t.Helper()
	relinks, err := c.PendingRelinks(c.t.Context())
	if err != nil || len(relinks) != 1 {
		c.t.Fatalf("relinks %v, %v", relinks, err)
	}
	return relinks[0]
}

func TestRelinkIsApproved(t *testing.T) {
	t.Parallel()
	c, relink := newClaim(t)
	ctx := t.Context()
	c.open(bothPanels)
	same(t, "claim", Relink{ID: relink.ID, PersonID: c.person("ann"), Person: "ann", Name: "Ann",
		TelegramID: 901, Linked: true, CreatedAt: relink.CreatedAt}, relink)
	c.vote("ann", "5", false)
	assignments := listed[int64](t, c.Store, `SELECT id FROM assignment WHERE person_id = $1 ORDER BY id`, relink.PersonID)
	exec(t, c.Store, `UPDATE request SET message_id = 55 WHERE person_id = $1`, relink.PersonID)
	if err := c.ApproveRelink(ctx, testNow, Cause{Actor: c.person("head")}, relink.ID); err != nil {
		t.Fatal(err)
	}
	same(t, "901 after the approval", "ann", c.owner(901))
	_, err := c.PersonByTelegram(ctx, 900)
	want(t, "the old account", err, survey.ErrNotFound)
	same(t, "what was begun", []string{"staff opened 3 0"}, c.asked(relink.PersonID))
	same(t, "assignments", assignments, listed[int64](t, c.Store, `SELECT id FROM assignment WHERE person_id = $1 ORDER BY id`, relink.PersonID))
	same(t, "live messages of the old chat", 0, scalar[int](t, c.Store,
		`SELECT count(*) FROM request WHERE person_id = $1 AND message_id IS NOT NULL`, relink.PersonID))
	same(t, "told", []string{"relink head", "linked ann"}, c.told())
	want(t, "deciding twice", c.RejectRelink(ctx, testNow, Cause{}, relink.ID), survey.ErrStale)
	_, err = c.PendingRelink(ctx, relink.ID)
	want(t, "reading it", err, survey.ErrStale)
	c.vote("ann", "4", true)
}

func TestRelinkIsRejected(t *testing.T) {
	t.Parallel()
	c, relink := newClaim(t)
	ctx := t.Context()
	if err := c.RejectRelink(ctx, testNow, Cause{Actor: c.person("head")}, relink.ID); err != nil {
		t.Fatal(err)
	}
	same(t, "900 after the rejection", "ann", c.owner(900))
	_, err := c.redeem(c.invited("ann"), 901)
	want(t, "claiming again at once", err, survey.ErrForbidden)
	later := testNow.Add(claimRest + time.Minute)
	_, err = c.RedeemInvite(ctx, later, Cause{}, c.invited("ann"), 901, survey.En)
	want(t, "claiming again a day later", err, survey.ErrNeedsApproval)
	report, err := c.VerifyAudit(ctx)
	if err != nil || len(report.Faults) > 0 || report.Entries == 0 {
		t.Errorf("audit: %+v, %v", report, err)
	}
}

// An account that belongs to one person of the roster claims another who is free.
func TestAccountOfAnotherPersonNeedsApproval(t *testing.T) {
	t.Parallel()
	c := newTown(t, 0)
	c.annJoins(900)
	_, err := c.redeem(c.invited("bob"), 900)
	want(t, "a second person for one account", err, survey.ErrNeedsApproval)
	relink := c.claimed()
	if relink.Holder != "ann" || relink.Linked {
		t.Errorf("claimed: %+v", relink)
	}
	if err := c.ApproveRelink(t.Context(), testNow, Cause{}, relink.ID); err != nil {
		t.Fatal(err)
	}
	same(t, "900 after the approval", "bob", c.owner(900))
	same(t, "ann's account", int64(0), scalar[int64](t, c.Store, `SELECT coalesce(telegram_id, 0) FROM person WHERE code = 'ann'`))
}
