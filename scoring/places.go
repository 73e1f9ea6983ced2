package scoring

import (
	"fmt"
	"slices"
	"strconv"
)

// placesFit warns of places that cannot be meant: those of a grade that an
// earlier one takes, and of grades or awards that cover each other in part or
// leave some out between them. Awards within the places of another are a second
// kind of award; of nested grades the first that fits counts.
func (b *binder) placesFit(k *kind) {
	for i, r := range k.grades {
		before := k.grades[:i]
		taken := slices.IndexFunc(before, r.takenBy)
		switch {
		case taken >= 0:
			b.warn(r.written(), "places_taken", map[string]any{"Word": r.word, "Other": before[taken].word})
		case r.span != nil:
			b.placesJoin(r, k.grades, slices.ContainsFunc(before, func(o *placeRule) bool { return o.span == nil }))
		}
	}
	for _, r := range k.awards {
		if r.span != nil {
			b.placesJoin(r, k.awards, slices.ContainsFunc(k.awards, func(o *placeRule) bool { return o.share != nil }))
		}
	}
}

// placesJoin looks at what stands before the places of a rule: those of another
// that end there, or hold all of them; nothing is wrong with either. A gap may
// be filled by rules without places.
func (b *binder) placesJoin(r *placeRule, all []*placeRule, filled bool) {
	var near, covers *placeRule
	for _, o := range all {
		switch {
		case o == r || o.span == nil || !r.sameOrder(o):
		case o.last == r.first-1, o.first <= r.first && o.last >= r.last:
			return
		case o.first < r.first && o.last >= r.first:
			covers = o
		case o.last < r.first && (near == nil || o.last > near.last):
			near = o
		}
	}
	code, other := "places_overlap", covers
	if covers == nil {
		code, other = "places_gap", near
	}
	if other != nil && (covers != nil || !filled) {
		b.warn(r.span, code, map[string]any{"Word": r.word, "Got": r.places(), "Other": other.word, "Places": other.places()})
	}
}

// takenBy tells whether an earlier grade leaves nothing of a grade's places.
// Those whom it shuts out for a tie across its border may still be let in.
func (r *placeRule) takenBy(o *placeRule) bool {
	if !r.byPlace() || !o.byPlace() || o.threshold != nil || o.when != nil || !r.sameOrder(o) || o.ties != "include" && r.ties == "include" {
		return false
	}
	if o.share != nil {
		return r.share != nil && r.share.Cmp(o.share) <= 0 && r.atLeast <= o.atLeast
	}
	return r.span != nil && o.first <= r.first && o.last >= r.last
}

// sameOrder tells whether the places of two rules are counted in one order, and
// may be of the same subjects.
func (r *placeRule) sameOrder(o *placeRule) bool {
	if r.rank.by != o.rank.by || r.rank.within != o.rank.within || r.rank.high != o.rank.high {
		return false
	}
	mine, theirs := r.when.says(), o.when.says()
	if r.movesUp() || o.movesUp() {
		return mine == theirs && r.vacant == o.vacant && r.on == o.on && ratText(r.threshold) == ratText(o.threshold)
	}
	return mine == "" || theirs == "" || mine == theirs
}

// movesUp tells whether places are counted only of those who fulfil the rest.
func (r *placeRule) movesUp() bool { return !r.vacant && (r.when != nil || r.threshold != nil) }

// written is where a rule's places stand, else the rule itself.
func (r *placeRule) written() *node {
	if r.span != nil {
		return r.span
	}
	return &node{line: r.at.line, column: r.at.column}
}

func (r *placeRule) places() string {
	if r.first == r.last {
		return strconv.Itoa(r.first)
	}
	return fmt.Sprintf("%d..%d", r.first, r.last)
}

// prizePlaces are the prizes of one row by place; it reports what is no place,
// and prizes after a place that has none.
func (b *binder) prizePlaces(t *tableDef, row string) []int {
	var out []int
	for _, column := range keys(t.rows[row]) {
		p, err := strconv.Atoi(column)
		if err != nil || p < 1 || strconv.Itoa(p) != column {
			b.fault(t.place(row, column), "places", map[string]any{"Got": column})
			continue
		}
		out = append(out, p)
	}
	slices.Sort(out)
	for i, p := range out {
		if p > i+1 {
			b.warn(t.place(row, strconv.Itoa(p)), "prize_gap", map[string]any{"Place": p, "Without": i + 1})
			break
		}
	}
	return out
}
