package workbook_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"

	"pingyi/scoring"
	"pingyi/scoring/workbook"
)

// book makes a workbook of sheets, each a list of rows.
func book(t *testing.T, sheets map[string][][]any) []byte {
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

func TestFiles(t *testing.T) {
	t.Parallel()
	src := book(t, map[string][][]any{
		"Subjects": {{}, {"code", "name", "population"}, {"a", "公安\n局", 1500}, {}, {"007", "卫健委", 1234567890123456.0}},
		"values": {{"subject", "indicator", "value", "target", "date", "due"},
			{"a", "x", 0.1 + 0.2, 1e21, time.Date(2025, 6, 30, 0, 0, 0, 0, time.UTC), "2025-06-30"}, {"a", "y", "一档"}},
		"notes": {{"anything"}},
	})
	files, faults := workbook.Files("data.xlsx", src)
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	got := map[string]string{}
	for name, text := range files {
		got[name] = string(text)
	}
	want := map[string]string{
		"subjects.csv": "\ncode,name,population\na,公安 局,1500\n\n007,卫健委,1234567890123460\n",
		"values.csv":   "subject,indicator,value,target,date,due\na,x,0.3,1000000000000000000000,2025-06-30,2025-06-30\na,y,一档,,,\n",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	d, _, faults := scoring.ReadFolder(scoring.InMemory(files), nil)
	if len(faults) > 0 || len(d.Subjects) != 2 || d.Subjects[1].Line != 5 {
		t.Errorf("%v: %+v", faults, d)
	}
}

func TestFaults(t *testing.T) {
	t.Parallel()
	for code, src := range map[string][]byte{
		"scoring.fault.workbook":        []byte("PK\x03\x04 no workbook"),
		"scoring.fault.workbook_sheets": book(t, map[string][][]any{"数据": {{"code"}}}),
	} {
		files, faults := workbook.Files("data.xlsx", src)
		if files != nil || len(faults) != 1 || faults[0].Code != code || faults[0].File != "data.xlsx" {
			t.Errorf("want %s: %v", code, faults)
		}
	}
}

// TestBombs: what would fill the memory or run for hours is refused at once.
func TestBombs(t *testing.T) {
	t.Parallel()
	wide := book(t, map[string][][]any{"subjects": {make([]any, 1200)}})
	f, err := excelize.OpenReader(bytes.NewReader(wide))
	if err != nil {
		t.Fatal(err)
	}
	if err := f.SetCellValue("subjects", "XFD1", "far"); err != nil {
		t.Fatal(err)
	}
	var far bytes.Buffer
	if err := f.Write(&far); err != nil {
		t.Fatal(err)
	}
	if _, faults := workbook.Files("wide.xlsx", far.Bytes()); len(faults) != 1 || faults[0].Code != "scoring.fault.workbook" {
		t.Errorf("a sheet of 16384 columns: %v", faults)
	}
	rows := make([][]any, 20_000)
	for i := range rows {
		rows[i] = []any{"the same again and again and again"}
	}
	small := book(t, map[string][][]any{"subjects": rows})
	if _, _, err := workbook.Tables(small, []string{"subjects.csv"}, 100_000); err == nil {
		t.Errorf("%d bytes that unpack to more than allowed are read", len(small))
	}
}

func FuzzFiles(f *testing.F) {
	f.Add([]byte("PK\x03\x04"))
	f.Fuzz(func(t *testing.T, src []byte) {
		files, faults := workbook.Files("x.xlsx", src)
		if (files == nil) != (len(faults) > 0) {
			t.Fatalf("files %v with faults %v", files != nil, faults)
		}
	})
}
