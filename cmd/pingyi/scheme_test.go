package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A scheme is checked with a data folder: what is wrong with either is told at
// its place, in the language of the person, and fails.
func TestSchemeCheckWithData(t *testing.T) {
	t.Parallel()
	example := filepath.Join("..", "..", "deploy", "examples", "ganxi-stationed")
	files := map[string]string{}
	for _, name := range []string{"subjects.csv", "values.csv", "answers.csv"} {
		src, err := os.ReadFile(filepath.Join(example, name))
		if err != nil {
			t.Fatal(err)
		}
		files[name] = string(src)
	}
	if out := (at{}).must(t, "scheme", "check", "ganxi-stationed", "--data", write(t, files), "--lang", "en"); out != "ganxi-stationed: no faults\n" {
		t.Errorf("a good folder: %q", out)
	}

	files["values.csv"] = strings.Replace(files["values.csv"], ",study,", ",stduy,", 1)
	files["answers.csv"] = strings.ReplaceAll(files["answers.csv"], ",social,", ",socail,")
	dir := write(t, files)
	for lang, want := range map[string][]string{
		"en":      {"values.csv:", ":5: The scheme has no indicator “stduy”", "Did you mean “study”?", "The scheme has no panel “socail”", "Did you mean “social”?"},
		"zh-Hans": {"方案没有指标“stduy”", "是不是“study”？", "方案没有评价方“socail”"},
		"zh-Hant": {"方案沒有指標「stduy」", "是不是「study」？", "方案沒有評價方「socail」"},
	} {
		code, out, errs := (at{}).runs(t, "scheme", "check", "ganxi-stationed", "--data", dir, "--lang", lang)
		for _, piece := range want {
			if !strings.Contains(errs, piece) {
				t.Errorf("%s: %q is not in\n%s", lang, piece, errs)
			}
		}
		if code != exitFailed || out != "" {
			t.Errorf("%s: exit %d, %q", lang, code, out)
		}
	}
	if code, _, errs := (at{}).runs(t, "score", "--scheme", "ganxi-stationed", "--data", dir, "--format", "csv", "--lang", "en"); code != exitDone || !strings.Contains(errs, ":5: The scheme has no indicator “stduy”") {
		t.Errorf("score: exit %d\n%s", code, errs)
	}
	if code, _, _ := (at{}).runs(t, "scheme", "check", "ganxi-stationed", "--data", filepath.Join(dir, "no")); code != exitFailed {
		t.Errorf("without the folder: exit %d", code)
	}
	if code, _, _ := (at{}).runs(t, "scheme", "check", "ganxi-stationed", "--data", dir, "--param", "points"); code != exitUsage {
		t.Errorf("a parameter without a value: exit %d", code)
	}
}
