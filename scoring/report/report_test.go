package report_test

import (
	"bytes"
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"text/template"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"

	"pingyi/scoring"
	"pingyi/scoring/report"
	"pingyi/scoring/schemes"
)

var update = flag.Bool("update", false, "write the golden files")

func words(t *testing.T, lang string) scoring.Words {
	t.Helper()
	src, err := fs.ReadFile(scoring.Locales(), "locales/scoring."+lang+".yaml")
	if err != nil {
		t.Fatal(err)
	}
	texts := map[string]string{}
	if err := yaml.Unmarshal(src, &texts); err != nil {
		t.Fatal(err)
	}
	return func(code string, args map[string]any) string {
		text, ok := texts[code]
		if !ok {
			t.Errorf("%s has no text for %s", lang, code)
		}
		var b strings.Builder
		if err := template.Must(template.New(code).Parse(text)).Execute(&b, args); err != nil {
			t.Errorf("%s: %v", code, err)
		}
		if strings.Contains(b.String(), "<no value>") {
			t.Errorf("%s lacks an argument: %s %v", code, b.String(), args)
		}
		return b.String()
	}
}

func compute(t *testing.T, name string, params scoring.Params) *scoring.Result {
	t.Helper()
	src, _ := schemes.Source(name)
	return computeFolder(t, filepath.Join("..", "..", "deploy", "examples", name), name+".yaml", src, params)
}

func computeFolder(t *testing.T, path, file string, src []byte, params scoring.Params) *scoring.Result {
	t.Helper()
	entries, err := os.ReadDir(path)
	if err != nil {
		t.Fatal(err)
	}
	files := map[string][]byte{}
	for _, e := range entries {
		if strings.HasSuffix(e.Name(), ".csv") {
			if files[e.Name()], err = os.ReadFile(filepath.Join(path, e.Name())); err != nil {
				t.Fatal(err)
			}
		}
	}
	data, _, faults := scoring.ReadFolder(scoring.InMemory(files), nil)
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	s, faults := scoring.ParseScheme(file, src)
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	r, faults := scoring.Compute(s, data, params)
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	return r
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name+".txt")
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (run with -update to accept):\n%s", name, diff)
	}
}

// Pages people read: whoever changes a word sees the page change.
func TestPages(t *testing.T) {
	t.Parallel()
	for _, lang := range []string{"zh-Hans", "en"} {
		say := words(t, lang)
		var b strings.Builder
		r := compute(t, "tengzhou", nil)
		if err := report.Table(&b, r, say, lang); err != nil {
			t.Fatal(err)
		}
		golden(t, "tengzhou-table."+lang, b.String())
		for _, subject := range []string{"u01", "u05"} {
			card, ok := r.Explain(subject)
			if !ok {
				t.Fatal(subject)
			}
			b.Reset()
			if err := report.Card(&b, card, say, lang); err != nil {
				t.Fatal(err)
			}
			golden(t, "tengzhou-"+subject+"."+lang, b.String())
		}
		b.Reset()
		if err := report.Comparison(&b, scoring.Compare(r, compute(t, "tengzhou", scoring.Params{"points": "likert0"})), say, lang); err != nil {
			t.Fatal(err)
		}
		golden(t, "tengzhou-compare."+lang, b.String())
		b.Reset()
		if err := report.Comparison(&b, scoring.Compare(r, r), say, lang); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(b.String(), say("scoring.compare.same", nil)) {
			t.Errorf("a result differs from itself:\n%s", b.String())
		}
	}
}

// A comparison says what becomes of the money, and who moved only because
// others did.
func TestComparison(t *testing.T) {
	t.Parallel()
	before, after := compute(t, "ganxi-leaders", nil), compute(t, "ganxi-leaders", scoring.Params{"completion_cap": "none"})
	var b strings.Builder
	if err := report.Comparison(&b, scoring.Compare(before, after), words(t, "en"), "en"); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"Zhou Jianjun: Score 93.52 → 94.12; Work in charge 94.17 → 95.17; Performance pay 13006.81 → ",
		"Han Xuefang: its own figures are as before, others have moved; Performance pay "} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("%q is not in\n%s", want, b.String())
		}
	}
}

// Every scorecard of every example can be written in every language.
func TestEveryCard(t *testing.T) {
	t.Parallel()
	for _, lang := range []string{"zh-Hans", "zh-Hant", "en"} {
		say := words(t, lang)
		for _, name := range schemes.Names() {
			if _, err := os.Stat(filepath.Join("..", "..", "deploy", "examples", name, "golden.csv")); err != nil {
				continue // a scheme without an example folder of its own
			}
			r := compute(t, name, nil)
			for _, k := range r.Kinds {
				for _, row := range k.Rows {
					card, _ := r.Explain(row.Subject)
					var b strings.Builder
					if err := report.Card(&b, card, say, lang); err != nil {
						t.Fatal(err)
					}
					if !strings.Contains(b.String(), row.Subject) {
						t.Errorf("the card of %s does not name it", row.Subject)
					}
				}
			}
		}
	}
}

func TestXLSX(t *testing.T) {
	t.Parallel()
	r := compute(t, "ganxi-village", nil)
	var b bytes.Buffer
	if err := report.XLSX(&b, r, words(t, "zh-Hans"), "zh-Hans"); err != nil {
		t.Fatal(err)
	}
	book, err := excelize.OpenReader(&b)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"村", "村干部"}, book.GetSheetList()); diff != "" {
		t.Error(diff)
	}
	rows, err := book.GetRows("村")
	if err != nil || len(rows) != len(r.Kinds[0].Rows)+1 {
		t.Fatalf("%d rows (%v)", len(rows), err)
	}
	for i, title := range rows[0] {
		if title != "总分" {
			continue
		}
		for n, row := range r.Kinds[0].Rows {
			if got, want := rows[n+1][i], scoring.FormatNumber(row.Total, r.Decimals); got != want {
				t.Errorf("%s is shown as %s, want %s", row.Subject, got, want)
			}
			if rows[n+1][0] != row.Subject {
				t.Errorf("row %d is %s", n, rows[n+1][0])
			}
		}
		return
	}
	t.Errorf("no total among %v", rows[0])
}
