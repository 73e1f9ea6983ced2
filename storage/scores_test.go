package storage

import (
	"bytes"
	"strings"
	"testing"

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
// two did not submit; three of four clerks. Nobody but two rated the school.
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
	_, err = c.ScoreEvaluation(ctx, testNow, Cause{}, "scored")
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
