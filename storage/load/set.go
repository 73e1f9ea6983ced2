package load

import (
	"maps"
	"slices"
	"strings"

	"pingyi/scoring"
	"pingyi/storage"
	"pingyi/survey"
)

// Notice is something worth knowing although nothing is wrong: a code with
// arguments, like a fault.
type Notice = survey.Fault

// place is where something stands in the files.
type place struct {
	file string
	position
}

// set is what the files say, row by row, with the places of whatever refers to
// something else. Each kind is in the order of the files.
type set struct {
	project        *survey.Project
	units          []unit
	people         []person
	subjects       []subject
	days           []day
	values         []value
	ledger         []entry
	questionnaires []body[*survey.Questionnaire]
	schemes        []body[*scoring.Scheme]
	rounds         []body[*survey.RoundSpec] // series too
	evaluations    []body[*survey.EvaluationSpec]

	unread  map[Kind]bool // kinds of which a file could not be read
	faults  survey.Faults
	notices []Notice
}

type unit struct {
	storage.UnitRow
	place
	parent ref
	has    map[string]bool // the columns of the file
}

// person is one row of people.csv: who, and one of the capacities.
type person struct {
	place
	code, name, phone string
	phoneHash         []byte // set by check
	district, age     string
	language          survey.Lang
	account           int64
	membership        storage.MembershipRow
	unit, manager     ref
	roles             []roleRef
	has               map[string]bool
	at                personPlaces
}

// personPlaces are the places that faults found later point to.
type personPlaces struct {
	name, kind, phone, telegram, district, age, to position
}

type roleRef struct {
	role string
	unit ref
}

type subject struct {
	storage.SubjectRow
	place
	parent, of ref
	active     *bool
	has        map[string]bool
}

type day struct {
	place
	day     survey.Day
	working bool
}

type value struct {
	storage.ValueRow
	place
	subject ref
	has     map[string]bool
}

type entry struct {
	storage.LedgerRow
	place
	subject ref
	has     map[string]bool
}

// body is a YAML file as text and as what its parser made of it. One with
// faults is broken: its spec is nil, or says what could be read.
type body[T any] struct {
	place
	code   string
	text   []byte
	spec   T
	broken bool
}

// parse reads all files. Faults are those of single files; check adds what
// files say about each other.
func parse(files Files) *set {
	s := &set{unread: maps.Clone(files.unread), faults: slices.Clone(files.faults)}
	for _, f := range files.all {
		if f.gb18030 {
			s.notices = append(s.notices, Notice{File: f.name, Code: "load.gb18030"})
		}
		switch f.kind {
		case Units:
			s.readUnits(f)
		case People:
			s.readPeople(f)
		case Subjects:
			s.readSubjects(f)
		case Calendar:
			s.readCalendar(f)
		case Values:
			s.readValues(f)
		case Ledger:
			s.readLedger(f)
		default:
			s.readYAML(f)
		}
	}
	return s
}

// full reports whether enough is wrong; more would only cost time to find.
func (s *set) full() bool { return len(s.faults) >= maxAllFaults }

func (s *set) faultAt(p place, code string, a args) {
	if s.full() {
		return
	}
	s.faults = append(s.faults, survey.Fault{File: p.file, Line: p.line, Column: p.column, Code: code, Args: a})
}

func (s *set) notice(p place, code string, a args) {
	s.notices = append(s.notices, Notice{File: p.file, Line: p.line, Column: p.column, Code: code, Args: a})
}

// open starts a table and says which columns it takes for attributes although
// they look like slips.
func (s *set) open(f file, cols columns) *table {
	t := openTable(f.name, f.text, cols, f.sheet)
	s.unread[f.kind] = s.unread[f.kind] || t.csv == nil
	for _, name := range t.header {
		if t.csv == nil || !cols.open || strings.Contains(name, ":") {
			continue
		}
		if near := nearest(name, slices.Values(cols.known())); near != "" && near != name {
			s.notice(place{f.name, t.at[t.index[name]]}, "load.column_attribute", args{"Column": name, "Near": near})
		}
	}
	return t
}

// close takes over the faults of a table that was read to its end.
func (s *set) close(f file, t *table) {
	s.faults = append(s.faults, t.faults...)
	s.unread[f.kind] = s.unread[f.kind] || t.lost
}

// here is the place of a cell of the current row.
func (t *table) here(column string) place { return place{t.file, t.place(column)} }

// columnsHad tells which columns a table has: what it does not have is left alone.
func (t *table) columnsHad() map[string]bool {
	has := make(map[string]bool, len(t.index))
	for column := range t.index {
		has[column] = true
	}
	return has
}
