package report

import (
	"io"
	"maps"
	"math/big"
	"strconv"
	"strings"

	"pingyi/scoring"
)

// Card writes one subject's scorecard as a tree: every number, its rule, its
// inputs, what was dropped and why. A number with fewer than six decimals is
// exact.
func Card(w io.Writer, card *scoring.Scorecard, words scoring.Words, lang string) error {
	c := &cardWriter{words: words, lang: lang, titles: titlesOf(card.Row.Traces, lang), glossary: card.Words}
	row := card.Row
	name := titleOr(row.Name, row.Subject, lang)
	if name != row.Subject {
		name += " (" + row.Subject + ")"
	}
	c.put("", name+" · "+titleOr(card.Title, card.Scheme, lang))
	if card.Scored {
		rank := ""
		if row.Rank > 0 {
			rank = strconv.Itoa(row.Rank)
		}
		c.put("", words("scoring.card.place", map[string]any{"Total": c.number(row.Total, row.TotalHidden), "Rank": rank, "Grade": card.Words.In(row.Grade, lang)}))
	}
	for _, t := range row.Traces {
		c.put("", "")
		c.tree(t, "")
	}
	if len(row.Notes) > 0 {
		c.put("", "")
		c.put("", words("scoring.card.follows", nil))
		for _, l := range row.Notes {
			c.put("  ", c.line(l))
		}
	}
	if len(row.Flags) > 0 {
		c.put("", "")
		c.put("", words("scoring.table.flags", nil))
		for _, f := range row.Flags {
			c.put("  ", Flag(f, c.titles, words))
		}
	}
	_, err := io.WriteString(w, c.b.String())
	return err
}

// titlesOf gives each part of a tree its title; where several have the same,
// that of the part they belong to goes before it.
func titlesOf(traces []*scoring.Trace, lang string) map[string]string {
	titles, parts := map[string]string{}, map[string]map[string]bool{}
	var walk func(list []*scoring.Trace)
	walk = func(list []*scoring.Trace) {
		for _, t := range list {
			if title := t.Title.In(lang); title != "" {
				titles[t.Part] = title
				if parts[title] == nil {
					parts[title] = map[string]bool{}
				}
				parts[title][t.Part] = true
			}
			walk(t.Inputs)
		}
	}
	walk(traces)
	out := maps.Clone(titles)
	for path, title := range titles {
		if up := strings.LastIndexByte(path, '.'); len(parts[title]) > 1 && up > 0 && titles[path[:up]] != "" {
			out[path] = titles[path[:up]] + " / " + title
		}
	}
	return out
}

type cardWriter struct {
	b        strings.Builder
	words    scoring.Words
	lang     string
	titles   map[string]string
	glossary scoring.Glossary
}

func (c *cardWriter) put(indent, text string) {
	c.b.WriteString(strings.TrimRight(indent+text, " ") + "\n")
}

// tree writes a part, its steps, then the parts it is made of.
func (c *cardWriter) tree(t *scoring.Trace, indent string) {
	rule := c.words("scoring.rule."+t.Rule, nil)
	if t.Over != "" {
		rule += " → " + c.words("scoring.rule."+t.Over, nil)
	}
	args := map[string]any{"Part": c.title(t.Part), "Value": c.number(t.Value, t.Hidden), "Rule": rule}
	key := "part"
	if len(t.Words) > 0 {
		args["Value"] = c.glossary.All(t.Words, c.lang)
	}
	if t.Scope != "" {
		args["Part"] = c.title(t.Part) + " (" + t.Scope + ")"
	}
	if t.Weight != nil {
		key, args["Weight"] = "part_weighted", scoring.FormatBrief(t.Weight)
	}
	if t.State == scoring.NotApplicable {
		key = "part_not"
	}
	c.put(indent, c.words("scoring.card."+key, args))
	for _, l := range t.Lines {
		c.put(indent+"    ", c.line(l))
	}
	for _, in := range t.Inputs {
		c.tree(in, indent+"    ")
	}
}

// number writes a figure as the steps of the card do.
func (c *cardWriter) number(v *big.Rat, hidden bool) string {
	if v == nil || hidden {
		return figure(scoring.Figure{Hidden: hidden}, 0)
	}
	return scoring.FormatBrief(v)
}

// title is a part's own title, or that of a part taken from another kind.
func (c *cardWriter) title(path string) string {
	if t := c.titles[path]; t != "" {
		return t
	}
	return c.glossary.In(path, c.lang)
}

// line puts a step into words: parts, outcomes and scopes by their names.
func (c *cardWriter) line(l scoring.Line) string {
	args := maps.Clone(l.Args)
	if args == nil {
		args = map[string]any{}
	}
	for name, value := range args {
		text, ok := value.(string)
		if !ok {
			continue
		}
		switch name {
		case "Part", "By", "On", "From":
			args[name] = c.title(text)
		case "Grade", "Award", "Consequence", "Label", "Word", "Payout", "Kind":
			args[name] = c.glossary.In(text, c.lang)
		case "Of", "Within", "Over":
			args[name] = c.scope(text)
		case "When", "Numbers", "Formula", "Level":
			args[name] = c.names(text)
		}
	}
	if how, ok := args["How"].(string); ok && l.Code == "scoring.trace.take_many" {
		args["How"] = c.words("scoring.rule."+how, nil)
	}
	return c.words(l.Code, args)
}

// scope names whose figures a step is about.
func (c *cardWriter) scope(name string) string {
	switch name {
	case "kind", "group", "parent", "children":
		return c.words("scoring.scope."+name, nil)
	}
	return strings.TrimPrefix(name, "same:")
}

// names puts titles into a condition or formula.
func (c *cardWriter) names(text string) string {
	return scoring.Named(text, c.title, c.glossary, c.words, c.lang)
}
