package report

import (
	"cmp"
	"fmt"
	"io"
	"math/big"
	"slices"
	"strings"

	"pingyi/scoring"
)

// Comparison writes who moves by how much and why: a table of those who move,
// and under it the parts that make the difference.
func Comparison(w io.Writer, c *scoring.Comparison, words scoring.Words, lang string) error {
	say := func(key string) string { return words("scoring.compare."+key, nil) }
	var b strings.Builder
	b.WriteString(words("scoring.compare.head", map[string]any{"Before": c.Before, "After": c.After}) + "\n")
	rows := slices.DeleteFunc(slices.Clone(c.Rows), func(m scoring.Move) bool { return !m.Moved() })
	if len(rows) == 0 {
		b.WriteString(say("same") + "\n")
		_, err := io.WriteString(w, b.String())
		return err
	}
	slices.SortStableFunc(rows, func(x, y scoring.Move) int {
		return cmp.Or(cmp.Compare(x.Group, y.Group), cmp.Compare(last(x.NewRank), last(y.NewRank)), cmp.Compare(x.Subject, y.Subject))
	})
	lines := [][]string{{words("scoring.table.group", nil), words("scoring.table.subject", nil), say("total"), say("new_total"), say("change"),
		say("rank"), say("new_rank"), say("grade"), say("award")}}
	for _, m := range rows {
		lines = append(lines, []string{m.Group, titleOr(m.Name, m.Subject, lang), number(m.Total, c.Decimals), number(m.NewTotal, c.Decimals),
			difference(m.Total, m.NewTotal, c.Decimals), place(m.Rank), place(m.NewRank), arrow(c.Words.In(m.Grade, lang), c.Words.In(m.NewGrade, lang)),
			arrow(c.Words.All(m.Awards, lang), c.Words.All(m.NewAwards, lang))})
	}
	b.WriteByte('\n')
	writeGrid(&b, dropEmpty(lines))
	b.WriteString("\n" + say("why") + "\n")
	for _, m := range rows {
		fmt.Fprintf(&b, "  %s: %s\n", titleOr(m.Name, m.Subject, lang), reasons(m, c, words, lang))
	}
	if n := len(c.Rows) - len(rows); n > 0 {
		b.WriteString(words("scoring.compare.others", map[string]any{"Count": n}) + "\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func difference(was, is *big.Rat, decimals int) string {
	if was == nil || is == nil {
		return "–"
	}
	d := new(big.Rat).Sub(is, was)
	s := scoring.FormatNumber(d, decimals)
	if d.Sign() > 0 {
		s = "+" + s
	}
	return s
}

func arrow(was, is string) string {
	if was == is {
		return was
	}
	if was == "" {
		was = "–"
	}
	if is == "" {
		is = "–"
	}
	return was + " → " + is
}

// maxReasons keeps a line readable; the rest is in the two results.
const maxReasons = 6

// reasons are the parts that differ, then what it means in money and
// consequences; who differs in no part has moved because others did.
func reasons(m scoring.Move, c *scoring.Comparison, words scoring.Words, lang string) string {
	var out []string
	for _, x := range m.Why[:min(len(m.Why), maxReasons)] {
		out = append(out, titleOr(x.Title, x.Path, lang)+" "+number(x.Was, c.Decimals)+" → "+number(x.Is, c.Decimals))
	}
	if len(m.Why) == 0 && m.Total != nil && m.NewTotal != nil && m.Total.Cmp(m.NewTotal) == 0 {
		out = append(out, words("scoring.compare.others_moved", nil))
	}
	for _, x := range m.Payouts {
		out = append(out, titleOr(x.Title, x.Path, lang)+" "+scoring.FormatNumber(x.Was, 2)+" → "+scoring.FormatNumber(x.Is, 2))
	}
	if !slices.Equal(m.Consequences, m.NewConseq) {
		out = append(out, words("scoring.table.consequences", nil)+" "+arrow(c.Words.All(m.Consequences, lang), c.Words.All(m.NewConseq, lang)))
	}
	if len(out) == 0 {
		return "–"
	}
	return strings.Join(out, "; ")
}
