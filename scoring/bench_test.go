package scoring_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"

	"pingyi/scoring"
)

// yearOfACity writes a year of answers: 122 subjects, eight panels, rows
// answer rows in all, one in four from devices that vote again.
func yearOfACity(rows int) map[string][]byte {
	rng := rand.New(rand.NewPCG(7, 7))
	var subjects, answers bytes.Buffer
	subjects.WriteString("code,name,kind,group,prov_top3\n")
	for i := range 122 {
		group := "city"
		if i >= 113 {
			group = "region"
		}
		fmt.Fprintf(&subjects, "s%03d,部门%d,unit,%s,\n", i, i, group)
	}
	panels := []string{"leaders", "servants", "delegates", "residents", "journalists", "honorary", "online"}
	answers.WriteString("id,panel,respondent,subject,item,value,status,submitted_at,device\n")
	for i := 0; i < rows; i += 4 {
		panel := panels[rng.IntN(len(panels))]
		if i > rows/10 {
			panel = "online"
		}
		respondent, device := fmt.Sprint("r", i), ""
		if panel == "online" {
			respondent, device = "", fmt.Sprint("d", rng.IntN(rows/5+1))
		}
		for q := 1; q <= 4; q++ {
			fmt.Fprintf(&answers, "b%d,%s,%s,s%03d,q%d,%d,valid,2025-%02d-%02dT10:00:00,%s\n", i, panel, respondent, i/4%122, q, rng.IntN(6), 1+i%12, 1+i%28, device)
		}
	}
	return map[string][]byte{"subjects.csv": subjects.Bytes(), "answers.csv": answers.Bytes()}
}

// BenchmarkFolder reads and scores a folder; rows/s and bytes are the figures
// to watch: they must not fall as rows grow.
func BenchmarkFolder(b *testing.B) {
	s := shipped(b, "jingzhou")
	for _, rows := range []int{10_000, 100_000, 1_000_000, 10_000_000} {
		b.Run(fmt.Sprint(rows), func(b *testing.B) {
			files := yearOfACity(rows)
			b.ReportAllocs()
			for b.Loop() {
				d, _, faults := scoring.ReadFolder(files)
				if len(faults) > 0 {
					b.Fatal(faults)
				}
				if _, faults := scoring.Compute(s, d, nil); len(faults) > 0 {
					b.Fatal(faults)
				}
			}
			b.ReportMetric(float64(rows)*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
		})
	}
}

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
