package survey_test

import (
	"encoding/csv"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"pingyi/survey"
)

// TestShippedQuestionnaires holds the questionnaires of the examples against the answers beside them:
// each folder has one, each parses in three languages, and what a panel answered is what one of them asks.
func TestShippedQuestionnaires(t *testing.T) {
	t.Parallel()
	folders, err := filepath.Glob(filepath.Join("..", "deploy", "examples", "*", "subjects.csv"))
	if err != nil || len(folders) == 0 {
		t.Fatalf("no examples (%v)", err)
	}
	for _, file := range folders {
		dir := filepath.Dir(file)
		t.Run(filepath.Base(dir), func(t *testing.T) {
			t.Parallel()
			asked := shippedItems(t, dir)
			for panel, items := range answeredItems(t, dir) {
				if !slices.ContainsFunc(asked, func(known map[string]bool) bool {
					return !slices.ContainsFunc(items, func(item string) bool { return !known[item] })
				}) {
					t.Errorf("no questionnaire asks the panel %s all of %v", panel, items)
				}
			}
		})
	}
}

// shippedItems are the items of each questionnaire of a folder.
func shippedItems(t *testing.T, dir string) []map[string]bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "questionnaire*.yaml"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no questionnaire (%v)", err)
	}
	var asked []map[string]bool
	for _, file := range files {
		src, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		q, faults := survey.ParseQuestionnaire(filepath.Base(file), src)
		if len(faults) > 0 {
			t.Errorf("%s: %v", file, faults)
			continue
		}
		if want := []survey.Lang{survey.ZhHans, survey.ZhHant, survey.En}; !slices.Equal(q.Languages, want) {
			t.Errorf("%s is in %v", file, q.Languages)
		}
		items := map[string]bool{}
		for _, item := range q.Items {
			items[item.Code] = true
		}
		asked = append(asked, items)
	}
	return asked
}

// answeredItems are the items in answers.csv by panel, sorted.
func answeredItems(t *testing.T, dir string) map[string][]string {
	t.Helper()
	f, err := os.Open(filepath.Join(dir, "answers.csv"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	panel, item := slices.Index(rows[0], "panel"), slices.Index(rows[0], "item")
	sets := map[string]map[string]bool{}
	for _, row := range rows[1:] {
		if sets[row[panel]] == nil {
			sets[row[panel]] = map[string]bool{}
		}
		sets[row[panel]][row[item]] = true
	}
	items := map[string][]string{}
	for name, set := range sets {
		items[name] = slices.Sorted(maps.Keys(set))
	}
	return items
}
