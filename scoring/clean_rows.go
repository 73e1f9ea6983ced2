package scoring

import (
	"encoding/binary"
	"math/big"
	"slices"
	"strings"
)

// cleaner cleans the responses, in this order: only valid ones; one per
// respondent; void below the share of items that must be answered. It goes
// over them once, and once more over those that have rivals.
type cleaner struct {
	*computation
	b         *Ballots
	heads     []standing
	panels    map[string]*cleaning
	strange   map[string]*leftOut // panels the scheme does not have
	elsewhere leftOut             // of another run
	rivals    spool               // responses by who gave them, where one of theirs counts
	key       []byte
}

// standing is what holds for all responses of a head.
type standing struct {
	group   *group // nil: left out
	contest uint32 // where one response of a respondent counts
	invalid bool
	count   int64
}

// leftOut are responses of another run, or of a panel the scheme does not have.
type leftOut struct {
	responses int
	line      int // of the first
}

// cleaning is one panel at work.
type cleaning struct {
	*panel
	counts []bool  // by item
	seen   []bool  // by item
	worth  []worth // by pair
	needed int64   // how many items must be answered
	groups map[sheafKey]*group
	said   map[string]*[]Answer // what sheets say, by their pairs
}

// worth is what an answer is worth on a panel's scale.
type worth int8

const (
	unjudged worth = iota
	offScale
	ignored // its item does not count, or it is empty
	unknown // 不了解: shown, but no answer
	answered
)

// group is a sheaf in the making.
type group struct {
	panel   *cleaning
	turnout Turnout
	counts  map[uint32]int64 // by pair
	sheets  []*sheet
	alike   map[sheet]*sheet // those that name nobody
}

func (c *cleaner) run() {
	c.sort()
	c.judge()
	c.tell()
	c.sift()
	c.choose()
	for _, p := range c.panels {
		c.finish(p)
	}
}

// unreadable reports that responses could not be read back.
func (c *cleaner) unreadable(err error) {
	if err != nil {
		c.fault(fileAnswers, 0, "unreadable", "Problem", err.Error())
	}
}

// sort finds out what holds for each head, and notices what is left out.
func (c *cleaner) sort() {
	c.panels, c.heads = map[string]*cleaning{}, make([]standing, len(c.b.heads))
	c.strange = map[string]*leftOut{}
	var contests []head
	var contestOf map[head]uint32
	for i, h := range c.b.heads {
		name := c.b.text(h.panel)
		switch {
		case c.outside(c.b.text(h.period)):
			c.elsewhere.add(c.b.gists[i])
		case c.prog.panels[name] == nil:
			if c.strange[name] == nil {
				c.strange[name] = &leftOut{}
			}
			c.strange[name].add(c.b.gists[i])
		default:
			status := c.b.text(h.status)
			contest := head{panel: h.panel, subject: h.subject, period: h.period, relation: h.relation}
			c.heads[i] = standing{group: c.panel(name).group(c.b, h), contest: number(&contests, &contestOf, contest),
				invalid: status != "" && status != statusValid, count: h.count}
		}
	}
	if c.elsewhere.responses > 0 {
		c.notice(fileAnswers, "rows_outside", "Count", c.elsewhere.responses, "Period", c.computation.run.String())
	}
}

func (l *leftOut) add(g *gist) {
	if l.responses == 0 || int(g.line) < l.line {
		l.line = int(g.line)
	}
	l.responses += g.responses
}

// panel finds or begins the work on a panel.
func (c *cleaner) panel(name string) *cleaning {
	p := c.panels[name]
	if p == nil {
		p = &cleaning{panel: c.prog.panels[name], counts: make([]bool, len(c.b.items)), seen: make([]bool, len(c.b.items)),
			worth: make([]worth, len(c.b.pairs)), groups: map[sheafKey]*group{}, said: map[string]*[]Answer{}}
		for i, item := range c.b.items {
			p.counts[i] = len(p.items) == 0 || slices.Contains(p.items, c.b.text(item))
		}
		c.panels[name] = p
	}
	return p
}

func (p *cleaning) group(b *Ballots, h head) *group {
	key := sheafKey{b.text(h.relation), b.text(h.subject), b.text(h.stratum), b.text(h.period)}
	if p.groups[key] == nil {
		p.groups[key] = &group{panel: p, counts: map[uint32]int64{}, alike: map[sheet]*sheet{}}
	}
	return p.groups[key]
}

// judge settles what each answer is worth.
func (c *cleaner) judge() {
	off := false
	for i, at := range c.heads {
		if at.group == nil {
			continue
		}
		for a, given := range c.b.gists[i].said.pairs {
			if p := at.group.panel; given && p.worth[a] == unjudged {
				p.judge(c.b, uint32(a))
				off = off || p.worth[a] == offScale
			}
		}
	}
	if off {
		c.offScale()
	}
}

// offScale reports the answers that are not on the scale of their panel.
func (c *cleaner) offScale() {
	found := firstFaults{file: fileAnswers, room: maxFaultsPerFile}
	c.unreadable(c.b.each(func(r *record) {
		g := c.heads[r.head].group
		if g == nil {
			return
		}
		for _, a := range r.pairs {
			if g.panel.worth[a] == offScale {
				item, value := c.b.answer(a)
				found.add(int(r.line), "answer_scale", map[string]any{"Panel": g.panel.code, "Item": item, "Got": value, "ID": string(r.id)})
			}
		}
	}))
	c.faults = append(c.faults, found.all()...)
}

// tell notices what counts nowhere, panel by panel.
func (c *cleaner) tell() {
	names := append(keys(c.panels), keys(c.strange)...)
	slices.Sort(names)
	for _, name := range names {
		if left := c.strange[name]; left != nil {
			c.panelIgnored(name, left.line, left.responses)
			continue
		}
		c.tellItems(c.panels[name])
	}
}

func (p *cleaning) judge(b *Ballots, a uint32) {
	at := b.pairs[a]
	p.seen[at.item] = true
	_, counted, known := p.scale.value(b.text(at.value))
	switch {
	case !p.counts[at.item] || at.value == 0:
		p.worth[a] = ignored
	case !known:
		p.worth[a] = offScale
	case counted:
		p.worth[a] = answered
	default:
		p.worth[a] = unknown
	}
}

// tellItems counts a panel's items and notices those that only the scheme has,
// or only the data: most likely one of them misspells them.
func (c *cleaner) tellItems(p *cleaning) {
	var seen, absent, other []string
	for i, item := range c.b.items {
		if !p.seen[i] {
			continue
		}
		seen = append(seen, c.b.text(item))
		if !p.counts[i] {
			other = append(other, c.b.text(item))
		}
	}
	for _, item := range p.items {
		if !slices.Contains(seen, item) {
			absent = append(absent, item)
		}
	}
	asked := len(p.items)
	if asked == 0 {
		asked = len(seen)
	}
	need := new(big.Rat).Mul(p.answered, rat(int64(asked)))
	p.needed = max(1, new(big.Int).Neg(floorOf(need.Neg(need))).Int64()) // rounded up
	if len(absent) > 0 {
		c.schemeNotice(p.at, "items_absent", absent[0], other, "Panel", p.code, "Items", strings.Join(absent, ", "))
	}
	if len(other) > 0 {
		slices.Sort(other)
		args := []any{"Panel", p.code, "Items", strings.Join(other, ", ")}
		c.notice(fileAnswers, "items_ignored", meaning(args, other[0], p.items)...)
	}
}

// settle counts a response, or leaves it void.
func (c *cleaner) settle(r *record) {
	h := &c.heads[r.head]
	g, answers := h.group, int64(0)
	for _, a := range r.pairs {
		if g.panel.worth[a] == answered {
			answers++
		}
	}
	if answers < g.panel.needed {
		g.turnout.Void += h.count
		return
	}
	g.turnout.Valid += h.count
	for _, a := range r.pairs {
		if g.panel.worth[a] >= unknown {
			g.counts[a] += h.count
		}
	}
	if g.panel.rows {
		c.keep(g, r, h.count)
	}
}

// keep keeps a response as a sheet: many that say the same as one, unless a
// rule must tell whose each is.
func (c *cleaner) keep(g *group, r *record, count int64) {
	s := sheet{count: count, answers: c.said(g.panel, r.pairs)}
	if g.panel.named && len(r.respondent) > 0 {
		s.respondent, s.times = string(r.respondent), 1
		g.sheets = append(g.sheets, &s)
		return
	}
	if g.alike[s] == nil {
		g.alike[s] = &sheet{count: s.count, answers: s.answers}
		g.sheets = append(g.sheets, g.alike[s])
	}
	g.alike[s].times++
}

// said is what a response says, kept once for all that say the same.
func (c *cleaner) said(p *cleaning, given []uint32) *[]Answer {
	var pairs []uint32
	for _, a := range given {
		if p.worth[a] >= unknown {
			pairs = append(pairs, a)
		}
	}
	slices.Sort(pairs)
	key := make([]byte, 0, 64)
	for _, a := range pairs {
		key = binary.LittleEndian.AppendUint32(key, a)
	}
	if p.said[string(key)] == nil {
		answers := make([]Answer, len(pairs))
		for i, a := range pairs {
			answers[i].Item, answers[i].Value = c.b.answer(a)
		}
		slices.SortFunc(answers, func(x, y Answer) int { return strings.Compare(x.Item, y.Item) })
		p.said[string(key)] = &answers
	}
	return p.said[string(key)]
}

// finish puts numbers back into text and files the groups.
func (c *cleaner) finish(p *cleaning) {
	sheaves := map[sheafKey]*sheaf{}
	for key, g := range p.groups {
		s := &sheaf{key: key, turnout: g.turnout, counts: map[string]map[string]int64{}, sheets: g.sheets}
		for a, n := range g.counts {
			item, value := c.b.answer(a)
			s.add(item, value, n)
		}
		sheaves[key] = s
	}
	var items []string
	for i, item := range c.b.items {
		if p.counts[i] && (p.seen[i] || len(p.items) > 0) {
			items = append(items, c.b.text(item))
		}
	}
	slices.Sort(items)
	c.store(p.code, items, sheaves)
}
