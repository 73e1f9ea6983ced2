package scoring

import (
	"errors"
	"io"
	"strings"
)

// Locate finds the columns of faults in a folder's files, which are read again
// for it: a computation knows the lines of its rows and no more. What cannot be
// found stays as it is.
func Locate(files Files, faults Faults) Faults {
	byFile := map[string][]*sought{}
	out := make(Faults, len(faults))
	for i, f := range faults {
		out[i] = f
		if column, row := aboutField(f); column != "" && f.Column == 0 {
			byFile[f.File] = append(byFile[f.File], &sought{&out[i], column, row})
		}
	}
	for name, list := range byFile {
		if src, ok := files[name]; ok {
			locate(src, list)
		}
	}
	return out
}

// sought is a fault whose field is looked for: in its line, or in the first row
// that holds certain words.
type sought struct {
	fault  *Fault
	column string
	row    map[string]string
}

func locate(src io.ReadSeeker, list []*sought) {
	text, _, err := readText(src)
	if err != nil {
		return
	}
	l := newLines(text)
	if l.next() != nil {
		return
	}
	index := map[string]int{}
	for i, name := range l.fields {
		index[strings.TrimSpace(string(name))] = i
	}
	for _, s := range list { // a fault of the first line is about a column's name
		if i, ok := index[s.column]; ok && s.row == nil && s.fault.Line == 1 {
			_, s.fault.Column = l.place(i)
		}
	}
	for len(list) > 0 {
		err := l.next()
		if errors.Is(err, io.EOF) {
			return
		}
		var left []*sought
		for _, s := range list {
			if i, ok := index[s.column]; ok && err == nil && i < len(l.fields) && s.isRow(l, index) {
				s.fault.Line, s.fault.Column = l.place(i)
				continue
			}
			left = append(left, s)
		}
		list = left
	}
}

func (s *sought) isRow(l *lines, index map[string]int) bool {
	if s.row == nil {
		line, _ := l.place(0)
		return line == s.fault.Line
	}
	for column, word := range s.row {
		field := "" // of a column that the file does not have
		if i, ok := index[column]; ok && i < len(l.fields) {
			field = strings.TrimSpace(string(l.fields[i]))
		}
		if field != word {
			return false
		}
	}
	return true
}

// aboutField is the column that a fault of a computation, or a notice, is
// about, and where its line does not tell the row, what the row holds.
func aboutField(f Fault) (column string, row map[string]string) {
	word := func(arg string) string { s, _ := f.Args[arg].(string); return s }
	_, code, _ := strings.Cut(strings.TrimPrefix(f.Code, "scoring."), ".")
	switch code {
	case "value_number", "percent", "step_none", "param_choice", "param_number", "period":
		return "value", nil
	case "target_missing":
		return "target", nil
	case "values_uncounted":
		return "period", nil
	case "answers_uncounted":
		column = "panel"
		for _, name := range [...]string{"Period", "Stratum", "Relation"} {
			if word(name) != "" && (column == "panel" || f.Args["Fits"] != true) { // what fits is of no period that counts
				column = strings.ToLower(name)
			}
		}
		return column, map[string]string{"panel": word("Panel"), "relation": word("Relation"), "stratum": word("Stratum"), "period": word("Period")}
	case "weights_differ", "weight_empty":
		return "weight", nil
	case "values_several", "indicator_counted", "indicator_ignored":
		return "indicator", nil
	case "entry_kind", "subject_kind":
		return "kind", nil
	case "entry_level":
		return "level", nil
	case "entry_points":
		return "points", nil
	case "attribute_number", "attribute_subject", "attribute_value", "table_no_row":
		return word("Attribute"), nil
	case "attribute_column":
		return word("Near"), nil
	case "param_unknown":
		return "name", nil
	case "sheet_differs", "item_twice", "entries_uncounted":
		return word("Column"), nil
	case "panel_ignored":
		return "panel", nil
	case "kind_ignored":
		return "kind", map[string]string{"kind": word("Kind")}
	case "items_ignored":
		item, _, _ := strings.Cut(word("Items"), ", ")
		return "item", map[string]string{"panel": word("Panel"), "item": item}
	case "answer_scale":
		return "value", map[string]string{"id": word("ID"), "item": word("Item"), "value": word("Got")}
	}
	return "", nil
}
