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
	Others   []KindResult // kinds without a total: rows of traces only, for scorecards
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
		} else {
			r.Others = append(r.Others, c.otherResult(k))
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

// otherResult holds the traces of a kind that only gives figures to others.
func (c *computation) otherResult(k *kind) KindResult {
	out := KindResult{Kind: k.code, Title: k.title, Words: k.glossary()}
	none := &outcomeTable{flags: make([][]Flag, len(c.subjects[k]))}
	for i, s := range c.subjects[k] {
		out.Rows = append(out.Rows, Row{Subject: s.Code, Name: s.Name, Group: s.Group, Parent: s.Parent,
			Flags: c.flagsOf(k, i, none), Traces: c.tracesOf(k, i)})
	}
	return out
}

// tracesOf are a subject's traces of the parts at the top of the tree; hidden
// ones only where something needed them for the whole run.
func (c *computation) tracesOf(k *kind, i int) []*Trace {
	var out []*Trace
	for _, p := range k.parts {
		if cells, needed := c.memo[cellKey{p, scope{}, false}]; needed {
			out = append(out, cells[i].Trace)
		}
	}
	return out
}

// glossary holds the titles of the kind's words, and of the parts of other
// kinds that it takes.
func (k *kind) glossary() Glossary {
	g := Glossary{}
	for _, p := range k.all {
		if r, ok := p.rule.(*takeRule); ok && r.part != nil && r.kind != k {
			g[r.part.path] = r.part.title
		}
		if r, ok := p.rule.(*ledgerRule); ok {
			for _, e := range r.kinds {
				g[e.code] = e.title
			}
		}
	}
	for _, r := range k.payouts {
		g[r.name] = r.title
	}
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
	row.Traces = c.tracesOf(k, i)
	return row
}

// concerned tells whether a cell's part, and all it belongs to, concern a
// subject: what is missing from a part that does not apply is not missed.
func (c *computation) concerned(key cellKey, i int) bool {
	for p := key.part; p != nil; p = p.parent {
		for _, in := range []scope{key.in, {}} {
			if cells, ok := c.memo[cellKey{p, in, false}]; ok && cells[i] != nil && cells[i].State == NotApplicable {
				return false
			}
		}
	}
	return true
}

// flagsOf gathers a subject's flags from every cell of its kind, in order of
// part, then from its outcome.
func (c *computation) flagsOf(k *kind, i int, t *outcomeTable) []Flag {
	var out []Flag
	for key, cells := range c.memo {
		if key.part.kind == k && cells[i] != nil && c.concerned(key, i) {
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
