// Package disclosure is the one gate through which every result leaves: tables,
// pages, files, histograms and comments alike. Nothing behind which fewer than
// the minimum stand is shown, nor anything from which it could be worked out.
//
// # What is hidden
//
// A survey figure with fewer responses than its panel's minimum is hidden, and
// so is its number of responses. Where the scheme let it count all the same,
// the next smallest figure beside it is hidden as well (complementary
// suppression), so that the figure above minus those shown never gives it; with
// nothing beside it, the figure above is hidden, and so on up to the total.
// A hidden total hides the figures taken over it (the mean of a team, of all).
// Steps of a scorecard that would give a hidden figure away are left out.
//
// Hidden figures are marked, never silently blank.
package disclosure

import (
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"slices"
)

// The minimums where nothing else is said.
const (
	DefaultMinimum  = 5
	CommentsMinimum = 8
)

// Rules are minimum group sizes. The zero value uses the defaults.
type Rules struct {
	Panels  map[string]int64 // by panel; 1 opens a panel of named respondents
	Default int64            // for panels not listed; 0: DefaultMinimum
}

// Minimum is the minimum of a figure made of these panels' answers: the
// largest of theirs.
func (r Rules) Minimum(panels ...string) int64 {
	least := int64(0)
	for _, p := range panels {
		m, ok := r.Panels[p]
		if !ok {
			m = cmp.Or(r.Default, DefaultMinimum)
		}
		least = max(least, m)
	}
	if len(panels) == 0 {
		return cmp.Or(r.Default, DefaultMinimum)
	}
	return least
}

// Group is a histogram of one group: how often each answer was given.
type Group struct {
	Name   string
	N      int64 // respondents
	Counts map[string]int64
	Hidden bool // too few, or hidden to protect another; N and Counts are gone
}

// Groups hides among siblings whose total is known: those with fewer than
// minimum respondents, then the next smallest until at least two are hidden
// that together reach the minimum. Groups of nobody are shown: they protect
// nobody and give nobody away. The order of groups stays.
func Groups(groups []Group, minimum int64) []Group {
	out := slices.Clone(groups)
	hidden, together := 0, int64(0)
	for i, g := range out {
		if g.N > 0 && g.N < minimum {
			hidden, together = hidden+1, together+g.N
			out[i].Hidden = true
		}
	}
	for hidden > 0 && (hidden < 2 || together < minimum) {
		next := smallest(out)
		if next < 0 {
			break // everybody is hidden: the total alone is shown
		}
		hidden, together = hidden+1, together+out[next].N
		out[next].Hidden = true
	}
	for i := range out {
		if out[i].Hidden {
			out[i].N, out[i].Counts = 0, nil
		}
	}
	return out
}

// smallest finds the smallest group that is shown and not empty, the first by
// name among equals; -1 where there is none.
func smallest(groups []Group) int {
	best := -1
	for i, g := range groups {
		if g.Hidden || g.N == 0 {
			continue
		}
		if best < 0 || g.N < groups[best].N || g.N == groups[best].N && g.Name < groups[best].Name {
			best = i
		}
	}
	return best
}

// Comments returns the comments of a group in an order that tells nothing of
// their arrival: by a keyed digest of their text. The group needs respondents
// of at least the larger of minimum and CommentsMinimum; ok is false, and
// nothing is returned, where there are fewer.
func Comments(comments []string, respondents, minimum int64, seed []byte) (shuffled []string, ok bool) {
	if respondents < max(minimum, CommentsMinimum) {
		return nil, false
	}
	type keyed struct {
		digest [sha256.Size]byte
		text   string
	}
	seen := map[string]uint64{}
	list := make([]keyed, len(comments))
	for i, text := range comments {
		mac := hmac.New(sha256.New, seed)
		var nth [8]byte // equal comments get places of their own
		binary.BigEndian.PutUint64(nth[:], seen[text])
		seen[text]++
		mac.Write(nth[:])
		mac.Write([]byte(text))
		list[i].text = text
		mac.Sum(list[i].digest[:0])
	}
	slices.SortFunc(list, func(a, b keyed) int { return slices.Compare(a.digest[:], b.digest[:]) })
	for _, k := range list {
		shuffled = append(shuffled, k.text)
	}
	return shuffled, true
}
