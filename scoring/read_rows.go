package scoring

import (
	"io"
	"slices"
	"strings"
)

func (r *folderReader) subjects(src io.ReadSeeker) {
	fixed := []string{"code", "name", "kind", "group", "parent"}
	t := r.table(fileSubjects, src, must("code"), may("name"), may("name:"), may("kind"), may("group"), may("parent"), anyColumn())
	for t.next() {
		s := Subject{Code: t.needed("code"), Kind: t.text("kind"), Group: t.text("group"),
			Parent: t.text("parent"), Name: Text{}, Attributes: map[string]string{}, Line: t.line()}
		if strings.Contains(s.Code, "|") {
			t.fault("code", "scoring.fault.code_bar", map[string]any{"Got": s.Code})
		}
		for _, name := range t.header {
			base, lang, _ := strings.Cut(name, ":")
			switch {
			case base == "name":
				s.Name[lang] = t.text(name)
			case !slices.Contains(fixed, name):
				s.Attributes[name] = t.text(name)
			}
		}
		if s.Code != "" {
			once(t, r.lines, s.Code, s.Code)
		}
		r.data.Subjects = append(r.data.Subjects, s)
	}
	r.parents()
}

// parents reports parents that are not listed and subjects that are their own
// ancestors.
func (r *folderReader) parents() {
	parent := map[string]string{}
	for _, s := range r.data.Subjects {
		parent[s.Code] = s.Parent
	}
	for _, s := range r.data.Subjects {
		if s.Parent == "" {
			continue
		}
		if _, ok := parent[s.Parent]; !ok {
			r.fault(fileSubjects, s.Line, 0, "scoring.fault.parent_unlisted", map[string]any{"Subject": s.Code, "Parent": s.Parent})
			continue
		}
		path, first := []string{s.Code}, s.Code
		for up := s.Parent; up != "" && len(path) <= len(parent); up = parent[up] {
			path, first = append(path, up), min(first, up)
			if up == s.Code && first == s.Code { // a circle is said once, at its first code
				r.fault(fileSubjects, s.Line, 0, "scoring.fault.parent_cycle", map[string]any{"Path": strings.Join(path, " → ")})
				break
			}
		}
	}
}

func (r *folderReader) values(src io.ReadSeeker) {
	type key struct{ subject, indicator, period, source, date string }
	seen := map[key]int{}
	t := r.table(fileValues, src, must("subject"), must("indicator"), may("period"), must("value"),
		may("target"), may("date"), may("due"), may("source"), may("weight"))
	for t.next() {
		v := Value{Subject: r.listed(t, "subject"), Indicator: t.needed("indicator"), Period: t.text("period"),
			Source: t.text("source"), Value: t.text("value"), Target: t.number("target"), Weight: t.weight("weight"),
			Date: t.date("date"), Due: t.date("due"), Line: t.line()}
		once(t, seen, key{v.Subject, v.Indicator, v.Period, v.Source, v.Date},
			strings.Join([]string{v.Subject, v.Indicator, v.Period, v.Source, v.Date}, ","))
		if target := t.text("target"); PercentMixed(v.Value, target) {
			t.fault("value", "scoring.fault.percent_mixed", map[string]any{"Got": v.Value, "Target": target})
		}
		r.data.Values = append(r.data.Values, v)
	}
}

func (r *folderReader) ledger(src io.ReadSeeker) {
	seen := map[string]int{}
	t := r.table(fileLedger, src, must("id"), must("subject"), must("kind"), may("points"), may("category"),
		may("date"), may("approved"), may("matter"), may("level"), may("indicator"), may("period"), may("reason"))
	for t.next() {
		e := Entry{ID: t.needed("id"), Subject: r.listed(t, "subject"), Kind: t.needed("kind"), Points: t.points("points"),
			Category: t.text("category"), Date: t.date("date"), Approved: t.text("approved"), Matter: t.text("matter"),
			Level: t.text("level"), Indicator: t.text("indicator"), Period: t.text("period"), Reason: t.text("reason"), Line: t.line()}
		if e.Approved != "" && e.Approved != "yes" && e.Approved != "no" {
			t.fault("approved", "scoring.fault.not_yes_no", map[string]any{"Got": e.Approved})
		}
		once(t, seen, e.ID, e.ID)
		r.data.Ledger = append(r.data.Ledger, e)
	}
}

func (r *folderReader) pairs(src io.ReadSeeker) {
	t := r.table(filePairs, src, must("winner"), must("loser"), may("weight"))
	for t.next() {
		p := Pair{Winner: r.listed(t, "winner"), Loser: r.listed(t, "loser"), Weight: t.weight("weight"), Line: t.line()}
		if p.Winner == p.Loser {
			t.fault("loser", "scoring.fault.pair_self", map[string]any{"Subject": p.Winner})
		}
		r.data.Pairs = append(r.data.Pairs, p)
	}
}

func (r *folderReader) history(src io.ReadSeeker) {
	seen := map[[2]string]int{}
	t := r.table(fileHistory, src, must("period"), must("subject"), may("total"), may("grade"))
	for t.next() {
		p := Past{Period: t.needed("period"), Subject: t.needed("subject"), Total: t.points("total"), Grade: t.text("grade"), Line: t.line()}
		once(t, seen, [2]string{p.Period, p.Subject}, p.Period+","+p.Subject)
		r.data.History = append(r.data.History, p)
	}
}

func (r *folderReader) params(src io.ReadSeeker) {
	r.data.Params, r.data.paramLines = Params{}, map[string]int{}
	seen := map[string]int{}
	t := r.table(fileParams, src, must("name"), must("value"))
	for t.next() {
		name := t.needed("name")
		once(t, seen, name, name)
		r.data.Params[name] = t.text("value")
		r.data.paramLines[name] = t.line()
	}
}
