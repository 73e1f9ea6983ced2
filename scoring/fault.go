package scoring

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"
)

// Fault is something wrong with what was given: data for a person to read once
// words are added at the edge. Line and Column count from 1; 0 means the whole
// file. A Warning does not stop a computation but fails a check.
type Fault struct {
	File    string
	Line    int
	Column  int
	Code    string
	Args    map[string]any
	Warning bool
}

// maxQuoted bounds what a fault repeats of a file: a field may be megabytes long.
const maxQuoted = 60

// brief cuts short what a fault repeats, but for the lists of what there is.
func brief(args map[string]any) map[string]any {
	if args == nil {
		return map[string]any{}
	}
	for name, v := range args {
		if s, ok := v.(string); ok && name != "Known" && name != "Path" && utf8.RuneCountInString(s) > maxQuoted {
			args[name] = string([]rune(s)[:maxQuoted]) + "…"
		}
	}
	return args
}

// Faults is a list of faults; as an error it lists them in order of place.
type Faults []Fault

// Error gives one fault per line in plain codes, for logs and tests; people
// get Words instead.
func (fs Faults) Error() string {
	var b strings.Builder
	for i, f := range fs {
		if i > 0 {
			b.WriteByte('\n')
		}
		fmt.Fprintf(&b, "%s:%d:%d: %s %v", f.File, f.Line, f.Column, f.Code, f.Args)
	}
	return b.String()
}

// Errors returns the faults that stop a computation.
func (fs Faults) Errors() Faults { return fs.pick(false) }

// Warnings returns the faults that do not stop a computation.
func (fs Faults) Warnings() Faults { return fs.pick(true) }

func (fs Faults) pick(warning bool) Faults {
	var out Faults
	for _, f := range fs {
		if f.Warning == warning {
			out = append(out, f)
		}
	}
	return out
}

// sorted returns the faults by file, line and column, each once.
func (fs Faults) sorted() Faults {
	out := slices.Clone(fs)
	slices.SortStableFunc(out, func(a, b Fault) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line),
			cmp.Compare(a.Column, b.Column), cmp.Compare(a.Code, b.Code),
			cmp.Compare(a.said(), b.said()))
	})
	return slices.CompactFunc(out, func(a, b Fault) bool {
		return a.File == b.File && a.Line == b.Line && a.Column == b.Column &&
			a.Code == b.Code && a.said() == b.said()
	})
}

// said is what a fault says but for the list of what there is, which may differ
// from one reading of a scheme to the next.
func (f Fault) said() string {
	args := maps.Clone(f.Args)
	delete(args, "Known")
	return fmt.Sprint(args)
}

// firstFaults gathers what is wrong with the rows of a file, in any order, and
// keeps what stands first in it, as much as there is room for.
type firstFaults struct {
	file string
	room int
	kept Faults
	more bool
}

func (f *firstFaults) add(line int, code string, args map[string]any) {
	f.kept = append(f.kept, Fault{File: f.file, Line: line, Code: "scoring.fault." + code, Args: brief(args)})
	if len(f.kept) > 2*maxFaultsPerFile {
		f.trim()
	}
}

func (f *firstFaults) trim() {
	if f.kept = f.kept.sorted(); len(f.kept) > f.room {
		f.kept, f.more = f.kept[:f.room], true
	}
}

// all returns the faults, with a word where there are more.
func (f *firstFaults) all() Faults {
	f.trim()
	if f.more {
		return append(f.kept, Fault{File: f.file, Code: "scoring.fault.more", Args: map[string]any{}})
	}
	return f.kept
}

// Notice is something a reader should know although nothing is wrong, such as
// a file that was read as GB18030.
type Notice struct {
	File   string
	Line   int
	Column int
	Code   string
	Args   map[string]any
}

// Fault gives the notice as a warning, for those who tell or locate both alike.
func (n Notice) Fault() Fault {
	return Fault{File: n.File, Line: n.Line, Column: n.Column, Code: n.Code, Args: n.Args, Warning: true}
}

// Words puts a code and its arguments into the reader's language.
type Words func(code string, args map[string]any) string
