package storage

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"

	"pingyi/survey"
)

// asked lists who is asked about whom: panel, respondent, subject.
const asked = `SELECT p.code || ': ' || person.code || ' ' || s.code FROM assignment a JOIN request q ON q.id = a.request_id
	JOIN panel p ON p.id = q.panel_id JOIN person ON person.id = a.person_id JOIN subject s ON s.id = a.subject_id
	WHERE a.round_id = $1 AND a.state <> 'withdrawn' ORDER BY p.position, 1`

func TestRelations(t *testing.T) {
	t.Parallel()
	c := newCity(t, 0)
	// Two who have no manager share a unit; the head manages one of them no longer.
	exec(t, c.Store, `UPDATE membership SET manager_id = NULL, unit_id = (SELECT id FROM unit WHERE code = 'health')
		WHERE person_id = (SELECT id FROM person WHERE code = 'eve')`)
	exec(t, c.Store, `INSERT INTO person (code, telegram_id, created_at) VALUES ('lee', 25, now()), ('past', 26, now())`)
	exec(t, c.Store, `INSERT INTO membership (person_id, kind, unit_id) SELECT (SELECT id FROM person WHERE code = 'lee'), 'staff', id FROM unit WHERE code = 'health'`)
	exec(t, c.Store, `INSERT INTO membership (person_id, kind, manager_id, to_date)
		SELECT (SELECT id FROM person WHERE code = 'past'), 'staff', id, '2026-09-27' FROM person WHERE code = 'head'`)
	c.open(`
round: r360
title: 360
questionnaire: satisfaction
subjects: {kind: cadre}
duration: 1d
panels:
  - {panel: manager, title: 上级, relation: manager, who: {kind: staff}, identity: confidential}
  - {panel: peer, title: 同级, relation: peer, who: {kind: staff}, identity: anonymous, minimum: 2}
  - {panel: subordinate, title: 下级, relation: subordinate, who: {kind: staff}, identity: anonymous, minimum: 2}
  - {panel: self, title: 本人, relation: self, who: {kind: staff}, identity: named}
  - {panel: others, title: 领导, who: {kind: leader}, identity: named}
`)
	want := []string{"manager: head ann", "manager: head bob", "peer: ann bob", "peer: bob ann", "peer: lee eve",
		"subordinate: ann head", "subordinate: bob head", "self: ann ann", "self: bob bob", "self: eve eve", "self: head head",
		"others: mayor ann", "others: mayor bob", "others: mayor eve", "others: mayor head"}
	if diff := cmp.Diff(want, listed[string](t, c.Store, asked, c.round)); diff != "" {
		t.Errorf("asked (-want +got):\n%s", diff)
	}
	requests := listed[string](t, c.Store, `SELECT p.code || ' ' || count(*) FROM request q JOIN panel p ON p.id = q.panel_id GROUP BY p.code ORDER BY 1`)
	if diff := cmp.Diff([]string{"manager 1", "others 1", "peer 3", "self 4", "subordinate 2"}, requests); diff != "" {
		t.Errorf("who has nobody to rate is not asked (-want +got):\n%s", diff)
	}
}

func TestFirstListedPanelCounts(t *testing.T) {
	t.Parallel()
	c := newCity(t, 3)
	// c001 is a citizen and a clerk.
	exec(t, c.Store, `INSERT INTO membership (person_id, kind) SELECT id, 'staff' FROM person WHERE code = 'c001'`)
	c.open(`
round: two
title: 两组
questionnaire: satisfaction
subjects: {list: [health, police]}
duration: 1d
panels:
  - {panel: staff, title: 干部, who: {kind: staff}, identity: anonymous, minimum: 2}
  - {panel: residents, title: 居民, who: {kind: citizen}, identity: anonymous, minimum: 2}
  - {panel: again, title: 居民, who: {kind: citizen}, identity: anonymous, minimum: 2, asks: {choose: {min: 1, max: 2}}}
`)
	got := listed[string](t, c.Store, `SELECT p.code || ': ' || person.code FROM request q JOIN panel p ON p.id = q.panel_id
		JOIN person ON person.id = q.person_id WHERE person.code LIKE 'c%' ORDER BY p.position, 1`)
	if diff := cmp.Diff([]string{"staff: c001", "residents: c002", "residents: c003"}, got); diff != "" {
		t.Errorf("requests (-want +got):\n%s", diff)
	}
	positions := listed[string](t, c.Store, `SELECT s.code FROM assignment a JOIN subject s ON s.id = a.subject_id
		JOIN person p ON p.id = a.person_id WHERE p.code = 'c002' ORDER BY a.position`)
	if diff := cmp.Diff([]string{"health", "police"}, positions); diff != "" {
		t.Errorf("subjects in the order of the list (-want +got):\n%s", diff)
	}
}

// drawnRound samples people and draws subjects for them.
const drawnRound = `
round: drawn
title: 抽样
questionnaire: satisfaction
subjects: all
duration: 1d
panels:
  - {panel: residents, title: 居民, who: {kind: citizen}, identity: anonymous, minimum: 2, sample: {size: 23, by: district}, asks: {draw: 2}}
  - {panel: staff, title: 干部, who: {kind: staff}, identity: anonymous, minimum: 2, asks: {draw: 5}}
`

func TestDrawingIsTheSameInSQLAndGo(t *testing.T) {
	t.Parallel()
	const people = 61
	c := newCity(t, people)
	exec(t, c.Store, `UPDATE person SET district = 'island' WHERE code IN ('c003', 'c004', 'c005', 'c010', 'c020', 'c033', 'c060')`)
	c.open(drawnRound)
	seed := []byte("seed of drawn")
	rows, _ := c.pool.Query(t.Context(), `SELECT code, district AS stratum FROM person WHERE code LIKE 'c0%'`)
	candidates, err := pgx.CollectRows(rows, pgx.RowToStructByName[survey.Candidate])
	if err != nil || len(candidates) != people {
		t.Fatal(len(candidates), err)
	}
	wantSample := survey.Sample(seed, 23, candidates)
	got := listed[string](t, c.Store, `SELECT p.code FROM request q JOIN person p ON p.id = q.person_id JOIN panel ON panel.id = q.panel_id
		WHERE panel.code = 'residents' ORDER BY p.code`)
	if diff := cmp.Diff(slices.Sorted(slices.Values(wantSample)), got); diff != "" {
		t.Errorf("sample (-survey +SQL):\n%s", diff)
	}
	subjects := []string{"health", "police", "school", "head", "ann", "bob", "eve"}
	himself := func(respondent, subject string) bool { return respondent != subject }
	for panel, respondents := range map[string][]string{"residents": wantSample, "staff": {"head", "ann", "bob", "eve"}} {
		n := map[string]int{"residents": 2, "staff": 5}[panel]
		want := make(map[string][]string)
		for respondent, drawn := range survey.DrawSubjects(seed, respondents, subjects, n, himself) {
			want[respondent] = slices.Sorted(slices.Values(drawn))
		}
		got := make(map[string][]string)
		for _, line := range listed[string](t, c.Store, asked, c.round) {
			if words := strings.Fields(line); words[0] == panel+":" {
				got[words[1]] = append(got[words[1]], words[2])
			}
		}
		for _, drawn := range got {
			slices.Sort(drawn)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: subjects drawn (-survey +SQL):\n%s", panel, diff)
		}
	}
}

func TestWhoNarrows(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		who  string
		want []string
	}{
		{"{kind: citizen, districts: [south]}", []string{"c002", "c004"}},
		{"{kind: staff, units: [police]}", []string{"ann", "bob", "eve", "head"}},
		{"{kind: staff, units: [health]}", []string{}},
		{"{kind: staff, under: city, posts: [clerk]}", []string{"ann", "bob", "eve", "head"}},
		{"{kind: staff, under: health}", []string{}},
		{"{kind: leader}", []string{"mayor"}},
	} {
		t.Run(test.who, func(t *testing.T) {
			t.Parallel()
			c := newCity(t, 4)
			c.open(strings.Replace(residents, "{kind: citizen}", test.who, 1))
			got := listed[string](t, c.Store, `SELECT p.code FROM request q JOIN person p ON p.id = q.person_id ORDER BY 1`)
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("asked (-want +got):\n%s", diff)
			}
		})
	}
}

func TestWhoJoinsWhileOpenIsAskedAtOnce(t *testing.T) {
	t.Parallel()
	c := newCity(t, 2)
	exec(t, c.Store, `UPDATE person SET telegram_id = NULL WHERE code = 'c002'`)
	c.open(strings.Replace(residents, "duration: 14d", "duration: 14d\nquiet: \"08:00-12:00\"", 1))
	invited := `SELECT p.code || ' ' || s.priority || ' ' || to_char(d.due_at AT TIME ZONE 'Asia/Shanghai', 'HH24:MI')
		FROM delivery d JOIN person p ON p.id = d.person_id
		JOIN span s ON s.batch = d.batch AND s.round_id = d.round_id WHERE d.kind = 'invitation' ORDER BY 1`
	if diff := cmp.Diff([]string{"c001 1 12:00"}, listed[string](t, c.Store, invited)); diff != "" {
		t.Errorf("invited after the quiet hours (-want +got):\n%s", diff)
	}
	exec(t, c.Store, `UPDATE person SET telegram_id = 77 WHERE code = 'c002'`)
	exec(t, c.Store, `INSERT INTO person (code, telegram_id, created_at) VALUES ('new', 78, now())`)
	exec(t, c.Store, `INSERT INTO membership (person_id, kind) SELECT id, 'citizen' FROM person WHERE code = 'new'`)
	for range 2 { // asking again changes nothing
		for _, code := range []string{"c002", "new"} {
			if err := c.Resume(t.Context(), testNow, Cause{}, c.person(code)); err != nil {
				t.Fatal(err)
			}
		}
	}
	if diff := cmp.Diff([]string{"c001 1 12:00", "c002 0 09:00", "new 0 09:00"}, listed[string](t, c.Store, invited)); diff != "" {
		t.Errorf("invited at once (-want +got):\n%s", diff)
	}
	if n := scalar[int](t, c.Store, `SELECT count(*) FROM assignment`); n != 9 {
		t.Errorf("%d assignments, want 9", n)
	}
	// Of a panel that is a sample nobody joins later.
	c.open(drawnRound)
	exec(t, c.Store, `INSERT INTO person (code, telegram_id, created_at) VALUES ('late', 79, now())`)
	exec(t, c.Store, `INSERT INTO membership (person_id, kind) SELECT id, 'citizen' FROM person WHERE code = 'late'`)
	if err := c.Resume(t.Context(), testNow, Cause{}, c.person("late")); err != nil {
		t.Fatal(err)
	}
	rounds := listed[string](t, c.Store, `SELECT r.code FROM request q JOIN round r ON r.id = q.round_id JOIN person p ON p.id = q.person_id WHERE p.code = 'late'`)
	if diff := cmp.Diff([]string{"2026-q4"}, rounds); diff != "" {
		t.Errorf("rounds that ask who came late (-want +got):\n%s", diff)
	}
}

// TestNobodyFallsBetweenJoiningAndOpening has people join while a round opens.
func TestNobodyFallsBetweenJoiningAndOpening(t *testing.T) {
	t.Parallel()
	const people = 60
	c := newCity(t, 20)
	code := c.draft(residents)
	var g errgroup.Group
	g.SetLimit(8)
	opening := make(chan error, 1)
	for i := range people {
		if i == people/4 {
			go func() { opening <- c.OpenRound(t.Context(), testNow, Cause{}, code) }()
		}
		g.Go(func() error {
			return c.join(t.Context(), testNow, Cause{}, func(tx pgx.Tx) error {
				var id int64
				err := tx.QueryRow(t.Context(), `WITH p AS (INSERT INTO person (code, telegram_id, created_at) VALUES ('n' || $1::int, 5000 + $1::int, now()) RETURNING id)
					INSERT INTO membership (person_id, kind) SELECT id, 'citizen' FROM p RETURNING person_id`, i).Scan(&id)
				if err != nil {
					return err
				}
				return c.askNow(t.Context(), tx, testNow, id)
			})
		})
	}
	if err := errors.Join(g.Wait(), <-opening); err != nil {
		t.Fatal(err)
	}
	missed := listed[string](t, c.Store, `SELECT code FROM person p JOIN membership m ON m.person_id = p.id AND m.kind = 'citizen'
		WHERE (SELECT count(*) FROM assignment a JOIN request q ON q.id = a.request_id JOIN delivery d ON d.request_id = q.id
		       WHERE a.person_id = p.id) <> 3`)
	if len(missed) > 0 {
		t.Errorf("not asked about three subjects, once: %v", missed)
	}
}

func TestOpeningPinsVersions(t *testing.T) {
	t.Parallel()
	c := newCity(t, 1)
	c.questionnaire(strings.Replace(satisfaction, "text: 服务", "text: 新服务", 1))
	c.open(residents)
	c.questionnaire(strings.Replace(satisfaction, "text: 服务", "text: 第三版", 1))
	exec(t, c.Store, `UPDATE subject SET group_code = 'moved'`)
	exec(t, c.Store, `UPDATE person SET district = 'moved'`)
	_, f := c.form("c001")
	if got := f.Form.Questionnaire.Items[0].Text.In(survey.ZhHans); got != "新服务" || f.Form.Questionnaire.Version != 2 {
		t.Errorf("asked %q of version %d", got, f.Form.Questionnaire.Version)
	}
	pinned := listed[string](t, c.Store, `SELECT group_code FROM round_subject ORDER BY position`)
	if diff := cmp.Diff([]string{"a", "a", "b"}, pinned); diff != "" {
		t.Errorf("groups (-want +got):\n%s", diff)
	}
	if got := scalar[string](t, c.Store, `SELECT stratum FROM request`); got != "north" {
		t.Errorf("stratum %q", got)
	}
}

func TestRoundsThatCannotOpen(t *testing.T) {
	t.Parallel()
	c := newCity(t, 1)
	for name, body := range map[string]string{
		"no such questionnaire": strings.Replace(residents, "questionnaire: satisfaction", "questionnaire: other", 1),
		"no such subject":       strings.Replace(residents, "{kind: department}", "{list: [police, nobody]}", 1),
		"no subject at all":     strings.Replace(residents, "{kind: department}", "{kind: nothing}", 1),
		"no such scheme":        residents + "scheme: nothing\n",
		"over already":          strings.Replace(residents, "duration: 14d", "closes: 2026-09-01T00:00", 1),
	} {
		code := c.draft(strings.Replace(body, "round: 2026-q4", "round: r"+fmt.Sprint(len(name)), 1))
		want(t, name, c.OpenRound(t.Context(), testNow, Cause{}, code), survey.ErrInvalid)
	}
	for _, table := range []string{"panel", "round_subject", "request", "delivery", "audit", "evaluation"} {
		if n := scalar[int](t, c.Store, `SELECT count(*) FROM `+table); n != 0 {
			t.Errorf("%d rows of %s are left of rounds that did not open", n, table)
		}
	}
	code := c.open(residents)
	want(t, "opening twice", c.OpenRound(t.Context(), testNow, Cause{}, code), survey.ErrStale)
	want(t, "no such round", c.OpenRound(t.Context(), testNow, Cause{}, "nothing"), survey.ErrNotFound)
}
