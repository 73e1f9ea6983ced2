package load

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"pingyi/survey"
)

// Limits of a table. A file beyond them is a mistake or an attack.
const (
	MaxRows    = 500_000
	MaxColumns = 200
	MaxCell    = 4000 // characters
)

// A file of the wrong kind does not drown the report: so many faults of one
// table, and of all files together.
const (
	maxFaults    = 100
	maxAllFaults = 1000
)

// columns is what a kind of table may have in its header.
type columns struct {
	must, may []string
	texts     []string // may carry a language after a colon: name:en
	open      bool     // any further column is an attribute
}

func (c columns) known() []string { return slices.Concat(c.must, c.may) }

// table walks over the rows of one CSV file and collects its faults.
type table struct {
	file   string
	text   []byte
	lines  []int // offset of each line in text
	csv    *csv.Reader
	header []string
	index  map[string]int
	row    []string
	at     []position // of the row's fields
	rows   int
	most   int  // rows
	lost   bool // some row could not be read
	sheet  bool // of a workbook: columns are counted in cells
	faults survey.Faults
}

type position struct{ line, column int }

// openTable checks the header of a CSV file, or of a sheet that was made one; a table whose header has faults has no rows,
// for every row would repeat them.
func openTable(file string, text []byte, cols columns, sheet bool) *table {
	t := &table{file: file, text: text, sheet: sheet, lines: lineOffsets(text), index: map[string]int{}, most: MaxRows}
	t.csv = csv.NewReader(bytes.NewReader(text))
	t.csv.FieldsPerRecord = -1
	t.csv.ReuseRecord = true
	header, err := t.csv.Read()
	switch {
	case errors.Is(err, io.EOF):
		t.faultAt(position{}, "load.table_empty", args{"Columns": strings.Join(cols.must, ",")})
	case err != nil:
		t.syntax(err)
	case len(header) > MaxColumns:
		t.faultAt(position{1, 0}, "load.too_many_columns", args{"Got": len(header), "Most": MaxColumns})
	default:
		t.header = slices.Clone(header)
		t.locate(len(header))
		t.checkHeader(cols)
	}
	if len(t.faults) > 0 {
		t.csv = nil
	}
	return t
}

func lineOffsets(text []byte) []int {
	offsets := append(make([]int, 0, bytes.Count(text, []byte{'\n'})+1), 0)
	for i, b := range text {
		if b == '\n' {
			offsets = append(offsets, i+1)
		}
	}
	return offsets
}

// args are the arguments of a fault.
type args = map[string]any

func (t *table) checkHeader(cols columns) {
	if len(t.header) == 1 {
		if mark := strings.IndexAny(t.header[0], ";\t|"); mark >= 0 {
			t.faultAt(t.at[0], "load.separator", args{"Got": separatorName(t.header[0][mark])})
			return
		}
	}
	for i := range t.header {
		t.header[i] = strings.TrimSpace(t.header[i])
	}
	for i, name := range t.header {
		if _, again := t.index[name]; again && name != "" {
			t.faultAt(t.at[i], "load.column_twice", args{"Column": name})
			continue
		}
		t.checkColumn(cols, name, t.at[i])
		t.index[name] = i
	}
	for _, name := range cols.must {
		if _, ok := t.index[name]; !ok {
			t.faultAt(position{1, 0}, "load.column_missing", args{"Column": name})
		}
	}
}

func separatorName(b byte) string {
	if b == '\t' {
		return "TAB"
	}
	return string(b)
}

func (t *table) checkColumn(cols columns, name string, at position) {
	base, lang, tagged := strings.Cut(name, ":")
	switch {
	case name == "":
		t.faultAt(at, "load.column_nameless", nil)
	case tagged && slices.Contains(cols.texts, base):
		if !survey.Lang(lang).Known() {
			t.faultAt(at, "load.column_language", args{"Column": name, "Languages": strings.Join(languageTags(), ", ")})
		}
	case slices.Contains(cols.known(), name), cols.open && !tagged && t.attribute(cols, name):
	default:
		t.faultAt(at, "load.column_unknown", args{
			"Column": name, "Near": nearest(strings.ToLower(name), slices.Values(cols.known())), "Known": strings.Join(cols.known(), ", ")})
	}
}

// attribute reports whether a column of an open table is an attribute rather
// than a column it must have, misspelt.
func (t *table) attribute(cols columns, name string) bool {
	missing := slices.DeleteFunc(slices.Clone(cols.must), func(c string) bool { return slices.Contains(t.header, c) })
	return checkCode(name, codeForm) == "" && !slices.Contains(cols.known(), strings.ToLower(name)) &&
		nearest(name, slices.Values(missing)) == ""
}

func languageTags() []string {
	var tags []string
	for _, l := range survey.Langs() {
		tags = append(tags, string(l))
	}
	return tags
}

// next moves to the next row that can be read and is not blank.
func (t *table) next() bool {
	for t.csv != nil {
		if len(t.faults) >= maxFaults {
			t.faultAt(position{}, "load.more_faults", args{"Shown": maxFaults})
			break
		}
		row, err := t.csv.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.syntax(err)
			t.lost = true
			continue
		}
		t.row = row
		t.locate(len(row))
		if t.rows++; t.rows > t.most {
			t.faultAt(t.at[0], "load.too_many_rows", args{"Most": t.most})
			break
		}
		if t.blank() {
			continue
		}
		if t.usable() {
			return true
		}
		t.lost = true
	}
	t.csv = nil
	return false
}

// blank reports whether the row has empty cells only, as spreadsheets leave them.
func (t *table) blank() bool {
	return !slices.ContainsFunc(t.row, func(s string) bool { return strings.TrimSpace(s) != "" })
}

// usable reports faults of the row as a whole.
func (t *table) usable() bool {
	if len(t.row) != len(t.header) {
		t.faultAt(t.at[0], "load.row_length", args{"Got": len(t.row), "Want": len(t.header)})
		return false
	}
	fine := true
	for i, cell := range t.row {
		if utf8.RuneCountInString(cell) > MaxCell {
			t.faultAt(t.at[i], "load.cell_long", args{"Column": t.header[i], "Most": MaxCell})
			fine = false
		}
	}
	return fine
}

// locate notes where the fields of the current record begin; columns are
// counted in characters, as editors show them.
func (t *table) locate(fields int) {
	t.at = t.at[:0]
	for i := range fields {
		line, column := t.csv.FieldPos(i)
		if column = t.characters(line, column); t.sheet {
			column = i + 1
		}
		t.at = append(t.at, position{line, column})
	}
}

// characters turns a 1-based column in bytes into one in characters.
func (t *table) characters(line, column int) int {
	start := t.lines[min(line, len(t.lines))-1]
	end := min(start+max(column-1, 0), len(t.text))
	return utf8.RuneCount(t.text[start:end]) + 1
}

// syntax reports what is no CSV.
func (t *table) syntax(err error) {
	var at *csv.ParseError
	if !errors.As(err, &at) {
		t.faultAt(position{}, "load.csv_broken", nil)
		return
	}
	where := position{at.Line, t.characters(at.Line, at.Column)}
	if errors.Is(err, csv.ErrBareQuote) {
		t.faultAt(where, "load.csv_quote_inside", nil)
		return
	}
	t.faultAt(position{at.StartLine, 1}, "load.csv_quote_open", nil)
}

func (t *table) faultAt(at position, code string, a args) {
	t.faults = append(t.faults, survey.Fault{File: t.file, Line: at.line, Column: at.column, Code: code, Args: a})
}

// fault reports something about a cell of the current row.
func (t *table) fault(column, code string, a args) {
	if a == nil {
		a = args{}
	}
	a["Column"] = column
	t.faultAt(t.place(column), code, a)
}

// place is where the current row's cell of a column stands; the row's
// beginning where the file has no such column.
func (t *table) place(column string) position {
	if i, ok := t.index[column]; ok {
		return t.at[i]
	}
	return t.at[0]
}

// cell is the trimmed cell of a column, empty where the file has none.
func (t *table) cell(column string) string {
	i, ok := t.index[column]
	if !ok {
		return ""
	}
	return strings.Clone(strings.TrimSpace(t.row[i]))
}
