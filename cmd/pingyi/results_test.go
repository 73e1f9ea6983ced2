package main

import (
	"cmp"
	"encoding/csv"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"pingyi/storage"
)

// district is a project whose round is scored: three departments, citizens and leaders, work values, a ledger.
func district(t *testing.T) (dir string, telegram []int64) {
	t.Helper()
	var people strings.Builder
	people.WriteString("code,name,kind,telegram,language\n")
	for i := range 46 {
		kind := "citizen"
		if i >= 40 {
			kind = "leader"
		}
		fmt.Fprintf(&people, "p%02d,Person %d,%s,%d,en\n", i, i, kind, 600000+i)
		telegram = append(telegram, int64(600000+i))
	}
	level := `levels: [{value: 5, label: Very good, points: 100}, {value: 4, label: Good, points: 80}, {value: 3, label: Fair, points: 60},
      {value: 2, label: Poor, points: 40}, {value: 1, label: Very poor, points: 20}]`
	return write(t, map[string]string{
		"project.yaml": "project: district\nname: District\nlanguage: en\nnotice: {version: \"1\", text: We keep answers.}\n",
		"people.csv":   people.String(),
		"subjects.csv": "code,name,kind,group\npolice,Police,department,\nhealth,Health,department,\nroads,\"Roads, \"\"B\"\" & <C>\",department,\n",
		"values.csv":   "subject,indicator,period,value,target,weight\npolice,work.a,2026-Q3,90,100,60\npolice,work.b,2026-Q3,120,100,40\nhealth,work.a,2026-Q3,70,90,60\nhealth,work.b,2026-Q3,1,3,40\nroads,work.a,2026-Q3,100,100,60\n",
		"ledger.csv":   "id,subject,kind,points,date,approved,reason\n1,police,bonus,5,2026-08-01,yes,award\n2,roads,deduction,1.5,2026-08-02,yes,late\n3,health,bonus,2,2026-08-03,,waits\n",
		"questionnaires/q.yaml": "questionnaire: q\ntitle: Q\nitems:\n  - {code: attitude, kind: rating, text: Attitude?, required: true, dont_know: true, " +
			level + "}\n  - {code: results, kind: rating, text: Results?, comment: true, dont_know: true, " + level + "}\n",
		"schemes/overall.yaml": `scheme: overall
version: "1"
title: Overall
panels:
  residents: {scale: likert, items: [attitude, results], min: 5}
  leaders: {scale: likert, items: [attitude, results], min: 5}
ledger:
  bonus: {points: add, approval: required}
  deduction: {points: subtract, approval: required}
kinds:
  department:
    parts:
      overall:
        weighted_mean:
          image:
            weight: 30
            weighted_mean:
              residents: {weight: 70, survey: {panel: residents}, show: [n]}
              leaders: {weight: 30, survey: {panel: leaders}, show: [n]}
          work:
            weight: 70
            values: {code: work.*, score: completion, cap: 1, floor: 0, weights: data, combine: weighted_mean}
      bonus: {ledger: {kinds: [bonus]}, cap: 3}
      deduction: {ledger: {kinds: [deduction]}}
      total: {formula: overall + bonus + deduction}
    total: total
    rank: {within: group}
`,
		"rounds/q3.yaml": `round: q3
title: Third quarter
period: 2026-Q3
questionnaire: q
scheme: overall
subjects: all
duration: 14d
panels:
  - {panel: residents, title: Residents, who: {kind: citizen}, identity: anonymous, minimum: 5, asks: every}
  - {panel: leaders, title: Leaders, who: {kind: leader}, identity: confidential, minimum: 5, asks: every}
`,
	}), telegram
}

// TestResultsCanBeRecomputed takes a round to its ranking and recomputes it from what is exported: by
// the program without a server, and by hand.
func TestResultsCanBeRecomputed(t *testing.T) {
	t.Parallel()
	env := withStores(t)
	env.must(t, "migrate")
	dir, telegram := district(t)
	env.must(t, "apply", dir)
	store := env.store(t)
	now, err := store.Now(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	past := history{store: store, telegram: telegram, turnout: 1, seed: 5}
	if err := past.run(t.Context(), "q3", now.Add(-48*time.Hour), now); err != nil {
		t.Fatal(err)
	}
	if _, err := store.ScoreDue(t.Context(), now); err != nil {
		t.Fatal(err)
	}
	shown := env.must(t, "evaluation", "show", "q3", "--format", "csv")
	for _, sealed := range []bool{false, true} {
		folder := filepath.Join(t.TempDir(), "export")
		args := []string{"export", "q3", "--dir", folder}
		if sealed {
			args = append(args, "--sealed")
		}
		env.must(t, args...)
		again := env.must(t, "score", "--scheme", filepath.Join(folder, "scheme.yaml"), "--data", folder, "--format", "csv")
		if diff := gocmp.Diff(shown, again); diff != "" {
			t.Errorf("sealed %v: scoring the export gives something else:\n%s", sealed, diff)
		}
		byHand(t, folder, shown)
	}
	run, err := store.LatestRun(t.Context(), "q3")
	if err != nil {
		t.Fatal(err)
	}
	folder := filepath.Join(t.TempDir(), "sealed")
	env.must(t, "export", "q3", "--sealed", "--dir", folder)
	if got := env.must(t, "score", "--scheme", filepath.Join(folder, "scheme.yaml"), "--data", folder, "--format", "json"); got != string(run.JSON) {
		t.Error("the sealed export does not repeat the run to the byte")
	}
	env.must(t, "audit", "verify")
	if _, err := store.ScoreEvaluation(t.Context(), now, storage.Cause{}, "q3"); err != nil {
		t.Error(err)
	}
}

// byHand computes totals from an exported folder with nothing but fractions, and compares.
func byHand(t *testing.T, folder, shown string) {
	t.Helper()
	points := map[string]int64{"5": 100, "4": 80, "3": 60, "2": 40, "1": 20}
	type cell struct{ sum, n int64 }
	marks := map[string]map[string]map[string]*cell{} // subject, panel, item
	for _, row := range rowsOf(t, filepath.Join(folder, "answers.csv")) {
		p, counts := points[row["value"]]
		if !counts || row["status"] != "" && row["status"] != "valid" {
			continue
		}
		panels := marks[row["subject"]]
		if panels == nil {
			panels = map[string]map[string]*cell{}
			marks[row["subject"]] = panels
		}
		if panels[row["panel"]] == nil {
			panels[row["panel"]] = map[string]*cell{}
		}
		c := panels[row["panel"]][row["item"]]
		if c == nil {
			c = &cell{}
			panels[row["panel"]][row["item"]] = c
		}
		n, err := strconv.ParseInt(cmp.Or(row["count"], "1"), 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		c.sum, c.n = c.sum+n*p, c.n+n
	}
	mean := func(items map[string]*cell) *big.Rat {
		sum := new(big.Rat)
		for _, c := range items {
			sum.Add(sum, big.NewRat(c.sum, c.n))
		}
		return sum.Quo(sum, big.NewRat(int64(len(items)), 1))
	}
	work := map[string]*big.Rat{
		"police": big.NewRat(94, 1),                                 // (60×0.9 + 40×1) of 100
		"health": new(big.Rat).SetFrac64(60*70*3+40*90*1, 90*3*100), // below: × 100
		"roads":  big.NewRat(100, 1),                                // one value alone
	}
	work["health"].Mul(work["health"], big.NewRat(100, 1))
	extra := map[string]*big.Rat{"police": big.NewRat(3, 1), "health": new(big.Rat), "roads": big.NewRat(-3, 2)}
	rows, err := csv.NewReader(strings.NewReader(shown)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	column := map[string]int{}
	for i, name := range rows[0] {
		column[name] = i
	}
	if len(rows) != 4 {
		t.Fatalf("%d rows, want three departments:\n%s", len(rows), shown)
	}
	for _, row := range rows[1:] {
		subject := row[column["subject"]]
		residents, leaders := mean(marks[subject]["residents"]), mean(marks[subject]["leaders"])
		image := new(big.Rat).Mul(residents, big.NewRat(70, 100))
		image.Add(image, new(big.Rat).Mul(leaders, big.NewRat(30, 100)))
		total := new(big.Rat).Mul(image, big.NewRat(30, 100))
		total.Add(total, new(big.Rat).Mul(work[subject], big.NewRat(70, 100)))
		total.Add(total, extra[subject])
		if got, want := row[column["total"]], total.FloatString(10); got != want {
			t.Errorf("%s: total %s, by hand %s", subject, got, want)
		}
	}
}

// rowsOf reads a CSV file by its header.
func rowsOf(t *testing.T, path string) []map[string]string {
	t.Helper()
	src, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	table, err := readTable([]byte(strings.TrimPrefix(string(src), "\ufeff")))
	if err != nil {
		t.Fatal(err)
	}
	return table
}
