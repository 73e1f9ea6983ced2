package load

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"testing/fstest"

	"golang.org/x/text/encoding/simplifiedchinese"
)

// TestReading: files that cannot be read at all, and how they are told.
func TestReading(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write := func(name string, text []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	gb, err := simplifiedchinese.GB18030.NewEncoder().Bytes([]byte("code,name\ncity,云河市人民政府\n"))
	if err != nil {
		t.Fatal(err)
	}
	many := bytes.NewBufferString("code,name\n")
	for i := range maxFaults + 20 {
		many.WriteString("x y" + strconv.Itoa(i) + ",甲\n")
	}
	empty := filepath.Join(dir, "empty")
	if err := os.Mkdir(empty, 0o700); err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		files Files
		last  string
		n     int
	}{
		"missing":     {Paths(filepath.Join(dir, "none.csv")), filepath.Join(dir, "none.csv") + ": load.file_missing", 1},
		"not a file":  {Paths("/dev/null/x.csv"), "/dev/null/x.csv: load.file_unreadable", 1},
		"no form":     {Paths(write("people.txt", nil)), filepath.Join(dir, "people.txt") + ": load.file_form", 1},
		"empty":       {Paths(empty), ": load.no_files", 1},
		"gb18030":     {Paths(write("units.csv", gb)), "notice " + filepath.Join(dir, "units.csv") + ": load.gb18030", 1},
		"a BOM":       {Bytes("units.csv", []byte("\ufeffcode,name\ncity,市\n")), "", 0},
		"latin":       {Bytes("units.csv", []byte("code,name\ncity,Caf\xe9 M\xfcller\n")), "units.csv: load.encoding", 1},
		"utf-16":      {Bytes("units.csv", []byte("\xff\xfec\x00o\x00")), "units.csv: load.nul", 1},
		"too large":   {Bytes("units.csv", make([]byte, MaxFile+1)), "units.csv: load.file_large Most=64", 1},
		"sent names":  {Bytes(`..\..\units (1).csv`, []byte("code,name\ncity,\n")), "units (1).csv:2:6: load.cell_empty Column=name", 1},
		"many faults": {Bytes("units.csv", many.Bytes()), "units.csv: load.more_faults Shown=100", maxFaults + 1},
		"many rows":   {Bytes("calendar.csv", append([]byte("date,working\n"), bytes.Repeat([]byte("2026-10-01,no\n"), MaxRows+1)...)), "calendar.csv:500002:1: load.too_many_rows Most=500000", 0},
		"many files":  {FS(thousand()), "x.csv: load.too_many_files Most=1000", 0},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := found(tc.files, nothing())
			if tc.last != "" && !slices.Contains(got, tc.last) {
				t.Errorf("%q is not among %q", tc.last, got[:min(len(got), 5)])
			}
			if tc.n != 0 && len(got) != tc.n || tc.last == "" && len(got) > 0 {
				t.Errorf("%d faults, want %d: %q", len(got), tc.n, got[:min(len(got), 5)])
			}
			if len(got) > 2*maxAllFaults {
				t.Errorf("the report has %d lines", len(got))
			}
		})
	}
}

// thousand is a folder with one file too many.
func thousand() fstest.MapFS {
	files := fstest.MapFS{}
	for i := range MaxFiles {
		files["a"+strconv.Itoa(i)+"/units.csv"] = &fstest.MapFile{Data: []byte("code,name\n")}
	}
	files["x.csv"] = &fstest.MapFile{}
	return files
}
