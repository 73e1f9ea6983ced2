package survey_test

import (
	"os"
	"path/filepath"
	"testing"
	"unicode/utf8"

	"pingyi/survey"
)

// seeds adds all files of the tests: what parses and what does not.
func seeds(f *testing.F) {
	files, err := filepath.Glob("testdata/*/*.yaml")
	if err != nil || len(files) == 0 {
		f.Fatalf("no files: %v", err)
	}
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
}

// FuzzParse: no file makes a parser panic; either it gives what it reads or faults that point into
// the file, never both or neither; what it gives can be put to a respondent.
func FuzzParse(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, src []byte) {
		q, faults := survey.ParseQuestionnaire("f.yaml", src)
		check(t, src, q != nil, faults)
		if q != nil {
			walk(t, q)
		}
		round, faults := survey.ParseRound("f.yaml", src)
		check(t, src, round != nil && len(faults) == 0, faults)
		project, faults := survey.ParseProject("f.yaml", src)
		check(t, src, project != nil, faults)
		evaluation, faults := survey.ParseEvaluation("f.yaml", src)
		check(t, src, evaluation != nil && len(faults) == 0, faults)
	})
}

func check(t *testing.T, src []byte, parsed bool, faults survey.Faults) {
	t.Helper()
	if parsed == (len(faults) > 0) {
		t.Fatalf("parsed %v, faults %v", parsed, faults)
	}
	for _, f := range faults {
		if f.Line < 1 || f.Line > len(src)+1 || f.Column < 1 || f.Code == "" || f.File != "f.yaml" {
			t.Fatalf("a fault without a place: %+v", f)
		}
	}
}

// walk answers every question with its first choice and ends up with nothing missing.
func walk(t *testing.T, q *survey.Questionnaire) {
	t.Helper()
	form := survey.Trial(q, []survey.Text{survey.Plain("a"), survey.Plain("b")})
	for range 3 * len(q.Items) * 2 {
		s, ok := form.First()
		if !ok {
			break
		}
		it, _, _ := form.Item(s)
		value := survey.Skipped
		for i, c := range it.Choices() {
			if i == 0 {
				value = c.Value
			}
		}
		switch {
		case value != survey.Skipped:
			if it.AnswerKind() == survey.Multiple {
				value = it.Join(1<<it.MinChoices - 1)
			}
		case it.Required && it.AnswerKind() == survey.ShortText:
			value = "x"
		case it.Required:
			return // a number within bounds is beyond this walk
		}
		if err := it.Check(value); err != nil || !utf8.ValidString(value) {
			t.Fatalf("item %s does not take %q: %v", it.Code, value, err)
		}
		form.Answers[s] = value
	}
	if missing := form.Missing(); len(missing) > 0 {
		t.Fatalf("missing after all was answered: %v", missing)
	}
}
