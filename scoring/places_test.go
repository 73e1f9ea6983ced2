package scoring_test

import (
	"strings"
	"testing"
)

// What is marked with ! is told, and nothing else.
func TestPlacesThatCannotBeMeant(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ block, rules, want string }{
		{"grades", "{grade: A, places: 1..5, ties: include}|{grade: B, places: !3..8, ties: include}|{grade: C}", "places_overlap"},
		{"grades", "{grade: A, places: !6..10, ties: include}|{grade: B, places: 1..7, ties: include}|{grade: C}", "places_overlap"},
		{"grades", "{grade: A, places: ..5, ties: include}|{grade: B, places: !7..10, ties: include}|{grade: C}", "places_gap"},
		{"grades", "{grade: A, places: 1..5, ties: include}|{grade: B, places: !2..3, ties: exclude}|{grade: C}", "places_taken"},
		{"grades", "{grade: A, share: 20%, ties: include}|{!grade: B, share: 15%, ties: include}|{grade: C}", "places_taken"},
		{"grades", "{grade: A, places: 1..3, ties: include, when: size > 9}|{grade: B, places: !5..6, ties: include, when: size > 9}|{grade: C}", "places_gap"},
		{"awards", "{award: A, places: 1, ties: include}|{award: B, places: 2..4, ties: include}|{award: C, places: !4..6, ties: include}", "places_overlap"},
		{"awards", "{award: A, places: 1, ties: include}|{award: C, places: !3..4, ties: include}", "places_gap"},
		{"awards", "{award: A, places: !1, share: 10%, ties: include}", "quota_two"},
		{"awards", "{award: A, from: 3, above: !2}", "step_two"},
		{"awards", "{award: A, places: 1, ties: include, on: !part}", "key_idle"},
		{"awards", "{award: A, from: 3, ties: !include}", "key_idle"},
		{"awards", "{award: A, places: 1, ties: include, at_least: !2}", "key_idle"},
		{"payouts", "{payout: p, prizes: {1: 9, 2: 6, !4: 3}}", "prize_gap"},
		{"payouts", "{payout: p, prizes: {1: 9, !02: 6}}", "places"},
		{"payouts", "{payout: p, prizes: {table: gappy}}", "prize_gap"},
		// What can be meant:
		{"grades", "{grade: A, places: 1..5, ties: include}|{grade: B, places: ..10, ties: include}|{grade: C}", ""},
		{"grades", "{grade: A, places: 1..5, ties: include, from: 90}|{grade: B, places: 1..5, ties: include}|{grade: C}", ""},
		{"grades", "{grade: A, places: 1..5, ties: exclude}|{grade: B, places: 1..5, ties: include}|{grade: C}", ""},
		{"grades", "{grade: A, share: 15%, ties: include}|{grade: B, places: 6..10, ties: include}|{grade: C}", ""},
		{"grades", "{grade: A, places: 1..3, ties: include}|{grade: B, from: 90}|{grade: C, places: 6..10, ties: include}|{grade: D}", ""},
		{"grades", "{grade: A, places: 1..3, ties: include, when: size > 9}|{grade: B, places: 2..5, ties: include, when: size < 5}|{grade: C}", ""},
		{"grades", "{grade: A, places: 1..3, ties: include}|{grade: B, places: 2..5, ties: include, within: kind}|{grade: C}", ""},
		{"grades", "{grade: A, places: 1..3, ties: include, from: 60, vacant: no}|{grade: B, places: 2..5, ties: include}|{grade: C}", ""},
		{"grades", "{grade: A, share: 15%, ties: include}|{grade: B, share: 30%, ties: include}|{grade: C}", ""},
		{"awards", "{award: A, places: 1, ties: include}|{award: B, places: 2..4, ties: include}|{award: C, places: 1..3, ties: include}", ""},
		{"awards", "{award: A, places: 1..10, ties: include}|{award: B, places: 3, ties: include}|{award: C, places: 1, ties: include}", ""},
		{"awards", "{award: A, places: 2..3, ties: include}", ""},
		{"payouts", "{payout: p, prizes: {1: 9, 2: 0, 3: 3}}", ""},
	} {
		src := "scheme: x\ntables: {gappy: {1: 5, !3: 1}}\nkinds:\n  unit:\n    attributes: {n: number}\n    parts: {part: {attribute: n}}\n    total: part\n    " +
			c.block + ":\n      - " + strings.ReplaceAll(c.rules, "|", "\n      - ") + "\n"
		if !strings.Contains(c.rules, "gappy") {
			src = strings.Replace(src, "tables: {gappy: {1: 5, !3: 1}}\n", "", 1)
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
