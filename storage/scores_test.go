package storage

import (
	"bytes"
	"context"
	"encoding/csv"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pingyi/scoring"
	"pingyi/survey"
)

const cityScheme = `
scheme: city
version: "1"
title: 城市
params:
  share: 60
panels:
  residents: {title: 居民, scale: likert, items: [service, speed], min: 2}
  staff: {title: 干部, scale: likert, items: [service], min: 1}
ledger:
  bonus: {points: add, approval: required}
kinds:
  department:
    title: 部门
    parts:
      image:
        title: 形象
        weighted_mean:
          residents: {weight: 70, title: 居民, survey: {panel: residents}, show: [n]}
          staff: {weight: 30, title: 干部, survey: {panel: staff}}
      work: {title: 工作, values: {code: key.*, score: completion, cap: 1, floor: 0, weights: data, combine: weighted_mean}}
      bonus: {title: 加分, ledger: {kinds: [bonus]}}
      overall: {title: 合计, mean: [image, work]}
      total: {title: 总分, formula: overall + bonus}
    total: total
    rank: {within: group}
`

const scored = `
round: scored
title: 四季度
period: 2026-Q4
questionnaire: satisfaction
scheme: city
subjects: {kind: department}
duration: 14d
panels:
  - {panel: residents, title: 居民, who: {kind: citizen}, identity: anonymous, minimum: 3}
  - {panel: staff, title: 干部, who: {kind: staff}, identity: confidential, minimum: 2}
`

// scoredCity is a city whose round is closed: nine residents, of whom the last
// two did not submit, and three of four clerks rated every department.
func scoredCity(t *testing.T) *city {
	t.Helper()
	c := newCity(t, 9)
	exec(t, c.Store, `INSERT INTO scheme (code, version, hash, body, created_at) VALUES ('city', 1, '\x00', $1, now())`, cityScheme)
	exec(t, c.Store, `INSERT INTO indicator_value (subject_id, indicator, period, value, target, weight)
		SELECT id, v.indicator, v.period, v.value, v.target, '50' FROM subject, (VALUES
		    ('key.roads', '2026-Q4', '93.3', '100'), ('key.water', '2026-Q4', '7', '8'), ('key.water', '', '1', '8'),
		    ('key.roads', '2026-Q3', '1', '100')) AS v (indicator, period, value, target) WHERE kind = 'department'`)
	exec(t, c.Store, `INSERT INTO ledger (id, subject_id, kind, points, date, approved)
		SELECT 'l-' || v.date, id, 'bonus', '2.5', v.date::date, 'yes' FROM subject, (VALUES ('2026-11-01'), ('2026-02-01')) AS v (date)
		WHERE code = 'police'`)
	code := c.open(scored)
	for i, voter := range []string{"c001", "c002", "c003", "c004", "c005", "c006", "c007", "c008", "c009", "head", "ann", "bob"} {
		person, f := c.form(voter)
		for j, a := range f.Form.Asked {
			value := string(rune('1' + (i+j)%5))
			if err := c.tap(person, f, a.Subject, 1, value); err != nil {
				t.Fatal(err)
			}
			if i%3 == 0 {
				if err := c.tap(person, f, a.Subject, 3, "4"); err != nil {
					t.Fatal(err)
				}
			}
		}
		if voter == "c008" || voter == "c009" {
			continue
		}
		if missing, err := c.Submit(t.Context(), testNow, Cause{}, person, f.RequestID); err != nil || len(missing) > 0 {
			t.Fatal(err, missing)
		}
	}
	c.close(code)
	return c
}

func TestRunRepeatsFromTheSealedFolder(t *testing.T) {
	t.Parallel()
	c := scoredCity(t)
	codes, err := c.ScoreDue(t.Context(), testNow)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"scored"}, codes); diff != "" {
		t.Fatalf("scored (-want +got):\n%s", diff)
	}
	run, err := c.LatestRun(t.Context(), "scored")
	if err != nil {
		t.Fatal(err)
	}
	if !run.Repeats {
		t.Error("the run does not repeat from its own inputs")
	}
	sealed, err := c.Export(t.Context(), testNow, Cause{}, "scored", true)
	if err != nil {
		t.Fatal(err)
	}
	if got := rescore(t, sealed); got != string(run.JSON) {
		t.Errorf("the sealed folder gives another result (-run +folder):\n%s", cmp.Diff(string(run.JSON), got))
	}
	again, err := c.Export(t.Context(), testNow, Cause{}, "scored", true)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(sealed, again); diff != "" {
		t.Errorf("a second export differs:\n%s", diff)
	}
	for _, respondent := range []string{"c001", "c009", "ann", "bob"} {
		if bytes.Contains(sealed["answers.csv"], []byte(respondent)) {
			t.Errorf("the answers name %s:\n%s", respondent, sealed["answers.csv"])
		}
	}
	if n := scalar[int](t, c.Store, `SELECT count(*) FROM audit WHERE action = 'export.sealed'`); n != 2 {
		t.Errorf("%d sealed exports in the audit log, want 2", n)
	}
}

// rescore reads a folder and computes it as `pingyi score` does.
func rescore(t *testing.T, files map[string][]byte) string {
	t.Helper()
	scheme, faults := scoring.ParseScheme("scheme.yaml", files["scheme.yaml"])
	if len(faults.Errors()) > 0 {
		t.Fatal(faults)
	}
	data, _, faults := scoring.ReadFolder(files)
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	result, faults := scoring.Compute(scheme, data, nil)
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	var b strings.Builder
	if err := result.WriteJSON(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestEvaluationFromDraftToPublished(t *testing.T) {
	t.Parallel()
	c := scoredCity(t)
	ctx := t.Context()
	first, err := c.ScoreEvaluation(ctx, testNow, Cause{}, "scored")
	if err != nil {
		t.Fatal(err)
	}
	same, err := c.ScoreEvaluation(ctx, testNow.AddDate(0, 0, 1), Cause{}, "scored")
	if err != nil || same.ID != first.ID {
		t.Errorf("the same inputs made run %d after %d: %v", same.ID, first.ID, err)
	}
	exec(t, c.Store, `UPDATE ledger SET points = '3' WHERE date = '2026-11-01'`)
	other, err := c.ScoreEvaluation(ctx, testNow, Cause{}, "scored")
	if err != nil || other.ID == first.ID {
		t.Errorf("other inputs made run %d again: %v", other.ID, err)
	}
	want(t, "publishing before approval", c.PublishEvaluation(ctx, testNow, Cause{}, "scored"), survey.ErrStale)
	if err := c.ApproveEvaluation(ctx, testNow, Cause{}, "scored"); err != nil {
		t.Fatal(err)
	}
	if err := c.PublishEvaluation(ctx, testNow, Cause{}, "scored"); err != nil {
		t.Fatal(err)
	}
	exec(t, c.Store, `UPDATE ledger SET points = '4' WHERE date = '2026-11-01'`)
	_, err = c.ScoreEvaluation(ctx, testNow, Cause{}, "scored")
	want(t, "scoring what is published", err, survey.ErrStale)
	if n := scalar[int](t, c.Store, `SELECT count(*) FROM delivery WHERE kind = 'results'`); n != 10 {
		t.Errorf("%d are told of the results, want 10", n)
	}
	runs, err := c.Runs(ctx, "scored")
	if err != nil || len(runs) != 2 || runs[0].ID != other.ID {
		t.Errorf("runs %v: %v", runs, err)
	}
	if n := scalar[int](t, c.Store, `SELECT count(*) FROM score WHERE run_id = $1`, other.ID); n != 3 {
		t.Errorf("%d scores of the run, want 3", n)
	}
}

// TestTotalsByHand recomputes the police's total from the unsealed folder with
// nothing but a calculator's means.
func TestTotalsByHand(t *testing.T) {
	t.Parallel()
	c := scoredCity(t)
	if _, err := c.ScoreDue(t.Context(), testNow); err != nil {
		t.Fatal(err)
	}
	open, err := c.Export(t.Context(), testNow, Cause{}, "scored", false)
	if err != nil {
		t.Fatal(err)
	}
	records, err := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(open["answers.csv"], []byte(byteOrderMark)))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	sum, n := make(map[string]*big.Rat), make(map[string]int64)
	for _, r := range records[1:] {
		panel, subject, status, item := r[1], r[3], r[6], r[9]
		if status != "valid" {
			t.Errorf("an unsealed ballot is %s", status)
		}
		if subject != "police" {
			continue
		}
		count, err := strconv.ParseInt(r[8], 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		level, ok := new(big.Rat).SetString(r[10])
		if !ok {
			t.Fatalf("value %q", r[10])
		}
		if panel == "staff" && item != "service" {
			continue
		}
		key := panel + "." + item
		if sum[key] == nil {
			sum[key] = new(big.Rat)
		}
		sum[key].Add(sum[key], new(big.Rat).Mul(level, big.NewRat(20*count, 1))) // 5 → 100 … 1 → 20
		n[key] += count
	}
	mean := func(key string) *big.Rat { return new(big.Rat).Quo(sum[key], big.NewRat(n[key], 1)) }
	add := func(a *big.Rat, more ...*big.Rat) *big.Rat {
		a = new(big.Rat).Set(a)
		for _, b := range more {
			a.Add(a, b)
		}
		return a
	}
	times := func(a, b int64, r *big.Rat) *big.Rat { return new(big.Rat).Mul(big.NewRat(a, b), r) }
	citizens := times(1, 2, add(mean("residents.service"), mean("residents.speed")))
	image := add(times(7, 10, citizens), times(3, 10, mean("staff.service")))
	work := times(100, 2, add(big.NewRat(933, 1000), big.NewRat(7, 8)))
	total := add(times(1, 2, image), times(1, 2, work), big.NewRat(5, 2))
	run, err := c.LatestRun(t.Context(), "scored")
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range run.Result.Kinds[0].Rows {
		if row.Subject == "police" && row.Total.Cmp(total) != 0 {
			t.Errorf("the run says %s, by hand it is %s", row.Total.RatString(), total.RatString())
		}
	}
	if n["residents.service"] != 7 || n["staff.service"] != 3 {
		t.Errorf("counted %v", n)
	}
}

// TestSmallCellsDropOut has one subject rated by fewer than the panel's minimum.
func TestSmallCellsDropOut(t *testing.T) {
	t.Parallel()
	c := newCity(t, 4)
	exec(t, c.Store, `INSERT INTO scheme (code, version, hash, body, created_at) VALUES ('city', 1, '\x00', $1, now())`, cityScheme)
	code := c.open(strings.Replace(scored, "minimum: 3}", "minimum: 3, asks: {choose: {min: 1, max: 3}}}", 1))
	note := "only we two"
	for i, voter := range []string{"c001", "c002", "c003", "c004"} {
		person, f := c.form(voter)
		for _, s := range f.Choosable {
			if s.Code == "police" || s.Code == "school" && i < 2 {
				if err := c.Choose(t.Context(), testNow, Cause{}, person, f.RequestID, s.ID, true); err != nil {
					t.Fatal(err)
				}
			}
		}
		c.vote(voter, "5", false)
		_, f = c.submitted(voter)
		for _, a := range f.Form.Asked {
			for _, tap := range []Tap{{Item: 3, Value: "5"}, {Item: 1, Comment: &note}} {
				tap.PersonID, tap.RequestID, tap.AssignmentID = person, f.RequestID, a.Assignment
				if err := c.Answer(t.Context(), testNow, tap); err != nil {
					t.Fatal(err)
				}
			}
		}
		if missing, err := c.Submit(t.Context(), testNow, Cause{}, person, f.RequestID); err != nil || len(missing) > 0 {
			t.Fatal(missing, err)
		}
	}
	c.close(code)
	run, err := c.ScoreEvaluation(t.Context(), testNow, Cause{}, code)
	if err != nil {
		t.Fatal(err)
	}
	kind := run.Result.Kinds[0]
	column := slices.IndexFunc(kind.Columns, func(c scoring.Column) bool { return c.Name() == "image.residents" })
	for _, row := range kind.Rows {
		shown := row.Figures[column].Value != nil
		if shown != (row.Subject == "police") {
			t.Errorf("residents of %s: shown %v", row.Subject, shown)
		}
	}
	for _, sealed := range []bool{false, true} {
		files, err := c.Export(t.Context(), testNow, Cause{}, code, sealed)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(files["answers.csv"], []byte("school")) != sealed {
			t.Errorf("sealed %v: answers about the school\n%s", sealed, files["answers.csv"])
		}
		if _, ok := files["comments.csv"]; ok != sealed {
			t.Errorf("sealed %v: comments %v", sealed, ok)
		}
		if got := rescore(t, files); sealed && got != string(run.JSON) {
			t.Errorf("the sealed folder gives another result:\n%s", cmp.Diff(string(run.JSON), got))
		}
	}
}

func TestPeriodsWithinARun(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		period, run, part string
		in                bool
	}{
		{"", "2026-Q4", "", true},
		{"2026-Q4", "2026-Q4", "", true},
		{"2026-Q3", "2026-Q4", "", false},
		{"2026-11", "2026-Q4", "11", true},
		{"2026-09", "2026-Q4", "09", false},
		{"2026-H1", "2026", "H1", true},
		{"2026-Q1", "2026-H1", "Q1", true},
		{"2026-Q3", "2026-H1", "Q3", false},
		{"2026-H1", "2026-Q1", "H1", false},
		{"2025-H1", "2026", "", false},
		{"2026", "2026-Q4", "", false},
		{"2026-05-30", "2026-H1", "05-30", true},
		{"H1", "2026", "H1", true},
		{"Q3", "", "Q3", true},
		{"2026-Q3", "", "2026-Q3", true},
	} {
		part, in := partOf(test.period, test.run)
		if in != test.in || in && part != test.part {
			t.Errorf("%s within %s: %q %v, want %q %v", test.period, test.run, part, in, test.part, test.in)
		}
	}
}

func TestHistoryComesFromWhatWasPublished(t *testing.T) {
	t.Parallel()
	c := scoredCity(t)
	ctx := t.Context()
	if _, err := c.ScoreEvaluation(ctx, testNow, Cause{}, "scored"); err != nil {
		t.Fatal(err)
	}
	next := survey.EvaluationSpec{Code: "next", Title: survey.Plain("下一期"), Period: "2027-Q1", Scheme: "city"}
	if err := c.CreateEvaluation(ctx, testNow, Cause{}, next); err != nil {
		t.Fatal(err)
	}
	want(t, "creating it twice", c.CreateEvaluation(ctx, testNow, Cause{}, next), survey.ErrStale)
	next.Code, next.Rounds = "other", []survey.EvaluationRound{{Round: "nothing"}}
	want(t, "of a round that is not there", c.CreateEvaluation(ctx, testNow, Cause{}, next), survey.ErrNotFound)
	for _, step := range []struct {
		do   func(context.Context, time.Time, Cause, string) error
		rows int
	}{{c.ApproveEvaluation, 0}, {c.PublishEvaluation, 3}} {
		if err := step.do(ctx, testNow, Cause{}, "scored"); err != nil {
			t.Fatal(err)
		}
		files, err := c.Export(ctx, testNow, Cause{}, "next", false)
		if err != nil {
			t.Fatal(err)
		}
		if got := max(0, bytes.Count(files["history.csv"], []byte("\n"))-1); got != step.rows {
			t.Errorf("%d rows of history, want %d:\n%s", got, step.rows, files["history.csv"])
		}
	}
}
