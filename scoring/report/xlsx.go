package report

import (
	"fmt"
	"io"
	"strings"

	"github.com/xuri/excelize/v2"

	"pingyi/scoring"
)

// XLSX writes a workbook: a sheet for each scored kind, in order of code, with
// every column of the result files. Numbers stay numbers and are shown with
// the decimals the scheme says; flags are in words.
func XLSX(w io.Writer, r *scoring.Result, words scoring.Words, lang string) error {
	book := excelize.NewFile()
	defer func() { _ = book.Close() }() // it holds nothing outside of memory
	b := &bookWriter{book: book, words: words, lang: lang}
	if err := b.styles(r.Decimals); err != nil {
		return fmt.Errorf("result workbook: %w", err)
	}
	for i, k := range r.Kinds {
		if err := b.sheet(i, k); err != nil {
			return fmt.Errorf("result workbook, %s: %w", k.Kind, err)
		}
	}
	if err := book.Write(w); err != nil {
		return fmt.Errorf("result workbook: %w", err)
	}
	return nil
}

type bookWriter struct {
	book                *excelize.File
	words               scoring.Words
	lang                string
	number, whole, head int // styles
}

func (b *bookWriter) styles(decimals int) error {
	format := "0"
	if decimals > 0 {
		format += "." + strings.Repeat("0", decimals)
	}
	var err error
	if b.number, err = b.book.NewStyle(&excelize.Style{CustomNumFmt: &format}); err != nil {
		return err
	}
	if b.whole, err = b.book.NewStyle(&excelize.Style{NumFmt: 1}); err != nil {
		return err
	}
	b.head, err = b.book.NewStyle(&excelize.Style{Font: &excelize.Font{Bold: true}, Alignment: &excelize.Alignment{WrapText: true}})
	return err
}

func (b *bookWriter) sheet(i int, k scoring.KindResult) error {
	name := sheetName(titleOr(k.Title, k.Kind, b.lang))
	if i == 0 {
		if err := b.book.SetSheetName("Sheet1", name); err != nil {
			return err
		}
	} else if _, err := b.book.NewSheet(name); err != nil {
		return err
	}
	stream, err := b.book.NewStreamWriter(name)
	if err != nil {
		return err
	}
	if err := stream.SetPanes(&excelize.Panes{Freeze: true, YSplit: 1, XSplit: 2, TopLeftCell: "C2", ActivePane: "bottomRight"}); err != nil {
		return err
	}
	if err := stream.SetRow("A1", b.header(k)); err != nil {
		return err
	}
	titles := pathTitles(k, b.lang)
	for n, row := range k.Rows {
		if err := stream.SetRow(fmt.Sprintf("A%d", n+2), b.row(row, titles, k.Words)); err != nil {
			return err
		}
	}
	return stream.Flush()
}

// sheetName keeps within what a spreadsheet allows: 31 characters, none of
// []:*?/\.
func sheetName(s string) string {
	r := []rune(strings.Map(func(c rune) rune {
		if strings.ContainsRune(`[]:*?/\'`, c) {
			return ' '
		}
		return c
	}, s))
	return string(r[:min(len(r), 31)])
}

func (b *bookWriter) header(k scoring.KindResult) []any {
	say := func(key string) string { return b.words("scoring.table."+key, nil) }
	names := []string{say("code"), say("subject"), say("group")}
	for _, c := range k.Columns {
		names = append(names, columnTitle(c, b.lang))
	}
	for _, c := range k.Payouts {
		names = append(names, columnTitle(c, b.lang))
	}
	names = append(names, say("total"), say("rank"), say("grade"), say("award"), say("consequences"), say("notes"))
	out := make([]any, len(names))
	for i, name := range names {
		out[i] = excelize.Cell{StyleID: b.head, Value: name}
	}
	return out
}

func (b *bookWriter) row(row scoring.Row, titles map[string]string, words scoring.Glossary) []any {
	out := []any{row.Subject, titleOr(row.Name, row.Subject, b.lang), row.Group}
	for _, f := range row.Figures {
		out = append(out, b.cell(titled(f, words, b.lang)))
	}
	for _, f := range row.Payouts {
		out = append(out, b.cell(f))
	}
	out = append(out, b.cell(scoring.Figure{Value: row.Total, Hidden: row.TotalHidden}))
	if row.Rank > 0 {
		out = append(out, row.Rank)
	} else {
		out = append(out, nil)
	}
	said := make([]string, len(row.Flags))
	for i, f := range row.Flags {
		said[i] = Flag(f, titles, b.words)
	}
	return append(out, words.In(row.Grade, b.lang), words.All(row.Awards, b.lang), words.All(row.Consequences, b.lang), strings.Join(said, b.words("scoring.table.and", nil)))
}

// cell keeps a number a number; spreadsheets hold it in binary, which is exact
// enough to show, not to compute with: the files are for that.
func (b *bookWriter) cell(f scoring.Figure) any {
	switch {
	case f.Hidden:
		return "*"
	case f.Value != nil:
		v, _ := f.Value.Float64()
		style := b.number
		if f.Whole {
			style = b.whole
		}
		return excelize.Cell{StyleID: style, Value: v}
	case len(f.Words) > 0:
		return strings.Join(f.Words, " ")
	}
	return nil
}
