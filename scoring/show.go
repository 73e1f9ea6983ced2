package scoring

import (
	"fmt"
	"math/big"
	"strings"

	"github.com/mattn/go-runewidth"
)

// Show writes the scheme as a person reads it: its parameters, the tree with
// weights, and what follows from the total. lang chooses among its texts.
func (s *Scheme) Show(words Words, lang string) string {
	prog, _ := s.bind(s.defaults())
	o := &outline{words: words, lang: lang}
	o.put(0, titleFor(s.Title, s.Code, lang)+"  ("+s.Code+" "+s.Version+")")
	if note := s.Note.In(lang); note != "" {
		o.put(0, note)
	}
	if len(s.params) > 0 {
		o.head("params")
	}
	for _, p := range s.params {
		line := p.Name + " = " + p.Value
		if t := p.Title.In(lang); t != "" {
			line += "  " + t
		}
		if len(p.Choices) > 0 {
			line += "  [" + strings.Join(p.Choices, " | ") + "]"
		}
		o.put(1, line)
	}
	if len(prog.panels) > 0 {
		o.head("panels")
	}
	for _, code := range keys(prog.panels) {
		p := prog.panels[code]
		o.put(1, o.say("panel", "Panel", titleFor(p.title, code, lang), "Code", code, "Items", strings.Join(p.items, ", "), "Min", p.min)+
			o.once(p))
	}
	if len(prog.codes) > 0 {
		o.head("indicators")
	}
	for _, d := range prog.codes {
		if title := d.title.In(lang); title != "" {
			o.put(1, o.say("declared", "Title", title, "Code", d.code))
		} else {
			o.put(1, d.code)
		}
	}
	if len(prog.entries) > 0 {
		o.head("ledger_kinds")
		o.ledgerKinds(prog.entries)
	}
	for _, k := range prog.kinds {
		o.kind(k)
	}
	return o.b.String()
}

// once says which of a respondent's responses counts.
func (o *outline) once(p *panel) string {
	if p.once == "none" {
		return o.say("once_none")
	}
	return o.say("once_"+p.once) + o.say("keep_"+p.keep)
}

func titleFor(t Text, code, lang string) string {
	if s := t.In(lang); s != "" {
		return s
	}
	return code
}

type outline struct {
	b        strings.Builder
	words    Words
	lang     string
	glossary Glossary // of the kind being shown
}

func (o *outline) say(key string, args ...any) string {
	m := map[string]any{}
	for i := 0; i+1 < len(args); i += 2 {
		if r, ok := args[i+1].(*big.Rat); ok {
			m[args[i].(string)] = ratText(r)
			continue
		}
		m[args[i].(string)] = args[i+1]
	}
	return o.words("scoring.show."+key, m)
}

func (o *outline) head(key string) { o.b.WriteString("\n" + o.say(key) + "\n") }

func (o *outline) put(depth int, text string) {
	o.b.WriteString(strings.TrimRight(strings.Repeat("  ", depth)+text, " ") + "\n")
}

func (o *outline) kind(k *kind) {
	o.b.WriteString("\n" + o.say("kind", "Kind", titleFor(k.title, k.code, o.lang), "Code", k.code) + "\n")
	o.glossary = k.glossary()
	for _, p := range k.parts {
		o.part(p, 1)
	}
	if k.total == nil {
		return
	}
	o.put(1, o.say("total", "Part", titleFor(k.total.title, k.total.path, o.lang)))
	if !k.rank.none {
		o.put(1, o.rank("rank", k.rank, k))
	}
	if k.veto != nil {
		key := "veto"
		if k.veto.prize {
			key = "veto_prize"
		}
		o.put(1, o.say(key, "When", o.condition(k.veto.when), "Grade", o.glossary.In(k.veto.grade, o.lang)))
	}
	o.places("grades", k.grades)
	o.places("awards", k.awards)
	if len(k.payouts) > 0 {
		o.put(1, o.say("payouts"))
	}
	for _, r := range k.payouts {
		o.put(2, o.payout(r))
	}
	if len(k.outcomes) > 0 {
		o.put(1, o.say("consequences"))
	}
	for _, x := range k.outcomes {
		o.put(2, o.say("when", "Word", titleFor(x.title, x.word, o.lang), "When", o.condition(x.when)))
	}
}

// condition is a condition or formula with titles for names.
func (o *outline) condition(c *condition) string {
	if c == nil || c.expr == nil {
		return "–"
	}
	titles := map[string]string{}
	for _, p := range c.parts() {
		titles[p.path] = titleFor(p.title, p.path, o.lang)
	}
	return Named(c.written(), func(path string) string { return titles[path] }, o.glossary, o.words, o.lang)
}

// part writes a line of the tree: weight, name, rule, bounds.
func (o *outline) part(p *part, depth int) {
	weight := ""
	if p.weight != nil && p.weight.fixed != nil {
		weight = plain(p.weight.fixed)
	} else if p.weight != nil {
		weight = weightRow(p.weight)
	}
	name := titleFor(p.title, lastOf(p.path), o.lang)
	line := name + strings.Repeat(" ", max(1, 30-2*depth-runewidth.StringWidth(name))) + fmt.Sprintf("%8s  ", weight) + o.rule(p)
	line += o.steps(p.steps)
	if p.full != nil {
		line += o.say("full", "Value", p.full)
	}
	line += o.bounds("floor", p.floor) + o.bounds("cap", p.cap)
	if p.round >= 0 {
		line += o.say("round", "Decimals", p.round)
	}
	if p.periods != nil {
		names := strings.Join(p.periods.names, ", ")
		if names == "" {
			names = o.say("all")
		}
		line += o.say("periods", "Names", names, "How", o.words("scoring.rule."+p.periods.combine, nil))
	}
	if p.each != nil {
		line += o.say("each_"+p.each.column, "How", o.words("scoring.rule."+p.each.combine, nil))
	}
	line += o.when(p.when)
	for _, s := range p.missing {
		line += o.say("missing_"+s.how, "Value", s.value, "Over", s.over)
	}
	o.put(depth, line)
	for _, c := range p.children {
		o.part(c, depth+1)
	}
}

func weightRow(w *weight) string {
	if w.by == "" {
		return ratText(w.table.rows[""][w.column])
	}
	var out []string
	for _, row := range keys(w.table.rows) {
		out = append(out, ratText(w.table.rows[row][w.column]))
	}
	return strings.Join(out, "/")
}

func (o *outline) rank(key string, r *rankRule, k *kind) string {
	by := k.total
	if r.by != nil {
		by = r.by
	}
	var chain []string
	for _, p := range r.chain {
		chain = append(chain, titleFor(p.title, p.path, o.lang))
	}
	return o.say(key, "Part", titleFor(by.title, by.path, o.lang), "Within", strings.TrimPrefix(r.within, scopeSame),
		"Ties", o.say("ties_"+r.ties), "Chain", strings.Join(chain, ", "))
}

func (o *outline) places(key string, rules []*placeRule) {
	if len(rules) > 0 {
		o.put(1, o.say(key))
	}
	for _, r := range rules {
		line := titleFor(r.title, r.word, o.lang)
		switch {
		case r.share != nil:
			line += o.say("share", "Share", plain(new(big.Rat).Mul(r.share, rat(100))), "Least", r.atLeast)
		case r.last > 0 && r.first == r.last:
			line += o.say("place", "Place", r.first)
		case r.last > 0:
			line += o.say("places", "First", r.first, "Last", r.last)
		}
		if r.threshold != nil {
			word := "from"
			if r.strict {
				word = "above"
			}
			line += o.say(word, "Value", r.threshold)
			if r.on != nil || r.decimals >= 0 {
				on := ""
				if r.on != nil {
					on = titleFor(r.on.title, r.on.path, o.lang)
				}
				line += o.say("on", "Part", on, "Decimals", r.decimals)
			}
		}
		line += o.when(r.when)
		if r.byPlace() {
			line += o.say("border_" + r.ties)
			if !r.vacant {
				line += o.say("filled")
			}
		}
		o.put(2, line)
	}
}
