package storage

import (
	"testing"

	"pingyi/survey"
)

func TestLanguage(t *testing.T) {
	t.Parallel()
	c := newTown(t, 1)
	p := c.person("c001")
	if err := c.SetLanguage(t.Context(), testNow, Cause{}, p, survey.En); err != nil {
		t.Fatal(err)
	}
	same(t, "language", "en", scalar[string](t, c.Store, `SELECT language FROM person WHERE id = $1`, p))
	want(t, "Klingon", c.SetLanguage(t.Context(), testNow, Cause{}, p, "tlh"), survey.ErrInvalid)
	want(t, "nobody", c.SetLanguage(t.Context(), testNow, Cause{}, 99999, survey.En), survey.ErrNotFound)
}

func TestStopAndComingBack(t *testing.T) {
	t.Parallel()
	c := newTown(t, 2)
	ctx := t.Context()
	c.open(residents)
	p := c.person("c001")
	for range 2 {
		if err := c.Stop(ctx, testNow, Cause{}, p); err != nil {
			t.Fatal(err)
		}
	}
	same(t, "stopped", []string{"residents pending 3 0"}, c.asked(p))
	c.round = 0
	second := c.open(`
round: second
title: 二
questionnaire: satisfaction
subjects: {kind: department}
duration: 7d
panels:
  - {panel: residents, title: 居民, who: {kind: citizen}, identity: anonymous, minimum: 2}
`)
	same(t, "while stopped", []string{"residents pending 3 0", "residents pending 3 0"}, c.asked(p))
	for range 2 {
		if err := c.Resume(ctx, testNow, Cause{}, p); err != nil {
			t.Fatal(err)
		}
	}
	same(t, "back", []string{"residents pending 3 1", "residents pending 3 1"}, c.asked(p))
	back, err := c.Person(ctx, p)
	if err != nil || back.StoppedAt != nil {
		t.Errorf("back: %v, %v", back.StoppedAt, err)
	}
	c.close(second)
}

func TestUnreachableAndBack(t *testing.T) {
	t.Parallel()
	c := newTown(t, 2)
	ctx := t.Context()
	c.open(residents)
	p, opened := c.person("c001"), c.person("c002")
	c.vote("c002", "5", false)
	for _, account := range []int64{1001, 1001, 1002, 424242} { // the last is a stranger
		if err := c.Unreachable(ctx, testNow, account); err != nil {
			t.Fatal(err)
		}
	}
	same(t, "blocked", []string{"residents unreachable 3 0"}, c.asked(p))
	same(t, "blocked after beginning", []string{"residents opened 3 0"}, c.asked(opened))
	for _, account := range []int64{1001, 1001, 1002, 424242} {
		if err := c.Reachable(ctx, testNow, account); err != nil {
			t.Fatal(err)
		}
	}
	same(t, "unblocked", []string{"residents pending 3 1"}, c.asked(p))
	back, err := c.Person(ctx, p)
	if err != nil || back.UnreachableAt != nil {
		t.Errorf("unblocked: %v, %v", back.UnreachableAt, err)
	}
}

func TestForgetCitizen(t *testing.T) {
	t.Parallel()
	c := newTown(t, 2)
	ctx := t.Context()
	code := c.open(residents)
	citizen := c.enrol(900, "north")
	c.vote(citizen.Code, "1", true)
	c.vote("c001", "5", true)
	if err := c.Forget(ctx, testNow, Cause{Actor: citizen.ID, UpdateID: 9}, citizen.ID); err != nil {
		t.Fatal(err)
	}
	same(t, "answers of others", []string{"health 1=5", "police 1=5", "school 1=5"}, listed[string](t, c.Store, openAnswers))
	_, err := c.PersonByTelegram(ctx, 900)
	want(t, "the person", err, survey.ErrNotFound)
	for _, table := range []string{"membership", "consent", "request", "assignment", "delivery"} {
		same(t, "rows in "+table, 0, scalar[int](t, c.Store, `SELECT count(*) FROM `+table+` WHERE person_id = $1`, citizen.ID))
	}
	want(t, "again", c.Forget(ctx, testNow, Cause{}, citizen.ID), survey.ErrNotFound)
	c.close(code)
	same(t, "ballots", []string{"health 1=5 valid", "police 1=5 valid", "school 1=5 valid"}, listed[string](t, c.Store, sealed))
}

const namedRound = `
round: named
title: 实名
questionnaire: satisfaction
subjects: {kind: department}
duration: 7d
panels:
  - {panel: staff, title: 职工, who: {kind: staff}, identity: named, minimum: 1}
`

func TestForgetSomebodyOfTheRoster(t *testing.T) {
	t.Parallel()
	c := newTown(t, 0)
	ctx := t.Context()
	hash, err := c.PhoneHash("13800138000")
	if err != nil {
		t.Fatal(err)
	}
	exec(t, c.Store, `UPDATE person SET phone_hash = $1 WHERE code = 'ann'`, hash)
	c.annJoins(900)
	if err := c.Consent(ctx, testNow, Cause{}, c.person("ann"), "v2"); err != nil {
		t.Fatal(err)
	}
	c.close(c.named())
	c.open(bothPanels)
	c.vote("ann", "2", true)
	ann := c.person("ann")
	if err := c.Forget(ctx, testNow, Cause{Actor: c.person("head")}, ann); err != nil {
		t.Fatal(err)
	}
	p, err := c.Person(ctx, ann)
	if err != nil {
		t.Fatal(err)
	}
	same(t, "what is left", Person{ID: ann, Code: "ann", Name: "Ann", Unit: survey.Text{}, Kinds: []survey.PersonKind{survey.Staff}, Roles: []RoleName{}}, p)
	same(t, "phone", false, scalar[bool](t, c.Store, `SELECT phone_hash IS NOT NULL FROM person WHERE id = $1`, ann))
	same(t, "asked only in the open round", []string{"staff pending 3 0"}, c.asked(ann))
	same(t, "open answers", []string(nil), listed[string](t, c.Store, openAnswers))
	same(t, "named ballots that still name her", 0, scalar[int](t, c.Store, `SELECT count(*) FROM ballot WHERE respondent = 'ann'`))
	aliases := listed[string](t, c.Store, `SELECT DISTINCT respondent FROM ballot WHERE respondent LIKE 'forgotten-%'`)
	if len(aliases) != 1 {
		t.Errorf("her three ballots carry %d aliases", len(aliases))
	}
	entries, err := c.AuditLog(ctx, 0, 1)
	if err != nil || len(entries) != 1 || entries[0].Action != "person.forget" {
		t.Errorf("audit: %+v, %v", entries, err)
	}
}

// named runs a named round up to its closing.
func (c *city) named() string {
	c.t.Helper()
	code := c.open(namedRound)
	c.vote("ann", "3", true)
	return code
}

// What deletes ballots writes no row that names a person: transactions are
// told apart by the ids they leave in the rows.
func TestForgettingBallotsIsATransactionOfItsOwn(t *testing.T) {
	t.Parallel()
	c := newTown(t, 1)
	c.open(residents)
	c.vote("c001", "5", false)
	before := scalar[int64](t, c.Store, `SELECT pg_current_xact_id()::text::bigint`)
	if err := c.forgetBallots(t.Context(), c.person("c001")); err != nil {
		t.Fatal(err)
	}
	named := listed[string](t, c.Store, `
		SELECT 'person' FROM person WHERE greatest(xmin::text::bigint, xmax::text::bigint) > $1
		UNION ALL SELECT 'request' FROM request WHERE greatest(xmin::text::bigint, xmax::text::bigint) > $1
		UNION ALL SELECT 'assignment' FROM assignment WHERE greatest(xmin::text::bigint, xmax::text::bigint) > $1
		UNION ALL SELECT 'handled' FROM handled_update WHERE greatest(xmin::text::bigint, xmax::text::bigint) > $1`, before)
	same(t, "rows that name people and were written", []string(nil), named)
	same(t, "answers", []string(nil), listed[string](t, c.Store, openAnswers))
}
