// Package report shows results to people: tables and scorecards as text. It is
// pure; all words come from the printer it is given.
package report

import (
	"cmp"
	"fmt"
	"io"
	"math/big"
	"slices"
	"strconv"
	"strings"

	"github.com/mattn/go-runewidth"

	"pingyi/scoring"
)

// Table writes each scored kind as a table for people: by group and place, the
// parts at the top two levels of the tree, what followed, and under it what a
// reader must know about missing parts. lang chooses among multilingual names.
func Table(w io.Writer, r *scoring.Result, words scoring.Words, lang string) error {
	var b strings.Builder
	head := r.Title.In(lang)
	if head == "" {
		head = r.Scheme
	}
	if r.Period != "" {
		head += " · " + r.Period
	}
	b.WriteString(head + "\n")
	for _, k := range r.Kinds {
		b.WriteByte('\n')
		if len(r.Kinds) > 1 {
			b.WriteString(titleOr(k.Title, k.Kind, lang) + "\n")
		}
		writeKind(&b, r, k, words, lang)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func titleOr(t scoring.Text, fallback, lang string) string {
	if s := t.In(lang); s != "" {
		return s
	}
	return fallback
}

func writeKind(b *strings.Builder, r *scoring.Result, k scoring.KindResult, words scoring.Words, lang string) {
	shown := shownColumns(k)
	rows := slices.SortedFunc(slices.Values(k.Rows), func(x, y scoring.Row) int {
		return cmp.Or(cmp.Compare(x.Group, y.Group), cmp.Compare(last(x.Order), last(y.Order)), cmp.Compare(x.Subject, y.Subject))
	})
	say := func(key string) string { return words("scoring.table."+key, nil) }
	header := []string{say("group"), say("rank"), say("subject")}
	for _, i := range shown {
		header = append(header, columnTitle(k.Columns[i], lang))
	}
	for _, c := range k.Payouts {
		if c.Aspect == "cents" { // what is paid: whole cents
			header = append(header, titleOr(c.Title, c.Path, lang))
		}
	}
	header = append(header, say("total"), say("grade"), say("award"), say("consequences"))
	lines := [][]string{header}
	for _, row := range rows {
		line := []string{row.Group, place(row.Rank), titleOr(row.Name, row.Subject, lang)}
		for _, i := range shown {
			line = append(line, figure(titled(row.Figures[i], k.Words, lang), r.Decimals))
		}
		for i, p := range row.Payouts {
			if k.Payouts[i].Aspect == "cents" {
				line = append(line, number(new(big.Rat).Quo(p.Value, big.NewRat(100, 1)), 2))
			}
		}
		lines = append(lines, append(line, figure(scoring.Figure{Value: row.Total, Hidden: row.TotalHidden}, r.Decimals), k.Words.In(row.Grade, lang),
			k.Words.All(row.Awards, lang), k.Words.All(row.Consequences, lang)))
	}
	writeGrid(b, dropEmpty(lines))
	if slices.ContainsFunc(lines, func(line []string) bool { return slices.Contains(line, "*") }) {
		b.WriteString("* " + words("scoring.table.hidden", nil) + "\n")
	}
	writeFlags(b, rows, pathTitles(k, lang), words, lang)
}

// titled gives the words of a figure their titles.
func titled(f scoring.Figure, words scoring.Glossary, lang string) scoring.Figure {
	if len(f.Words) > 0 {
		f.Words = []string{words.All(f.Words, lang)}
	}
	return f
}

// last sorts those without a place behind all others.
func last(order int) int {
	if order == 0 {
		return int(^uint(0) >> 1)
	}
	return order
}

// shownColumns are the parts at the top of the tree, those the total is made
// of, and the ranks and labels asked for; the rest is in the files and on the
// scorecard.
func shownColumns(k scoring.KindResult) []int {
	var out []int
	for i, c := range k.Columns {
		near := c.Depth == 0 && c.Path != k.Total || c.Depth == 1 && strings.HasPrefix(c.Path, k.Total+".")
		if near && (c.Aspect == "" || c.Aspect == "rank" || c.Aspect == "grade") {
			out = append(out, i)
		}
	}
	return out
}

func columnTitle(c scoring.Column, lang string) string {
	s := titleOr(c.Title, c.Path, lang)
	if c.Aspect != "" {
		s += " " + c.Aspect
	}
	return s
}

func place(rank int) string {
	if rank == 0 {
		return "–"
	}
	return strconv.Itoa(rank)
}

func figure(f scoring.Figure, decimals int) string {
	switch {
	case f.Hidden:
		return "*"
	case f.Value != nil && f.Whole:
		return scoring.FormatNumber(f.Value, 0)
	case f.Value != nil:
		return scoring.FormatNumber(f.Value, decimals)
	case len(f.Words) > 0:
		return strings.Join(f.Words, " ")
	case f.State == scoring.NotApplicable:
		return ""
	}
	return "–"
}

// number shows a figure of a scorecard.
func number(r *big.Rat, decimals int) string {
	if r == nil {
		return "–"
	}
	return scoring.FormatNumber(r, decimals)
}

// dropEmpty leaves out columns that hold nothing for anybody.
func dropEmpty(lines [][]string) [][]string {
	out := make([][]string, len(lines))
	for col := range lines[0] {
		filled := false
		for _, line := range lines[1:] {
			filled = filled || line[col] != ""
		}
		if !filled {
			continue
		}
		for i, line := range lines {
			out[i] = append(out[i], line[col])
		}
	}
	return out
}

// writeGrid aligns by display width: Chinese letters are two wide. Numbers
// stand to the right.
func writeGrid(b *strings.Builder, lines [][]string) {
	if len(lines) == 0 || len(lines[0]) == 0 {
		return
	}
	widths := make([]int, len(lines[0]))
	right := make([]bool, len(lines[0]))
	for col := range widths {
		right[col] = true
		for i, line := range lines {
			widths[col] = max(widths[col], runewidth.StringWidth(line[col]))
			if i > 0 && !numeric(line[col]) {
				right[col] = false
			}
		}
	}
	for i, line := range lines {
		var text strings.Builder
		for col, s := range line {
			pad := strings.Repeat(" ", widths[col]-runewidth.StringWidth(s))
			if right[col] {
				s = pad + s
			} else {
				s += pad
			}
			if col > 0 {
				text.WriteString("  ")
			}
			text.WriteString(s)
		}
		b.WriteString(strings.TrimRight(text.String(), " ") + "\n")
		if i == 0 {
			total := 2 * (len(widths) - 1)
			for _, w := range widths {
				total += w
			}
			b.WriteString(strings.Repeat("─", total) + "\n")
		}
	}
}

func numeric(s string) bool {
	_, ok := scoring.ParseNumber(s)
	return ok || s == "" || s == "–" || s == "*"
}

func pathTitles(k scoring.KindResult, lang string) map[string]string {
	out := map[string]string{}
	for _, c := range k.Columns {
		out[c.Path] = titleOr(c.Title, c.Path, lang)
	}
	return out
}

// writeFlags says under the table what dropped out, was put in, or is missing.
func writeFlags(b *strings.Builder, rows []scoring.Row, titles map[string]string, words scoring.Words, lang string) {
	first := true
	for _, row := range rows {
		if len(row.Flags) == 0 {
			continue
		}
		if first {
			b.WriteString("\n" + words("scoring.table.flags", nil) + "\n")
			first = false
		}
		said := make([]string, len(row.Flags))
		for i, f := range row.Flags {
			said[i] = Flag(f, titles, words)
		}
		fmt.Fprintf(b, "  %s: %s\n", titleOr(row.Name, row.Subject, lang), strings.Join(slices.Compact(said), words("scoring.table.and", nil)))
	}
}

// Flag puts a flag into words; titles gives parts their names.
func Flag(f scoring.Flag, titles map[string]string, words scoring.Words) string {
	part := f.Part
	if t := titles[f.Part]; t != "" {
		part = t
	}
	if f.Scope != "" {
		part += " (" + f.Scope + ")"
	}
	return words("scoring.flag."+f.Code, map[string]any{"Part": part})
}
