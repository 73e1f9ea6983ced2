package storage

import (
	"bytes"
	"context"
	"testing"
	"time"

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

// totals are the totals and ranks of a result.
// rescore reads a folder and computes it as `pingyi score` does.
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
// TestSmallCellsDropOut has one subject rated by fewer than the panel's minimum.
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
