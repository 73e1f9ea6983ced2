package scoring

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// Ballots holds responses compactly: ten million answers are millions of
// strings that repeat, so each distinct string is kept once. The zero value is
// ready to use; it is not safe for concurrent use while adding.
type Ballots struct {
	index map[string]word
	words []string
	rows  []ballot
	given []given
	mixed bool // answers of one response do not stand together
}

type word uint32

// ballot is a Response with its strings replaced by words; its answers are
// given[from:to] once settled.
type ballot struct {
	id, panel, respondent, subject    word
	period, relation, stratum, device word
	submitted, count                  int64
	from, to                          uint32
	line                              int32
	invalid                           bool
}

type given struct {
	ballot      uint32
	item, value word
}

// Add takes one response. A time that cannot be read counts as no time; the
// reader of files reports it.
func (b *Ballots) Add(r Response) {
	at := b.open(r)
	for _, a := range r.Answers {
		b.put(at, a.Item, a.Value)
	}
}

// Len is the number of responses held.
func (b *Ballots) Len() int { return len(b.rows) }

// open starts a response without answers and returns its number.
func (b *Ballots) open(r Response) uint32 {
	at, _ := parseTime(r.Submitted)
	b.rows = append(b.rows, ballot{
		id: b.word(r.ID), panel: b.word(r.Panel), respondent: b.word(r.Respondent), subject: b.word(r.Subject),
		period: b.word(r.Period), relation: b.word(r.Relation), stratum: b.word(r.Stratum), device: b.word(r.Device),
		submitted: at, count: max(r.Count, 1), from: uint32(len(b.given)), to: uint32(len(b.given)),
		line: int32(r.Line), invalid: r.Status != "" && r.Status != "valid",
	})
	return uint32(len(b.rows) - 1)
}

// put adds an answer to a response.
func (b *Ballots) put(at uint32, item, value string) {
	row := &b.rows[at]
	if int(row.to) != len(b.given) {
		b.mixed = true
	}
	b.given = append(b.given, given{at, b.word(item), b.word(value)})
	row.to = uint32(len(b.given))
}

// settle brings the answers of each response together.
func (b *Ballots) settle() {
	if !b.mixed {
		return
	}
	slices.SortStableFunc(b.given, func(x, y given) int { return cmp.Compare(x.ballot, y.ballot) })
	for i := range b.rows {
		b.rows[i].from, b.rows[i].to = 0, 0
	}
	for i, g := range b.given {
		row := &b.rows[g.ballot]
		if row.to == 0 {
			row.from = uint32(i)
		}
		row.to = uint32(i + 1)
	}
	b.mixed = false
}

// word finds or keeps a string. What is kept is a copy: the string may be part
// of a line that should not be held in memory for it.
func (b *Ballots) word(s string) word {
	if w, ok := b.index[s]; ok {
		return w
	}
	if b.index == nil {
		b.index = map[string]word{}
	}
	w := word(len(b.words))
	s = strings.Clone(s)
	b.index[s] = w
	b.words = append(b.words, s)
	return w
}

func (b *Ballots) text(w word) string { return b.words[w] }

// noTime sorts before every time.
const noTime = -1 << 62

// ParseTime reads a time of submission as answers.csv has it; one without an
// offset is taken as it stands, for it is only compared with others.
func ParseTime(s string) (time.Time, bool) {
	for _, layout := range [...]string{"2006-01-02T15:04:05", time.RFC3339, "2006-01-02 15:04:05",
		"2006-01-02 15:04:05Z07:00", "2006-01-02T15:04", "2006-01-02 15:04", time.DateOnly} {
		if len(s) < len(layout)-6 {
			continue
		}
		if t, err := time.Parse(layout, s); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}

// parseTime is ParseTime in nanoseconds; no time sorts before all.
func parseTime(s string) (int64, bool) {
	if s == "" {
		return noTime, true
	}
	t, ok := ParseTime(s)
	if !ok {
		return noTime, false
	}
	return t.UnixNano(), true
}
