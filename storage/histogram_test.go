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
				return countPanels(t.Context(), tx, []*panelCount{toCount(p, questionnaire, test.rule)}, got)
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
