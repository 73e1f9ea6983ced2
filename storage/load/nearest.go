package load

import "iter"

// nearest returns the known word most like got, "" where none is near enough
// to be a slip. Of words equally near it is the first by the alphabet.
func nearest(got string, known iter.Seq[string]) string {
	a := []rune(got)
	best, least := "", max(1, len(a)/3)+1
	for k := range known {
		d := distance(a, []rune(k), least+1)
		if d < least || d == least && best != "" && k < best {
			best, least = k, d
		}
	}
	return best
}

// distance is Levenshtein's, by two rows; it gives up (limit) where the
// lengths alone differ by as much.
func distance(a, b []rune, limit int) int {
	if len(a)-len(b) >= limit || len(b)-len(a) >= limit {
		return limit
	}
	last, row := make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i, x := range a {
		row[0] = i + 1
		for j, y := range b {
			change := last[j]
			if x != y {
				change++
			}
			row[j+1] = min(change, last[j+1]+1, row[j]+1)
		}
		last, row = row, last
	}
	return last[len(b)]
}
