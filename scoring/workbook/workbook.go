// Package workbook reads XLSX workbooks whose sheets are the files of a data
// folder: a sheet named subjects stands for subjects.csv, and so on. It turns
// them into the CSV that scoring.ReadFolder takes; a line of that CSV is a row
// of the sheet, so that faults name the right row.
package workbook

import (
	"bytes"
	"encoding/csv"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/xuri/excelize/v2"

	"pingyi/scoring"
)

// maxUnzipped bounds what a workbook may unpack to: a small file can hold an
// enormous sheet.
const maxUnzipped = 512 << 20

// significant is the number of digits a spreadsheet shows of a number; more
// are noise of its binary fractions.
const significant = 15

// Files returns the CSV files of the workbook's sheets by name. Sheets with
// other names are left alone; a workbook without any of ours is a fault.
func Files(name string, src []byte) (map[string][]byte, scoring.Faults) {
	fault := func(code string, args map[string]any) scoring.Faults {
		return scoring.Faults{{File: name, Code: "scoring.fault." + code, Args: args}}
	}
	book, err := excelize.OpenReader(bytes.NewReader(src), excelize.Options{
		RawCellValue: true, UnzipSizeLimit: maxUnzipped, UnzipXMLSizeLimit: maxUnzipped})
	if err != nil {
		return nil, fault("workbook", map[string]any{"Problem": err.Error()})
	}
	defer func() { _ = book.Close() }() // nothing was written: there is nothing to lose
	out := map[string][]byte{}
	for _, sheet := range book.GetSheetList() {
		file := strings.ToLower(strings.TrimSpace(sheet)) + ".csv"
		if !slices.Contains(scoring.FolderFiles(), file) {
			continue
		}
		text, err := sheetCSV(book, sheet)
		if err != nil {
			return nil, fault("workbook", map[string]any{"Problem": sheet + ": " + err.Error()})
		}
		out[file] = text
	}
	if len(out) == 0 {
		return nil, fault("workbook_sheets", map[string]any{"Got": strings.Join(book.GetSheetList(), ", "),
			"Known": strings.ReplaceAll(strings.Join(scoring.FolderFiles(), ", "), ".csv", "")})
	}
	return out, nil
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
		case header == nil:
			header = trimEmpty(cells)
			err = w.Write(header)
		case len(trimEmpty(cells)) == 0:
			w.Flush()
			out.WriteByte('\n')
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

// plainText undoes what a spreadsheet does to values: dates are day numbers,
// fractions carry binary noise, large numbers have exponents.
func plainText(column, cell string) string {
	f, err := strconv.ParseFloat(cell, 64)
	if err != nil {
		return cell
	}
	switch column {
	case "date", "due":
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
