package report

import (
	"io"
	"maps"
	"strings"

	"pingyi/scoring"
)

// cardDecimals is how exactly a scorecard shows numbers: enough to follow with
// a pocket calculator.
const cardDecimals = 6

// Card writes one subject's scorecard as a tree: every number, its rule, its
// inputs, what was dropped and why.
func Card(w io.Writer, card *scoring.Scorecard, words scoring.Words, lang string) error {
	c := &cardWriter{words: words, lang: lang, titles: map[string]string{}, glossary: card.Words}
	for _, t := range card.Row.Traces {
		c.collect(t)
	}
	row := card.Row
	name := titleOr(row.Name, row.Subject, lang)
	if name != row.Subject {
		name += " (" + row.Subject + ")"
	}
	c.put("", name+" · "+titleOr(card.Title, card.Scheme, lang))
	c.put("", words("scoring.card.total", map[string]any{"Total": figure(scoring.Figure{Value: row.Total, Hidden: row.TotalHidden}, cardDecimals), "Rank": place(row.Rank), "Grade": card.Words.In(row.Grade, lang)}))
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

func (c *cardWriter) collect(t *scoring.Trace) {
	if title := t.Title.In(c.lang); title != "" {
		c.titles[t.Part] = title
	}
	for _, in := range t.Inputs {
		c.collect(in)
	}
}

// tree writes a part, its steps, then the parts it is made of.
func (c *cardWriter) tree(t *scoring.Trace, indent string) {
	args := map[string]any{"Part": c.title(t.Part), "Value": figure(scoring.Figure{Value: t.Value, Hidden: t.Hidden}, cardDecimals), "Rule": c.words("scoring.rule."+t.Rule, nil)}
	key := "part"
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

func (c *cardWriter) title(path string) string {
	if t := c.titles[path]; t != "" {
		return t
	}
	return path
}

// line puts a step into words, with parts by their names.
func (c *cardWriter) line(l scoring.Line) string {
	args := maps.Clone(l.Args)
	if args == nil {
		args = map[string]any{}
	}
	if p, ok := args["Part"].(string); ok {
		args["Part"] = c.title(p)
	}
	for _, name := range []string{"Grade", "Award", "Consequence", "Label", "Word"} {
		if w, ok := args[name].(string); ok {
			args[name] = c.glossary.In(w, c.lang)
		}
	}
	return c.words(l.Code, args)
}
