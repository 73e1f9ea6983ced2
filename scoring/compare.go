package scoring

import (
	"maps"
	"math/big"
	"slices"
)

// Comparison is two results on the same subjects, side by side: two schemes,
// or two sets of parameters, on the same data.
type Comparison struct {
	Before, After string // what was compared, for people
	Decimals      int
	Words         Glossary
	Rows          []Move
}

// Move is what becomes of one subject. Why lists the parts that differ, the
// largest change first among those at the top of the tree.
type Move struct {
	Subject                 string
	Name                    Text
	Kind, Group             string
	Total, NewTotal         *big.Rat
	Rank, NewRank           int
	Grade, NewGrade         string
	Awards, NewAwards       []string
	Consequences, NewConseq []string
	Why                     []Change
	Payouts                 []Change // in yuan, rounded as paid
}

// Change is one part that differs; a value that is nil was missing.
type Change struct {
	Path    string
	Title   Text
	Depth   int
	Was, Is *big.Rat
}

// Moved tells whether anything a reader cares about differs.
func (m Move) Moved() bool {
	return len(m.Payouts) > 0 || m.Rank != m.NewRank || m.Grade != m.NewGrade || compareRat(m.Total, m.NewTotal) != 0 ||
		!slices.Equal(m.Awards, m.NewAwards) || !slices.Equal(m.Consequences, m.NewConseq)
}

// Compare sets the second result against the first. Subjects that only one of
// them has are left out.
func Compare(before, after *Result) *Comparison {
	out := &Comparison{Before: before.label(), After: after.label(), Decimals: before.Decimals, Words: Glossary{}}
	for _, k := range append(slices.Clone(after.Kinds), before.Kinds...) {
		maps.Copy(out.Words, k.Words)
	}
	for _, k := range before.Kinds {
		for _, row := range k.Rows {
			other, ok := after.Explain(row.Subject)
			if !ok {
				continue
			}
			now := other.Row
			out.Rows = append(out.Rows, Move{Subject: row.Subject, Name: row.Name, Kind: k.Kind, Group: row.Group,
				Total: row.Total, NewTotal: now.Total, Rank: row.Rank, NewRank: now.Rank, Grade: row.Grade, NewGrade: now.Grade,
				Awards: row.Awards, NewAwards: now.Awards, Consequences: row.Consequences, NewConseq: now.Consequences,
				Why: changes(k, row, after, now), Payouts: payoutChanges(k, row, after, now)})
		}
	}
	return out
}

// label names a result by its scheme and the parameters that are not defaults.
func (r *Result) label() string {
	s := r.Scheme
	for _, name := range keys(r.Changed) {
		s += " " + name + "=" + r.Changed[name]
	}
	return s
}

// payoutChanges lists the payouts that differ, by name in both schemes.
func payoutChanges(k KindResult, row Row, after *Result, now Row) []Change {
	paid := func(k KindResult, row Row) map[string]*big.Rat {
		out := map[string]*big.Rat{}
		for i, c := range k.Payouts {
			if c.Aspect == "cents" {
				out[c.Path] = new(big.Rat).Quo(row.Payouts[i].Value, rat(100))
			}
		}
		return out
	}
	was, is := paid(k, row), map[string]*big.Rat{}
	for _, other := range after.Kinds {
		if other.Kind == k.Kind {
			is = paid(other, now)
		}
	}
	var out []Change
	for _, c := range k.Payouts {
		if v, both := is[c.Path]; both && c.Aspect == "cents" && v.Cmp(was[c.Path]) != 0 {
			out = append(out, Change{Path: c.Path, Title: c.Title, Was: was[c.Path], Is: v})
		}
	}
	return out
}

// changes lists the parts whose values differ, by path in both schemes, but for
// the total itself.
func changes(k KindResult, row Row, after *Result, now Row) []Change {
	is := map[string]*big.Rat{}
	for _, other := range after.Kinds {
		if other.Kind == k.Kind {
			for i, c := range other.Columns {
				is[c.Name()] = now.Figures[i].Value
			}
		}
	}
	var out []Change
	for i, c := range k.Columns {
		v, both := is[c.Name()]
		if c.Aspect != "" || c.Path == k.Total || !both || compareRat(row.Figures[i].Value, v) == 0 {
			continue
		}
		out = append(out, Change{Path: c.Path, Title: c.Title, Depth: c.Depth, Was: row.Figures[i].Value, Is: v})
	}
	slices.SortStableFunc(out, func(a, b Change) int {
		if a.Depth != b.Depth {
			return a.Depth - b.Depth
		}
		return b.size().Cmp(a.size())
	})
	return out
}

func (c Change) size() *big.Rat {
	return new(big.Rat).Abs(new(big.Rat).Sub(orZero(c.Is), orZero(c.Was)))
}
