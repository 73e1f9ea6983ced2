package storage

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pingyi/survey"
)

func TestChoosingSubjects(t *testing.T) {
	t.Parallel()
	c := newCity(t, 2)
	c.open(strings.Replace(residents, "minimum: 2", "minimum: 2, asks: {choose: {min: 2, max: 2}}", 1))
	ctx := t.Context()
	person, f := c.form("c001")
	other, theirs := c.form("c002")
	subject := make(map[string]int64)
	for _, s := range f.Choosable {
		subject[s.Code] = s.ID
	}
	if len(f.Choosable) != 3 || len(f.Form.Asked) != 0 {
		t.Fatalf("%d to choose from, %d asked", len(f.Choosable), len(f.Form.Asked))
	}
	choose := func(code string, on bool) error {
		return c.Choose(ctx, testNow, Cause{}, person, f.RequestID, subject[code], on)
	}
	chosen := func() (codes []string) {
		t.Helper()
		fresh, err := c.Form(ctx, testNow, person, f.RequestID)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range fresh.Choosable {
			if s.Chosen {
				codes = append(codes, s.Code)
			}
		}
		var asked []string
		for _, a := range fresh.Form.Asked {
			asked = append(asked, a.Subject)
		}
		if !slices.Equal(codes, asked) {
			t.Errorf("chosen %v, asked %v", codes, asked)
		}
		return codes
	}
	_, err := c.Submit(ctx, testNow, Cause{}, person, f.RequestID)
	want(t, "submitting without a choice", err, survey.ErrInvalid)
	for _, step := range []struct {
		name string
		code string
		on   bool
		want error
		left []string
	}{
		{"the first", "police", true, nil, []string{"police"}},
		{"the first again", "police", true, nil, []string{"police"}},
		{"the second", "school", true, nil, []string{"police", "school"}},
		{"one too many", "health", true, survey.ErrLimit, []string{"police", "school"}},
		{"back", "police", false, nil, []string{"school"}},
		{"back again", "police", false, nil, []string{"school"}},
		{"another", "health", true, nil, []string{"health", "school"}},
		{"nothing of the kind", "nobody", true, survey.ErrLimit, []string{"health", "school"}},
	} {
		want(t, step.name, choose(step.code, step.on), step.want)
		if diff := cmp.Diff(step.left, chosen()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", step.name, diff)
		}
	}
	ann := scalar[int64](t, c.Store, `SELECT id FROM subject WHERE code = 'ann'`)
	want(t, "a subject of no concern", c.Choose(ctx, testNow, Cause{}, other, theirs.RequestID, ann, true), survey.ErrInvalid)
	want(t, "for somebody else", c.Choose(ctx, testNow, Cause{}, other, f.RequestID, subject["police"], true), survey.ErrForbidden)

	// What was answered comes back with the subject, under the same assignment.
	_, f = c.form("c001")
	before := f.Form.Asked[0].Assignment
	if err := c.tap(person, f, "health", 1, "3"); err != nil {
		t.Fatal(err)
	}
	if err := choose("health", false); err != nil {
		t.Fatal(err)
	}
	want(t, "answering about what was taken back", c.tap(person, f, "health", 1, "4"), survey.ErrStale)
	if err := choose("health", true); err != nil {
		t.Fatal(err)
	}
	_, f = c.form("c001")
	if a := f.Form.Asked[0].Assignment; a != before || f.Form.Answers[survey.Key{Assignment: a, Item: 1}] != "3" {
		t.Errorf("assignment %d after %d, answers %v", a, before, f.Form.Answers)
	}
}

func TestSubmittingValidatesFromTheDatabase(t *testing.T) {
	t.Parallel()
	c := newCity(t, 1)
	c.open(strings.Replace(residents, "{kind: department}", "{list: [police]}", 1))
	ctx := t.Context()
	person, f := c.form("c001")
	a := f.Form.Asked[0].Assignment
	submit := func() []survey.Step {
		t.Helper()
		missing, err := c.Submit(ctx, testNow, Cause{}, person, f.RequestID)
		if err != nil {
			t.Fatal(err)
		}
		return missing
	}
	state := func() string {
		t.Helper()
		return scalar[string](t, c.Store, `SELECT q.state || ' ' || a.state FROM request q JOIN assignment a ON a.request_id = q.id`)
	}
	if diff := cmp.Diff([]survey.Step{{Assignment: a, Item: 1}}, submit()); diff != "" {
		t.Errorf("missing (-want +got):\n%s", diff)
	}
	for _, tap := range []struct {
		item  int
		value string
	}{{1, "5"}, {4, "app"}} {
		if err := c.tap(person, f, "police", tap.item, tap.value); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff([]survey.Step{{Assignment: a, Item: 4}}, submit()); diff != "" {
		t.Errorf("one option of at least two is incomplete (-want +got):\n%s", diff)
	}
	if got := state(); got != "opened invited" {
		t.Errorf("after refusals: %s", got)
	}
	if err := c.tap(person, f, "police", 4, "app|hall"); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if missing := submit(); len(missing) > 0 || state() != "done answered" {
			t.Errorf("missing %v, %s", missing, state())
		}
	}
	want(t, "answering what was submitted", c.tap(person, f, "police", 1, "1"), survey.ErrStale)
	want(t, "beginning what was submitted", c.Open(ctx, testNow, Cause{}, person, f.RequestID), survey.ErrStale)
	want(t, "declining what was submitted", c.Decline(ctx, testNow, Cause{}, person, f.RequestID), survey.ErrStale)
	if err := c.Reopen(ctx, testNow, Cause{}, person, f.RequestID); err != nil {
		t.Fatal(err)
	}
	if got := state(); got != "opened answered" {
		t.Errorf("reopened: %s", got)
	}
	if err := c.tap(person, f, "police", 1, "1"); err != nil {
		t.Fatal(err)
	}
	if missing := submit(); len(missing) > 0 || state() != "done answered" {
		t.Errorf("missing %v, %s", missing, state())
	}
	if got := listed[string](t, c.Store, stored, c.round); !slices.Equal(got, []string{"1=1", "4=app|hall"}) {
		t.Errorf("stored %v", got)
	}
}

func TestDecliningCanBeTakenBack(t *testing.T) {
	t.Parallel()
	c := newCity(t, 2)
	c.open(residents)
	ctx := t.Context()
	person, f := c.form("c001")
	other := c.person("c002")
	want(t, "declining for somebody else", c.Decline(ctx, testNow, Cause{}, other, f.RequestID), survey.ErrForbidden)
	want(t, "declining nothing", c.Decline(ctx, testNow, Cause{}, person, 999999), survey.ErrNotFound)
	for range 2 {
		if err := c.Decline(ctx, testNow, Cause{}, person, f.RequestID); err != nil {
			t.Fatal(err)
		}
	}
	if got := listed[string](t, c.Store, `SELECT DISTINCT state FROM assignment WHERE person_id = $1`, person); !slices.Equal(got, []string{"recused"}) {
		t.Errorf("assignments %v", got)
	}
	todo, err := c.Todo(ctx, person)
	if err != nil || len(todo) != 1 || todo[0].State != survey.RequestDeclined {
		t.Fatalf("to do %v: %v", todo, err)
	}
	c.vote("c001", "4", true)
	want(t, "an update once more", c.Reopen(ctx, testNow, Cause{UpdateID: 5}, person, f.RequestID), nil)
	want(t, "an update once more", c.Reopen(ctx, testNow, Cause{UpdateID: 5}, person, f.RequestID), survey.ErrHandled)
}

func TestTodoListsWhatWaitsFirst(t *testing.T) {
	t.Parallel()
	c := newCity(t, 1)
	first := c.open(strings.Replace(residents, "round: 2026-q4", "round: first", 1))
	c.vote("c001", "4", true)
	second := c.open(strings.Replace(residents, "round: 2026-q4", "round: second", 1))
	third := c.open(strings.Replace(strings.Replace(residents, "round: 2026-q4", "round: third", 1), "14d", "3d", 1))
	if err := c.PauseRound(t.Context(), testNow, Cause{}, second); err != nil {
		t.Fatal(err)
	}
	c.draft(strings.Replace(residents, "round: 2026-q4", "round: draft", 1))
	person := c.person("c001")
	todo, err := c.Todo(t.Context(), person)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, item := range todo {
		round := scalar[string](t, c.Store, `SELECT code FROM round WHERE id = $1`, item.RoundID)
		got = append(got, round+" "+string(item.RoundState)+" "+string(item.State))
	}
	if diff := cmp.Diff([]string{third + " open pending", second + " paused pending", first + " open done"}, got); diff != "" {
		t.Errorf("to do (-want +got):\n%s", diff)
	}
	if err := c.SetMessage(t.Context(), person, todo[0].RequestID, 900); err != nil {
		t.Fatal(err)
	}
	want(t, "the message of somebody else's request", c.SetMessage(t.Context(), person+1, todo[0].RequestID, 901), survey.ErrNotFound)
	if f, err := c.Form(t.Context(), testNow, person, todo[0].RequestID); err != nil || f.MessageID != 900 {
		t.Errorf("message %d: %v", f.MessageID, err)
	}
}
