package scoring

import (
	"bytes"
	"io"
	"maps"
	"slices"
	"strings"
)

// The files of a data folder (design §7).
const (
	fileSubjects = "subjects.csv"
	fileValues   = "values.csv"
	fileAnswers  = "answers.csv"
	fileLedger   = "ledger.csv"
	filePairs    = "pairs.csv"
	fileHistory  = "history.csv"
	fileParams   = "params.csv"
)

// FolderFiles lists the files a data folder may have.
func FolderFiles() []string {
	return []string{fileSubjects, fileValues, fileAnswers, fileLedger, filePairs, fileHistory, fileParams}
}

// Files are the files of a data folder by their base names. Each is read from
// its beginning, twice, and never held as a whole.
type Files map[string]io.ReadSeeker

// InMemory makes files of their contents.
func InMemory(contents map[string][]byte) Files {
	files := make(Files, len(contents))
	for name, src := range contents {
		files[name] = bytes.NewReader(src)
	}
	return files
}

// ReadFolder reads the files of a data folder. Files with other names are left
// alone; an unknown .csv file is noticed, for it may be a misspelt name. All
// faults are reported at once; with any error the data is nil. Responses that are
// too many to be held go to what overflow opens, which is needed as long as the
// data is; nil keeps them in memory.
func ReadFolder(files Files, overflow Overflow) (*Data, []Notice, Faults) {
	r := readFiles(files, overflow)
	if faults := Locate(files, r.faults).sorted(); len(faults) > 0 {
		return nil, r.notices, faults
	}
	return r.data, r.notices, nil
}

// readFiles reads the files of a folder as far as they can be read.
func readFiles(files Files, overflow Overflow) *folderReader {
	r := &folderReader{data: &Data{}, lines: map[string]int{}}
	r.data.Ballots.spool.overflow = overflow
	readers := []struct {
		name string
		read func(io.ReadSeeker)
	}{
		{fileSubjects, r.subjects}, {fileValues, r.values}, {fileAnswers, r.answers},
		{fileLedger, r.ledger}, {filePairs, r.pairs}, {fileHistory, r.history}, {fileParams, r.params},
	}
	known := make([]string, 0, len(readers))
	for _, f := range readers {
		known = append(known, f.name)
		if src, ok := files[f.name]; ok {
			f.read(src)
		} else if f.name == fileSubjects {
			r.fault(fileSubjects, 0, 0, "scoring.fault.file_missing", nil)
		}
	}
	r.otherFiles(files, known)
	return r
}

// otherFiles notices files that are not used: one may be a misspelt name.
func (r *folderReader) otherFiles(files Files, known []string) {
	var others []string
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if strings.HasSuffix(name, ".csv") && !slices.Contains(known, name) {
			others = append(others, name)
		}
	}
	if len(others) == 0 {
		return
	}
	n := Notice{File: others[0], Code: "scoring.notice.unknown_file",
		Args: map[string]any{"Files": strings.Join(others, ", "), "Known": strings.Join(known, ", ")}}
	for _, name := range others {
		if near := nearest(name, known); near != "" {
			n.File, n.Args["Near"] = name, near
		}
	}
	r.notices = append(r.notices, n)
}

// folderReader gathers rows and faults; lines remembers where each subject
// was listed.
type folderReader struct {
	data    *Data
	lines   map[string]int
	faults  Faults
	notices []Notice
}

func (r *folderReader) fault(file string, line, column int, code string, args map[string]any) {
	r.faults = append(r.faults, Fault{File: file, Line: line, Column: column, Code: code, Args: brief(args)})
}

// table opens a CSV file of ours; its faults and notices go to r.
func (r *folderReader) table(file string, src io.ReadSeeker, columns ...column) *table {
	return openTable(r, file, src, columns)
}

// listed is a subject, reported where it is empty or subjects.csv does not
// list it. Where that file itself could not be read, its own fault says all
// there is to say.
func (r *folderReader) listed(t *table, name string) string {
	code := t.needed(name)
	if len(r.lines) == 0 && len(r.faults) > 0 {
		return code
	}
	if _, ok := r.lines[code]; !ok && code != "" {
		args := map[string]any{"Subject": code}
		if near := nearest(code, slices.Sorted(maps.Keys(r.lines))); near != "" {
			args["Near"] = near
		}
		t.fault(name, "scoring.fault.subject_unlisted", args)
	}
	return code
}

// once reports a row whose key has been seen before.
func once[K comparable](t *table, seen map[K]int, key K, shown string) {
	if first, ok := seen[key]; ok {
		t.fault("", "scoring.fault.row_duplicate", map[string]any{"Key": shown, "First": first})
		return
	}
	seen[key] = t.line()
}
