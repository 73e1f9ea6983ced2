package scoring

import (
	"cmp"
	"math/big"
	"slices"
	"strings"
)

// ledgerRule adds up entries of the ledger: points of approved entries within
// the run's period, on a base where there is one. No entry is 0, not missing.
type ledgerRule struct {
	kinds      []*entryKind
	categories []string
	indicators []string
	base       *big.Rat
	take       string // points, plus, minus, count
	highestPer string // "", matter, category: only the best entry of each counts
}

func (r *ledgerRule) name() string   { return "ledger" }
func (r *ledgerRule) needs() []*part { return nil }

// prepareLedger sorts the ledger by subject and date, and reports kinds the
// scheme does not know. A scheme without any takes no notice of the ledger.
func (c *computation) prepareLedger() {
	if n := len(c.data.Ledger); n > 0 && len(c.prog.entries) == 0 {
		c.notice(fileLedger, "ledger_ignored", "Count", n)
		return
	}
	for i := range c.data.Ledger {
		e := &c.data.Ledger[i]
		if at, scored := c.place[e.Subject]; scored && c.prog.entries[e.Kind] == nil && at.kind != nil {
			args := []any{"Kind", e.Kind, "Known", strings.Join(keys(c.prog.entries), ", ")}
			c.fault(fileLedger, e.Line, "entry_kind", meaning(args, e.Kind, keys(c.prog.entries))...)
		}
		c.tellLevel(e)
		c.ledger[e.Subject] = append(c.ledger[e.Subject], e)
	}
	for _, list := range c.ledger {
		slices.SortFunc(list, func(a, b *Entry) int { return cmp.Or(cmp.Compare(a.Date, b.Date), cmp.Compare(a.ID, b.ID)) })
	}
}

// tellLevel reports an entry, counted or not, that leaves its points to a level
// its kind does not have.
func (c *computation) tellLevel(e *Entry) {
	k := c.prog.entries[e.Kind]
	if k == nil || len(k.levels) == 0 || e.Points != nil || e.Level == "" || k.levels[e.Level] != nil {
		return
	}
	known := keys(k.levels)
	args := []any{"Level", e.Level, "ID", e.ID, "Known", strings.Join(known, ", ")}
	c.fault(fileLedger, e.Line, "entry_level", meaning(args, e.Level, known)...)
}

func (r *ledgerRule) compute(c *computation, p *part, in scope) []*Cell {
	subjects := c.subjects[p.kind]
	out := make([]*Cell, len(subjects))
	for i, s := range subjects {
		cell := &Cell{Trace: &Trace{}}
		out[i] = cell
		var counted []entryPoints
		for _, e := range c.ledger[s.Code] {
			k := r.kindOf(e.Kind)
			if k == nil || !r.wants(e, in) {
				continue
			}
			if reason := c.leftOut(e, k, in); reason != "" {
				cell.line(reason, "ID", e.ID, "Kind", e.Kind, "Date", e.Date, "Points", ratText(e.Points))
				if reason == "entry_unapproved" {
					cell.flag(flagUnsigned, p, in)
				}
				continue
			}
			if points, ok := c.points(e, k); ok {
				counted = append(counted, entryPoints{e, points})
			}
		}
		counted = r.highest(cell, counted)
		r.addUp(cell, counted)
	}
	return out
}

type entryPoints struct {
	*Entry
	points *big.Rat
}

func (r *ledgerRule) kindOf(code string) *entryKind {
	for _, k := range r.kinds {
		if k.code == code {
			return k
		}
	}
	return nil
}

// takes tells whether a rule wants entries of a category and an indicator.
func (r *ledgerRule) takes(e *Entry) bool {
	return (len(r.categories) == 0 || slices.Contains(r.categories, e.Category)) &&
		(len(r.indicators) == 0 || slices.ContainsFunc(r.indicators, func(p string) bool { return matchCode(p, e.Indicator) }))
}

func (r *ledgerRule) wants(e *Entry, in scope) bool {
	return r.takes(e) && (in.column != "category" || e.Category == in.name)
}

// entryOutside tells whether an entry is of another run.
func (c *computation) entryOutside(e *Entry) bool {
	return c.outside(e.Period) || c.hasRun && e.Date != "" && !c.run.holds(e.Date)
}

// leftOut names the reason why an entry does not count, or "".
func (c *computation) leftOut(e *Entry, k *entryKind, in scope) string {
	switch {
	case c.entryOutside(e):
		return "entry_outside"
	case in.period != "" && !partOfRun(c.prog.params[periodParam], in.period, e.Period, e.Date):
		return "entry_outside"
	case e.Approved == "no", k.approval == "required" && e.Approved != "yes":
		return "entry_unapproved"
	}
	return ""
}

// points of an entry with their sign: its own, or those of its level.
func (c *computation) points(e *Entry, k *entryKind) (*big.Rat, bool) {
	points := e.Points
	if points == nil {
		points = k.levels[e.Level]
	}
	switch {
	case k.sign == "none":
		return orZero(points), true
	case points == nil:
		c.fault(fileLedger, e.Line, "entry_points", "ID", e.ID)
		return nil, false
	case k.sign == "subtract":
		return new(big.Rat).Neg(new(big.Rat).Abs(points)), true
	}
	return points, true
}

// highest keeps the best entry of each matter or category; entries that name
// none stand for themselves.
func (r *ledgerRule) highest(cell *Cell, entries []entryPoints) []entryPoints {
	if r.highestPer == "" {
		return entries
	}
	best := map[string]entryPoints{}
	key := func(e entryPoints) string {
		if k := map[string]string{"matter": e.Matter, "category": e.Category}[r.highestPer]; k != "" {
			return "k" + k
		}
		return "i" + e.ID
	}
	for _, e := range entries {
		have, ok := best[key(e)]
		if c := 0; !ok {
			best[key(e)] = e
		} else if c = new(big.Rat).Abs(e.points).Cmp(new(big.Rat).Abs(have.points)); c > 0 || c == 0 && e.ID < have.ID {
			best[key(e)] = e
		}
	}
	var out []entryPoints
	for _, e := range entries {
		if best[key(e)].ID == e.ID {
			out = append(out, e)
		} else {
			cell.line("entry_lower", "ID", e.ID, "Kind", e.Kind, "Points", e.points)
		}
	}
	return out
}

func (r *ledgerRule) addUp(cell *Cell, entries []entryPoints) {
	total, terms := new(big.Rat).Set(orZero(r.base)), []*big.Rat{}
	if r.base != nil {
		cell.line("entry_base", "Value", r.base)
		terms = append(terms, r.base)
	}
	for _, e := range entries {
		v := e.points
		switch r.take {
		case "plus":
			v = maxRat(v, new(big.Rat))
		case "minus":
			v = maxRat(new(big.Rat).Neg(v), new(big.Rat))
		case "count":
			v = rat(1)
		}
		total.Add(total, v)
		terms = append(terms, v)
		level := ""
		if e.Points == nil {
			level = e.Level
		}
		cell.line("entry", "ID", e.ID, "Kind", e.Kind, "Date", e.Date, "Level", level, "Points", v, "Reason", e.Reason)
	}
	cell.State, cell.Value = Present, total
	cell.line("entry_sum", "Terms", listed(terms, " + "), "Count", len(entries), "Value", total)
}

func maxRat(a, b *big.Rat) *big.Rat {
	if a.Cmp(b) < 0 {
		return b
	}
	return a
}
