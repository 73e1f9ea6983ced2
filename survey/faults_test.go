package survey_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pingyi/survey"
)

var update = flag.Bool("update", false, "write the golden files anew")

// parsers by the first word of a test file's name.
var parsers = map[string]func(string, []byte) survey.Faults{
	"questionnaire": func(f string, b []byte) survey.Faults {
		_, faults := survey.ParseQuestionnaire(f, b)
		return faults
	},
	"round":      func(f string, b []byte) survey.Faults { _, faults := survey.ParseRound(f, b); return faults },
	"series":     func(f string, b []byte) survey.Faults { _, faults := survey.ParseRound(f, b); return faults },
	"project":    func(f string, b []byte) survey.Faults { _, faults := survey.ParseProject(f, b); return faults },
	"evaluation": func(f string, b []byte) survey.Faults { _, faults := survey.ParseEvaluation(f, b); return faults },
}

// TestFaults holds each broken file against the list of all its faults, places included.
func TestFaults(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/faults/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no broken files: %v", err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			t.Parallel()
			kind, _, _ := strings.Cut(filepath.Base(file), "-")
			faults := parsers[kind](filepath.Base(file), []byte(read(t, file)))
			if faults.Err() == nil {
				t.Fatal("no faults found")
			}
			got, golden := faults.Error()+"\n", strings.TrimSuffix(file, ".yaml")+".golden"
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if diff := cmp.Diff(read(t, golden), got); diff != "" {
				t.Error(diff)
			}
		})
	}
}
