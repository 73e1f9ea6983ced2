package storage

import (
	"context"
	"errors"
	"regexp"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"pingyi/survey"
)

// bothPanels asks citizens and staff about the departments, staff first.
const bothPanels = `
round: both
title: 测评
questionnaire: satisfaction
subjects: {kind: department}
duration: 14d
panels:
  - {panel: staff, title: 职工, who: {kind: staff}, identity: anonymous, minimum: 2}
  - {panel: residents, title: 居民, who: {kind: citizen}, identity: anonymous, minimum: 2}
`

const openEnrolment = `UPDATE setting SET value = value || '{"notice":{"version":"v2","text":{"":"隐私"}},
	"enrolment":{"open":true,"districts":[{"code":"north","name":{"":"北"}},{"code":"south","name":{"":"南"}}],
	"ages":[{"code":"30","name":{"":"30"}}]}}' WHERE key = 'project'`

// newTown is a city whose staff have no accounts yet, and where citizens may enrol.
func newTown(t testing.TB, citizens int) *city {
	t.Helper()
	c := newCity(t, citizens)
	exec(t, c.Store, `UPDATE person SET telegram_id = NULL WHERE code IN ('ann', 'bob', 'eve')`)
	exec(t, c.Store, openEnrolment)
	return c
}

// invite makes an invite for one person.
func (c *city) invited(code string) string {
	c.t.Helper()
	invites, err := c.CreateInvites(c.t.Context(), testNow, Cause{Actor: 1}, []string{code})
	if err != nil {
		c.t.Fatal(err)
	}
	return invites[0].Token
}

func (c *city) redeem(token string, account int64) (Person, error) {
	return c.RedeemInvite(c.t.Context(), testNow, Cause{}, token, account, survey.En)
}

// annJoins links ann, who is on the roster, by an invite.
func (c *city) annJoins(account int64) Person {
	c.t.Helper()
	p, err := c.redeem(c.invited("ann"), account)
	if err != nil {
		c.t.Fatal(err)
	}
	return p
}

// owner is who has an account.
func (c *city) owner(account int64) string {
	c.t.Helper()
	p, err := c.PersonByTelegram(c.t.Context(), account)
	if err != nil {
		c.t.Fatal(err)
	}
	return p.Code
}

// enrol joins a citizen by the public link.
func (c *city) enrol(account int64, district string) Person {
	c.t.Helper()
	p, err := c.EnrolCitizen(c.t.Context(), testNow, Cause{}, account, survey.ZhHant,
		Enrolment{District: district, AgeBand: "30", NoticeVersion: "v2"})
	if err != nil {
		c.t.Fatal(err)
	}
	return p
}

// asked lists a person's requests with their states, assignments and
// invitations under way.
func (c *city) asked(person int64) []string {
	c.t.Helper()
	return listed[string](c.t, c.Store, `
		SELECT p.code || ' ' || q.state || ' ' ||
		       (SELECT count(*) FROM assignment a WHERE a.request_id = q.id AND a.person_id = q.person_id) || ' ' ||
		       (SELECT count(*) FROM delivery d WHERE d.request_id = q.id AND d.person_id = q.person_id
		        AND d.kind = 'invitation' AND d.state = 'pending')
		FROM request q JOIN panel p ON p.id = q.panel_id WHERE q.person_id = $1 ORDER BY q.round_id, p.position`, person)
}

// told lists what waits to be sent to people beside invitations.
func (c *city) told() []string {
	c.t.Helper()
	return listed[string](c.t, c.Store, `SELECT d.kind || ' ' || p.code FROM delivery d JOIN person p ON p.id = d.person_id
		WHERE d.kind <> 'invitation' AND d.state = 'pending' ORDER BY d.id`)
}

func same(t testing.TB, what string, want, got any) {
	t.Helper()
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

func TestInvites(t *testing.T) {
	t.Parallel()
	c := newTown(t, 2)
	ctx := t.Context()
	invites, err := c.CreateInvites(ctx, testNow, Cause{Actor: c.person("head")}, nil)
	if err != nil {
		t.Fatal(err)
	}
	var codes []string
	for _, i := range invites {
		codes = append(codes, i.Person)
		if !regexp.MustCompile(`^[A-Za-z0-9_-]{27}$`).MatchString(i.Token) {
			t.Errorf("token %q does not fit a link", i.Token)
		}
		if n := scalar[int](t, c.Store, `SELECT count(*) FROM invite WHERE token_hash = $1`, []byte(i.Token)); n != 0 {
			t.Error("the token itself is kept")
		}
	}
	same(t, "invited", []string{"ann", "bob", "eve"}, codes)
	again := c.invited("ann")
	_, err = c.redeem(invites[0].Token, 900)
	want(t, "an invite that was replaced", err, survey.ErrNotFound)
	_, err = c.CreateInvites(ctx, testNow, Cause{}, []string{"bob", "nobody"})
	want(t, "inviting nobody", err, survey.ErrNotFound)

	if _, err := c.CreateInvites(ctx, testNow, Cause{}, nil); err != nil { // more for everybody leaves it good
		t.Fatal(err)
	}
	p, err := c.redeem(again, 900)
	if err != nil {
		t.Fatal(err)
	}
	if p.Code != "ann" || p.TelegramID != 900 || p.Language != survey.En || !p.Is(survey.Staff) || p.LinkedAt == nil {
		t.Errorf("linked as %+v", p)
	}
	if same, err := c.redeem(again, 900); err != nil || same.ID != p.ID {
		t.Errorf("the same link again: %v, %v", same.ID, err)
	}
	_, err = c.redeem(again, 901)
	want(t, "somebody else's tap", err, ErrInviteUsed)
	want(t, "somebody else's tap", err, survey.ErrForbidden)
	_, err = c.redeem("no-such-token", 902)
	want(t, "an unknown token", err, survey.ErrNotFound)
	late := testNow.Add(InviteLife + time.Second)
	_, err = c.RedeemInvite(ctx, late, Cause{}, invites[1].Token, 903, survey.En)
	want(t, "a late tap", err, ErrInviteExpired)
	if n := scalar[int](t, c.Store, `SELECT count(*) FROM audit_detail WHERE detail ~ 'ann|Ann'`); n != 0 {
		t.Error("the audit log names people")
	}
}

func TestOneInviteTwoAccountsAtOnce(t *testing.T) {
	t.Parallel()
	c := newTown(t, 0)
	token := c.invited("ann")
	var errs [8]error
	var all sync.WaitGroup
	for i := range errs {
		all.Go(func() { _, errs[i] = c.redeem(token, int64(900+i)) })
	}
	all.Wait()
	linked := 0
	for i, err := range errs {
		switch {
		case err == nil:
			linked++
			if p, err := c.PersonByTelegram(t.Context(), int64(900+i)); err != nil || p.Code != "ann" {
				t.Errorf("account %d was told it is linked, and is not: %v", i, err)
			}
		case !errors.Is(err, ErrInviteUsed):
			t.Errorf("account %d: %v", i, err)
		}
	}
	if linked != 1 {
		t.Errorf("%d accounts were linked", linked)
	}
	if got := c.told(); len(got) != 0 {
		t.Errorf("admins were told: %v", got)
	}
}

func TestWhoJoinsIsAskedAtOnce(t *testing.T) {
	t.Parallel()
	c := newTown(t, 1)
	c.open(bothPanels)
	ann := c.person("ann")
	same(t, "before", []string{"staff pending 3 0"}, c.asked(ann))
	c.annJoins(900)
	same(t, "after the invite", []string{"staff pending 3 1"}, c.asked(ann))
	same(t, "after enrolling", []string{"residents pending 3 1"}, c.asked(c.enrol(950, "north").ID))
}

// A round that opens while somebody joins asks them either way.
func TestJoiningWhileARoundOpens(t *testing.T) {
	t.Parallel()
	c := newTown(t, 0)
	code := c.draft(bothPanels)
	tokens := map[int64]string{900: c.invited("ann"), 901: c.invited("bob"), 902: c.invited("eve")}
	var all sync.WaitGroup
	for account, token := range tokens {
		all.Go(func() {
			if _, err := c.redeem(token, account); err != nil {
				t.Error(err)
			}
		})
	}
	all.Go(func() {
		if err := c.OpenRound(t.Context(), testNow, Cause{}, code); err != nil {
			t.Error(err)
		}
	})
	all.Wait()
	for _, who := range []string{"ann", "bob", "eve"} {
		same(t, who, []string{"staff pending 3 1"}, c.asked(c.person(who)))
	}
}

func TestEnrolment(t *testing.T) {
	t.Parallel()
	c := newTown(t, 0)
	ctx := t.Context()
	good := Enrolment{District: "north", AgeBand: "30", NoticeVersion: "v2"}
	people := func() int { return scalar[int](t, c.Store, `SELECT count(*) FROM person`) }
	before := people()
	tests := []struct {
		name   string
		change func(e *Enrolment)
		want   error
	}{
		{"old notice", func(e *Enrolment) { e.NoticeVersion = "v1" }, survey.ErrStale},
		{"no consent", func(e *Enrolment) { e.NoticeVersion = "" }, survey.ErrStale},
		{"district of nowhere", func(e *Enrolment) { e.District = "moon" }, survey.ErrInvalid},
		{"no age band", func(e *Enrolment) { e.AgeBand = "" }, survey.ErrInvalid},
	}
	for _, tt := range tests {
		e := good
		tt.change(&e)
		_, err := c.EnrolCitizen(ctx, testNow, Cause{}, 950, survey.En, e)
		want(t, tt.name, err, tt.want)
	}
	if people() != before {
		t.Error("something is kept of somebody who did not join")
	}
	p := c.enrol(950, "north")
	if !p.Enrolled || p.Name != "" || p.Consent != "v2" || p.District != "north" || p.AgeBand != "30" ||
		p.Language != survey.ZhHant || !p.Is(survey.Citizen) {
		t.Errorf("enrolled as %+v", p)
	}
	if moved := c.enrol(950, "south"); moved.ID != p.ID || moved.District != "south" || moved.Language != survey.ZhHant {
		t.Errorf("enrolled again as %+v", moved)
	}
	same(t, "memberships", 1, scalar[int](t, c.Store, `SELECT count(*) FROM membership WHERE person_id = $1`, p.ID))

	// Somebody of the staff becomes a citizen too.
	c.annJoins(900)
	both := c.enrol(900, "north")
	if both.Code != "ann" || both.Enrolled || !both.Is(survey.Citizen) || !both.Is(survey.Staff) || both.District != "north" {
		t.Errorf("staff who enrolled: %+v", both)
	}
	counts, err := c.CountPeople(ctx, testNow)
	if err != nil {
		t.Fatal(err)
	}
	same(t, "counts", PeopleCounts{Roster: 5, Linked: 3, Enrolled: 2, Today: 2}, counts)

	exec(t, c.Store, `UPDATE setting SET value = jsonb_set(value, '{enrolment,open}', 'false') WHERE key = 'project'`)
	_, err = c.EnrolCitizen(ctx, testNow, Cause{}, 951, survey.En, good)
	want(t, "enrolling where that is closed", err, survey.ErrClosed)
}

func TestConsent(t *testing.T) {
	t.Parallel()
	c := newTown(t, 1)
	ctx := t.Context()
	head := c.person("head")
	want(t, "consent to an old notice", c.Consent(ctx, testNow, Cause{}, head, "v1"), survey.ErrStale)
	for range 2 {
		if err := c.Consent(ctx, testNow, Cause{}, head, "v2"); err != nil {
			t.Fatal(err)
		}
	}
	p, err := c.Person(ctx, head)
	if err != nil || p.Consent != "v2" {
		t.Errorf("consent %q, %v", p.Consent, err)
	}
	want(t, "consent of nobody", c.Consent(ctx, testNow, Cause{}, 99999, "v2"), survey.ErrNotFound)
}

func TestLinkByPhone(t *testing.T) {
	t.Parallel()
	c := newTown(t, 0)
	ctx := t.Context()
	hash, err := c.PhoneHash("13800138000")
	if err != nil {
		t.Fatal(err)
	}
	exec(t, c.Store, `UPDATE person SET phone_hash = $1 WHERE code = 'bob'`, hash)
	_, err = c.LinkByPhone(ctx, testNow, Cause{}, "+8613999999999", 900, survey.En)
	want(t, "a number of nobody", err, survey.ErrNotFound)
	_, err = c.LinkByPhone(ctx, testNow, Cause{}, "x", 900, survey.En)
	want(t, "no number", err, survey.ErrInvalid)
	for range 2 {
		p, err := c.LinkByPhone(ctx, testNow, Cause{}, "8613800138000", 900, survey.En)
		if err != nil || p.Code != "bob" {
			t.Fatalf("linked as %q, %v", p.Code, err)
		}
	}
	_, err = c.LinkByPhone(ctx, testNow, Cause{}, "8613800138000", 901, survey.En)
	want(t, "another account", err, survey.ErrNeedsApproval)
}

func TestRedeliveredUpdatesJoinOnce(t *testing.T) {
	t.Parallel()
	c := newTown(t, 0)
	e := Enrolment{District: "north", AgeBand: "30", NoticeVersion: "v2"}
	cause := Cause{UpdateID: 5}
	if _, err := c.EnrolCitizen(t.Context(), testNow, cause, 950, survey.En, e); err != nil {
		t.Fatal(err)
	}
	_, err := c.EnrolCitizen(t.Context(), testNow, cause, 950, survey.En, e)
	want(t, "the same update", err, survey.ErrHandled)
}

func TestFindingPeople(t *testing.T) {
	t.Parallel()
	c := newTown(t, 3)
	tests := []struct {
		typed string
		want  []string
	}{
		{"c00", []string{"c001", "c002", "c003"}},
		{"C002", []string{"c002"}},
		{"nn", []string{"ann"}}, // part of a name
		{"%", nil},
		{"_", nil},
		{`\`, nil},
		{" ", nil},
		{"\x00", nil},
	}
	for _, tt := range tests {
		people, err := c.FindPeople(context.WithoutCancel(t.Context()), tt.typed, 10)
		if err != nil {
			t.Fatalf("%q: %v", tt.typed, err)
		}
		var got []string
		for _, p := range people {
			got = append(got, p.Code)
		}
		same(t, tt.typed, tt.want, got)
	}
}
