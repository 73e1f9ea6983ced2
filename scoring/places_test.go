package scoring_test

import (
	"strings"
	"testing"
)

// What is marked with ! is told, and nothing else.
func TestPlacesThatCannotBeMeant(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ rules, want string }{
		{"{grade: A, places: 1..5, ties: include}|{grade: B, places: !3..8, ties: include}", "places_overlap"},
		{"{grade: A, places: !6..10, ties: include}|{grade: B, places: 1..7, ties: include}", "places_overlap"},
		{"{grade: A, places: ..5, ties: include}|{grade: B, places: !7..10, ties: include}", "places_gap"},
		{"{grade: A, places: 1..5, ties: include}|{grade: B, places: !2..3, ties: exclude}", "places_taken"},
		{"{grade: A, share: 20%, ties: include}|{!grade: B, share: 15%, ties: include}", "places_taken"},
		{"{grade: A, places: 1..3, ties: include, when: size > 9}|{grade: B, places: !5..6, ties: include, when: size > 9}", "places_gap"},
		{"{award: A, places: 1, ties: include}|{award: B, places: 2..4, ties: include}|{award: C, places: !4..6, ties: include}", "places_overlap"},
		{"{award: A, places: 1, ties: include}|{award: C, places: !3..4, ties: include}", "places_gap"},
		{"{award: A, places: !1, share: 10%, ties: include}", "quota_two"},
		{"{award: A, from: 3, above: !2}", "step_two"},
		{"{award: A, places: 1, ties: include, on: !part}", "key_idle"},
		{"{award: A, from: 3, ties: !include}", "key_idle"},
		{"{award: A, places: 1, ties: include, at_least: !2}", "key_idle"},
		{"{payout: p, prizes: {1: 9, 2: 6, !4: 3}}", "prize_gap"},
		{"{payout: p, prizes: {1: 9, !02: 6}}", "places"},
		{"{payout: p, prizes: {table: gappy}}", "prize_gap"},
		// What can be meant:
		{"{grade: A, places: 1..5, ties: include}|{grade: B, places: ..10, ties: include}", ""},
		{"{grade: A, places: 1..5, ties: include, from: 90}|{grade: B, places: 1..5, ties: include}", ""},
		{"{grade: A, places: 1..5, ties: exclude}|{grade: B, places: 1..5, ties: include}", ""},
		{"{grade: A, share: 15%, ties: include}|{grade: B, places: 6..10, ties: include}", ""},
		{"{grade: A, places: 1..3, ties: include}|{grade: B, from: 90}|{grade: C, places: 6..10, ties: include}", ""},
		{"{grade: A, places: 1..3, ties: include, when: size > 9}|{grade: B, places: 2..5, ties: include, when: size < 5}", ""},
		{"{grade: A, places: 1..3, ties: include}|{grade: B, places: 2..5, ties: include, within: kind}", ""},
		{"{grade: A, places: 1..3, ties: include, from: 60, vacant: no}|{grade: B, places: 2..5, ties: include}", ""},
		{"{grade: A, share: 15%, ties: include}|{grade: B, share: 30%, ties: include}", ""},
		{"{award: A, places: 1, ties: include}|{award: B, places: 2..4, ties: include}|{award: C, places: 1..3, ties: include}", ""},
		{"{award: A, places: 1..10, ties: include}|{award: B, places: 3, ties: include}|{award: C, places: 1, ties: include}", ""},
		{"{award: A, places: 2..3, ties: include}", ""},
		{"{payout: p, prizes: {1: 9, 2: 0, 3: 3}}", ""},
	} {
		one, _, _ := strings.Cut(strings.TrimLeft(c.rules, "{!"), ":")
		tables := ""
		if strings.Contains(c.rules, "gappy") {
			tables = "tables: {gappy: {1: 5, !3: 1}}\n"
		}
		src := "scheme: x\n" + tables + "kinds:\n  unit:\n    attributes: {n: number}\n    parts: {part: {attribute: n}}\n    total: part\n    " +
			one + "s:\n      - " + strings.ReplaceAll(c.rules, "|", "\n      - ") + "\n"
		if one == "grade" {
			src += "      - {grade: Z}\n"
		}
		want := ""
		if at := strings.Index(src, "!"); at >= 0 {
			want = lineColumn(src, at) + " " + c.want + "\n"
		}
		if got := checked(t, strings.Replace(src, "!", "", 1)); got != want {
			t.Errorf("%s: want %q, got %q", c.rules, want, got)
		}
	}
}

// A key that a part's rule does not look at is told.
func TestKeysWithoutEffect(t *testing.T) {
	t.Parallel()
	for _, part := range []string{"{attribute: n, trim: !1}", "{attribute: n, missing_parts: !zero}", "{attribute: n, cases: !{a: 1}}",
		"{attribute: n, weights: !{a: 1}}", "{sum: {a: 1, c: 2}, best: !2}"} {
		src := "scheme: x\nkinds:\n  unit:\n    attributes: {n: number}\n    parts: {part: " + part + "}\n    total: part\n"
		at := strings.Index(src, "!")
		if strings.Contains(part, "{a: 1}") {
			at++ // a map stands where its first key does
		}
		want := lineColumn(src, at) + " key_idle\n"
		if got := checked(t, strings.Replace(src, "!", "", 1)); !strings.Contains(got, want) {
			t.Errorf("%s: want %q, got %q", part, want, got)
		}
	}
}
