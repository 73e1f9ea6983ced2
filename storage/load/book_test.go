package load

import (
	"bytes"
	"encoding/csv"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"

	"pingyi/survey"
)

// book makes a workbook of sheets, each a list of rows.
func book(t testing.TB, sheets map[string][][]any) []byte {
	t.Helper()
	f := excelize.NewFile()
	for name, rows := range sheets {
		if _, err := f.NewSheet(name); err != nil {
			t.Fatal(err)
		}
		for i, row := range rows {
			cell, err := excelize.CoordinatesToCellName(1, i+1)
			if err != nil {
				t.Fatal(err)
			}
			if err := f.SetSheetRow(name, cell, &row); err != nil {
				t.Fatal(err)
			}
		}
	}
	var b bytes.Buffer
	if err := f.Write(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// sheetOf makes rows of a CSV text.
func sheetOf(t testing.TB, text string) [][]any {
	t.Helper()
	r := csv.NewReader(strings.NewReader(text))
	r.FieldsPerRecord = -1
	records, err := r.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var rows [][]any
	for _, record := range records {
		var row []any
		for _, cell := range record {
			row = append(row, cell)
		}
		rows = append(rows, row)
	}
	return rows
}

// TestWorkbookIsItsTables: tables as the sheets of a workbook change what they change as CSV files,
// and applying them after those changes nothing.
func TestWorkbookIsItsTables(t *testing.T) {
	t.Parallel()
	store := newStore(t)
	tables := fstest.MapFS{}
	sheets := map[string][][]any{"封面": {{"说明"}}}
	rest := fstest.MapFS{}
	for name, f := range folder(nil) {
		if strings.HasSuffix(name, ".csv") {
			tables[name] = f
			sheets[strings.TrimSuffix(name, ".csv")] = sheetOf(t, string(f.Data))
		}
		rest[name] = f
	}
	mustApply(t, mustPlan(t, store, FS(rest)))
	workbook := fstest.MapFS{"city.xlsx": {Data: book(t, sheets)}, "~$city.xlsx": {Data: []byte("open")}}
	plan := mustPlan(t, store, FS(workbook))
	if diff := cmp.Diff([]string(nil), lines(plan.Changes())); diff != "" {
		t.Errorf("the same tables as a workbook change (-want +got):\n%s", diff)
	}
	if len(plan.Unchanged()) != len(tables) {
		t.Errorf("of %d tables these were read: %v", len(tables), plan.Unchanged())
	}
}

// TestCellsAsTyped: numbers, dates and yes/no are read as people typed them.
func TestCellsAsTyped(t *testing.T) {
	t.Parallel()
	day := time.Date(2026, 10, 1, 0, 0, 0, 0, time.UTC)
	s := parse(Bytes("c.xlsx", book(t, map[string][][]any{
		"Calendar": {{"date", "working"}, {day, true}, {"2026/10/2", 0}},
		"values":   {{"subject", "indicator", "value", "target", "due"}, {"police", "key.a", 0.1 + 0.2, 12, day}, {}, {"police", "key.b", "一档"}},
		"people":   {{"code", "name", "kind", "phone", "telegram", "from"}, {"p1", "甲", "staff", 13800138000, 7000000001, day}},
	})))
	if err := s.faults.Err(); err != nil {
		t.Fatal(err)
	}
	if len(s.days) != 2 || !s.days[0].working || s.days[1].working || s.days[0].day.String() != "2026-10-01" {
		t.Errorf("days %+v", s.days)
	}
	if v := s.values[0]; v.Value != "0.3" || v.Target != "12" || v.Due != "2026-10-01" || s.values[1].line != 4 {
		t.Errorf("values %+v", s.values)
	}
	if p := s.people[0]; p.phone != "13800138000" || p.account != 7000000001 || p.membership.From != "2026-10-01" {
		t.Errorf("people %+v", p)
	}
}

func TestWorkbookFaults(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		src  []byte
		want []string
	}{
		"damaged":   {[]byte("PK\x03\x04"), []string{"c.xlsx: load.workbook"}},
		"other":     {book(t, map[string][][]any{"名单": {{"code"}}}), []string{"c.xlsx: load.workbook_sheets Got=Sheet1, 名单 Known=units, people, subjects, calendar, values, ledger"}},
		"too large": {make([]byte, MaxFile+1), []string{"c.xlsx: load.file_large Most=64"}},
		"places are cells": {book(t, map[string][][]any{"units": {{"code", "name", "parent"}, {"city", "城\n市", ""}, {"police", "公安局,一", "ciyt"}}}),
			[]string{"c.xlsx#units:3:3: load.unit_unknown Got=ciyt Near=city"}},
		"beyond the header": {book(t, map[string][][]any{"units": {{"code", "name"}, {"x", "y", "too far"}}}), []string{"c.xlsx#units:2:1: load.row_length Got=3 Want=2"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(tc.want, found(Bytes("c.xlsx", tc.src), nothing())); diff != "" {
				t.Errorf("faults (-want +got):\n%s", diff)
			}
		})
	}
}

// TestBallotsOfWorkbook: a sheet of ballots is read as the file it would be.
func TestBallotsOfWorkbook(t *testing.T) {
	t.Parallel()
	csvText := "id,panel,subject,item,value,submitted_at\n1,paper,police,service,3,\n2,online,health,hours,1.5,2026-06-01 08:00\n"
	rows := sheetOf(t, csvText)
	rows[2][4], rows[2][5] = 1.5, time.Date(2026, 6, 1, 8, 0, 0, 0, time.UTC)
	dir := t.TempDir()
	path := filepath.Join(dir, "votes.xlsx")
	if err := os.WriteFile(path, book(t, map[string][][]any{"answers": rows}), 0o600); err != nil {
		t.Fatal(err)
	}
	src, fault := readBallots(path)
	if fault != "" {
		t.Fatal(fault)
	}
	fromBook, fromText := newBallotReader(voted(t)), newBallotReader(voted(t))
	fromBook.file(path, src)
	fromText.file("votes.csv", []byte(csvText))
	if err := fromBook.faults.Err(); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(whole(fromText.files[0]), whole(fromBook.files[0])); diff != "" {
		t.Errorf("ballots (-csv +xlsx):\n%s", diff)
	}
	other := newBallotReader(voted(t))
	other.file("o.xlsx", book(t, map[string][][]any{"people": {{"code"}}}))
	other.file("p.xlsx", []byte("no workbook"))
	want := survey.Faults{{File: "o.xlsx", Code: "load.workbook_sheets", Args: args{"Got": "Sheet1, people", "Known": "answers"}},
		{File: "p.xlsx", Code: "load.workbook"}}
	if diff := cmp.Diff(want, other.faults); diff != "" {
		t.Errorf("faults (-want +got):\n%s", diff)
	}
}

// FuzzWorkbook: whatever a workbook holds, reading it ends in tables or faults.
func FuzzWorkbook(f *testing.F) {
	f.Add([]byte("PK\x03\x04"))
	f.Add(book(f, map[string][][]any{"units": {{"code", "name"}, {"a", 1e300}, {"b", "x\ny"}}}))
	f.Fuzz(func(t *testing.T, src []byte) {
		files := Bytes("f.xlsx", src)
		if len(files.all) == 0 && len(files.faults) == 0 {
			t.Fatal("neither tables nor faults")
		}
		s := parse(files)
		s.check(nothing())
	})
}
