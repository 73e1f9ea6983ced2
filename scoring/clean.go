package scoring

import (
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
}

type sheafKey struct{ relation, subject, stratum, period string }

// sheet is one cleaned response.
type sheet struct {
	respondent string
	count      int64
	answers    []Answer
}

// PanelRule states how a panel's sheets are cleaned, for those who count in a
// database. Answered is the least share of Items that must hold one of the
// Counted values; empty Items means those the data holds; Rows tells that some
// rule reads single responses, so that counts do not suffice.
type PanelRule struct {
	Panel    string
	Items    []string
	Unknown  []string
	Answered *big.Rat
	Once     string // respondent, device, none
	Keep     string // latest, first, all
	Rows     bool
}

// Panels states the cleaning rules of the scheme's panels in order of code.
func (s *Scheme) Panels(given Params) ([]PanelRule, Faults) {
	params, faults := s.paramValues(nil, given)
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
		out = append(out, PanelRule{Panel: code, Items: slices.Clone(p.items), Unknown: slices.Clone(p.scale.unknown),
			Answered: new(big.Rat).Set(p.answered), Once: p.once, Keep: p.keep, Rows: p.rows})
	}
	return out, nil
}

// prepareAnswers cleans the rows and takes over the counts.
func (c *computation) prepareAnswers() {
	b := &c.data.Ballots
	rows := map[string][]*ballot{}
	for i := range b.rows {
		name := b.text(b.rows[i].panel)
		rows[name] = append(rows[name], &b.rows[i])
	}
	for _, name := range keys(rows) {
		p, ok := c.prog.panels[name]
		if !ok {
			c.notice(fileAnswers, 0, "panel_ignored", "Panel", name, "Known", strings.Join(keys(c.prog.panels), ", "))
			continue
		}
		c.cleanPanel(p, rows[name])
	}
	c.takeCounts()
}

func (c *computation) notice(file string, line int, code string, args ...any) {
	n := Notice{File: file, Line: line, Code: "scoring.notice." + code, Args: map[string]any{}}
	for i := 0; i+1 < len(args); i += 2 {
		n.Args[args[i].(string)] = args[i+1]
	}
	c.notices = append(c.notices, n)
}

// cleanPanel applies, in this order: only valid ones; one per respondent; void
// below the share that must be answered.
func (c *computation) cleanPanel(p *panel, rows []*ballot) {
	sheaves := map[sheafKey]*sheaf{}
	items, judge := c.itemsAsked(p, rows)
	kept := c.oncePer(p, rows)
	for _, row := range rows {
		s := c.sheafOf(sheaves, row)
		switch {
		case row.invalid:
			s.turnout.Invalid += row.count
		case !kept[row]:
			s.turnout.Superseded += row.count
		case !c.answeredEnough(p, row, items, judge):
			s.turnout.Void += row.count
		default:
			c.addSheet(p, s, row, items)
		}
	}
	c.store(p.code, keys(items), sheaves)
}

// itemsAsked are the items of the panel: those the scheme lists, else those
// the data holds. judge caches what the scale says of a word.
func (c *computation) itemsAsked(p *panel, rows []*ballot) (map[string]bool, map[word]bool) {
	b := &c.data.Ballots
	items, judge, faulty := map[string]bool{}, map[word]bool{}, map[word]bool{}
	for _, item := range p.items {
		items[item] = true
	}
	other, seen := map[string]bool{}, map[string]bool{}
	for _, row := range rows {
		for _, g := range b.given[row.from:row.to] {
			item := b.text(g.item)
			seen[item] = true
			if len(p.items) == 0 {
				items[item] = true
			} else if !items[item] {
				other[item] = true
				continue
			}
			if _, done := judge[g.value]; !done {
				_, counted, known := p.scale.value(b.text(g.value))
				judge[g.value] = counted
				faulty[g.value] = !known
			}
			if faulty[g.value] {
				c.fault(fileAnswers, int(row.line), "answer_scale", "Panel", p.code, "Item", item, "Got", b.text(g.value), "ID", b.text(row.id))
			}
		}
	}
	if absent := absentItems(p, seen); len(absent) > 0 && len(rows) > 0 {
		c.notice(fileAnswers, 0, "items_absent", "Panel", p.code, "Items", strings.Join(absent, ", "))
	}
	if len(other) > 0 {
		c.notice(fileAnswers, 0, "items_ignored", "Panel", p.code, "Items", strings.Join(keys(other), ", "))
	}
	return items, judge
}

// absentItems are items the scheme lists that the data never has: most likely
// one of the two misspells them.
func absentItems(p *panel, seen map[string]bool) []string {
	var out []string
	for _, item := range p.items {
		if !seen[item] {
			out = append(out, item)
		}
	}
	return out
}

// oncePer picks the response that counts of each respondent.
func (c *computation) oncePer(p *panel, rows []*ballot) map[*ballot]bool {
	type who struct {
		subject, period, relation, name word
		own                             bool // the response stands for itself
	}
	b := &c.data.Ballots
	empty, hasEmpty := b.index[""]
	best := make(map[who]*ballot, len(rows))
	kept := make(map[*ballot]bool, len(rows))
	for _, row := range rows {
		if row.invalid {
			continue
		}
		name := row.respondent
		if p.once == "device" {
			name = row.device
		}
		if p.once == "none" || p.keep == "all" || hasEmpty && name == empty {
			kept[row] = true
			continue
		}
		key := who{row.subject, row.period, row.relation, name, false}
		have, ok := best[key]
		if !ok || c.later(row, have) == (p.keep == "latest") {
			best[key] = row
		}
	}
	for _, row := range best {
		kept[row] = true
	}
	return kept
}

// later tells whether a came after b: by time, then by id.
func (c *computation) later(a, b *ballot) bool {
	if a.submitted != b.submitted {
		return a.submitted > b.submitted
	}
	return c.data.Ballots.text(a.id) > c.data.Ballots.text(b.id)
}

func (c *computation) answeredEnough(p *panel, row *ballot, items map[string]bool, judge map[word]bool) bool {
	b := &c.data.Ballots
	answered := int64(0)
	for _, g := range b.given[row.from:row.to] {
		if items[b.text(g.item)] && judge[g.value] {
			answered++
		}
	}
	need := new(big.Rat).Mul(p.answered, rat(int64(len(items))))
	return answered > 0 && rat(answered).Cmp(need) >= 0
}

func (c *computation) sheafOf(sheaves map[sheafKey]*sheaf, row *ballot) *sheaf {
	b := &c.data.Ballots
	key := sheafKey{b.text(row.relation), b.text(row.subject), b.text(row.stratum), b.text(row.period)}
	s, ok := sheaves[key]
	if !ok {
		s = &sheaf{key: key, counts: map[string]map[string]int64{}}
		sheaves[key] = s
	}
	return s
}

func (c *computation) addSheet(p *panel, s *sheaf, row *ballot, items map[string]bool) {
	b := &c.data.Ballots
	s.turnout.Valid += row.count
	var answers []Answer
	for _, g := range b.given[row.from:row.to] {
		item, value := b.text(g.item), b.text(g.value)
		if value == "" || !items[item] {
			continue
		}
		s.add(item, value, row.count)
		if p.rows {
			answers = append(answers, Answer{item, value})
		}
	}
	if p.rows {
		slices.SortFunc(answers, func(x, y Answer) int { return strings.Compare(x.Item, y.Item) })
		s.sheets = append(s.sheets, &sheet{b.text(row.respondent), row.count, answers})
	}
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
			slices.SortFunc(s.sheets, func(a, b *sheet) int { return strings.Compare(a.order(), b.order()) })
		}
	}
	c.sheaves[panel] = bySubject
	c.asked[panel] = items
}

func (k sheafKey) order() string { return k.period + "\x00" + k.relation + "\x00" + k.stratum }

func (s *sheet) order() string {
	var b strings.Builder
	b.WriteString(s.respondent)
	for _, a := range s.answers {
		b.WriteString("\x00" + a.Item + "\x01" + a.Value)
	}
	return b.String()
}

// takeCounts takes over what a database has counted.
func (c *computation) takeCounts() {
	byPanel := map[string]map[sheafKey]*sheaf{}
	items := map[string]map[string]bool{}
	get := func(panel string, key sheafKey) *sheaf {
		if byPanel[panel] == nil {
			byPanel[panel], items[panel] = map[sheafKey]*sheaf{}, map[string]bool{}
		}
		s, ok := byPanel[panel][key]
		if !ok {
			s = &sheaf{key: key, counts: map[string]map[string]int64{}}
			byPanel[panel][key] = s
		}
		return s
	}
	for _, t := range c.data.Turnouts {
		s := get(t.Panel, sheafKey{t.Relation, t.Subject, t.Stratum, t.Period})
		s.turnout.Invalid += t.Invalid
		s.turnout.Superseded += t.Superseded
		s.turnout.Void += t.Void
		s.turnout.Valid += t.Valid
	}
	for _, n := range c.data.Counts {
		s := get(n.Panel, sheafKey{n.Relation, n.Subject, n.Stratum, n.Period})
		if p := c.prog.panels[n.Panel]; p != nil && n.Value != "" && (len(p.items) == 0 || slices.Contains(p.items, n.Item)) {
			if _, _, known := p.scale.value(n.Value); !known {
				c.fault(fileAnswers, 0, "answer_scale", "Panel", n.Panel, "Item", n.Item, "Got", n.Value, "ID", "")
				continue
			}
			s.add(n.Item, n.Value, n.N)
			items[n.Panel][n.Item] = true
		}
	}
	for _, name := range keys(byPanel) {
		p, ok := c.prog.panels[name]
		switch {
		case !ok:
			c.notice(fileAnswers, 0, "panel_ignored", "Panel", name, "Known", strings.Join(keys(c.prog.panels), ", "))
		case c.sheaves[name] != nil:
			c.fault(fileAnswers, 0, "panel_both", "Panel", name)
		case p.rows:
			c.fault(fileAnswers, 0, "panel_rows", "Panel", name)
		default:
			c.store(name, keys(items[name]), byPanel[name])
		}
	}
}
