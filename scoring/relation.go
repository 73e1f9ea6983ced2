package scoring

import (
	"math/big"
	"slices"
	"strings"
)

// takeRule takes a part of another subject, or a figure over many: of the
// parent, of a subject an attribute names, of the children, or over a scope.
type takeRule struct {
	part       *part
	kind       *kind
	of         string // parent, children, a scope, or an attribute of subjects
	by         string // mean, sum, min, max, count, sd, median; empty: one subject's
	single     bool
	weightedBy *part
}

func (r *takeRule) name() string { return "take" }

func (r *takeRule) needs() []*part {
	var out []*part
	for _, p := range []*part{r.part, r.weightedBy} {
		if p != nil {
			out = append(out, p)
		}
	}
	return out
}

func (r *takeRule) compute(c *computation, p *part, in scope) []*Cell {
	subjects := c.subjects[p.kind]
	out := make([]*Cell, len(subjects))
	if r.part == nil {
		return out // reported when the scheme was read
	}
	cells := c.cells(r.part, in)
	stats := map[string]*Cell{}
	for i, s := range subjects {
		cell := &Cell{Trace: &Trace{}}
		out[i] = cell
		switch {
		case r.single:
			r.one(c, s, cells, cell)
		case r.of == "children":
			r.many(c, in, cell, r.childrenOf(c, s), cells)
		default:
			key := scopeKey(s, r.of)
			if stats[key] == nil {
				stats[key] = &Cell{Trace: &Trace{}}
				r.many(c, in, stats[key], c.scopes(r.kind, r.of)[key], cells)
			}
			*cell = *stats[key]
			trace := *stats[key].Trace
			cell.Trace = &trace
		}
	}
	return out
}

func (r *takeRule) one(c *computation, s *Subject, cells []*Cell, cell *Cell) {
	code := attribute(s, r.of)
	at, ok := c.place[code]
	if !ok || at.kind != r.kind || !cells[at.index].ok() {
		cell.line("take_missing", "Of", r.of, "Subject", code, "Part", r.part.path)
		return
	}
	cell.State, cell.Value, cell.N = Present, cells[at.index].Value, cells[at.index].N
	cell.line("take", "Of", r.of, "Subject", code, "Part", r.part.path, "Value", cell.Value)
}

func (r *takeRule) childrenOf(c *computation, s *Subject) []int {
	var out []int
	for _, child := range c.children[s.Code] {
		if at, ok := c.place[child.Code]; ok && at.kind == r.kind {
			out = append(out, at.index)
		}
	}
	return out
}

func (r *takeRule) many(c *computation, in scope, cell *Cell, who []int, cells []*Cell) {
	var values []*big.Rat
	var shares []share
	for _, i := range who {
		if !cells[i].ok() {
			if cells[i].State == Missing && r.by != "count" {
				cell.line("take_without", "Subject", c.subjects[r.kind][i].Code)
			}
			continue
		}
		w := rat(1)
		if r.weightedBy != nil {
			if wc := c.cells(r.weightedBy, in)[i]; wc.ok() {
				w = wc.Value
			}
		}
		values = append(values, cells[i].Value)
		shares = append(shares, share{c.subjects[r.kind][i].Code, cells[i], w})
	}
	if len(values) == 0 && r.by != "count" {
		cell.line("take_nobody", "Of", r.of, "Part", r.part.path)
		return
	}
	cell.State = Present
	switch {
	case r.by == "mean" && r.weightedBy != nil:
		foldWeighted(cell, "weighted_mean", shares)
	case r.by == "sd":
		v, ok := sampleSD(values)
		if !ok {
			v = new(big.Rat)
		}
		cell.Value = v
	case r.by == "median":
		cell.Value = median(values)
	default:
		quiet := &Cell{}
		fold(quiet, r.by, shares)
		cell.Value = quiet.Value
		if r.by == "count" {
			cell.Value = rat(int64(len(values)))
		}
	}
	terms := listed(values, " + ")
	if r.by != "mean" && r.by != "sum" {
		terms = listed(values, ", ")
	}
	how := r.by
	if r.weightedBy != nil && how == "mean" {
		how, terms = "weighted_mean", ""
		if len(shares) > maxListed {
			cell.Trace.Lines = nil // the weighted terms are too many to read
		}
	}
	cell.line("take_many", "How", how, "By", how, "Of", r.of, "Kind", r.kind.code, "Part", r.part.path, "Terms", terms, "Count", len(values), "Sum", sumOf(values), "Value", cell.Value)
	if r.by == "sd" {
		spreadLine(cell, values)
	}
}

// spreadLine shows how the sample standard deviation of figures is keyed in.
func spreadLine(cell *Cell, values []*big.Rat) {
	s, ok := sampleSD(values)
	if !ok {
		return
	}
	mean, squares, written := meanOf(values), new(big.Rat), make([]string, 0, maxListed)
	for _, v := range values {
		d := new(big.Rat).Sub(v, mean)
		squares.Add(squares, d.Mul(d, d))
		written = append(written, "("+keyed(v)+" − "+keyed(mean)+")²")
	}
	if len(values) > maxListed {
		written = nil
	}
	cell.line("spread", "Terms", strings.Join(written, " + "), "Mean", mean, "Squares", squares, "Count", len(values), "Value", s)
}

func median(values []*big.Rat) *big.Rat {
	sorted := slices.SortedFunc(slices.Values(values), (*big.Rat).Cmp)
	mid := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[mid]
	}
	return meanOf(sorted[mid-1 : mid+1])
}

// sampleSD is the sample standard deviation (n−1). A root is seldom rational:
// it is computed to 40 significant digits. It is not ok for fewer than two
// values.
func sampleSD(values []*big.Rat) (*big.Rat, bool) {
	if len(values) < 2 {
		return nil, false
	}
	mean, sum := meanOf(values), new(big.Rat)
	for _, v := range values {
		d := new(big.Rat).Sub(v, mean)
		sum.Add(sum, d.Mul(d, d))
	}
	return sqrtRat(sum.Quo(sum, rat(int64(len(values)-1)))), true
}

// sqrtBits gives roots more than 40 significant decimal digits.
const sqrtBits = 160

func sqrtRat(r *big.Rat) *big.Rat {
	f := new(big.Float).SetPrec(sqrtBits).SetRat(r)
	out, _ := f.Sqrt(f).Rat(nil)
	return out
}

// levelRule evens out differences between scopes (departments, raters): ratio
// raw × M/m, shift raw + M − m, zscore M + SD·(raw − m)/s; m and s are the
// scope's mean and sample spread, M and SD those of the kind. A scope without
// spread is shifted.
type levelRule struct {
	part   *part
	within string
	method string
}

func (r *levelRule) name() string   { return "level" }
func (r *levelRule) needs() []*part { return presentParts(r.part) }

func presentParts(p *part) []*part {
	if p == nil {
		return nil
	}
	return []*part{p}
}

func (r *levelRule) compute(c *computation, p *part, in scope) []*Cell {
	subjects := c.subjects[p.kind]
	cells := c.cells(r.part, in)
	groups, all := map[string]*sample{}, &sample{}
	for i, cell := range cells {
		if !cell.ok() {
			continue
		}
		key := scopeKey(subjects[i], r.within)
		if groups[key] == nil {
			groups[key] = &sample{}
		}
		groups[key].values = append(groups[key].values, cell.Value)
		all.values = append(all.values, cell.Value)
	}
	all.settle(r.method == "zscore")
	for _, key := range keys(groups) {
		groups[key].settle(r.method == "zscore")
	}
	out := make([]*Cell, len(subjects))
	for i, s := range subjects {
		out[i] = &Cell{Trace: &Trace{}}
		if !cells[i].ok() {
			out[i].line("level_missing", "Part", r.part.path)
			continue
		}
		r.apply(p, in, out[i], cells[i].Value, groups[scopeKey(s, r.within)], all)
	}
	return out
}

// sample is the figures of one scope, with their mean and, where asked for,
// their sample spread; lines show how both come about.
type sample struct {
	values []*big.Rat
	mean   *big.Rat
	spread *big.Rat // nil: none
	lines  []Line
}

func (s *sample) settle(spread bool) {
	var cell Cell
	s.mean = meanOf(s.values)
	cell.line("level_mean", "Terms", listed(s.values, " + "), "Sum", sumOf(s.values), "Count", len(s.values), "Value", s.mean)
	if v, ok := sampleSD(s.values); spread && ok {
		s.spread = v
		spreadLine(&cell, s.values)
	}
	s.lines = cell.Trace.Lines
}

func (r *levelRule) apply(p *part, in scope, cell *Cell, raw *big.Rat, own, all *sample) {
	m, grand := own.mean, all.mean
	cell.State = Present
	cell.line("level_own", "Within", r.within)
	cell.Trace.Lines = append(cell.Trace.Lines, own.lines...)
	cell.line("level_all")
	cell.Trace.Lines = append(cell.Trace.Lines, all.lines...)
	shift := func() { cell.Value = new(big.Rat).Add(raw, new(big.Rat).Sub(grand, m)) }
	args := []any{"Raw", raw, "Own", m, "All", grand}
	switch r.method {
	case "ratio":
		if m.Sign() == 0 {
			cell.State = Missing
			cell.line("nothing")
			return
		}
		cell.Value = new(big.Rat).Mul(raw, new(big.Rat).Quo(grand, m))
	case "shift":
		shift()
	case "zscore":
		s, sd := own.spread, all.spread
		if s == nil || s.Sign() == 0 {
			shift()
			cell.flag(flagFallback, p, in)
			cell.line("level_flat")
			cell.line("level_shift", append(args, "Value", cell.Value)...)
			return
		}
		z := new(big.Rat).Quo(new(big.Rat).Sub(raw, m), s)
		cell.Value = new(big.Rat).Add(grand, z.Mul(z, sd))
		args = append(args, "Spread", s, "SpreadAll", sd)
	}
	cell.line("level_"+r.method, append(args, "Value", cell.Value)...)
}
