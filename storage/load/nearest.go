package load

import "iter"

// nearest returns the known word most like got, "" where none is near enough
// to be a slip. Of words equally near it is the first by the alphabet.
func nearest(got string, known iter.Seq[string]) string {
	a := []rune(got)
	best, least := "", min((len(a)+2)/3, len(a)-1)
	for k := range known {
		d := distance(a, []rune(k), least+1)
		if d < least || d == least && (best == "" || k < best) {
			best, least = k, d
		}
	}
	return best
}

// distance counts letters put in, left out, exchanged, or swapped with their
// neighbour. It gives up (limit) where the lengths alone differ by as much.
func distance(a, b []rune, limit int) int {
	if len(a)-len(b) >= limit || len(b)-len(a) >= limit {
		return limit
	}
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := range a {
		row[0] = i + 1
		for j := range b {
			change := last[j]
			if a[i] != b[j] {
				change++
			}
			row[j+1] = min(change, last[j+1]+1, row[j]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}
