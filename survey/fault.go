package survey

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Reasons why something cannot be done. Callers wrap them with ids and compare by errors.Is.
var (
	ErrClosed        = errors.New("closed")         // the round no longer takes answers, or was cancelled
	ErrPaused        = errors.New("paused")         // the round takes no answers for the moment
	ErrNotYet        = errors.New("not yet")        // the round has not opened
	ErrNotFound      = errors.New("not found")      // no such thing
	ErrStale         = errors.New("stale")          // the thing has changed since it was shown
	ErrForbidden     = errors.New("forbidden")      // it belongs to somebody else, or the right is missing
	ErrInvalid       = errors.New("invalid")        // a value that the question does not take
	ErrHandled       = errors.New("handled")        // this update took effect before
	ErrLimit         = errors.New("limit reached")  // more than the maximum is asked for
	ErrNeedsApproval = errors.New("needs approval") // waits for an admin
)

// Fault is one fault in a file, as data. Words are added where people read it: the locale files
// have an entry for every Code, which takes Args.
type Fault struct {
	File   string
	Line   int // 1-based; 0 where the fault belongs to the file as a whole
	Column int // 1-based, in characters; 0 where unknown
	Code   string
	Args   map[string]any
}

// String gives the fault for logs and tests: place, code and arguments in the order of their names.
func (f Fault) String() string {
	var b strings.Builder
	b.WriteString(f.File)
	if f.Line > 0 {
		fmt.Fprintf(&b, ":%d", f.Line)
	}
	if f.Column > 0 {
		fmt.Fprintf(&b, ":%d", f.Column)
	}
	fmt.Fprintf(&b, ": %s", f.Code)
	for _, k := range slices.Sorted(maps.Keys(f.Args)) {
		fmt.Fprintf(&b, " %s=%v", k, f.Args[k])
	}
	return b.String()
}

// Faults are all faults found, sorted by file, line, column and code. It is an error where there is
// at least one.
type Faults []Fault

// Error lists the faults, one per line.
func (fs Faults) Error() string {
	lines := make([]string, len(fs))
	for i, f := range fs {
		lines[i] = f.String()
	}
	return strings.Join(lines, "\n")
}

// Sort puts the faults in the order in which they are read.
func (fs Faults) Sort() {
	slices.SortStableFunc(fs, func(a, b Fault) int {
		return cmp.Or(
			cmp.Compare(a.File, b.File),
			cmp.Compare(a.Line, b.Line),
			cmp.Compare(a.Column, b.Column),
			cmp.Compare(a.Code, b.Code),
		)
	})
}

// Err returns the faults as an error, nil where there are none.
func (fs Faults) Err() error {
	if len(fs) == 0 {
		return nil
	}
	return fs
}
