package scoring

import (
	"cmp"
	"slices"
)

// nearest returns the known word most like the given one, or "" where none is
// near enough to be a slip of the pen. Of words equally near it is one with the
// same letters: those change places most easily.
func nearest(got string, known []string) string {
	letters := len([]rune(got))
	best, least := "", min(letters, max(1, letters/3)+1) // of a single letter any other is as near
	for _, k := range known {
		d := distance([]rune(got), []rune(k))
		if d < least || d == least && best != "" && sameLetters(got, k) {
			best, least = k, d
		}
	}
	return best
}

// meaning adds to what a fault or notice says the known word that was most
// likely meant.
func meaning(args []any, got string, known []string) []any {
	if near := nearest(got, known); near != "" {
		return append(args, "Near", near)
	}
	return args
}

func sameLetters(a, b string) bool {
	return slices.Equal(slices.SortedFunc(runes(a), cmp.Compare[rune]), slices.SortedFunc(runes(b), cmp.Compare[rune]))
}

func runes(s string) func(func(rune) bool) {
	return slices.Values([]rune(s))
}

// distance counts insertions, deletions, replacements and swaps of neighbours
// (optimal string alignment).
func distance(a, b []rune) int {
	before, last := make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row := make([]int, len(b)+1)
		row[0] = i
		for j := 1; j <= len(b); j++ {
			change := 1
			if a[i-1] == b[j-1] {
				change = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+change)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last = last, row
	}
	return last[len(b)]
}
