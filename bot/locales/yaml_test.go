package locales_test

import (
	"regexp"
	"strings"
	"testing"

	"pingyi/bot/locales"
	"pingyi/scoring"
	"pingyi/survey"
)

// What people get wrong in YAML is said in their language, by whichever reader
// meets it, at its line and column.
func TestYAMLWords(t *testing.T) {
	t.Parallel()
	english := regexp.MustCompile(`[a-z]{2,} [a-z]{2,}`)
	bundle, err := locales.Load()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ text, place, en string }{
		{"kinds:\n\tu: 1\n", ":3:1: ", "tab"},
		{"kinds:\n  a: 1\n b: 2\n", ":4:2: ", "indented unlike"},
		{"kinds:\n  - a\n  b: 1\n", ":4:3: ", "indented unlike"},
		{"title: \"abc\nkinds: 1\n", ":2:8: ", "quotation mark opened here"},
		{"title: 'abc\nkinds: 1\n", ":2:8: ", "quotation mark opened here"},
		{"kinds: {a: 1\n", ":2:8: ", "the { opened here"},
		{"kinds: [a, b\n", ":2:8: ", "the [ opened here"},
		{"kinds: {a: 1]\n", ":2:8: ", "the { opened here"},
		{"title: {a b: c d, {e}}\n", ":2:19: ", "a comma or a colon"},
		{"kinds: \"a\" b\n", ":2:12: ", "more after the end"},
		{"kinds: a: b\n", ":2:8: ", "holds “: ”"},
		{"kinds\n  a: 1\n", ":2:1: ", "a colon with a space"},
		{"kinds:a\ntotal: b\n", ":2:1: ", "a colon with a space"},
		{"kinds: @a\n", ":2:8: ", "needs quotation marks"},
		{"kinds: %a\n", ":2:8: ", "needs quotation marks"},
		{"kinds: \"a\\q\"\n", ":2:11: ", "a backslash"},
		{"kinds: \"\\ud800\\q\"\n", ":2:9: ", "a backslash"},
		{"%\n", ":2:1: ", "needs quotation marks"},
		{"kinds: [a, b: , c]\n", ":2:15: ", "a name or a value is missing"},
		{"kinds: [,a]\n", ":2:9: ", "a name or a value is missing"},
		{"kinds: {a: 1, : b}\n", ":2:15: ", "a name or a value is missing"},
		{"kinds: {a\n: 1}\n", ":2:9: ", "a name or a value is missing"},
		{"kinds: - a\n", ":2:8: ", "a list begins on a line of its own"},
		{"kinds: \"a\n---\nb: 1\"\n", ":3:1: ", "--- and ..."},
		{"kinds: |size\n", ":2:8: ", "&, *, !, | or >"},
		{"kinds: &\n", ":2:8: ", "&, *, !, | or >"},
		{"kinds: *\n", ":2:8: ", "&, *, !, | or >"},
		{"kinds: {a: !b}\n", ":2:14: ", "&, *, !, | or >"},
	} {
		src := []byte("scheme: x\n" + c.text)
		var found survey.Faults
		for _, f := range scoring.CheckScheme("x.yaml", src) {
			found = append(found, survey.Fault{File: f.File, Line: f.Line, Column: f.Column, Code: f.Code, Args: f.Args})
		}
		_, asked := survey.ParseQuestionnaire("x.yaml", src)
		for _, f := range []survey.Fault{found[0], asked[0]} {
			if got := bundle.Printer(survey.En).Fault(f); !strings.HasPrefix(got, "x.yaml"+c.place) || !strings.Contains(got, c.en) {
				t.Errorf("%q: want %s%s, got %s", c.text, c.place, c.en, got)
			}
			for _, lang := range []survey.Lang{survey.ZhHans, survey.ZhHant} {
				if got := bundle.Printer(lang).Fault(f); english.MatchString(got) {
					t.Errorf("%q is said in English: %s", c.text, got)
				}
			}
		}
	}
}
