package disclosure

import (
	"maps"
	"slices"
	"strings"

	"pingyi/scoring"
)

// Result returns the result as it may be shown; the one given stays as it is.
func Result(r *scoring.Result, rules Rules) *scoring.Result {
	over := map[string]bool{} // kinds and subjects whose figures over others would give a total away
	for {
		out := pass(r, rules, over)
		found := false
		for _, k := range out.Kinds {
			for _, row := range k.Rows {
				if row.TotalHidden && (!over["kind "+k.Kind] || !over[row.Parent]) {
					over["kind "+k.Kind], over[row.Parent], found = true, true, true
				}
			}
		}
		if !found {
			return out
		}
	}
}

// pass gates every row once.
func pass(r *scoring.Result, rules Rules, over map[string]bool) *scoring.Result {
	out := *r
	out.Kinds, out.Others = slices.Clone(r.Kinds), slices.Clone(r.Others)
	for _, kinds := range [][]scoring.KindResult{out.Kinds, out.Others} {
		gateAll(kinds, rules, over)
	}
	return &out
}

// gateAll gates every row of these kinds.
func gateAll(kinds []scoring.KindResult, rules Rules, over map[string]bool) {
	for i, k := range kinds {
		rows := make([]scoring.Row, len(k.Rows))
		for j, row := range k.Rows {
			g := &rowGate{rules: rules, hidden: map[string]bool{}, few: map[string]bool{},
				overKind: over["kind "+k.Kind], overChildren: over[row.Subject]}
			rows[j] = g.gate(k, row)
		}
		kinds[i].Rows = rows
	}
}

// gate hides what must be hidden in one row.
func (g *rowGate) gate(k scoring.KindResult, row scoring.Row) scoring.Row {
	row.Traces = cloneAll(row.Traces)
	for _, t := range row.Traces {
		g.mark(t)
	}
	g.protect(row.Traces)
	for _, t := range row.Traces {
		g.strip(t)
	}
	row.Figures = slices.Clone(row.Figures)
	for i, c := range k.Columns {
		f := &row.Figures[i]
		few := len(c.Panels) > 0 && f.N > 0 && f.N < g.rules.Minimum(c.Panels...)
		if g.hidden[c.Path] || few && (f.Value != nil || c.Aspect == "n") {
			*f = scoring.Figure{Hidden: true}
		}
		if few {
			f.N = 0
		}
	}
	if g.total {
		row.Total, row.TotalHidden = nil, true
	}
	if len(g.hidden) > 0 {
		row.Notes = withoutNumbers(row.Notes)
	}
	return row
}

func cloneAll(list []*scoring.Trace) []*scoring.Trace {
	out := make([]*scoring.Trace, len(list))
	for i, t := range list {
		c := *t
		c.Inputs = cloneAll(t.Inputs)
		out[i] = &c
	}
	return out
}

// rowGate remembers which parts of a row are hidden (they counted, but must
// not be seen) and which have too few responses (whether they counted or not).
type rowGate struct {
	rules  Rules
	hidden map[string]bool
	few    map[string]bool
	// Figures over the subject's kind, or over its children, would give one's
	// hidden total away.
	overKind, overChildren bool
	total                  bool
}

// mark finds the survey parts below their minimum.
func (g *rowGate) mark(t *scoring.Trace) {
	if len(t.Panels) > 0 && t.N > 0 && t.N < g.rules.Minimum(t.Panels...) {
		g.few[t.Part] = true
		if t.Value != nil {
			g.hidden[t.Part] = true
		}
	}
	if t.Value != nil && g.tellsOthers(t) {
		g.hidden[t.Part] = true
	}
	for _, in := range t.Inputs {
		g.mark(in)
	}
}

// tellsOthers tells whether a part is a figure over subjects of whom one's
// total is hidden.
func (g *rowGate) tellsOthers(t *scoring.Trace) bool {
	if t.Rule == "level" {
		return g.overKind
	}
	return t.Rule == "take" && slices.ContainsFunc(t.Lines, func(l scoring.Line) bool {
		if l.Code != "scoring.trace.take_many" {
			return false
		}
		if l.Args["Of"] == "children" {
			return g.overChildren
		}
		return g.overKind
	})
}

// protect adds what would give a hidden part away; the parts at the top stand
// beside each other under the total.
func (g *rowGate) protect(top []*scoring.Trace) {
	for before := -1; before != len(g.hidden); { // a part may be named in several places
		before = len(g.hidden)
		for _, t := range top {
			g.complement(t)
		}
	}
	g.total = slices.ContainsFunc(top, func(t *scoring.Trace) bool { return g.hidden[t.Part] })
	for _, t := range top {
		if g.total && !fromRecords(t.Rule) {
			g.hidden[t.Part] = true
		}
	}
}

// fromRecords tells whether a part comes from records alone, so that it cannot
// hold what respondents said.
func fromRecords(rule string) bool {
	return slices.Contains([]string{"values", "ledger", "attribute", "constant"}, rule)
}

// complement makes sure that of the parts under t either none or at least two
// are hidden, and hides t itself where there is no second to hide.
func (g *rowGate) complement(t *scoring.Trace) {
	count := 0
	var open []*scoring.Trace
	for _, in := range t.Inputs {
		g.complement(in)
		switch {
		case g.hidden[in.Part]:
			count++
		case in.Value != nil && responses(in) > 0:
			open = append(open, in)
		}
	}
	if count != 1 {
		return
	}
	if len(open) == 0 {
		g.hidden[t.Part] = true
		return
	}
	next := slices.MinFunc(open, func(a, b *scoring.Trace) int {
		if d := responses(a) - responses(b); d != 0 {
			return int(d)
		}
		return compareText(a.Part, b.Part)
	})
	g.hideAll(next)
}

func compareText(a, b string) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// responses is the number of responses behind a part or the parts it is made of.
func responses(t *scoring.Trace) int64 {
	n := t.N
	for _, in := range t.Inputs {
		n += responses(in)
	}
	return n
}

func (g *rowGate) hideAll(t *scoring.Trace) {
	g.hidden[t.Part] = true
	for _, in := range t.Inputs {
		if in.Value != nil {
			g.hideAll(in)
		}
	}
}

// strip takes hidden values and the steps that would tell them out of a trace.
func (g *rowGate) strip(t *scoring.Trace) {
	for _, in := range t.Inputs {
		g.strip(in)
	}
	hiddenLine := []scoring.Line{{Code: "scoring.trace.hidden"}}
	switch {
	case g.hidden[t.Part]:
		t.Value, t.Hidden, t.Lines, t.N = nil, true, hiddenLine, 0
	case g.few[t.Part]:
		t.Lines, t.N = hiddenLine, 0
	case len(t.Panels) > 0 && g.smallPieces(t):
		t.Lines = hiddenLine
	case len(g.hidden) > 0 && len(t.Panels) == 0:
		t.Lines = nil // its terms may hold a hidden number
	}
}

// smallPieces tells whether a scorecard would show an item or a class that
// fewer than the minimum answered.
func (g *rowGate) smallPieces(t *scoring.Trace) bool {
	least := g.rules.Minimum(t.Panels...)
	return slices.ContainsFunc(t.Lines, func(l scoring.Line) bool {
		if !slices.Contains([]string{"item", "class", "response", "by_persons", "pooled"}, strings.TrimPrefix(l.Code, "scoring.trace.")) {
			return false
		}
		n, ok := l.Args["Count"].(int64)
		return ok && n > 0 && n < least
	})
}

// withoutNumbers keeps of what followed only the words that were given.
func withoutNumbers(notes []scoring.Line) []scoring.Line {
	var out []scoring.Line
	for _, l := range notes {
		switch strings.TrimPrefix(l.Code, "scoring.trace.") {
		case "no_rank", "grade", "grade_veto", "award", "award_veto":
			out = append(out, l)
		case "veto", "consequence":
			args := maps.Clone(l.Args)
			args["Numbers"] = ""
			out = append(out, scoring.Line{Code: l.Code, Args: args})
		}
	}
	return out
}
