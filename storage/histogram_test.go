package storage

import (
	"fmt"
	"math/big"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/jackc/pgx/v5"

	"pingyi/scoring"
	"pingyi/survey"
)

const fourRatings = `
questionnaire: satisfaction
title: 满意度
items:
  - {code: a, kind: rating, text: A, dont_know: true, scale: likert}
  - {code: b, kind: rating, text: B, dont_know: true, scale: likert}
  - {code: why, kind: text, text: 为什么, max: 200}
  - {code: c, kind: rating, text: C, dont_know: true, scale: likert}
  - {code: d, kind: rating, text: D, dont_know: true, scale: likert}
scales:
  likert:
    - {label: 非常满意, points: 100}
    - {label: 满意, points: 80}
    - {label: 基本满意, points: 60}
    - {label: 不满意, points: 40}
    - {label: 非常不满意, points: 20}
`

// TestHistogramIsThatOfANaiveCount counts the ballots of a closed round one by one, and compares.
func TestHistogramIsThatOfANaiveCount(t *testing.T) {
	t.Parallel()
	c := newCity(t, 24)
	c.questionnaire(fourRatings)
	code := c.open(residents)
	random := rand.New(rand.NewPCG(4, 7))
	for i := range 24 {
		person, f := c.form(fmt.Sprintf("c%03d", i+1))
		for _, a := range f.Form.Asked {
			if a.Subject == "school" && i%3 > 0 {
				continue // few rate the school
			}
			for item := 1; item <= 5; item++ {
				value := []string{"", "0", "0", "1", "2", "3", "4", "5"}[random.IntN(8)]
				if item == 3 {
					value = "a text"
				}
				if random.IntN(4) == 0 {
					continue
				}
				if err := c.tap(person, f, a.Subject, item, value); err != nil {
					t.Fatal(err)
				}
			}
		}
		if i%8 == 7 {
			continue // a draft
		}
		if missing, err := c.Submit(t.Context(), testNow, Cause{}, person, f.RequestID); err != nil || len(missing) > 0 {
			t.Fatal(err, missing)
		}
	}
	c.close(code)
	questionnaire, faults := survey.ParseQuestionnaire("q.yaml", []byte(fourRatings))
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	all, likert := []string{"a", "b", "c", "d"}, []string{"0", "dk"}
	for _, test := range []struct {
		name   string
		rule   scoring.PanelRule
		few    int
		sealed bool
	}{
		{"half of all", scoring.PanelRule{Items: all, Unknown: likert, Answered: big.NewRat(1, 2)}, 0, true},
		{"three quarters of all", scoring.PanelRule{Items: all, Unknown: likert, Answered: big.NewRat(3, 4)}, 0, true},
		{"a subject of few", scoring.PanelRule{Items: all, Unknown: likert, Answered: big.NewRat(1, 2)}, 12, true},
		{"some items", scoring.PanelRule{Items: all[1:3], Unknown: likert, Answered: big.NewRat(1, 1)}, 0, false},
		{"an item not asked", scoring.PanelRule{Items: append(all[:4:4], "e"), Unknown: likert, Answered: big.NewRat(1, 2)}, 0, true},
		{"nought is a mark", scoring.PanelRule{Items: all, Unknown: likert[1:], Answered: big.NewRat(1, 2)}, 12, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := asSealed(questionnaire, test.rule); got != test.sealed {
				t.Errorf("what closing counted is what the rule counts: %v", got)
			}
			p := panelOf{RoundID: c.round, PanelID: scalar[int64](t, c.Store, `SELECT id FROM panel`), Code: "residents", few: test.few}
			got := &inputs{}
			err := pgx.BeginFunc(t.Context(), c.pool, func(tx pgx.Tx) error {
				return countPanel(t.Context(), tx, p, questionnaire, test.rule, got)
			})
			if err != nil {
				t.Fatal(err)
			}
			want := naiveCount(c, questionnaire, test.rule, test.few)
			if len(want.Counts) < 20 || !slices.ContainsFunc(want.Turnouts, func(t scoring.Turnout) bool { return t.Void > 0 && t.Invalid > 0 }) {
				t.Fatalf("the ballots try too little: %+v", want)
			}
			inAnyOrder := cmpopts.SortSlices(func(a, b any) bool { return fmt.Sprint(a) < fmt.Sprint(b) })
			if diff := cmp.Diff(want, got, inAnyOrder); diff != "" {
				t.Errorf("(-naive +got):\n%s", diff)
			}
		})
	}
}

const sqlBallotByBallot = `
	SELECT s.code AS subject, b.relation, b.stratum, b.status,
	       array_agg(coalesce(a.item, 0)) AS items, array_agg(coalesce(a.value, '')) AS values
	FROM ballot b JOIN subject s ON s.id = b.subject_id
	LEFT JOIN answer a ON a.round_id = b.round_id AND a.ballot_id = b.id GROUP BY b.id, s.code, b.relation, b.stratum, b.status`

// naiveCount reads every ballot and does what the words of the rule say.
func naiveCount(c *city, questionnaire *survey.Questionnaire, rule scoring.PanelRule, few int) *inputs {
	c.t.Helper()
	type read struct {
		Subject, Relation, Stratum, Status string
		Items                              []int16
		Values                             []string
	}
	rows, _ := c.pool.Query(c.t.Context(), sqlBallotByBallot)
	ballots, err := pgx.CollectRows(rows, pgx.RowToStructByName[read])
	if err != nil {
		c.t.Fatal(err)
	}
	valid := map[string]int{}
	for _, b := range ballots {
		if b.Status == "valid" {
			valid[b.Subject+b.Relation]++
		}
	}
	turnouts, counts := map[scoring.Turnout]scoring.Turnout{}, map[scoring.Count]int64{}
	for _, b := range ballots {
		group := scoring.Turnout{Panel: "residents", Subject: b.Subject, Relation: b.Relation, Stratum: b.Stratum}
		sum := turnouts[group]
		given, answered := map[string]string{}, int64(0)
		for i, n := range b.Items {
			item, there := questionnaire.Item(int(n))
			if !there || !slices.Contains(rule.Items, item.Code) || b.Values[i] == "" {
				continue
			}
			given[item.Code] = b.Values[i]
			if !slices.Contains(rule.Unknown, b.Values[i]) {
				answered++
			}
		}
		enough := answered > 0 && big.NewRat(answered, int64(len(rule.Items))).Cmp(rule.Answered) >= 0
		switch {
		case b.Status != "valid" || valid[b.Subject+b.Relation] < few:
			sum.Invalid++
		case !enough:
			sum.Void++
		default:
			sum.Valid++
			for item, value := range given {
				counts[scoring.Count{Panel: "residents", Subject: b.Subject, Relation: b.Relation, Stratum: b.Stratum, Item: item, Value: value}]++
			}
		}
		turnouts[group] = sum
	}
	in := &inputs{}
	for group, sum := range turnouts {
		group.Valid, group.Void, group.Invalid = sum.Valid, sum.Void, sum.Invalid
		in.Turnouts = append(in.Turnouts, group)
	}
	for count, n := range counts {
		count.N = n
		in.Counts = append(in.Counts, count)
	}
	return in
}

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
