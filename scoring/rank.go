package scoring

import (
	"math/big"
	"slices"
)

// tiers orders the eligible subjects of each scope, best first; a tier holds
// those that are level, in order of code. With chained, ties are broken by the
// rule's chain as far as it goes.
func (c *computation) tiers(k *kind, r *rankRule, in scope, value func(i int) *big.Rat, chained bool) map[string][][]int {
	compare := func(i, j int) int {
		d := value(j).Cmp(value(i))
		if !r.high {
			d = -d
		}
		if d != 0 || !chained {
			return d
		}
		for _, p := range r.chain {
			cells := c.cells(p, in)
			if d := compareRat(cells[j].Value, cells[i].Value); d != 0 {
				if cells[i].Value == nil || cells[j].Value == nil {
					return -d // what is missing comes last
				}
				return d
			}
		}
		return 0
	}
	out := map[string][][]int{}
	for key, list := range c.scopes(k, r.within) {
		ranked := slices.DeleteFunc(slices.Clone(list), func(i int) bool { return value(i) == nil })
		slices.SortStableFunc(ranked, compare)
		var tiers [][]int
		for n, i := range ranked {
			if n > 0 && compare(ranked[n-1], i) == 0 {
				tiers[len(tiers)-1] = append(tiers[len(tiers)-1], i)
			} else {
				tiers = append(tiers, []int{i})
			}
		}
		out[key] = tiers
	}
	return out
}

// ranks numbers the subjects: competition 1,2,2,4; dense 1,2,2,3; broken as
// competition after the chain. 0 is unranked.
func (c *computation) ranks(k *kind, r *rankRule, in scope, value func(i int) *big.Rat) []int {
	out := make([]int, len(c.subjects[k]))
	for _, tiers := range c.tiers(k, r, in, value, r.ties == "broken") {
		before := 0
		for n, tier := range tiers {
			for _, i := range tier {
				out[i] = before + 1
				if r.ties == "dense" {
					out[i] = n + 1
				}
			}
			before += len(tier)
		}
	}
	return out
}

// rankOfRule makes the rank of a part a number of its own.
type rankOfRule struct{ rank *rankRule }

func (r *rankOfRule) name() string { return "rank_of" }

func (r *rankOfRule) needs() []*part { return append(presentParts(r.rank.by), r.rank.chain...) }

func (r *rankOfRule) compute(c *computation, p *part, in scope) []*Cell {
	cells := c.cells(r.rank.by, in)
	value := func(i int) *big.Rat {
		if cells[i].ok() {
			return cells[i].Value
		}
		return nil
	}
	ranks := c.ranks(p.kind, r.rank, in, value)
	why := c.placing(p.kind, r.rank, in, value)
	out := make([]*Cell, len(ranks))
	for i, rank := range ranks {
		out[i] = &Cell{Trace: &Trace{}}
		if rank == 0 {
			out[i].line("unranked", "Part", r.rank.by.path)
			continue
		}
		out[i].State, out[i].Value = Present, rat(int64(rank))
		out[i].line("rank", append(why[i], "Rank", rank)...)
	}
	return out
}

// contestRule compares the parts of two partners one by one.
type contestRule struct {
	with            string
	parts           []*part
	draw            *big.Rat
	win, even, loss *big.Rat
}

func (r *contestRule) name() string   { return "contest" }
func (r *contestRule) needs() []*part { return r.parts }

func (r *contestRule) compute(c *computation, p *part, in scope) []*Cell {
	subjects := c.subjects[p.kind]
	out := make([]*Cell, len(subjects))
	for i, s := range subjects {
		out[i] = &Cell{Trace: &Trace{}}
		partner := attribute(s, r.with)
		at, ok := c.place[partner]
		if !ok || at.kind != p.kind {
			out[i].line("take_missing", "Of", r.with, "Subject", partner, "Part", p.path)
			continue
		}
		r.play(c, in, i, at.index, partner, out[i])
	}
	return out
}

func (r *contestRule) play(c *computation, in scope, i, j int, partner string, cell *Cell) {
	var given []*big.Rat
	for _, q := range r.parts {
		cells := c.cells(q, in)
		if !cells[i].ok() || !cells[j].ok() {
			cell.flag(flagMissing, q, in)
			cell.line("contest_without", "Part", q.path, "Partner", partner)
			continue
		}
		d := new(big.Rat).Sub(cells[i].Value, cells[j].Value)
		points, how := orZero(r.loss), "loss"
		switch {
		case new(big.Rat).Abs(d).Cmp(r.draw) <= 0:
			points, how = r.even, "draw"
		case d.Sign() > 0:
			points, how = r.win, "win"
		}
		cell.line("contest_"+how, "Part", q.path, "Got", cells[i].Value, "Partner", partner, "Other", cells[j].Value,
			"Difference", d, "Draw", r.draw, "Points", points)
		given = append(given, points)
	}
	if len(given) == 0 {
		return
	}
	cell.State, cell.Value = Present, sumOf(given)
	cell.line("contest", "Terms", listed(given, " + "), "Count", len(given), "Value", cell.Value)
}

// pickRule names the highest or lowest of several parts.
type pickRule struct {
	highest, lowest int
	from            []*part
}

func (r *pickRule) name() string   { return "pick" }
func (r *pickRule) needs() []*part { return r.from }

func (r *pickRule) compute(c *computation, p *part, in scope) []*Cell {
	out := make([]*Cell, len(c.subjects[p.kind]))
	for i := range out {
		cell := &Cell{Trace: &Trace{}}
		out[i] = cell
		var shares []share
		for _, q := range r.from {
			shares = append(shares, share{lastOf(q.path), c.cells(q, in)[i], nil})
		}
		sorted := byValue(shares) // falling; ties stay in the order of the list
		n := r.highest
		if r.lowest > 0 {
			n = r.lowest
			sorted = inListOrder(sorted, shares)
		}
		n = min(n, len(sorted))
		for _, s := range sorted[:n] {
			cell.Words = append(cell.Words, s.name)
			cell.line("picked", "Part", s.name, "Value", s.cell.Value)
		}
		for _, s := range sorted[n:] { // as good as the last one picked, but later in the list
			if n > 0 && s.cell.Value.Cmp(sorted[n-1].cell.Value) == 0 {
				cell.line("picked_not", "Part", s.name, "Value", s.cell.Value)
			}
		}
		if len(cell.Words) > 0 {
			cell.State = Present
		}
		cell.Trace.Words = cell.Words
	}
	return out
}

// inListOrder sorts by rising value, ties in the order of the list.
func inListOrder(sorted, list []share) []share {
	place := map[string]int{}
	for i, s := range list {
		place[s.name] = i
	}
	slices.SortFunc(sorted, func(a, b share) int {
		if d := a.cell.Value.Cmp(b.cell.Value); d != 0 {
			return d
		}
		return place[a.name] - place[b.name]
	})
	return sorted
}
