// Package workbook reads XLSX workbooks whose sheets are the files of a data
// folder: a sheet named subjects stands for subjects.csv, and so on. It turns
// them into the CSV that scoring.ReadFolder takes; a line of that CSV is a row
// of the sheet, so that faults name the right row.
package workbook

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/xuri/excelize/v2"

	"pingyi/scoring"
)

// MaxUnzipped bounds what a workbook may unpack to, in bytes: a small file can
// hold an enormous sheet.
const MaxUnzipped = 512 << 20

// maxColumns bounds the width of a sheet: a single cell far to the right makes
// every row as wide.
const maxColumns = 1000

// errWide says that a sheet has more columns than any of ours.
var errWide = fmt.Errorf("it has more than %d columns", maxColumns)

// significant is the number of digits a spreadsheet shows of a number; more
// are noise of its binary fractions.
const significant = 15

// Files returns the CSV files of the workbook's sheets by name. Sheets with
// other names are left alone; a workbook without any of ours is a fault.
func Files(name string, src []byte) (map[string][]byte, scoring.Faults) {
	fault := func(code string, args map[string]any) scoring.Faults {
		return scoring.Faults{{File: name, Code: "scoring.fault." + code, Args: args}}
	}
	tables, sheets, err := Tables(src, scoring.FolderFiles(), MaxUnzipped)
	if err != nil {
		return nil, fault("workbook", map[string]any{"Problem": err.Error()})
	}
	if len(tables) == 0 {
		return nil, fault("workbook_sheets", map[string]any{"Got": strings.Join(sheets, ", "),
			"Known": strings.ReplaceAll(strings.Join(scoring.FolderFiles(), ", "), ".csv", "")})
	}
	return tables, nil
}

// Tables returns, as CSV files, those sheets of a workbook whose names with
// .csv are among the known, and the names of all its sheets. A workbook that
// would unpack to more than the given number of bytes is an error.
func Tables(src []byte, known []string, unzipped int64) (tables map[string][]byte, sheets []string, err error) {
	book, err := excelize.OpenReader(bytes.NewReader(src), excelize.Options{
		RawCellValue: true, UnzipSizeLimit: unzipped, UnzipXMLSizeLimit: unzipped})
	if err != nil {
		return nil, nil, err
	}
	defer func() { _ = book.Close() }() // nothing was written: there is nothing to lose
	tables = map[string][]byte{}
	for _, sheet := range book.GetSheetList() {
		file := strings.ToLower(strings.TrimSpace(sheet)) + ".csv"
		if !slices.Contains(known, file) {
			continue
		}
		if tables[file], err = sheetCSV(book, sheet); err != nil {
			return nil, nil, fmt.Errorf("%s: %w", sheet, err)
		}
	}
	return tables, book.GetSheetList(), nil
}

// sheetCSV writes the rows of a sheet; an empty row stays an empty line.
func sheetCSV(book *excelize.File, sheet string) ([]byte, error) {
	rows, err := book.Rows(sheet)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	var out bytes.Buffer
	w := csv.NewWriter(&out)
	var header []string
	for rows.Next() {
		cells, err := rows.Columns()
		if err != nil {
			return nil, err
		}
		switch {
		case len(cells) > maxColumns:
			err = errWide
		case len(trimEmpty(cells)) == 0:
			w.Flush()
			out.WriteByte('\n')
		case header == nil:
			header = headings(cells)
			err = w.Write(header)
		default:
			err = w.Write(record(header, cells))
		}
		if err != nil {
			return nil, err
		}
	}
	if err := rows.Error(); err != nil {
		return nil, err
	}
	w.Flush()
	return out.Bytes(), w.Error()
}

// headings are the cells of the first row that is not empty.
func headings(cells []string) []string {
	cells = slices.Clone(trimEmpty(cells))
	for i, cell := range cells {
		cells[i] = oneLine.Replace(cell)
	}
	return cells
}

// trimEmpty leaves out empty cells at the end.
func trimEmpty(cells []string) []string {
	n := len(cells)
	for n > 0 && strings.TrimSpace(cells[n-1]) == "" {
		n--
	}
	return cells[:n]
}

// record brings a row to the header's length and its cells to text. Cells
// beyond the header stay, for that is a fault to be seen.
func record(header, cells []string) []string {
	cells = trimEmpty(cells)
	out := make([]string, max(len(header), len(cells)))
	for i, cell := range cells {
		name := ""
		if i < len(header) {
			name = strings.TrimSpace(header[i])
		}
		out[i] = plainText(name, cell)
	}
	return out
}

// oneLine keeps a row on a line.
var oneLine = strings.NewReplacer("\r\n", " ", "\n", " ", "\r", " ")

// plainText undoes what a spreadsheet does to values: dates are day numbers,
// fractions carry binary noise, large numbers have exponents.
func plainText(column, cell string) string {
	cell = oneLine.Replace(cell)
	f, err := strconv.ParseFloat(cell, 64)
	if err != nil {
		return cell
	}
	switch column {
	case "date", "due", "from", "to":
		return dayOf(f, cell, time.DateOnly)
	case "submitted_at":
		return dayOf(f, cell, "2006-01-02T15:04:05")
	}
	digits := strings.TrimLeft(strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, cell), "0")
	if len(digits) <= significant && !strings.ContainsAny(cell, "eE") {
		return cell
	}
	rounded, err := strconv.ParseFloat(strconv.FormatFloat(f, 'g', significant, 64), 64)
	if err != nil {
		return cell
	}
	return strconv.FormatFloat(rounded, 'f', -1, 64)
}

// firstDay keeps years such as 2025 from being read as days of 1905.
const firstDay = 20_000

func dayOf(f float64, cell, layout string) string {
	if f < firstDay {
		return cell
	}
	t, err := excelize.ExcelDateToTime(f, false)
	if err != nil {
		return cell
	}
	return t.Round(time.Second).Format(layout)
}
