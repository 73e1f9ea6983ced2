package scoring_test

import (
	"encoding/csv"
	"os"
	"strings"
	"testing"

	"pingyi/scoring"
	"pingyi/scoring/schemes"
)

// shipped parses a shipped scheme.
func shipped(t testing.TB, name string) *scoring.Scheme {
	t.Helper()
	src, ok := schemes.Source(name)
	if !ok {
		t.Fatalf("no scheme %s", name)
	}
	return parse(t, name+".yaml", string(src))
}

// parse reads a scheme that must have no fault at all.
func parse(t testing.TB, file, src string) *scoring.Scheme {
	t.Helper()
	s, faults := scoring.ParseScheme(file, []byte(src))
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	return s
}

// folder reads data from file names and contents in turn.
func folder(t testing.TB, files ...string) *scoring.Data {
	t.Helper()
	m := map[string][]byte{}
	for i := 0; i+1 < len(files); i += 2 {
		m[files[i]] = []byte(strings.ReplaceAll(strings.TrimLeft(files[i+1], "\n"), "\t", ""))
	}
	d, _, faults := scoring.ReadFolder(scoring.InMemory(m), nil)
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	return d
}

func dir(t testing.TB, path string) *scoring.Data {
	t.Helper()
	entries, err := os.ReadDir(path)
	if err != nil {
		t.Fatal(err)
	}
	m := map[string][]byte{}
	for _, e := range entries {
		if strings.HasSuffix(e.Name(), ".csv") {
			if m[e.Name()], err = os.ReadFile(path + "/" + e.Name()); err != nil {
				t.Fatal(err)
			}
		}
	}
	d, _, faults := scoring.ReadFolder(scoring.InMemory(m), nil)
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	return d
}

func compute(t testing.TB, s *scoring.Scheme, d *scoring.Data, params scoring.Params) *scoring.Result {
	t.Helper()
	r, faults := scoring.Compute(s, d, params)
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	return r
}

// rows gives the result file as subject → column → text, without the trailing
// zeros of numbers.
func rows(t testing.TB, r *scoring.Result) map[string]map[string]string {
	t.Helper()
	records, err := csv.NewReader(strings.NewReader(csvText(t, r))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]map[string]string{}
	for _, rec := range records[1:] {
		row := map[string]string{}
		for i, name := range records[0] {
			v := rec[i]
			if strings.Contains(v, ".") && !strings.ContainsAny(v, ":|") {
				v = strings.TrimSuffix(strings.TrimRight(v, "0"), ".")
			}
			row[name] = v
		}
		out[rec[0]] = row
	}
	return out
}

func csvText(t testing.TB, r *scoring.Result) string {
	t.Helper()
	var b strings.Builder
	if err := r.WriteCSV(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func jsonText(t testing.TB, r *scoring.Result) string {
	t.Helper()
	var b strings.Builder
	if err := r.WriteJSON(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// want compares some columns of one subject.
func want(t testing.TB, r *scoring.Result, subject string, columns ...string) {
	t.Helper()
	row, ok := rows(t, r)[subject]
	if !ok {
		t.Fatalf("no row for %s", subject)
	}
	for i := 0; i+1 < len(columns); i += 2 {
		got, there := row[columns[i]]
		if !there {
			t.Errorf("%s: no column %s", subject, columns[i])
		} else if got != columns[i+1] {
			t.Errorf("%s %s: got %q, want %q", subject, columns[i], got, columns[i+1])
		}
	}
}
