package main

import (
	"bytes"
	"encoding/csv"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"
)

// imports is the example of Jingzhou as a project: its eight panels, their ballots in files.
const imports = `round: year
title: {zh-Hans: 公众形象, zh-Hant: 公眾形象, en: Public image}
period: "2025"
questionnaire: jingzhou-image
scheme: jingzhou
subjects: all
duration: 14d
panels:
`

// jingzhou applies and opens that project.
func jingzhou(t *testing.T, env at) (example string) {
	t.Helper()
	example = filepath.Join("..", "..", "deploy", "examples", "jingzhou")
	round := imports
	for _, panel := range []string{"leaders", "servants", "delegates", "residents", "journalists", "honorary", "newspaper", "online"} {
		round += "  - {panel: " + panel + ", title: {zh-Hans: " + panel + ", zh-Hant: " + panel + ", en: " + panel + "}, imported: true}\n"
	}
	files := map[string]string{
		"project.yaml": "project: city\nname: 市\nlanguage: zh-Hans\nnotice: {version: \"1\", text: 说明}\n", "rounds/year.yaml": round}
	for _, name := range []string{"subjects.csv", "values.csv", "questionnaire.yaml"} {
		src, err := os.ReadFile(filepath.Join(example, name))
		if err != nil {
			t.Fatal(err)
		}
		files[name] = string(src)
	}
	env.must(t, "migrate")
	env.must(t, "apply", write(t, files))
	env.must(t, "round", "open", "year")
	return example
}

// TestImportedBallotsScoreAsTheirFiles: a round in the database whose ballots were imported gives the
// bytes that its files give; a second import changes nothing; the sealed folder repeats it.
func TestImportedBallotsScoreAsTheirFiles(t *testing.T) {
	t.Parallel()
	env := withStores(t)
	example := jingzhou(t, env)
	answers := filepath.Join(example, "answers.csv")
	if out := env.must(t, "import", "--dry-run", "year", answers); strings.Count(out, "+ ") != 8 {
		t.Errorf("the dry run shows\n%s", out)
	}
	first := env.must(t, "import", "year", answers)
	if !strings.Contains(first, " online: ") {
		t.Errorf("importing shows\n%s", first)
	}
	again := env.must(t, "import", "year", answers)
	if !strings.HasPrefix(again, "= ") || strings.Count(again, "\n") != 1 {
		t.Errorf("importing the same again shows\n%s", again)
	}
	env.must(t, "round", "close", "year")
	env.must(t, "evaluation", "score", "year")
	run, err := env.store(t).LatestRun(t.Context(), "year")
	if err != nil {
		t.Fatal(err)
	}
	want := env.must(t, "score", "--scheme", "jingzhou", "--data", example, "--format", "json")
	if diff := cmp.Diff(want, string(run.JSON)); diff != "" {
		t.Errorf("the database gives another result than the files (-files +database):\n%s", diff)
	}
	sealed, open := filepath.Join(t.TempDir(), "sealed"), filepath.Join(t.TempDir(), "open")
	env.must(t, "export", "--sealed", "--dir", sealed, "year")
	got := env.must(t, "score", "--scheme", filepath.Join(sealed, "scheme.yaml"), "--data", sealed, "--format", "json")
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the sealed folder gives another result (-files +sealed):\n%s", diff)
	}
	env.must(t, "export", "--dir", open, "year")
	totals := func(dir string) string {
		return env.must(t, "score", "--scheme", "jingzhou", "--data", dir, "--format", "csv")
	}
	if diff := cmp.Diff(totals(example), totals(open)); diff != "" {
		t.Errorf("the released folder gives another result (-files +released):\n%s", diff)
	}
	env.must(t, "audit", "verify")
}

// TestImportRefusesTheWholeFile: one faulty row, and nothing is imported.
func TestImportRefusesTheWholeFile(t *testing.T) {
	t.Parallel()
	env := withStores(t)
	jingzhou(t, env)
	dir := write(t, map[string]string{"paper.csv": "id,panel,subject,item,value\n1,newspaper,u001,image,3\n2,newspapr,u999,image,3\n"})
	paper := filepath.Join(dir, "paper.csv")
	code, _, stderr := env.runs(t, "import", "year", paper)
	if code != exitFailed || !strings.Contains(stderr, "paper.csv:3:3: ") || !strings.Contains(stderr, "newspaper?") || !strings.Contains(stderr, "u999") {
		t.Errorf("exit %d\n%s", code, stderr)
	}
	for _, args := range [][]string{{"import", "nothing", paper}, {"import", "year", filepath.Join(dir, "none.csv")}} {
		if code, _, stderr := env.runs(t, args...); code != exitFailed || stderr == "" || strings.Contains(stderr, "<no value>") {
			t.Errorf("pingyi %s: exit %d, %q", strings.Join(args, " "), code, stderr)
		}
	}
	if code, _, _ := env.runs(t, "import", "year"); code != exitUsage {
		t.Errorf("import without a file: exit %d", code)
	}
	if target, err := env.store(t).ImportTarget(t.Context(), "year"); err != nil || len(target.Refs) != 0 {
		t.Errorf("%d ballots were imported: %v", len(target.Refs), err)
	}
}

// TestScoreOfAWorkbook: a folder as the sheets of one workbook is scored like the folder, and the
// result can be a workbook, too.
func TestScoreOfAWorkbook(t *testing.T) {
	t.Parallel()
	none := at{"PINGYI_LANG=en"}
	example := filepath.Join("..", "..", "deploy", "examples", "ganxi-village")
	f := excelize.NewFile()
	tables, err := filepath.Glob(filepath.Join(example, "*.csv"))
	if err != nil || len(tables) == 0 {
		t.Fatalf("the example has no tables: %v", err)
	}
	for _, name := range tables {
		src, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		rows, err := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(src, []byte("\ufeff")))).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		sheet := strings.TrimSuffix(filepath.Base(name), ".csv")
		if _, err := f.NewSheet(sheet); err != nil {
			t.Fatal(err)
		}
		for i, row := range rows {
			if err := f.SetSheetRow(sheet, "A"+strconv.Itoa(i+1), &row); err != nil {
				t.Fatal(err)
			}
		}
	}
	dir := t.TempDir()
	path := filepath.Join(dir, "village.xlsx")
	if err := f.SaveAs(path); err != nil {
		t.Fatal(err)
	}
	want := none.must(t, "score", "--scheme", "ganxi-village", "--data", example, "--format", "json")
	for _, data := range []string{path, dir} {
		if diff := cmp.Diff(want, none.must(t, "score", "--scheme", "ganxi-village", "--data", data, "--format", "json")); diff != "" {
			t.Errorf("the workbook %s gives another result (-folder +workbook):\n%s", data, diff)
		}
	}
	out := none.must(t, "score", "--scheme", "ganxi-village", "--data", path, "--format", "xlsx")
	result, err := excelize.OpenReader(strings.NewReader(out))
	if err != nil {
		t.Fatal(err)
	}
	if rows, err := result.GetRows(result.GetSheetList()[0]); err != nil || len(rows) < 2 {
		t.Errorf("the result's workbook has %d rows: %v", len(rows), err)
	}
	if err := os.WriteFile(filepath.Join(dir, "subjects.csv"), []byte("code\na\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if code, _, stderr := none.runs(t, "score", "--scheme", "ganxi-village", "--data", dir); code != exitFailed || !strings.Contains(stderr, "subjects.csv") {
		t.Errorf("a table that is there twice: exit %d, %q", code, stderr)
	}
}
