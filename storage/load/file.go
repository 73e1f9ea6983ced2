package load

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"iter"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"pingyi/survey"
)

// Limits of what is read at once.
const (
	MaxFile  = 64 << 20 // bytes of a CSV file
	MaxYAML  = 1 << 20  // bytes of a YAML file
	MaxFiles = 1000
)

// Kind says what a file holds.
type Kind string

// The kinds of files, in the order in which they are loaded.
const (
	Project       Kind = "project"
	Units         Kind = "units"
	People        Kind = "people"
	Subjects      Kind = "subjects"
	Calendar      Kind = "calendar"
	Questionnaire Kind = "questionnaire"
	Scheme        Kind = "scheme"
	Series        Kind = "series"
	Round         Kind = "round"
	Evaluation    Kind = "evaluation"
	Values        Kind = "values"
	Ledger        Kind = "ledger"
)

// tables are the kinds that are CSV, yamls those that are YAML and known by
// their first key.
func tables() []Kind { return []Kind{Units, People, Subjects, Calendar, Values, Ledger} }
func yamls() []Kind {
	return []Kind{Project, Questionnaire, Scheme, Series, Round, Evaluation}
}

// Files are the files of a project folder as they were read. What is wrong
// with reading them is kept, so that Make reports it together with the rest.
type Files struct {
	all    []file
	unread map[Kind]bool // kinds of which a file could not be read
	faults survey.Faults
}

// file is a recognised file.
type file struct {
	name    string // as faults name it
	kind    Kind
	text    []byte // UTF-8 without a byte-order mark
	gb18030 bool   // what it was written in
	sheet   bool   // of a workbook: columns are counted in cells
}

// Names are the names of the files that were recognised.
func (f Files) Names() []string {
	names := make([]string, len(f.all))
	for i, f := range f.all {
		names[i] = f.name
	}
	return names
}

// Paths reads files and folders of this computer, folders with all below them.
// Files that cannot belong to a project (no .csv, .xlsx, .yaml, .yml) and hidden ones
// are passed over in folders, and faults where they are named themselves.
func Paths(paths ...string) Files {
	r := newReader()
	for _, p := range paths {
		info, err := os.Stat(p)
		switch {
		case err != nil:
			r.fault(p, unreadable(err), nil)
		case info.IsDir():
			r.folder(os.DirFS(p), func(name string) string { return filepath.Join(p, name) })
		default:
			r.file(os.DirFS(filepath.Dir(p)), filepath.Base(p), p)
		}
	}
	return r.result()
}

// FS reads a project folder from a file system, as an embedded one.
func FS(fsys fs.FS) Files {
	r := newReader()
	r.folder(fsys, func(name string) string { return name })
	return r.result()
}

// Bytes takes one file that arrived by another way, as one sent in chat.
func Bytes(name string, src []byte) Files {
	r := newReader()
	r.bytes(path.Base(strings.ReplaceAll(name, `\`, "/")), src)
	return r.result()
}

type reader struct{ files Files }

func newReader() *reader { return &reader{Files{unread: map[Kind]bool{}}} }

func (r *reader) result() Files {
	if len(r.files.all) == 0 && len(r.files.faults) == 0 {
		r.fault("", "load.no_files", nil)
	}
	return r.files
}

func (r *reader) fault(name, code string, a args) {
	r.files.faults = append(r.files.faults, survey.Fault{File: name, Code: code, Args: a})
}

func unreadable(err error) string {
	if errors.Is(err, fs.ErrNotExist) {
		return "load.file_missing"
	}
	return "load.file_unreadable"
}

func (r *reader) folder(fsys fs.FS, shown func(string) string) {
	err := fs.WalkDir(fsys, ".", func(name string, entry fs.DirEntry, err error) error {
		hidden := name != "." && strings.HasPrefix(path.Base(name), ".") || strings.HasPrefix(path.Base(name), openBook)
		switch {
		case err != nil:
			r.fault(shown(name), unreadable(err), nil)
		case entry.IsDir() && hidden:
			return fs.SkipDir
		case entry.IsDir() || hidden || !slices.Contains([]string{".csv", ".yaml", ".yml", ".xlsx"}, extension(name)):
		case len(r.files.all) >= MaxFiles:
			r.fault(shown(name), "load.too_many_files", args{"Most": MaxFiles})
			return fs.SkipAll
		default:
			r.file(fsys, name, shown(name))
		}
		return nil
	})
	if err != nil {
		r.fault(shown("."), unreadable(err), nil)
	}
}

// openBook begins the names of the files that Excel keeps beside open ones.
const openBook = "~$"

func extension(name string) string { return strings.ToLower(path.Ext(name)) }

// file reads one byte more than allowed, so that a growing file or a device
// cannot fill the memory.
func (r *reader) file(fsys fs.FS, name, shown string) {
	f, err := fsys.Open(name)
	if err != nil {
		r.fault(shown, unreadable(err), nil)
		return
	}
	defer f.Close()
	src, err := io.ReadAll(io.LimitReader(f, MaxFile+1))
	if err != nil {
		r.fault(shown, unreadable(err), nil)
		return
	}
	r.bytes(shown, src)
}

func (r *reader) bytes(name string, src []byte) {
	form, limit := extension(name), MaxYAML
	switch form {
	case ".xlsx":
		r.workbook(name, src)
		return
	case ".csv":
		limit = MaxFile
	case ".yaml", ".yml":
	default:
		r.fault(name, "load.file_form", nil)
		return
	}
	text, gb, ok := decode(src[:min(len(src), limit)])
	kind, known := yamlKind(text)
	kinds, code := yamls(), "load.yaml_unknown"
	if form == ".csv" {
		kind, known = tableKind(name)
		kinds, code = tables(), "load.table_unknown"
	}
	switch {
	case len(src) > limit:
		r.fault(name, "load.file_large", args{"Most": limit >> 20})
	case bytes.IndexByte(src, 0) >= 0:
		r.fault(name, "load.nul", nil)
	case !ok && form == ".csv":
		r.fault(name, "load.encoding", nil)
	case !ok:
		r.fault(name, "load.encoding_yaml", nil)
	case form != ".csv" && firstLine(text) == "":
		r.fault(name, "survey.file_empty", nil)
	case !known:
		r.fault(name, code, args{"Got": clip(string(kind)), "Near": nearest(string(kind), words(kinds)),
			"Known": strings.Join(slices.Collect(words(kinds)), ", ")})
	default:
		r.files.all = append(r.files.all, file{name: name, kind: kind, text: text, gb18030: gb})
		return
	}
	r.files.unread[kind] = true
}

func words(kinds []Kind) iter.Seq[string] {
	return func(yield func(string) bool) {
		for _, k := range kinds {
			if !yield(string(k)) {
				return
			}
		}
	}
}

// stem is the first word of a file's name: people-2026 (1).csv is people.
func stem(name string) string {
	base := strings.ToLower(path.Base(filepath.ToSlash(name)))
	base = strings.TrimSuffix(base, path.Ext(base))
	if i := strings.IndexFunc(base, func(r rune) bool { return r < 'a' || r > 'z' }); i > 0 {
		return base[:i]
	}
	return base
}

func tableKind(name string) (Kind, bool) {
	k := Kind(stem(name))
	return k, slices.Contains(tables(), k)
}

// yamlKind looks at the first key: it is what the file is about.
func yamlKind(text []byte) (Kind, bool) {
	key, _, _ := strings.Cut(firstLine(text), ":")
	k := Kind(strings.Trim(strings.TrimSpace(key), `"'`))
	return k, slices.Contains(yamls(), k)
}

// firstLine is the first line of a YAML file that says something, "" where
// none does.
func firstLine(text []byte) string {
	for line := range bytes.Lines(text) {
		s := strings.TrimRight(string(line), " \t\r\n")
		if s != "" && s != "---" && !strings.HasPrefix(strings.TrimSpace(s), "#") && !strings.HasPrefix(s, "%") {
			return s
		}
	}
	return ""
}
