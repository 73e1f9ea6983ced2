package scoring

import (
	"cmp"
	"math/big"
	"slices"
	"strings"
)

// sheaf is the cleaned responses of one group: how many there were, how often
// each value was given, and where a rule needs them the responses themselves.
type sheaf struct {
	key     sheafKey
	turnout Turnout
	counts  map[string]map[string]int64 // item → value → n
	sheets  []*sheet
	taken   bool // some part counts it
}

type sheafKey struct{ relation, subject, stratum, period string }

// sheet is a cleaned response; times says how many there are that name nobody
// and are equal in all.
type sheet struct {
	respondent string // empty: nobody, or no rule asks
	times      uint32
	count      int64
	answers    *[]Answer // by item; shared by all sheets that say the same
}

// statusValid is the status of responses that count; an empty one means it.
const statusValid = "valid"

// PanelRule states how a panel's sheets are cleaned, for those who count in a
// database. Answered is the least share of Items that must hold one of the
// Counted values; empty Items means those the data holds; Rows tells that some
// rule reads single responses, so that counts do not suffice. Fewer than Min
// responses on one subject, of one relation, never count.
type PanelRule struct {
	Panel    string
	Items    []string
	Unknown  []string
	Answered *big.Rat
	Once     string // respondent, device, none
	Keep     string // latest, first, all
	Rows     bool
	Min      int64
}

// Panels states the cleaning rules of the scheme's panels in order of code.
func (s *Scheme) Panels(given Params) ([]PanelRule, Faults) {
	params, faults := s.paramValues(&Data{}, given)
	if len(faults) > 0 {
		return nil, faults
	}
	prog, faults := s.bind(params)
	if errs := faults.Errors(); len(errs) > 0 {
		return nil, errs
	}
	var out []PanelRule
	for _, code := range keys(prog.panels) {
		p := prog.panels[code]
		rule := PanelRule{Panel: code, Items: slices.Clone(p.items), Unknown: slices.Clone(p.scale.unknown),
			Answered: new(big.Rat).Set(p.answered), Once: p.once, Keep: p.keep, Rows: p.rows}
		if len(p.least) > 0 {
			rule.Min = slices.Min(p.least)
		}
		out = append(out, rule)
	}
	return out, nil
}

// prepareAnswers cleans the rows and takes over the counts.
func (c *computation) prepareAnswers() {
	(&cleaner{computation: c, b: &c.data.Ballots}).run()
	c.takeCounts()
}

// panelIgnored notices a panel whose responses count nowhere, at its first
// line: a folder may hold panels for other schemes, or the name is misspelt.
func (c *computation) panelIgnored(name string, line, count int) {
	known := keys(c.prog.panels)
	args := []any{"Panel", name, "Count", count, "Known", strings.Join(known, ", ")}
	c.noticeAt(fileAnswers, line, "panel_ignored", meaning(args, name, known)...)
}

func (c *computation) notice(file, code string, args ...any) { c.noticeAt(file, 0, code, args...) }

// noticeAt is notice with the line it is about, 0 for none.
func (c *computation) noticeAt(file string, line int, code string, args ...any) {
	n := Notice{File: file, Line: line, Code: "scoring.notice." + code, Args: map[string]any{}}
	for i := 0; i+1 < len(args); i += 2 {
		n.Args[args[i].(string)] = args[i+1]
	}
	c.notices = append(c.notices, n)
}

func (s *sheaf) add(item, value string, n int64) {
	if s.counts[item] == nil {
		s.counts[item] = map[string]int64{}
	}
	s.counts[item][value] += n
}

// store files a panel's sheaves by subject, in an order of their own.
func (c *computation) store(panel string, items []string, sheaves map[sheafKey]*sheaf) {
	bySubject := map[string][]*sheaf{}
	for _, s := range sheaves {
		bySubject[s.key.subject] = append(bySubject[s.key.subject], s)
	}
	for _, list := range bySubject {
		slices.SortFunc(list, func(a, b *sheaf) int {
			return strings.Compare(a.key.order(), b.key.order())
		})
		for _, s := range list {
			slices.SortFunc(s.sheets, compareSheets)
		}
	}
	c.sheaves[panel] = bySubject
	c.asked[panel] = items
}

func (k sheafKey) order() string { return k.period + "\x00" + k.relation + "\x00" + k.stratum }

// compareSheets puts sheets in an order that depends on what they say alone.
func compareSheets(x, y *sheet) int {
	return cmp.Or(strings.Compare(x.respondent, y.respondent),
		slices.CompareFunc(*x.answers, *y.answers, func(a, b Answer) int {
			return cmp.Or(strings.Compare(a.Item, b.Item), strings.Compare(a.Value, b.Value))
		}), cmp.Compare(x.count, y.count))
}

// counted gathers what a database has counted of one panel.
type counted struct {
	sheaves map[sheafKey]*sheaf
	items   map[string]bool
}

func (c *counted) sheaf(key sheafKey) *sheaf {
	s, ok := c.sheaves[key]
	if !ok {
		s = &sheaf{key: key, counts: map[string]map[string]int64{}}
		c.sheaves[key] = s
	}
	return s
}

// takeCounts takes over what a database has counted.
func (c *computation) takeCounts() {
	panels := map[string]*counted{}
	of := func(name string) *counted {
		if panels[name] == nil {
			panels[name] = &counted{map[sheafKey]*sheaf{}, map[string]bool{}}
		}
		return panels[name]
	}
	for _, t := range c.data.Turnouts {
		if c.outside(t.Period) {
			continue
		}
		s := of(t.Panel).sheaf(sheafKey{t.Relation, t.Subject, t.Stratum, t.Period})
		s.turnout.Invalid += t.Invalid
		s.turnout.Superseded += t.Superseded
		s.turnout.Void += t.Void
		s.turnout.Valid += t.Valid
	}
	for _, n := range c.data.Counts {
		if !c.outside(n.Period) {
			c.takeCount(of(n.Panel), n)
		}
	}
	for _, name := range keys(panels) {
		p, ok := c.prog.panels[name]
		switch {
		case !ok:
			c.panelIgnored(name, 0, 0)
		case c.sheaves[name] != nil:
			c.fault(fileAnswers, 0, "panel_both", "Panel", name)
		case p.rows:
			c.fault(fileAnswers, 0, "panel_rows", "Panel", name)
		default:
			c.store(name, keys(panels[name].items), panels[name].sheaves)
		}
	}
}

func (c *computation) takeCount(into *counted, n Count) {
	s := into.sheaf(sheafKey{n.Relation, n.Subject, n.Stratum, n.Period})
	p := c.prog.panels[n.Panel]
	if p == nil || n.Value == "" || len(p.items) > 0 && !slices.Contains(p.items, n.Item) {
		return
	}
	if _, _, known := p.scale.value(n.Value); !known {
		c.fault(fileAnswers, 0, "answer_scale", "Panel", n.Panel, "Item", n.Item, "Got", n.Value, "ID", "")
		return
	}
	s.add(n.Item, n.Value, n.N)
	into.items[n.Item] = true
}
