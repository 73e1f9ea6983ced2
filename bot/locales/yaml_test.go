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
		{"scheme: x\nkinds:\n\tu: 1\n", ":3:1: ", "tab"},
		{"scheme: x\nkinds:\n  a: 1\n b: 2\n", ":4:2: ", "indented unlike"},
		{"scheme: x\nkinds:\n  - a\n  b: 1\n", ":4:3: ", "indented unlike"},
		{"scheme: x\ntitle: \"abc\nkinds: 1\n", ":2:8: ", "quotation mark opened here"},
		{"scheme: x\ntitle: 'abc\nkinds: 1\n", ":2:8: ", "quotation mark opened here"},
		{"scheme: x\nkinds: {a: 1\n", ":2:8: ", "the { opened here"},
		{"scheme: x\nkinds: [a, b\n", ":2:8: ", "the [ opened here"},
		{"scheme: x\nkinds: {a: 1]\n", ":2:8: ", "the { opened here"},
		{"scheme: x\ntitle: {a b: c d, {e}}\n", ":2:19: ", "a comma or a colon"},
		{"scheme: x\nkinds: \"a\" b\n", ":2:12: ", "more after the end"},
		{"scheme: x\nkinds: a: b\n", ":2:8: ", "holds “: ”"},
		{"scheme: x\nkinds\n  a: 1\n", ":2:1: ", "a colon with a space"},
		{"scheme:x\nkinds: 1\n", ":1:1: ", "a colon with a space"},
		{"scheme: x\nkinds: @a\n", ":2:8: ", "needs quotation marks"},
		{"scheme: x\nkinds: %a\n", ":2:8: ", "needs quotation marks"},
		{"scheme: x\nkinds: \"a\\q\"\n", ":2:11: ", "a backslash"},
		{"scheme: x\nkinds: \"\\ud800\\q\"\n", ":2:9: ", "a backslash"},
		{"scheme: x\n%\n", ":2:1: ", "needs quotation marks"},
		{"scheme: x\nkinds: [a, b: , c]\n", ":2:15: ", "a name or a value is missing"},
		{"scheme: x\nkinds: [,a]\n", ":2:9: ", "a name or a value is missing"},
		{"scheme: x\nkinds: {a: 1, : b}\n", ":2:15: ", "a name or a value is missing"},
		{"scheme: x\nkinds: {a\n: 1}\n", ":2:9: ", "a name or a value is missing"},
		{"scheme: x\nkinds: - a\n", ":2:8: ", "a list begins on a line of its own"},
		{"scheme: x\nkinds: \"a\n---\nb: 1\"\n", ":3:1: ", "--- and ..."},
		{"scheme: x\nkinds: |size\n", ":2:8: ", "&, *, !, | or >"},
		{"scheme: x\nkinds: &\n", ":2:8: ", "&, *, !, | or >"},
		{"scheme: x\nkinds: *\n", ":2:8: ", "&, *, !, | or >"},
		{"scheme: x\nkinds: {a: !b}\n", ":2:14: ", "&, *, !, | or >"},
	} {
		var found survey.Faults
		for _, f := range scoring.CheckScheme("x.yaml", []byte(c.text)) {
			found = append(found, survey.Fault{File: f.File, Line: f.Line, Column: f.Column, Code: f.Code, Args: f.Args})
		}
		_, asked := survey.ParseQuestionnaire("x.yaml", []byte(c.text))
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
