package storage

import (
	"bytes"
	"encoding/csv"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pingyi/scoring"
)

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
	// What changes after the run changes nothing about it.
	exec(t, c.Store, `UPDATE ledger SET points = '99'`)
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
	open, err := c.Export(t.Context(), testNow, Cause{}, "scored", false)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(totals(t, string(run.JSON)), totals(t, rescore(t, open))); diff != "" {
		t.Errorf("the released folder gives other totals (-run +folder):\n%s", diff)
	}
	for _, private := range []string{"r0000001", ",draft,", ",few,"} {
		if bytes.Contains(open["answers.csv"], []byte(private)) {
			t.Errorf("the released answers hold %s:\n%s", private, open["answers.csv"])
		}
	}
	if n := scalar[int](t, c.Store, `SELECT count(*) FROM audit WHERE action = 'export.sealed'`); n != 2 {
		t.Errorf("%d sealed exports in the audit log, want 2", n)
	}
}

func totals(t *testing.T, result string) map[string]string {
	t.Helper()
	rows, err := scoreRows([]byte(result))
	if err != nil {
		t.Fatal(err)
	}
	totals := make(map[string]string)
	for _, r := range rows {
		if r.Total == nil || r.Rank == nil {
			t.Fatalf("%s has no total or rank", r.Subject)
		}
		totals[r.Subject] = *r.Total + " " + strconv.Itoa(*r.Rank)
	}
	return totals
}

func rescore(t *testing.T, files map[string][]byte) string {
	t.Helper()
	scheme, faults := scoring.ParseScheme("scheme.yaml", files["scheme.yaml"])
	if len(faults.Errors()) > 0 {
		t.Fatal(faults)
	}
	data, _, faults := scoring.ReadFolder(scoring.InMemory(files), nil)
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
