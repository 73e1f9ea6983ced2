package scoring

import (
	"math/big"
	"slices"
	"strings"
)

// combineRule makes one value of a part's children.
type combineRule struct {
	how     string
	missing string // rescale, zero, whole, group_mean, drop
	trim    int
	best    int
	members []*member
}

// member is a part that is combined: a child, or a part named elsewhere in the
// tree.
type member struct {
	part   *part
	weight *weight // nil: the rule has no weights
	named  bool
}

func (r *combineRule) name() string { return r.how }

func (r *combineRule) needs() []*part {
	var out []*part
	for _, m := range r.members {
		if m.named && m.part != nil {
			out = append(out, m.part)
		}
	}
	return out
}

// share is one of the things that are combined.
type share struct {
	name   string
	cell   *Cell
	weight *big.Rat
}

func (r *combineRule) compute(c *computation, p *part, in scope) []*Cell {
	columns := make([][]*Cell, len(r.members))
	for j, m := range r.members {
		columns[j] = c.cells(m.part, in)
	}
	subjects := c.subjects[p.kind]
	out := make([]*Cell, len(subjects))
	for i, s := range subjects {
		cell := &Cell{Trace: &Trace{}}
		var shares []share
		for j, m := range r.members {
			w := c.weightOf(m.weight, s)
			cell.input(columns[j][i], w, m.named && !m.part.hidden)
			if columns[j][i].State == Missing && r.missing == "group_mean" {
				columns[j] = c.groupMean(m.part, in, columns[j], i, cell)
			}
			shares = append(shares, share{m.part.path, columns[j][i], w})
		}
		r.combine(cell, p, in, shares)
		out[i] = cell
	}
	return out
}

// groupMean puts the mean of the others in the group in place of one missing.
func (c *computation) groupMean(child *part, in scope, cells []*Cell, i int, into *Cell) []*Cell {
	own := c.subjects[child.kind]
	var known []*big.Rat
	for j, cell := range c.cells(child, in) {
		if cell.ok() && own[j].Group == own[i].Group {
			known = append(known, cell.Value)
		}
	}
	if len(known) == 0 {
		return cells
	}
	out := slices.Clone(cells)
	out[i] = &Cell{State: Present, Value: meanOf(known), Trace: cells[i].Trace}
	into.flag(flagImputed, child, in)
	into.line("as_mean", "Over", scopeGroup, "Terms", listed(known, " + "), "Count", len(known), "Sum", sumOf(known), "Value", out[i].Value)
	return out
}

// weightOf is a weight as it is for a subject; nil where there is none.
func (c *computation) weightOf(w *weight, s *Subject) *big.Rat {
	switch {
	case w == nil:
		return nil
	case w.fixed != nil:
		return w.fixed
	case w.by == "":
		return orZero(w.table.rows[""][w.column])
	}
	row, ok := w.table.rows[attribute(s, w.by)]
	if !ok {
		c.fault(fileSubjects, s.Line, "table_no_row", "Subject", s.Code, "Attribute", w.by, "Got", attribute(s, w.by),
			"Known", strings.Join(keys(w.table.rows), ", "))
	}
	return orZero(row[w.column])
}

func orZero(r *big.Rat) *big.Rat {
	if r == nil {
		return new(big.Rat)
	}
	return r
}

func (r *combineRule) combine(cell *Cell, p *part, in scope, shares []share) {
	switch r.how {
	case "first_of":
		for _, s := range shares {
			if s.cell.ok() {
				cell.State, cell.Value = Present, s.cell.Value
				cell.line("first_of", "Part", s.name, "Value", cell.Value)
				return
			}
		}
		cell.flag(flagMissing, p, in)
		return
	case "best_of":
		shares = bestShares(cell, shares, r.best)
	case "mean":
		shares = trimShares(cell, shares, r.trim)
	}
	if r.how == "sum" && r.missing == "rescale" {
		r.rescaledSum(cell, p, in, shares)
		return
	}
	how := r.how
	if how == "best_of" {
		how = "mean"
	}
	combineShares(cell, p, in, how, r.missing, shares)
}

// rescaledSum brings the sum of the parts present to the full mark of all.
func (r *combineRule) rescaledSum(cell *Cell, p *part, in scope, shares []share) {
	all, have := new(big.Rat), new(big.Rat)
	var used []share
	for j, s := range shares {
		if s.cell.State == NotApplicable {
			continue
		}
		full := orZero(r.members[j].part.full)
		all.Add(all, full)
		if s.cell.ok() {
			have.Add(have, full)
			used = append(used, s)
		} else {
			cell.flag(flagRescaled, r.members[j].part, in)
			cell.line("dropped", "Part", s.name)
		}
	}
	combineShares(cell, p, in, "sum", "drop", used)
	if cell.ok() && have.Sign() > 0 && have.Cmp(all) != 0 {
		was := cell.Value
		cell.Value = new(big.Rat).Mul(was, new(big.Rat).Quo(all, have))
		cell.line("rescaled_sum", "Was", was, "All", all, "Have", have, "Value", cell.Value)
	}
}

// byValue sorts shares with a value by falling value; ties stay in order.
func byValue(shares []share) []share {
	var out []share
	for _, s := range shares {
		if s.cell.ok() {
			out = append(out, s)
		}
	}
	slices.SortStableFunc(out, func(a, b share) int { return b.cell.Value.Cmp(a.cell.Value) })
	return out
}

func bestShares(cell *Cell, shares []share, n int) []share {
	sorted := byValue(shares)
	if len(sorted) > n {
		for _, s := range sorted[n:] {
			cell.line("not_best", "Part", s.name, "Value", s.cell.Value)
		}
		sorted = sorted[:n]
	}
	return sorted
}

// trimShares leaves out the n highest and n lowest, where more remain.
func trimShares(cell *Cell, shares []share, n int) []share {
	sorted := byValue(shares)
	if n == 0 || len(sorted) <= 2*n {
		return shares
	}
	for i, s := range sorted {
		if i < n || i >= len(sorted)-n {
			cell.line("trimmed", "Part", s.name, "Value", s.cell.Value)
		}
	}
	return sorted[n : len(sorted)-n]
}

// combineShares folds shares into the cell. What is missing drops out, counts
// as zero or makes the whole missing, and is flagged in each case.
func combineShares(cell *Cell, p *part, in scope, how, missing string, shares []share) {
	var used []share
	weighted := strings.HasPrefix(how, "weighted")
	applicable := 0
	for _, s := range shares {
		if s.cell.State == NotApplicable {
			continue
		}
		applicable++
		if s.cell.ok() {
			used = append(used, s)
			continue
		}
		if weighted && s.weight != nil && s.weight.Sign() == 0 {
			continue // a part of weight 0 is not missed
		}
		switch missing {
		case "zero":
			markMissing(cell, flagZero, p, in, s.name)
			used = append(used, share{s.name, present(new(big.Rat)), s.weight})
		case "whole":
			markMissing(cell, flagMissing, p, in, s.name)
			cell.line("whole_missing", "Part", s.name)
			return
		default:
			code := flagMissing
			if weighted {
				code = flagRescaled
			}
			markMissing(cell, code, p, in, s.name)
			cell.line("dropped", "Part", s.name)
		}
	}
	if applicable == 0 && len(shares) > 0 {
		cell.State = NotApplicable
		return
	}
	if len(used) == 0 && how != "count" {
		cell.line("nothing")
		return
	}
	fold(cell, how, used)
}

// markMissing flags the part or the scope of it that is missing.
func markMissing(cell *Cell, code string, p *part, in scope, name string) {
	f := Flag{Code: code, Part: name, Scope: in.String()}
	if q := p.kind.byPath[name]; q == nil {
		f.Part, f.Scope = p.path, name
	}
	if !slices.Contains(cell.Flags, f) {
		cell.Flags = append(cell.Flags, f)
	}
}

func fold(cell *Cell, how string, used []share) {
	values := make([]*big.Rat, len(used))
	for i, s := range used {
		values[i] = s.cell.Value
	}
	cell.State = Present
	switch how {
	case "weighted_mean", "weighted_sum":
		foldWeighted(cell, how, used)
		return
	case "mean":
		cell.Value = meanOf(values)
	case "sum":
		cell.Value = sumOf(values)
	case "product":
		cell.Value = rat(1)
		for _, v := range values {
			cell.Value = new(big.Rat).Mul(cell.Value, v)
		}
	case "min":
		cell.Value = slices.MinFunc(values, (*big.Rat).Cmp)
	case "max":
		cell.Value = slices.MaxFunc(values, (*big.Rat).Cmp)
	case "latest":
		cell.Value = values[len(values)-1]
	case "change":
		cell.Value = new(big.Rat).Sub(values[len(values)-1], values[0])
	case "count":
		cell.Value = rat(int64(len(values)))
	}
	if len(values) == 1 && how != "count" && how != "change" && !cell.narrowed() {
		return // nothing to work out
	}
	cell.line(how, "Terms", terms(used, how), "Count", len(values), "Value", cell.Value)
}

// narrowed tells whether the last step left something out, so that what is
// left is to be named.
func (c *Cell) narrowed() bool {
	if c.Trace == nil || len(c.Trace.Lines) == 0 {
		return false
	}
	switch c.Trace.Lines[len(c.Trace.Lines)-1].Code {
	case "scoring.trace.trimmed", "scoring.trace.not_best", "scoring.trace.dropped", "scoring.trace.class_below", "scoring.trace.class_missing":
		return true
	}
	return false
}

func foldWeighted(cell *Cell, how string, used []share) {
	total, weights := new(big.Rat), new(big.Rat)
	for _, s := range used {
		w := orZero(s.weight)
		weights.Add(weights, w)
		total.Add(total, new(big.Rat).Mul(w, s.cell.Value))
	}
	if how == "weighted_sum" {
		cell.Value = total
		cell.line(how, "Terms", terms(used, how), "Value", total)
		return
	}
	if weights.Sign() == 0 {
		cell.State = Missing
		cell.line("nothing")
		return
	}
	cell.Value = total.Quo(total, weights)
	cell.line(how, "Terms", terms(used, how), "Weights", weights, "Value", cell.Value)
}

// terms writes the shares as a person would key them in.
func terms(used []share, how string) string {
	sign := " + "
	switch how {
	case "product":
		sign = " × "
	case "min", "max", "latest", "count":
		sign = ", "
	case "change":
		sign = " → "
	}
	out := make([]string, len(used))
	for i, s := range used {
		if out[i] = plain(s.cell.Value); sign != ", " {
			out[i] = keyed(s.cell.Value)
		}
		if strings.HasPrefix(how, "weighted") {
			out[i] = plain(orZero(s.weight)) + " × " + out[i]
		}
	}
	return strings.Join(out, sign)
}
