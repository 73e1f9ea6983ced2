package load

import (
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"pingyi/scoring"
	"pingyi/survey"
)

// MaxCode is the length of a code in characters.
const MaxCode = 40

// Codes are what YAML files can name, too. Those of indicators have levels
// (key.roads).
var (
	codeForm      = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]*$`)
	indicatorForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]*(\.[A-Za-z0-9][A-Za-z0-9_-]*)*$`)
)

// checkCode returns what is wrong with a code that is not empty, "" where
// nothing is.
func checkCode(s string, form *regexp.Regexp) string {
	switch {
	case s == "":
		return ""
	case utf8.RuneCountInString(s) > MaxCode:
		return "load.code_long"
	case !form.MatchString(s):
		return "load.code_characters"
	}
	return ""
}

// ref is a code that names something, and where it stands.
type ref struct {
	code string
	at   position
}

// code reads a cell that is a code or empty.
func (t *table) code(column string) string { return t.codeLike(column, codeForm) }

func (t *table) codeLike(column string, form *regexp.Regexp) string {
	s := t.cell(column)
	if fault := checkCode(s, form); fault != "" {
		t.fault(column, fault, args{"Got": clip(s), "Most": MaxCode})
		return ""
	}
	return s
}

// label reads a short text in any script that stands in lists of results.
func (t *table) label(column string) string {
	s := t.cell(column)
	switch {
	case utf8.RuneCountInString(s) > MaxCode:
		t.fault(column, "load.code_long", args{"Got": clip(s), "Most": MaxCode})
	case strings.ContainsAny(s, "|\r\n"):
		t.fault(column, "load.label_bar", args{"Got": clip(s)})
	default:
		return s
	}
	return ""
}

// ref reads a code that names something else, or nothing.
func (t *table) ref(column string) ref { return ref{t.code(column), t.place(column)} }

// needed reads a cell that must not be empty.
func (t *table) needed(column string) string {
	s := t.cell(column)
	if s == "" {
		t.fault(column, "load.cell_empty", nil)
	}
	return s
}

// neededCode reads a code that must not be empty; false where there is none.
func (t *table) neededCode(column string) (string, bool) {
	if t.needed(column) == "" {
		return "", false
	}
	s := t.code(column)
	return s, s != ""
}

// neededRef reads a code that must name something; false where there is none.
func (t *table) neededRef(column string) (ref, bool) {
	code, ok := t.neededCode(column)
	return ref{code, t.place(column)}, ok
}

// name reads the column name and its languages (name:en). It must say
// something in one of them.
func (t *table) name() survey.Text {
	text := survey.Text{}
	for _, column := range t.header {
		base, lang, _ := strings.Cut(column, ":")
		if base == "name" && t.cell(column) != "" {
			text[survey.Lang(lang)] = t.cell(column)
		}
	}
	if text.Empty() {
		t.fault("name", "load.cell_empty", nil)
	}
	return text
}

// attributes reads the columns that are not known; empty cells are missing.
func (t *table) attributes(cols columns) map[string]string {
	out := map[string]string{}
	for _, column := range t.header {
		base, _, _ := strings.Cut(column, ":")
		if slices.Contains(cols.known(), base) || t.cell(column) == "" {
			continue
		}
		out[column] = t.cell(column)
	}
	return out
}

// dateLayouts are the ways in which spreadsheets write a date.
var dateLayouts = [...]string{time.DateOnly, "2006-1-2", "2006/1/2", "2006.1.2", "2006年1月2日"}

// date reads a date, as 2006-01-02, or empty.
func (t *table) date(column string) string {
	s := t.cell(column)
	if s == "" {
		return ""
	}
	for _, layout := range dateLayouts {
		if d, err := time.Parse(layout, s); err == nil && d.Year() >= 1900 && d.Year() < 2200 {
			return d.Format(time.DateOnly)
		}
	}
	t.fault(column, "load.date", args{"Got": clip(s)})
	return ""
}

// number checks a number and gives it as written; positive asks for more than 0.
func (t *table) number(column string, positive bool) string {
	s := t.cell(column)
	if s == "" {
		return ""
	}
	n, ok := scoring.ParseNumber(s)
	switch {
	case !ok:
		t.fault(column, "load.number", args{"Got": clip(s)})
		return ""
	case positive && n.Sign() <= 0:
		t.fault(column, "load.not_positive", args{"Got": clip(s)})
		return ""
	}
	return s
}

// points checks a number of points, which may have no percent sign.
func (t *table) points(column string) string {
	s := t.cell(column)
	if scoring.IsPercent(s) {
		t.fault(column, "scoring.fault.percent", args{"Got": clip(s)})
		return ""
	}
	return t.number(column, false)
}

// yesNo are the words for yes and no that people write.
var yesNo = map[string]bool{
	"yes": true, "no": false, "y": true, "n": false, "true": true, "false": false, "1": true, "0": false,
	"是": true, "否": false,
}

// yes reads a yes or no; set is false where the cell is empty or faulty.
func (t *table) yes(column string) (yes, set bool) {
	s := t.cell(column)
	if s == "" {
		return false, false
	}
	yes, set = yesNo[strings.ToLower(s)]
	if !set {
		t.fault(column, "load.yes_no", args{"Got": clip(s)})
	}
	return yes, set
}

// word reads one of several words, or empty.
func (t *table) word(column, code string, known []string) string {
	s := t.cell(column)
	if s == "" || slices.Contains(known, s) {
		return s
	}
	t.fault(column, code, args{"Got": clip(s), "Near": nearest(s, slices.Values(known)), "Known": strings.Join(known, ", ")})
	return ""
}

// account reads a Telegram id, 0 where the cell is empty.
func (t *table) account(column string) int64 {
	s := t.cell(column)
	if s == "" {
		return 0
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n <= 0 || n >= 1<<52 { // Telegram promises 52 significant bits
		t.fault(column, "load.telegram", args{"Got": clip(s)})
		return 0
	}
	return n
}

// clip shortens what somebody wrote to what fits a message.
func clip(s string) string {
	const most = 40
	if r := []rune(s); len(r) > most {
		return string(r[:most]) + "…"
	}
	return s
}

// sortedKeys are the keys of a map in the order in which people read them.
func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
