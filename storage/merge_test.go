package storage

import (
	"testing"

	"pingyi/survey"
)

// kept lists the answers of an open round with the subjects they are about.
const openAnswers = `SELECT s.code || ' ' || a.item || '=' || a.value FROM open_ballot b
	JOIN open_answer a ON (a.round_id, a.ballot_id) = (b.round_id, b.id) JOIN subject s ON s.id = b.subject_id ORDER BY 1`

// A citizen who enrolled and answered turns out to be on the staff, where the
// same subjects are planned in the panel listed first: what was answered stands.
func TestCitizenWhoAnsweredJoinsTheRoster(t *testing.T) {
	t.Parallel()
	c := newTown(t, 2)
	code := c.open(bothPanels)
	citizen := c.enrol(900, "north")
	c.vote(citizen.Code, "4", true)
	before := listed[int64](t, c.Store, `SELECT id FROM assignment WHERE person_id = $1 ORDER BY id`, citizen.ID)
	p := c.annJoins(900)
	if p.Code != "ann" || p.Enrolled || !p.Is(survey.Citizen) || !p.Is(survey.Staff) || p.Consent != "v2" ||
		p.District != "north" || p.AgeBand != "30" || p.Language != survey.ZhHant {
		t.Errorf("merged into %+v", p)
	}
	_, err := c.Person(t.Context(), citizen.ID)
	want(t, "the citizen", err, survey.ErrNotFound)
	same(t, "requests", []string{"residents done 3 1"}, c.asked(p.ID))
	same(t, "assignments", before, listed[int64](t, c.Store, `SELECT id FROM assignment WHERE person_id = $1 ORDER BY id`, p.ID))
	c.close(code)
	same(t, "ballots", []string{"health 1=4 valid", "police 1=4 valid", "school 1=4 valid"}, listed[string](t, c.Store, sealed))
}

// Where nothing was begun, the panel listed first counts.
func TestCitizenWhoDidNothingJoinsTheRoster(t *testing.T) {
	t.Parallel()
	c := newTown(t, 0)
	c.open(bothPanels)
	c.enrol(900, "north")
	p := c.annJoins(900)
	same(t, "requests", []string{"staff pending 3 1"}, c.asked(p.ID))
	same(t, "rows left over", 0, scalar[int](t, c.Store, `SELECT count(*) FROM assignment a
		WHERE NOT EXISTS (SELECT FROM request q WHERE q.id = a.request_id AND q.person_id = a.person_id)`))
	c.vote("ann", "5", true)
}

// Both persons have a request in the same panel: the roster has her as a citizen too.
func TestSamePanelOnBothSides(t *testing.T) {
	t.Parallel()
	c := newTown(t, 0)
	exec(t, c.Store, `INSERT INTO membership (person_id, kind) SELECT id, 'citizen' FROM person WHERE code = 'ann'`)
	c.open(residents)
	citizen := c.enrol(900, "south")
	c.vote(citizen.Code, "2", false)
	p := c.annJoins(900)
	same(t, "requests", []string{"residents opened 3 1"}, c.asked(p.ID))
	_, f := c.form("ann")
	same(t, "answers found again", 3, len(f.Form.Answers))
	same(t, "memberships", []string{"citizen", "staff"}, listed[string](t, c.Store,
		`SELECT kind FROM membership WHERE person_id = $1 ORDER BY kind`, p.ID))
}

// An admin by PINGYI_ADMINS is on the roster too, and stays an admin until the
// list says otherwise.
func TestAdminJoinsTheRoster(t *testing.T) {
	t.Parallel()
	c := newTown(t, 0)
	ctx := t.Context()
	for range 2 {
		if err := c.EnsureAdmins(ctx, testNow, []int64{900, 21}); err != nil {
			t.Fatal(err)
		}
	}
	admin, err := c.PersonByTelegram(ctx, 900)
	if err != nil || !admin.Has(Admin) || !admin.Enrolled {
		t.Fatalf("admin %+v, %v", admin, err)
	}
	p, err := c.redeem(c.invited("ann"), 900)
	if err != nil || !p.Has(Admin) || p.Code != "ann" {
		t.Fatalf("merged into %+v, %v", p, err)
	}
	roles, err := c.Roles(ctx, p.ID)
	if err != nil {
		t.Fatal(err)
	}
	same(t, "roles", []Role{{Role: Admin}}, roles)
	if err := c.EnsureAdmins(ctx, testNow, []int64{21}); err != nil {
		t.Fatal(err)
	}
	same(t, "admins", []string{"head"}, listed[string](t, c.Store,
		`SELECT p.code FROM role r JOIN person p ON p.id = r.person_id WHERE r.role = 'admin'`))
}

// A role that the roster gives does not go with the list.
func TestAdminsOfTheRosterStay(t *testing.T) {
	t.Parallel()
	c := newTown(t, 0)
	ctx := t.Context()
	exec(t, c.Store, `INSERT INTO role (person_id, role) SELECT id, 'admin' FROM person WHERE code = 'head'`)
	for _, list := range [][]int64{{21, 22}, {22}, nil} {
		if err := c.EnsureAdmins(ctx, testNow, list); err != nil {
			t.Fatal(err)
		}
	}
	same(t, "admins", []string{"head"}, listed[string](t, c.Store,
		`SELECT p.code FROM role r JOIN person p ON p.id = r.person_id WHERE r.role = 'admin'`))
}

func TestNotMe(t *testing.T) {
	t.Parallel()
	c := newTown(t, 0)
	ctx := t.Context()
	exec(t, c.Store, `INSERT INTO role (person_id, role) SELECT id, 'admin' FROM person WHERE code = 'head'`)
	code := c.open(bothPanels)
	c.annJoins(900)
	c.vote("ann", "1", true)
	ann := c.person("ann")
	before := listed[int64](t, c.Store, `SELECT id FROM assignment WHERE person_id = $1`, ann)
	if err := c.NotMe(ctx, testNow, Cause{Actor: ann}, ann); err != nil {
		t.Fatal(err)
	}
	same(t, "requests", []string{"staff pending 3 0"}, c.asked(ann))
	same(t, "told", []string{"notme head"}, c.told())
	same(t, "assignments that kept their ids", 0, scalar[int](t, c.Store,
		`SELECT count(*) FROM assignment WHERE id = ANY($1)`, before))
	want(t, "again", c.NotMe(ctx, testNow, Cause{Actor: ann}, ann), survey.ErrStale)

	c.annJoins(901)
	_, f := c.form("ann")
	same(t, "answers shown to the right person", 0, len(f.Form.Answers))
	c.vote("ann", "5", true)
	c.close(code)
	same(t, "ballots that count", []string{"health 1=5 valid", "police 1=5 valid", "school 1=5 valid"},
		listed[string](t, c.Store, sealed))
}

// Whoever enrolled as a citizen, then took somebody's invite, is the citizen again.
func TestNotMeOfACitizen(t *testing.T) {
	t.Parallel()
	c := newTown(t, 0)
	ctx := t.Context()
	c.open(residents)
	citizen := c.enrol(900, "south")
	c.vote(citizen.Code, "3", true)
	c.annJoins(900)
	ann := c.person("ann")
	same(t, "merged", []string{"residents done 3 1"}, c.asked(ann))
	if err := c.NotMe(ctx, testNow, Cause{Actor: ann}, ann); err != nil {
		t.Fatal(err)
	}
	p, err := c.PersonByTelegram(ctx, 900)
	if err != nil || !p.Enrolled || !p.Is(survey.Citizen) || p.Is(survey.Staff) || p.Consent != "v2" || p.District != "south" {
		t.Fatalf("the citizen again: %+v, %v", p, err)
	}
	same(t, "what the citizen answered", []string{"residents done 3 1"}, c.asked(p.ID))
	same(t, "what ann is asked", []string(nil), c.asked(ann))
	back, err := c.Person(ctx, ann)
	if err != nil || back.TelegramID != 0 || back.AgeBand != "" || back.Consent != "" || back.Is(survey.Citizen) {
		t.Errorf("ann: %+v, %v", back, err)
	}
	want(t, "a citizen who says it of herself", c.NotMe(ctx, testNow, Cause{}, p.ID), survey.ErrInvalid)
}
