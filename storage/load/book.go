package load

import (
	"maps"
	"slices"
	"strings"

	"pingyi/scoring/workbook"
	"pingyi/survey"
)

// MaxUnzipped is what a workbook of project tables may unpack to, in bytes.
const MaxUnzipped = 256 << 20

// workbook takes a workbook for the tables that its sheets are named after;
// other sheets are left alone.
func (r *reader) workbook(name string, src []byte) {
	if len(src) > MaxFile {
		r.fault(name, "load.file_large", args{"Most": MaxFile >> 20})
		return
	}
	var known []string
	for _, k := range tables() {
		known = append(known, string(k)+".csv")
	}
	sheets, got, err := workbook.Tables(src, known, MaxUnzipped)
	switch {
	case err != nil:
		r.fault(name, "load.workbook", nil)
	case len(sheets) == 0:
		r.fault(name, "load.workbook_sheets", args{"Got": clip(strings.Join(got, ", ")),
			"Known": strings.Join(slices.Collect(words(tables())), ", ")})
	default:
		for _, sheet := range slices.Sorted(maps.Keys(sheets)) {
			kind, _ := tableKind(sheet)
			r.files.all = append(r.files.all, file{name: sheetName(name, string(kind)), kind: kind, text: sheets[sheet], sheet: true})
		}
		return
	}
	for _, k := range tables() {
		r.files.unread[k] = true
	}
}

// sheetName is how faults name a sheet.
func sheetName(book, sheet string) string { return book + "#" + sheet }

// answersSheet is the sheet that holds ballots.
const answersSheet = "answers"

// ballotSheet returns the sheet of ballots as CSV and how faults name it.
func ballotSheet(name string, src []byte) (string, []byte, survey.Fault) {
	sheets, got, err := workbook.Tables(src, []string{answersSheet + ".csv"}, workbook.MaxUnzipped)
	switch {
	case err != nil:
		return name, nil, survey.Fault{File: name, Code: "load.workbook"}
	case len(sheets) == 0:
		return name, nil, survey.Fault{File: name, Code: "load.workbook_sheets",
			Args: args{"Got": clip(strings.Join(got, ", ")), "Known": answersSheet}}
	}
	return sheetName(name, answersSheet), sheets[answersSheet+".csv"], survey.Fault{}
}
