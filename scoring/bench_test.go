package scoring_test

import (
	"fmt"
	"testing"

	"pingyi/scoring"
)

// BenchmarkCounts scores what a database has counted, whatever the number of
// ballots behind it.
func BenchmarkCounts(b *testing.B) {
	s := shipped(b, "jingzhou")
	d := &scoring.Data{}
	for i := range 122 {
		code := fmt.Sprintf("s%03d", i)
		d.Subjects = append(d.Subjects, scoring.Subject{Code: code, Kind: "unit", Group: "city", Attributes: map[string]string{"prov_top3": ""}})
		for _, panel := range []string{"leaders", "servants", "delegates", "residents", "journalists", "honorary", "online"} {
			d.Turnouts = append(d.Turnouts, scoring.Turnout{Panel: panel, Subject: code, Valid: 10_000})
			for q := 1; q <= 4; q++ {
				for v := 1; v <= 5; v++ {
					d.Counts = append(d.Counts, scoring.Count{Panel: panel, Subject: code, Item: fmt.Sprint("q", q), Value: fmt.Sprint(v), N: 2_000})
				}
			}
		}
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, faults := scoring.Compute(s, d, nil); len(faults) > 0 {
			b.Fatal(faults)
		}
	}
}
