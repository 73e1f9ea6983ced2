package scoring

import (
	"cmp"
	"math/big"
	"slices"
	"strings"
)

// valuesRule makes a value of indicator values: each becomes a mark by its
// rule, and the marks of several indicators are combined.
type valuesRule struct {
	codes   []string // exact, or ending in *
	period  string   // reads this period wherever it stands
	combine string
	base    valueRule
	rules   []patternRule
	byData  bool
	table   *tableDef
	by      string
}

// valueRule says how one value becomes a mark. Marks of completion, deadline,
// position and error rate are percentages: 100 is full.
type valueRule struct {
	score   string // mark, completion, reached, steps, deadline, error_rate, position
	better  string // higher, lower
	cap     *big.Rat
	floor   *big.Rat
	words   map[string]*big.Rat
	steps   []step
	onRatio bool
	strict  bool
	late    *big.Rat // factor on what is completed late
	lateDay *big.Rat // points lost per day late
	rows    string   // how several rows of one indicator become one
}

type patternRule struct {
	pattern string
	rule    valueRule
}

type step struct {
	how       string // from, above, up_to, below; empty: always
	threshold *big.Rat
	percent   bool // the threshold is written with a percent sign
	gives     *big.Rat
}

func (r *valuesRule) name() string   { return "values" }
func (r *valuesRule) needs() []*part { return nil }

func matchCode(pattern, code string) bool {
	head, is := strings.CutSuffix(pattern, "*")
	return is && strings.HasPrefix(code, head) || pattern == code
}

func (r *valuesRule) matches(code string) bool {
	return slices.ContainsFunc(r.codes, func(p string) bool { return matchCode(p, code) })
}

// ruleFor is the most particular rule for an indicator: the longest pattern.
func (r *valuesRule) ruleFor(code string) valueRule {
	best, rule := -1, r.base
	for _, p := range r.rules {
		if matchCode(p.pattern, code) && len(p.pattern) > best {
			best, rule = len(p.pattern), p.rule
		}
	}
	return rule
}

// rulesFor are the rules that a program has for an indicator: one of each part
// that takes it. Of a code that is not declared only patterns would.
func (p *program) rulesFor(code string) []valueRule {
	var out []valueRule
	for _, k := range p.kinds {
		for _, q := range k.all {
			if r, ok := q.rule.(*valuesRule); ok && r.matches(code) && (!p.declares || p.declared(code)) {
				out = append(out, r.ruleFor(code))
			}
		}
	}
	return out
}

func (r *valuesRule) compute(c *computation, p *part, in scope) []*Cell {
	r.tellAbsent(c, p, in)
	c.looked[r] = true
	subjects := c.subjects[p.kind]
	out := make([]*Cell, len(subjects))
	for i, s := range subjects {
		cell := &Cell{Trace: &Trace{}}
		out[i] = cell
		rows := r.rowsOf(c, s, in)
		var shares []share
		for _, code := range r.indicators(rows) {
			one := rows[code]
			mark := r.indicator(c, p, s, code, one, cell)
			shares = append(shares, share{code, mark, r.weightOf(c, p, s, code, one)})
		}
		r.combineMarks(p, in, cell, shares)
	}
	return out
}

// tellAbsent notices indicators that nobody has a value of: most likely a
// misspelt code. A run without any values at all says so by itself.
func (r *valuesRule) tellAbsent(c *computation, p *part, in scope) {
	if in != (scope{}) || len(c.data.Values) == 0 {
		return
	}
	for _, code := range r.codes {
		if !slices.ContainsFunc(c.data.Values, func(v Value) bool { return matchCode(code, v.Indicator) }) {
			there := map[string]bool{}
			for _, v := range c.data.Values {
				there[v.Indicator] = true
			}
			c.schemeNotice(p.at, "indicator_absent", code, keys(there), "Indicator", code, "Part", p.path)
		}
	}
}

// tellUndeclared tells of indicators the scheme does not declare, each at its
// first row. Those of others may lie in the folder; but what would count, only
// because a pattern takes it in, is refused.
func (c *computation) tellUndeclared() {
	if !c.prog.declares {
		return
	}
	rows := map[string][]*Value{}
	for i := range c.data.Values {
		if v := &c.data.Values[i]; !c.outside(v.Period) {
			rows[v.Indicator] = append(rows[v.Indicator], v)
		}
	}
	known := make([]string, 0, len(c.prog.codes))
	for _, d := range c.prog.codes {
		known = append(known, d.code)
	}
	for _, code := range keys(rows) {
		if c.prog.declared(code) {
			continue
		}
		first := slices.MinFunc(rows[code], func(a, b *Value) int { return cmp.Compare(a.Line, b.Line) })
		args := meaning([]any{"Indicator", code, "Count", len(rows[code]), "Known", strings.Join(known, ", ")}, code, known)
		if by := c.takenBy(code, rows[code]); by != nil {
			c.fault(fileValues, first.Line, "indicator_counted", append(args, "Part", by.path)...)
			continue
		}
		c.noticeAt(fileValues, first.Line, "indicator_ignored", args...)
	}
}

// takenBy is a part that counts any of the rows of an indicator.
func (c *computation) takenBy(code string, rows []*Value) *part {
	for _, v := range rows {
		at, scored := c.place[v.Subject]
		if !scored {
			continue
		}
		for _, p := range at.kind.all {
			if r, ok := p.rule.(*valuesRule); ok && r.matches(code) {
				return p
			}
		}
	}
	return nil
}

// rowsOf gathers the subject's rows in scope, by indicator.
func (r *valuesRule) rowsOf(c *computation, s *Subject, in scope) map[string][]*Value {
	period := in.period
	if r.period != "" {
		period = r.period
	}
	out := map[string][]*Value{}
	for _, v := range c.values[s.Code] {
		if r.matches(v.Indicator) &&
			(period == "" || partOfRun(c.prog.params[periodParam], period, v.Period, v.Date)) &&
			(in.column != "source" || v.Source == in.name) {
			out[v.Indicator] = append(out[v.Indicator], v)
			c.counted[v] = true
		}
	}
	return out
}

// indicators are those named outright, even without rows, and those found.
func (r *valuesRule) indicators(rows map[string][]*Value) []string {
	found := map[string]bool{}
	for code := range rows {
		found[code] = true
	}
	for _, code := range r.codes {
		if !strings.HasSuffix(code, "*") {
			found[code] = true
		}
	}
	return keys(found)
}

// indicator turns the rows of one indicator into a mark.
func (r *valuesRule) indicator(c *computation, p *part, s *Subject, code string, rows []*Value, cell *Cell) *Cell {
	rule := r.ruleFor(code)
	var given []*Value
	for _, v := range rows {
		if v.Value != "" || rule.score == "deadline" && (v.Date != "" || v.Due != "") {
			given = append(given, v)
		}
	}
	if len(given) == 0 {
		cell.line("value_missing", "Indicator", code)
		return &Cell{}
	}
	if len(given) > 1 && rule.rows == "" {
		c.fault(fileValues, given[1].Line, "values_several", "Subject", s.Code, "Indicator", code, "Part", p.path, "Count", len(given))
		return &Cell{}
	}
	rule.tellRows(cell, code, given)
	var marks []*big.Rat
	for _, reading := range rule.gather(c, given) {
		mark, line, ok := rule.mark(c, reading)
		if !ok {
			return &Cell{}
		}
		cell.line(line.Code, append(line.list(), "Indicator", code, "Value", mark)...)
		marks = append(marks, mark)
	}
	switch rule.rows {
	case "mean":
		if len(marks) > 1 {
			cell.line("rows_mean", "Indicator", code, "Sum", sumOf(marks), "Count", len(marks), "Value", meanOf(marks))
		}
		return present(meanOf(marks))
	case "min", "max":
		best := slices.MinFunc(marks, (*big.Rat).Cmp)
		if rule.rows == "max" {
			best = slices.MaxFunc(marks, (*big.Rat).Cmp)
		}
		if len(marks) > 1 {
			cell.line("rows_"+rule.rows, "Indicator", code, "Terms", listed(marks, ", "), "Count", len(marks), "Value", best)
		}
		return present(best)
	}
	return present(marks[0])
}

// tellRows shows what several rows of one indicator are made one from: the
// summands of the value and of the target, or which of the rows counts.
func (r valueRule) tellRows(cell *Cell, code string, rows []*Value) {
	if len(rows) < 2 || r.rows == "mean" || r.rows == "min" || r.rows == "max" {
		return
	}
	var values, targets []*big.Rat
	var dated []string
	for _, v := range rows {
		if n, ok := r.number(v.Value); ok {
			values = append(values, n)
			if v.Target != nil {
				targets = append(targets, v.Target)
			}
		}
		dated = append(dated, strings.TrimSpace(cmp.Or(v.Date, v.Period, v.Source)+" "+v.Value))
	}
	if r.rows == "sum" && len(values) > 0 {
		cell.line("rows_sum", "Indicator", code, "Terms", listed(values, " + "), "Count", len(values), "Value", sumOf(values))
		if len(targets) == len(values) {
			cell.line("rows_sum_target", "Indicator", code, "Terms", listed(targets, " + "), "Count", len(targets), "Value", sumOf(targets))
		}
		return
	}
	cell.line("rows_"+r.rows, "Indicator", code, "Rows", strings.Join(dated[:min(len(dated), maxListed)], ", "), "Count", len(rows))
}

func (l Line) list() []any {
	var out []any
	for _, k := range keys(l.Args) {
		out = append(out, k, l.Args[k])
	}
	return out
}

// weightOf is an indicator's weight: from its rows, or from a table by its
// code or the last word of it.
func (r *valuesRule) weightOf(c *computation, p *part, s *Subject, code string, rows []*Value) *big.Rat {
	if r.byData {
		var w *big.Rat
		for _, v := range rows {
			if v.Weight == nil {
				continue
			}
			if w != nil && w.Cmp(v.Weight) != 0 {
				c.fault(fileValues, v.Line, "weights_differ", "Subject", s.Code, "Indicator", code)
			}
			w = v.Weight
		}
		if w == nil && len(rows) > 0 {
			c.fault(fileValues, rows[0].Line, "weight_empty", "Subject", s.Code, "Indicator", code)
		}
		return orZero(w)
	}
	if r.table == nil {
		return nil
	}
	row := r.table.rows[""]
	if r.by != "" {
		row = r.table.rows[attribute(s, r.by)]
	}
	if w := row[code]; w != nil {
		return w
	}
	w := row[lastOf(code)]
	if w == nil {
		c.schemeFault(p, "weight_indicator", "Indicator", code)
	}
	return orZero(w)
}

func (r *valuesRule) combineMarks(p *part, in scope, cell *Cell, shares []share) {
	if r.combine == "" && len(shares) == 1 {
		only := shares[0].cell
		if !only.ok() {
			return
		}
		cell.State, cell.Value = Present, only.Value
		return
	}
	if len(shares) == 0 {
		cell.line("value_missing", "Indicator", strings.Join(r.codes, ", "))
		return
	}
	missing := "drop"
	if r.combine == "sum" || r.combine == "product" || r.combine == "weighted_sum" {
		missing = "whole"
	}
	combineShares(cell, p, in, r.combine, missing, shares)
}
