package scoring

import (
	"math/big"
	"slices"
)

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
