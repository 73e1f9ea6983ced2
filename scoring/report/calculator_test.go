package report_test

import (
	"math/big"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"pingyi/scoring"
	"pingyi/scoring/formula"
	"pingyi/scoring/report"
	"pingyi/scoring/schemes"
)

// sums finds "expression = number" at the end of a line; what stands before
// the expression ends in a colon, an arrow or another equals sign.
var sums = regexp.MustCompile(`(?:^|: | = |→ )([-−0-9.() +×÷]*[+×÷−][-−0-9.() +×÷]*) = (-?[0-9.]+)(?: \(.*)?$`)

// TestPocketCalculator keys in every sum of every scorecard of every example.
func TestPocketCalculator(t *testing.T) {
	t.Parallel()
	say := words(t, "en")
	tolerance := big.NewRat(1, 1000) // numbers on a card are rounded to six decimals
	checked := 0
	for _, name := range schemes.Names() {
		if _, err := os.Stat(filepath.Join("..", "..", "deploy", "examples", name, "golden.csv")); err != nil {
			continue // a scheme without an example folder of its own
		}
		r := compute(t, name, nil)
		for _, k := range r.Kinds {
			for _, row := range k.Rows {
				card, _ := r.Explain(row.Subject)
				var b strings.Builder
				if err := report.Card(&b, card, say, "en"); err != nil {
					t.Fatal(err)
				}
				for _, line := range strings.Split(b.String(), "\n") {
					m := sums.FindStringSubmatch(strings.TrimSpace(line))
					if m == nil {
						continue
					}
					checked++
					e, err := formula.Parse(m[1])
					if err != nil {
						t.Errorf("%s %s: %s: %v", name, row.Subject, line, err)
						continue
					}
					want, _ := scoring.ParseNumber(m[2])
					got := e.Eval(func(string) formula.Value { return formula.Missing() }).Number
					if got == nil || new(big.Rat).Abs(new(big.Rat).Sub(got, want)).Cmp(tolerance) > 0 {
						t.Errorf("%s %s: %s", name, row.Subject, strings.TrimSpace(line))
					}
				}
			}
		}
	}
	if checked < 2000 {
		t.Errorf("only %d sums were checked", checked)
	}
	t.Log(checked, "sums")
}
