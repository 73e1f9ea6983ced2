package scoring

import (
	"cmp"
	"math/big"
	"slices"
	"strings"
)

// Compute scores the data by the scheme. Parameters given override those of
// the data, which override the scheme's. The result is nil if there is any
// fault. It depends on the data as sets: the order of rows changes nothing.
// It is safe for concurrent use.
func Compute(s *Scheme, d *Data, given Params) (*Result, Faults) {
	params, faults := s.paramValues(d, given)
	if len(faults) > 0 {
		return nil, faults.sorted()
	}
	prog, faults := s.bind(params)
	if errs := faults.Errors(); len(errs) > 0 {
		return nil, errs
	}
	c := newComputation(prog, d)
	c.prepare()
	if len(c.faults) > 0 {
		return nil, c.faults.sorted()
	}
	c.parts()
	if len(c.faults) > 0 {
		return nil, c.faults.sorted()
	}
	c.consequences()
	result := c.result()
	if len(c.faults) > 0 {
		return nil, c.faults.sorted()
	}
	return result, nil
}

// parts works out all parts that are shown, and with them those they need.
func (c *computation) parts() {
	for _, k := range c.prog.kinds {
		for _, p := range k.all {
			if p.parent == nil && !p.hidden {
				c.cells(p, scope{})
			}
		}
	}
}

// consequences works out what follows from the totals.
func (c *computation) consequences() {
	for _, k := range c.prog.kinds {
		c.outcomes(k)
	}
	for _, k := range c.prog.kinds {
		for _, r := range k.payouts {
			c.pay(k, r)
		}
	}
	c.tellUncounted()
	c.tellUncountedAnswers()
	c.tellUncountedEntries()
}

// scope is what a part is computed for: the whole run, or one period of it, or
// what one source reports.
type scope struct{ period, column, name string }

// String names a scope as flags and scorecards do.
func (s scope) String() string {
	switch {
	case s.period == "":
		return s.name
	case s.name == "":
		return s.period
	}
	return s.name + "/" + s.period
}

type cellKey struct {
	part  *part
	in    scope
	plain bool // before periods and sources are combined
}

// computation holds the state of one run of Compute.
type computation struct {
	prog     *program
	data     *Data
	run      period
	hasRun   bool
	faults   Faults
	notices  []Notice
	subjects map[*kind][]*Subject
	place    map[string]subjectAt
	children map[string][]*Subject
	values   map[string][]*Value
	counted  map[*Value]bool // looked at by some part
	looked   map[rule]bool   // at their rows
	ledger   map[string][]*Entry
	sheaves  map[string]map[string][]*sheaf // panel → subject
	asked    map[string][]string            // panel → items
	memo     map[cellKey][]*Cell
	grouped  map[scopeOf]map[string][]int
	done     map[*kind]*outcomeTable
	paid     map[*payoutRule]*paid
}

// scopeOf names a division of a kind's subjects.
type scopeOf struct {
	kind   *kind
	within string
}

type subjectAt struct {
	kind  *kind
	index int
}

func newComputation(prog *program, d *Data) *computation {
	c := &computation{prog: prog, data: d, subjects: map[*kind][]*Subject{}, place: map[string]subjectAt{},
		children: map[string][]*Subject{}, values: map[string][]*Value{}, counted: map[*Value]bool{}, looked: map[rule]bool{}, ledger: map[string][]*Entry{},
		sheaves: map[string]map[string][]*sheaf{}, asked: map[string][]string{}, memo: map[cellKey][]*Cell{}, grouped: map[scopeOf]map[string][]int{},
		done: map[*kind]*outcomeTable{}, paid: map[*payoutRule]*paid{}}
	c.run, c.hasRun = parsePeriod(prog.params[periodParam])
	return c
}

func (c *computation) fault(file string, line int, code string, args ...any) {
	f := Fault{File: file, Line: line, Code: "scoring.fault." + code, Args: map[string]any{}}
	for i := 0; i+1 < len(args); i += 2 {
		f.Args[args[i].(string)] = args[i+1]
	}
	f.Args = brief(f.Args)
	c.faults = append(c.faults, f)
}

// schemeFault is a fault of the scheme that only the data brings to light.
func (c *computation) schemeFault(p *part, code string, args ...any) {
	c.fault(c.prog.scheme.file, p.at.line, code, append(args, "Part", p.path)...)
	c.faults[len(c.faults)-1].Column = p.at.column
}

// schemeNotice says what the scheme names and the data does not have, at its
// place in the scheme file, with the nearest of what the data has instead.
func (c *computation) schemeNotice(where at, code, got string, there []string, args ...any) {
	args = meaning(args, got, there)
	c.notice(c.prog.scheme.file, code, args...)
	last := &c.notices[len(c.notices)-1]
	last.Line, last.Column = where.line, where.column
}

// prepare sorts the data and looks at what only the scheme can judge.
func (c *computation) prepare() {
	c.prepareSubjects()
	outside := 0
	for i := range c.data.Values {
		v := &c.data.Values[i]
		if c.outside(v.Period) {
			outside++
			continue
		}
		c.values[v.Subject] = append(c.values[v.Subject], v)
	}
	if outside > 0 {
		c.notice(fileValues, "rows_outside", "Count", outside, "Period", c.run.String())
	}
	for _, list := range c.values {
		slices.SortFunc(list, func(a, b *Value) int {
			return cmp.Or(cmp.Compare(a.Indicator, b.Indicator), cmp.Compare(a.Period, b.Period),
				cmp.Compare(a.Date, b.Date), cmp.Compare(a.Source, b.Source))
		})
	}
	c.tellUndeclared()
	c.tellUnread()
	c.prepareLedger()
	c.prepareAnswers()
}

// outside tells whether a row names a period, year and all, that does not lie
// within the run's own: such rows belong to another run.
func (c *computation) outside(rowPeriod string) bool {
	if !c.hasRun || rowPeriod == "" {
		return false
	}
	p, written := parsePeriod(rowPeriod)
	return written && !c.run.covers(p)
}

// prepareSubjects files the subjects by kind and by parent, in order of code.
func (c *computation) prepareSubjects() {
	ignored := map[string]int{}
	for i := range c.data.Subjects {
		s := &c.data.Subjects[i]
		k := c.kindFor(s)
		if k == nil {
			ignored[s.Kind]++
			continue
		}
		c.subjects[k] = append(c.subjects[k], s)
		if s.Parent != "" {
			c.children[s.Parent] = append(c.children[s.Parent], s)
		}
	}
	for _, name := range keys(ignored) {
		if name != "" {
			var known []string
			for _, k := range c.prog.kinds {
				known = append(known, k.subjects...)
			}
			args := []any{"Kind", name, "Count", ignored[name], "Known", strings.Join(known, ", ")}
			c.notice(fileSubjects, "kind_ignored", meaning(args, name, known)...)
		}
	}
	byCode := func(a, b *Subject) int { return cmp.Compare(a.Code, b.Code) }
	for _, list := range c.children {
		slices.SortFunc(list, byCode)
	}
	for _, k := range c.prog.kinds {
		slices.SortFunc(c.subjects[k], byCode)
		for i, s := range c.subjects[k] {
			c.place[s.Code] = subjectAt{k, i}
		}
		if len(c.subjects[k]) > 0 {
			c.checkAttributes(k, c.subjects[k])
		}
	}
	if len(c.place) == 0 {
		c.fault(fileSubjects, 0, "no_subjects", "Kinds", strings.Join(keys(c.prog.kindOf), ", "))
	}
}

// kindFor finds the kind of a subject; a scheme of one kind takes subjects
// that name none. Kinds the scheme does not know only give structure.
func (c *computation) kindFor(s *Subject) *kind {
	if s.Kind != "" {
		for _, k := range c.prog.kinds {
			if slices.Contains(k.subjects, s.Kind) {
				return k
			}
		}
		return nil
	}
	if len(c.prog.kinds) == 1 {
		return c.prog.kinds[0]
	}
	c.fault(fileSubjects, s.Line, "subject_kind", "Subject", s.Code, "Kinds", strings.Join(keys(c.prog.kindOf), ", "))
	return nil
}

func (c *computation) checkAttributes(k *kind, list []*Subject) {
	for _, name := range keys(k.attributes) {
		seen := false
		for _, s := range list {
			v, has := s.Attributes[name]
			seen = seen || has
			if v == "" {
				continue
			}
			if _, ok := ParseNumber(v); !ok && k.attributes[name] == "number" {
				c.fault(fileSubjects, s.Line, "attribute_number", "Subject", s.Code, "Attribute", name, "Got", v)
			}
			if k.attributes[name] == "subject" && !slices.ContainsFunc(c.data.Subjects, func(o Subject) bool { return o.Code == v }) {
				c.fault(fileSubjects, s.Line, "attribute_subject", "Subject", s.Code, "Attribute", name, "Got", v)
			}
		}
		if !seen {
			args := []any{"Kind", k.code, "Attribute", name}
			var have []string
			if len(list) > 0 {
				have = keys(list[0].Attributes)
			}
			c.fault(fileSubjects, 1, "attribute_column", meaning(args, name, have)...)
		}
	}
}

// attribute returns a subject's attribute; the fixed columns count as such.
func attribute(s *Subject, name string) string {
	switch name {
	case "code":
		return s.Code
	case "kind":
		return s.Kind
	case "group":
		return s.Group
	case "parent":
		return s.Parent
	}
	return s.Attributes[name]
}

// scopeKey tells subjects of one scope from those of another.
func scopeKey(s *Subject, within string) string {
	switch within {
	case scopeKind:
		return ""
	case scopeGroup:
		return s.Group
	case scopeParent:
		return s.Parent
	}
	return s.Attributes[strings.TrimPrefix(within, scopeSame)]
}

// scopes gathers the indexes of a kind's subjects by scope; each list is in
// order of code.
func (c *computation) scopes(k *kind, within string) map[string][]int {
	key := scopeOf{k, within}
	if done, ok := c.grouped[key]; ok {
		return done
	}
	out := map[string][]int{}
	c.grouped[key] = out
	for i, s := range c.subjects[k] {
		key := scopeKey(s, within)
		out[key] = append(out[key], i)
	}
	return out
}

func ratText(r *big.Rat) string {
	if r == nil {
		return "–"
	}
	return plain(r)
}
