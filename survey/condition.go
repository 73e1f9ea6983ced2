package survey

import (
	"math/big"
	"slices"
	"strings"
)

// holds reports whether the condition on an item of q holds given the answers to earlier items;
// answer returns false for those that are hidden, skipped or not there.
func (c Condition) holds(q *Questionnaire, answer func(item int) (string, bool)) bool {
	if len(c) == 0 {
		return true
	}
	return slices.ContainsFunc(c, func(clause []Test) bool {
		for _, t := range clause {
			it, known := q.Item(t.Item)
			value, answered := answer(t.Item)
			if !known || !t.holds(it, value, answered) {
				return false
			}
		}
		return true
	})
}

func (t Test) holds(it *Item, value string, answered bool) bool {
	if t.Op == OpAnswered {
		return answered == slices.Contains(t.Values, Yes)
	}
	if !answered {
		return false
	}
	switch t.Op {
	case OpIn, OpNotIn:
		hit := slices.ContainsFunc(strings.Split(value, Separator), func(v string) bool {
			return slices.Contains(t.Values, v)
		})
		return hit == (t.Op == OpIn)
	}
	n, ok := new(big.Rat).SetString(value)
	if !ok || value == it.Unknown() { // "don't know" is neither much nor little
		return false
	}
	if t.Op == OpAtLeast {
		return n.Cmp(t.Bound) >= 0
	}
	return n.Cmp(t.Bound) <= 0
}
