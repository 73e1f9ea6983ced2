package scoring

import (
	"slices"
	"strings"
)

// CheckFolder reads a scheme file and a data folder and returns all that is
// wrong with either, at once: what CheckScheme finds, what Compute would refuse
// with the parameters given, and names that only one side has. What Compute
// merely mentions is returned as notices.
func CheckFolder(file string, src []byte, files Files, overflow Overflow, given Params) (Faults, []Notice) {
	s, faults := readScheme(file, src)
	if s == nil {
		_, notices, more := ReadFolder(files, overflow)
		return append(faults, more...).sorted(), notices
	}
	faults = append(faults, s.Check()...)
	r := readFiles(files, overflow)
	params, wrong := s.paramValues(r.data, given)
	prog, bound := s.bind(params)
	stages := []Faults{r.faults, wrong, bound}
	notices := r.notices
	if len(r.lines) > 0 {
		c := newComputation(prog, r.data)
		prepared := c.check(len(faults.Errors()) == 0 && len(bound.Errors()) == 0)
		stages, notices = append(stages, c.faults[:prepared], c.faults[prepared:]), append(notices, c.notices...)
	}
	faults = append(faults, firstTold(stages)...)
	rest := slices.DeleteFunc(notices, func(n Notice) bool {
		if n.mistaken() {
			faults = append(faults, n.Fault())
		}
		return n.mistaken()
	})
	return Locate(files, faults).sorted(), rest
}

// check goes through a computation as far as its faults let it, and tells how
// many there were before anything was computed. A scheme with faults of its own
// is held against the data by its names alone.
func (c *computation) check(sound bool) (prepared int) {
	c.prepare()
	prepared = len(c.faults)
	if !sound || len(c.place) == 0 {
		return prepared
	}
	if c.parts(); len(c.faults) == 0 {
		c.consequences()
	}
	return prepared
}

// firstTold leaves out what a later stage says of a line that an earlier one
// has found at fault: it follows from that.
func firstTold(stages []Faults) Faults {
	type place struct {
		file string
		line int
	}
	told := map[place]bool{}
	var out Faults
	for _, stage := range stages {
		before := len(out)
		for _, f := range stage {
			if f.Line == 0 || !told[place{f.File, f.Line}] {
				out = append(out, f)
			}
		}
		for _, f := range out[before:] {
			told[place{f.File, f.Line}] = true
		}
	}
	return out
}

// mistaken tells whether a notice is a fault to a check: data that the scheme
// does not know or the other way round. Kinds may be there for structure alone,
// and files for somebody else: those only where they look misspelt.
func (n Notice) mistaken() bool {
	switch strings.TrimPrefix(n.Code, "scoring.notice.") {
	case "panel_ignored", "items_ignored", "items_absent", "indicator_ignored", "indicator_absent", "values_uncounted":
		return true
	case "answers_uncounted":
		return n.Args["Near"] != nil || n.Args["Fits"] == true
	case "kind_ignored", "unknown_file", "entries_uncounted":
		return n.Args["Near"] != nil
	}
	return false
}
