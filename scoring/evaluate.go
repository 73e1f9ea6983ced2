package scoring

import (
	"cmp"
	"math/big"
	"slices"

	"pingyi/scoring/formula"
)

// cells computes a part for every subject of its kind, once per scope.
func (c *computation) cells(p *part, in scope) []*Cell {
	key := cellKey{p, in, false}
	if done, ok := c.memo[key]; ok {
		return done
	}
	var out []*Cell
	if p.each != nil {
		out = c.eachSource(p, in)
	} else {
		out = c.allPeriods(p, in)
	}
	out = c.finish(p, in, out)
	c.memo[key] = out
	return out
}

// inPeriod is a part's cells for one period, before periods are combined.
func (c *computation) inPeriod(p *part, in scope) []*Cell {
	if p.periods == nil {
		return c.cells(p, in)
	}
	return c.plain(p, in)
}

// plain applies the rule, then full mark, bounds and rounding.
func (c *computation) plain(p *part, in scope) []*Cell {
	key := cellKey{p, in, true}
	if done, ok := c.memo[key]; ok {
		return done
	}
	out := p.rule.compute(c, p, in)
	for i, cell := range out {
		if cell.Trace == nil {
			cell.Trace = &Trace{}
		}
		cell.Trace.Part, cell.Trace.Title, cell.Trace.Rule, cell.Trace.Scope = p.path, p.title, p.rule.name(), in.String()
		if cell.ok() {
			c.shape(p, in, i, cell)
		}
		cell.Trace.State, cell.Trace.Value = cell.State, cell.Value
	}
	c.memo[key] = out
	return out
}

// shape takes a value through steps, to its full mark, within its bounds, then
// rounds.
func (c *computation) shape(p *part, in scope, i int, cell *Cell) {
	if len(p.steps) > 0 {
		gives, which, ok := findStep(p.steps, cell.Value)
		if !ok {
			c.schemeFault(p, "step_none", "Got", plain(cell.Value))
			return
		}
		cell.line("part_step", "Got", cell.Value, "How", which.how, "Threshold", which.threshold, "Value", gives)
		cell.Value = gives
	}
	if p.full != nil {
		was := cell.Value
		cell.Value = new(big.Rat).Quo(new(big.Rat).Mul(was, p.full), rat(100))
		cell.line("full", "Was", was, "Full", p.full, "Value", cell.Value)
	}
	for _, f := range p.floor {
		if cell.Value.Cmp(f.value) < 0 && c.holds(f.when, p, in, i) {
			cell.line("floor", append(c.because(f.when, p.kind, in, i), "Was", cell.Value, "Value", f.value)...)
			cell.Value = f.value
		}
	}
	for _, f := range p.cap {
		if cell.Value.Cmp(f.value) > 0 && c.holds(f.when, p, in, i) {
			cell.line("cap", append(c.because(f.when, p.kind, in, i), "Was", cell.Value, "Value", f.value)...)
			cell.Value = f.value
		}
	}
	if p.round >= 0 {
		was := cell.Value
		cell.Value = roundTo(was, p.round)
		cell.line("round", "Was", was, "Decimals", p.round, "Value", cell.Value)
	}
}

// finish applies what holds for the whole part: whom it concerns, what stands
// in for a missing value, labels.
func (c *computation) finish(p *part, in scope, cells []*Cell) []*Cell {
	out := slices.Clone(cells)
	for i, cell := range cells {
		if p.when != nil && !c.holds(p.when, p, in, i) {
			out[i] = &Cell{State: NotApplicable, Trace: &Trace{Part: p.path, Title: p.title, Rule: p.rule.name(), Scope: in.String(), State: NotApplicable}}
			out[i].line("not_applicable", c.because(p.when, p.kind, in, i)...)
		} else if cell.State == Missing && len(p.missing) > 0 {
			out[i] = c.substitute(p, in, i, cells)
		}
	}
	if len(p.labels) > 0 {
		c.memo[cellKey{p, in, false}] = out // a label may name its own part
		for i, cell := range out {
			c.label(p, in, i, cell)
		}
	}
	return out
}

func (c *computation) label(p *part, in scope, i int, cell *Cell) {
	if !cell.ok() {
		return
	}
	for _, l := range p.labels {
		if l.when == nil || c.holds(l.when, p, in, i) {
			cell.Words = append(cell.Words, l.code)
			cell.line("label", append(c.because(l.when, p.kind, in, i), "Label", l.code)...)
			return
		}
	}
}

// substitute finds a stand-in for a missing value; means are taken over those
// who have a value of their own.
func (c *computation) substitute(p *part, in scope, i int, cells []*Cell) *Cell {
	cell := *cells[i]
	trace := *cell.Trace
	trace.Lines = slices.Clone(trace.Lines)
	cell.Trace, cell.Flags = &trace, slices.Clone(cell.Flags)
	for _, s := range p.missing {
		if !c.holds(s.when, p, in, i) {
			continue
		}
		switch s.how {
		case "drop":
			return &cell
		case "zero":
			cell.State, cell.Value = Present, new(big.Rat)
			cell.flag(flagZero, p, in)
			cell.line("as_zero", "Value", cell.Value)
		case "constant":
			cell.State, cell.Value = Present, s.value
			cell.flag(flagImputed, p, in)
			cell.line("as_constant", "Value", s.value)
		case "mean":
			own := c.subjects[p.kind]
			var known []*big.Rat
			for j, other := range cells {
				if other.ok() && scopeKey(own[j], s.over) == scopeKey(own[i], s.over) {
					known = append(known, other.Value)
				}
			}
			if len(known) == 0 {
				continue
			}
			cell.State, cell.Value = Present, meanOf(known)
			cell.flag(flagImputed, p, in)
			cell.line("as_mean", "Over", s.over, "Terms", listed(known, " + "), "Count", len(known), "Sum", sumOf(known), "Value", cell.Value)
		}
		trace.State, trace.Value = cell.State, cell.Value
		return &cell
	}
	return &cell
}

// holds tells whether a condition holds for a subject; none always does.
func (c *computation) holds(cond *condition, p *part, in scope, i int) bool {
	if cond == nil {
		return true
	}
	return cond.expr.Holds(c.environment(cond, p.kind, in, i))
}

// environment gives the values of a condition's names for one subject.
func (c *computation) environment(cond *condition, k *kind, in scope, i int) func(string) formula.Value {
	return func(name string) formula.Value {
		o := cond.names[name]
		switch {
		case o.part != nil:
			cell := c.operandCell(o, in, i)
			if cell.ok() {
				return formula.Num(cell.Value)
			}
			if len(cell.Words) > 0 {
				return formula.Text(cell.Words[0])
			}
		case o.attribute != "":
			return attributeValue(k, c.subjects[k][i], o.attribute)
		case o.outcome != "":
			return c.outcomeValue(k, i, o.outcome)
		}
		return formula.Missing()
	}
}

func (c *computation) operandCell(o operand, in scope, i int) *Cell {
	if o.period != "" {
		in.period = o.period
		return c.inPeriod(o.part, in)[i]
	}
	return c.cells(o.part, in)[i]
}

func attributeValue(k *kind, s *Subject, name string) formula.Value {
	v := attribute(s, name)
	if k.attributes[name] != "number" {
		return formula.Text(v)
	}
	n, ok := ParseNumber(v)
	if !ok {
		return formula.Missing()
	}
	return formula.Num(n)
}

// allPeriods computes a part for each of its periods and combines them.
func (c *computation) allPeriods(p *part, in scope) []*Cell {
	r := p.periods
	if r == nil {
		return c.plain(p, in)
	}
	names := r.names
	if names == nil {
		names = c.periodsInData(p)
	}
	if slices.Contains(names, in.period) {
		return c.plain(p, in) // seen from a part computed for that very period
	}
	return c.combineScopes(p, in, r.combine, r.missing, names, r.weights, func(name string) []*Cell {
		inner := in
		inner.period = name
		cells := c.plain(p, inner)
		if r.where == nil {
			return cells
		}
		out := slices.Clone(cells)
		for i, mark := range c.inPeriod(r.where, inner) {
			if !mark.ok() {
				out[i] = &Cell{State: NotApplicable, Trace: &Trace{}}
			}
		}
		return out
	})
}

// eachSource computes a part for each reporting source and combines them.
func (c *computation) eachSource(p *part, in scope) []*Cell {
	names := p.each.names
	if len(names) == 0 {
		names = c.sourcesInData(p)
	}
	return c.combineScopes(p, in, p.each.combine, p.each.missing, names, nil, func(name string) []*Cell {
		inner := in
		inner.column, inner.name = p.each.column, name
		return c.allPeriods(p, inner)
	})
}

// combineScopes folds the cells of several scopes into one per subject.
func (c *computation) combineScopes(p *part, in scope, how, missing string, names []string, weights map[string]*big.Rat, cells func(string) []*Cell) []*Cell {
	columns := make([][]*Cell, len(names))
	for j, name := range names {
		columns[j] = cells(name)
	}
	out := make([]*Cell, len(c.subjects[p.kind]))
	for i := range out {
		cell := &Cell{Trace: &Trace{Part: p.path, Title: p.title, Rule: p.rule.name(), Over: how, Scope: in.String()}}
		var shares []share
		for j, name := range names {
			shares = append(shares, share{name, columns[j][i], weights[name]})
			if columns[j][i].State != NotApplicable {
				cell.input(columns[j][i], weights[name], false)
			}
		}
		combineShares(cell, p, in, how, missing, shares)
		cell.Trace.State, cell.Trace.Value = cell.State, cell.Value
		out[i] = cell
	}
	return out
}

// periodsInData are the period names found in values and answers that the part
// reads, in order.
func (c *computation) periodsInData(p *part) []string {
	found := map[string]bool{}
	for _, v := range c.data.Values {
		if v.Period != "" && p.readsValue(v.Indicator) {
			found[v.Period] = true
		}
	}
	for panel, bySubject := range c.sheaves {
		if !p.readsPanel(panel) {
			continue
		}
		for _, list := range bySubject {
			for _, s := range list {
				found[s.key.period] = true
			}
		}
	}
	delete(found, "")
	return keys(found)
}

func (c *computation) sourcesInData(p *part) []string {
	found := map[string]bool{}
	for _, v := range c.data.Values {
		if p.each.column == "source" && p.readsValue(v.Indicator) {
			found[v.Source] = true
		}
	}
	if p.each.column == "category" {
		for _, e := range c.data.Ledger {
			found[e.Category] = true
		}
	}
	delete(found, "")
	return keys(found)
}

func (p *part) readsValue(indicator string) bool {
	if r, ok := p.rule.(*valuesRule); ok && r.matches(indicator) {
		return true
	}
	return slices.ContainsFunc(p.below(), func(q *part) bool { return q.readsValue(indicator) })
}

func (p *part) readsPanel(code string) bool {
	if r, ok := p.rule.(*surveyRule); ok && slices.ContainsFunc(r.panels, func(x *panel) bool { return x.code == code }) {
		return true
	}
	return slices.ContainsFunc(p.below(), func(q *part) bool { return q.readsPanel(code) })
}

// below are the parts of the same kind a part is made from.
func (p *part) below() []*part {
	return slices.DeleteFunc(p.reads(), func(q *part) bool { return q.kind != p.kind })
}

func compareRat(a, b *big.Rat) int {
	switch {
	case a == nil && b == nil:
		return 0
	case a == nil:
		return 1
	case b == nil:
		return -1
	}
	return cmp.Compare(a.Cmp(b), 0)
}
