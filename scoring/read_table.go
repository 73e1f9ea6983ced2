package scoring

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"time"
)

// maxFaultsPerFile keeps a file of the wrong kind from drowning the report.
const maxFaultsPerFile = 100

// column is a column a file may have. An open column stands for any further
// ones; prefix columns take a language after a colon (name:en).
type column struct {
	name     string
	required bool
}

func must(name string) column { return column{name, true} }
func may(name string) column  { return column{name, false} }

// anyColumn allows further columns.
func anyColumn() column { return column{} }

// table walks over the rows of one CSV file.
type table struct {
	r      *folderReader
	file   string
	lines  *lines // nil where the file cannot be read
	header []string
	index  map[string]int
	rows   int // read, faulty ones too
	faults int
}

// openTable decodes the file and checks its header; a table that cannot be
// read has no rows.
func openTable(r *folderReader, file string, src io.ReadSeeker, columns []column) *table {
	t := &table{r: r, file: file, index: map[string]int{}}
	text, encoding, err := readText(src)
	var bad *textError
	switch {
	case errors.As(err, &bad):
		r.fault(file, bad.line, 0, bad.code, nil)
		return t
	case errors.Is(err, errBlank):
		r.fault(file, 0, 0, "scoring.fault.file_empty", map[string]any{"Columns": requiredNames(columns)})
		return t
	case err != nil:
		r.fault(file, 0, 0, "scoring.fault.unreadable", map[string]any{"Problem": err.Error()})
		return t
	case encoding != "":
		r.notices = append(r.notices, Notice{File: file, Code: "scoring.notice.encoding",
			Args: map[string]any{"Encoding": encoding}})
	}
	t.lines = newLines(text)
	if err := t.lines.next(); err != nil {
		t.notCSV(err)
		t.lines = nil
		return t
	}
	if sign := separator(t.lines.fields); sign != "" {
		r.fault(file, 1, 0, "scoring.fault.separator", map[string]any{"Sign": sign})
		t.lines = nil
		return t
	}
	for _, name := range t.lines.fields {
		t.header = append(t.header, string(bytes.TrimSpace(name)))
	}
	if !t.checkHeader(columns) {
		t.lines = nil // without them every row would be faulty
	}
	return t
}

// separator is what stands between the columns of a file that has no commas.
func separator(header [][]byte) string {
	if len(header) != 1 {
		return ""
	}
	for _, sign := range []string{";", "\t", "，", "|"} {
		if bytes.Contains(header[0], []byte(sign)) {
			return strings.ReplaceAll(sign, "\t", "Tab")
		}
	}
	return ""
}

// notCSV reports a line that cannot be taken apart, at the line it begins in.
func (t *table) notCSV(err error) {
	var at *csv.ParseError
	switch errors.As(err, &at); {
	case at != nil && errors.Is(err, csv.ErrBareQuote):
		t.report(at.Line, at.Column, "scoring.fault.csv_quote", nil)
	case at != nil:
		t.report(at.StartLine, 0, "scoring.fault.csv_open", nil)
	default:
		t.report(0, 0, "scoring.fault.unreadable", map[string]any{"Problem": err.Error()})
		t.lines = nil // nothing more can be read
	}
}

func requiredNames(columns []column) string {
	var names []string
	for _, c := range columns {
		if c.required {
			names = append(names, c.name)
		}
	}
	return strings.Join(names, ",")
}

// checkHeader reports columns that are unknown, double or missing, and tells
// whether those that must be there are.
func (t *table) checkHeader(columns []column) bool {
	var names []string
	open := false
	for _, c := range columns {
		if c.name == "" {
			open = true
			continue
		}
		names = append(names, c.name)
	}
	for i, name := range t.header {
		_, column := t.lines.place(i)
		base, _, _ := strings.Cut(name, ":")
		_, again := t.index[name]
		switch {
		case again:
			t.r.fault(t.file, 1, column, "scoring.fault.column_twice", map[string]any{"Column": name})
			continue
		case name == "" || !open && !slices.Contains(names, name) && (base == name || !slices.Contains(names, base+":")):
			args := map[string]any{"Column": name, "Known": strings.Join(names, ",")}
			if near := nearest(name, names); near != "" {
				args["Near"] = near
			}
			t.r.fault(t.file, 1, column, "scoring.fault.column_unknown", args)
			continue
		}
		t.index[name] = i
	}
	complete := true
	for _, c := range columns {
		if _, ok := t.index[c.name]; c.required && !ok {
			t.r.fault(t.file, 1, 0, "scoring.fault.column_missing", map[string]any{"Column": c.name})
			complete = false
		}
	}
	return complete
}

// next moves to the next row that has the header's number of fields.
func (t *table) next() bool {
	for t.lines != nil && t.faults <= maxFaultsPerFile {
		err := t.lines.next()
		if errors.Is(err, io.EOF) {
			t.tellEmpty()
			return false
		}
		t.rows++
		if err != nil {
			t.notCSV(err)
			continue
		}
		if got := len(t.lines.fields); got != len(t.header) {
			t.report(t.line(), 0, "scoring.fault.row_length", map[string]any{"Got": got, "Want": len(t.header)})
			continue
		}
		return true
	}
	if t.faults > maxFaultsPerFile {
		t.r.fault(t.file, 0, 0, "scoring.fault.more", nil)
	}
	return false
}

// tellEmpty notices a file that holds column names and nothing else: its rows
// may have been lost. Without subjects there is nothing to score at all.
func (t *table) tellEmpty() {
	switch {
	case t.rows > 0:
	case t.file == fileSubjects:
		t.r.fault(t.file, 1, 0, "scoring.fault.no_rows", nil)
	default:
		t.r.notices = append(t.r.notices, Notice{File: t.file, Line: 1, Code: "scoring.notice.no_rows"})
	}
}

func (t *table) line() int {
	line, _ := t.lines.place(0)
	return line
}

func (t *table) report(line, column int, code string, args map[string]any) {
	t.faults++
	t.r.fault(t.file, line, column, code, args)
}

// fault reports something about the current row at a column ("": the row).
func (t *table) fault(column, code string, args map[string]any) {
	line, at := t.line(), 0
	if i, ok := t.index[column]; ok {
		line, at = t.lines.place(i)
	}
	if args == nil {
		args = map[string]any{}
	}
	args["Column"] = column
	t.report(line, at, code, args)
}

// text is the trimmed field of a column, empty where the file has none.
func (t *table) text(column string) string {
	return string(t.field(t.place(column)))
}

// place is the number of a column, -1 where the file has none.
func (t *table) place(column string) int {
	if i, ok := t.index[column]; ok {
		return i
	}
	return -1
}

// field is the trimmed field of a column by number; valid until the next row.
func (t *table) field(i int) []byte {
	if i < 0 {
		return nil
	}
	return bytes.TrimSpace(t.lines.fields[i])
}

// needed is text that must not be empty.
func (t *table) needed(column string) string {
	s := t.text(column)
	if _, has := t.index[column]; has && s == "" { // a missing column is reported once, at the header
		t.fault(column, "scoring.fault.field_empty", nil)
	}
	return s
}

// number is nil where the field is empty or faulty.
func (t *table) number(column string) *big.Rat {
	s := t.text(column)
	if s == "" {
		return nil
	}
	n, ok := ParseNumber(s)
	if !ok {
		t.fault(column, "scoring.fault.not_number", map[string]any{"Got": s})
	}
	return n
}

// points is a number without a percent sign.
func (t *table) points(column string) *big.Rat {
	if s := t.text(column); IsPercent(s) {
		t.fault(column, "scoring.fault.percent", map[string]any{"Got": s})
		return nil
	}
	return t.number(column)
}

// weight is a number above zero, or nil.
func (t *table) weight(column string) *big.Rat {
	n := t.number(column)
	if n != nil && n.Sign() <= 0 {
		t.fault(column, "scoring.fault.weight_not_positive", map[string]any{"Got": t.text(column)})
		return nil
	}
	return n
}

// count is a whole number of at least 1, and 1 where the field is empty.
func (t *table) count(column string) int64 {
	s := t.text(column)
	if s == "" {
		return 1
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < 1 || n > 1_000_000_000 {
		t.fault(column, "scoring.fault.not_count", map[string]any{"Got": s})
		return 1
	}
	return n
}

// date is YYYY-MM-DD or empty; a date with slashes or without leading zeros is
// read as well, for spreadsheets write such.
func (t *table) date(column string) string {
	s := t.text(column)
	if s == "" {
		return ""
	}
	for _, layout := range [...]string{time.DateOnly, "2006/1/2", "2006-1-2"} {
		if d, err := time.Parse(layout, s); err == nil {
			return d.Format(time.DateOnly)
		}
	}
	t.fault(column, "scoring.fault.not_date", map[string]any{"Got": s})
	return ""
}
