package scoring

import (
	"math/big"
	"slices"
	"strings"
)

// Result is what a computation found. It is immutable: nothing that reads it
// may change it.
type Result struct {
	Scheme   string
	Version  string
	Title    Text
	Period   string
	Params   Params
	Changed  Params // those of Params that are not the scheme's defaults
	Decimals int    // for people; files carry ten
	Kinds    []KindResult
	Notices  []Notice
}

// KindResult is the part of a result for one scored kind, rows in order of
// code.
type KindResult struct {
	Kind    string
	Title   Text
	Total   string // path of the part that is the total; empty: none
	Columns []Column
	Payouts []Column
	Words   Glossary
	Rows    []Row
}

// Glossary gives the words of a scheme (grades, awards, consequences, labels)
// their titles. Files keep the words; people read titles.
type Glossary map[string]Text

// In is the title of a word, or the word itself.
func (g Glossary) In(word, lang string) string {
	if s := g[word].In(lang); s != "" {
		return s
	}
	return word
}

// All are the titles of several words, joined for a reader.
func (g Glossary) All(words []string, lang string) string {
	out := make([]string, len(words))
	for i, w := range words {
		out[i] = g.In(w, lang)
	}
	return strings.Join(out, ", ")
}

// Column is one figure of the rows: a part (Path), or what belongs to it
// (Aspect: n, rank, grade, or the name of a period).
type Column struct {
	Path   string
	Aspect string
	Title  Text
	Weight *big.Rat // of the part within its parent, where it is fixed
	Depth  int
	Panels []string // whose answers it is, where it comes straight from them
}

// Name is the column's name in result files.
func (c Column) Name() string {
	if c.Aspect == "" {
		return c.Path
	}
	return c.Path + "." + c.Aspect
}

// Figure is the content of one cell of a row. Value is nil where there is
// none; N is the number of responses behind a survey figure.
type Figure struct {
	State State
	Value *big.Rat
	Words []string
	Whole bool  // a count, rank or cents: written without decimals
	N     int64 // responses behind it, where it comes straight from respondents
	// Hidden marks a figure that must not be shown: too few stand behind it, or
	// it would give away another. Only scoring/disclosure sets it.
	Hidden bool
}

// Row is one subject's outcome.
type Row struct {
	Subject      string
	Name         Text
	Group        string
	Parent       string
	Figures      []Figure // one per KindResult.Columns
	Payouts      []Figure // exact and cents in turn, one per KindResult.Payouts
	Total        *big.Rat
	TotalHidden  bool
	Rank         int // 0: not ranked
	Order        int // place after tie-breaks; 0: not ranked
	Grade        string
	Awards       []string
	Consequences []string
	Flags        []Flag
	Traces       []*Trace // the parts at the top of the tree
	Notes        []Line   // what followed from the total, and why
}

func (c *computation) result() *Result {
	s := c.prog.scheme
	r := &Result{Scheme: s.Code, Version: s.Version, Title: s.Title, Period: c.prog.params[periodParam],
		Params: c.prog.params, Changed: Params{}, Decimals: c.prog.decimals, Notices: c.notices}
	for name, value := range c.prog.params {
		if name != periodParam && s.defaults()[name] != value {
			r.Changed[name] = value
		}
	}
	for _, k := range c.prog.kinds {
		if k.scored() {
			r.Kinds = append(r.Kinds, c.kindResult(k))
		}
	}
	return r
}

func (c *computation) kindResult(k *kind) KindResult {
	out := KindResult{Kind: k.code, Title: k.title, Words: k.glossary()}
	if k.total != nil {
		out.Total = k.total.path
	}
	var columns [][]Figure
	for _, p := range k.all {
		if p.hidden || isReserved(p.path) {
			continue
		}
		cols, figures := c.columnsOf(p)
		out.Columns = append(out.Columns, cols...)
		columns = append(columns, figures...)
	}
	for _, r := range k.payouts {
		out.Payouts = append(out.Payouts, Column{Path: r.name, Title: r.title}, Column{Path: r.name, Aspect: "cents", Title: r.title})
	}
	for i, s := range c.subjects[k] {
		row := c.row(k, s, i)
		for _, figures := range columns {
			row.Figures = append(row.Figures, figures[i])
		}
		out.Rows = append(out.Rows, row)
	}
	return out
}

func (k *kind) glossary() Glossary {
	g := Glossary{}
	for _, r := range append(slices.Clone(k.grades), k.awards...) {
		g[r.word] = r.title
	}
	for _, o := range k.outcomes {
		g[o.word] = o.title
	}
	for _, p := range k.all {
		for _, l := range p.labels {
			g[l.code] = l.title
		}
	}
	return g
}

// row is a subject's outcome without the figures of its parts.
func (c *computation) row(k *kind, s *Subject, i int) Row {
	t := c.done[k]
	row := Row{Subject: s.Code, Name: s.Name, Group: s.Group, Parent: s.Parent, Rank: t.rank[i], Order: t.order[i],
		Grade: t.grade[i], Awards: t.awards[i], Consequences: t.then[i], Notes: slices.Clone(t.notes[i]), Flags: c.flagsOf(k, i, t)}
	if t.total[i].ok() {
		row.Total = t.total[i].Value
	}
	for _, r := range k.payouts {
		p := c.pay(k, r)
		row.Payouts = append(row.Payouts, Figure{State: Present, Value: p.exact[i]},
			Figure{State: Present, Value: new(big.Rat).SetInt(p.cents[i]), Whole: true})
		row.Notes = append(row.Notes, p.notes[i]...)
	}
	for _, p := range k.parts {
		row.Traces = append(row.Traces, c.cells(p, scope{})[i].Trace)
	}
	return row
}

// columnsOf gives the columns of a part: its value, and what `show` asks for.
func (c *computation) columnsOf(p *part) ([]Column, [][]Figure) {
	l := &columnList{base: columnOf(p), cells: slices.Clone(c.wide(p, p.scoped(), scope{}))}
	for i := range l.cells {
		if !c.applies(p.parent, i) {
			l.cells[i] = &Cell{State: NotApplicable}
		}
	}
	_, ranks := p.rule.(*rankOfRule)
	_, picks := p.rule.(*pickRule)
	l.add("", func(cell *Cell, _ int) Figure {
		f := Figure{State: cell.State, Value: cell.Value, N: cell.N, Whole: ranks}
		if picks {
			f.Words = cell.Words
		}
		return f
	})
	for _, what := range p.show {
		switch what {
		case "n":
			l.add("n", func(cell *Cell, _ int) Figure {
				if cell.State == NotApplicable {
					return Figure{State: NotApplicable}
				}
				return Figure{State: Present, Value: rat(cell.N), Whole: true, N: cell.N}
			})
		case "rank":
			places := c.ranks(p.kind, p.ranking, scope{}, func(i int) *big.Rat { return l.cells[i].Value })
			l.add("rank", func(_ *Cell, i int) Figure {
				if places[i] == 0 {
					return Figure{}
				}
				return Figure{State: Present, Value: rat(int64(places[i])), Whole: true}
			})
		case "periods":
			c.periodColumns(p, l)
		}
	}
	if len(p.labels) > 0 || slices.Contains(p.show, "grade") {
		l.add("grade", func(cell *Cell, _ int) Figure { return Figure{State: cell.State, Words: cell.Words} })
	}
	return l.columns, l.figures
}

// columnList gathers the columns of one part.
type columnList struct {
	base    Column
	cells   []*Cell
	columns []Column
	figures [][]Figure
}

func (l *columnList) add(aspect string, figure func(*Cell, int) Figure) {
	col := l.base
	col.Aspect = aspect
	list := make([]Figure, len(l.cells))
	for i, cell := range l.cells {
		list[i] = figure(cell, i)
	}
	l.columns, l.figures = append(l.columns, col), append(l.figures, list)
}

func columnOf(p *part) Column {
	col := Column{Path: p.path, Title: p.title}
	for q := p.parent; q != nil; q = q.parent {
		col.Depth++
	}
	if r, ok := p.rule.(*surveyRule); ok {
		for _, pan := range r.panels {
			col.Panels = append(col.Panels, pan.code)
		}
	}
	if p.weight != nil {
		col.Weight = p.weight.fixed
	}
	return col
}

// applies tells whether a part and all it belongs to concern a subject.
func (c *computation) applies(p *part, i int) bool {
	for ; p != nil; p = p.parent {
		if p.when != nil && !c.holds(p.when, p, scope{}, i) {
			return false
		}
	}
	return true
}

func (c *computation) periodColumns(p *part, l *columnList) {
	owner := p
	for owner != nil && owner.periods == nil {
		owner = owner.parent
	}
	if owner == nil {
		return
	}
	names := owner.periods.names
	if names == nil {
		names = c.periodsInData(owner)
	}
	for _, name := range names {
		cells := c.inPeriod(p, scope{period: name})
		l.add(name, func(_ *Cell, i int) Figure {
			return Figure{State: cells[i].State, Value: cells[i].Value, N: cells[i].N}
		})
	}
}

// scoped are the ancestors that compute their parts per source or period,
// outermost first.
func (p *part) scoped() []*part {
	var out []*part
	for q := p.parent; q != nil; q = q.parent {
		if q.periods != nil || q.each != nil {
			out = append([]*part{q}, out...)
		}
	}
	return out
}

// wide is a part's figure for the whole run: a part inside one that is
// computed per period or source is combined over those as its owner is.
func (c *computation) wide(p *part, owners []*part, in scope) []*Cell {
	if len(owners) == 0 {
		return c.cells(p, in)
	}
	owner, rest := owners[0], owners[1:]
	overPeriods := func(in scope) []*Cell {
		r := owner.periods
		if r == nil {
			return c.wide(p, rest, in)
		}
		names := r.names
		if names == nil {
			names = c.periodsInData(owner)
		}
		return c.combineScopes(p, in, r.combine, "drop", names, r.weights, func(name string) []*Cell {
			inner := in
			inner.period = name
			return c.wide(p, rest, inner)
		})
	}
	if owner.each == nil {
		return overPeriods(in)
	}
	names := owner.each.names
	if len(names) == 0 {
		names = c.sourcesInData(owner)
	}
	return c.combineScopes(p, in, owner.each.combine, "drop", names, nil, func(name string) []*Cell {
		inner := in
		inner.column, inner.name = owner.each.column, name
		return overPeriods(inner)
	})
}

// flagsOf gathers a subject's flags from every cell of its kind, in order of
// part, then from its outcome.
func (c *computation) flagsOf(k *kind, i int, t *outcomeTable) []Flag {
	var out []Flag
	for key, cells := range c.memo {
		if key.part.kind == k && cells[i] != nil {
			out = append(out, cells[i].Flags...)
		}
	}
	out = append(out, t.flags[i]...)
	slices.SortFunc(out, func(a, b Flag) int {
		switch x, y := a.String(), b.String(); {
		case x < y:
			return -1
		case x > y:
			return 1
		}
		return 0
	})
	return slices.Compact(out)
}
