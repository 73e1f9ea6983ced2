package scoring

import "time"

// Ballots holds responses compactly: ten million answers are millions of
// strings that repeat, so each distinct string is kept once. The zero value is
// ready to use; it is not safe for concurrent use while adding.
type Ballots struct {
	index map[string]word
	words []string
	rows  []ballot
	given []given
}

type word uint32

// ballot is a Response with its strings replaced by words; its answers are
// given[from:to].
type ballot struct {
	id, panel, respondent, subject    word
	period, relation, stratum, device word
	submitted, count                  int64
	from, to                          uint32
	line                              int32
	invalid                           bool
}

type given struct{ item, value word }

// Add takes one response. A time that cannot be read counts as no time; the
// reader of files reports it.
func (b *Ballots) Add(r Response) {
	at, _ := parseTime(r.Submitted)
	row := ballot{
		id: b.word(r.ID), panel: b.word(r.Panel), respondent: b.word(r.Respondent), subject: b.word(r.Subject),
		period: b.word(r.Period), relation: b.word(r.Relation), stratum: b.word(r.Stratum), device: b.word(r.Device),
		submitted: at, count: max(r.Count, 1), from: uint32(len(b.given)),
		line: int32(r.Line), invalid: r.Status != "" && r.Status != "valid",
	}
	for _, a := range r.Answers {
		b.given = append(b.given, given{b.word(a.Item), b.word(a.Value)})
	}
	row.to = uint32(len(b.given))
	b.rows = append(b.rows, row)
}

// Len is the number of responses held.
func (b *Ballots) Len() int { return len(b.rows) }

func (b *Ballots) word(s string) word {
	if w, ok := b.index[s]; ok {
		return w
	}
	if b.index == nil {
		b.index = map[string]word{}
	}
	w := word(len(b.words))
	b.index[s] = w
	b.words = append(b.words, s)
	return w
}

func (b *Ballots) text(w word) string { return b.words[w] }

// noTime sorts before every time.
const noTime = -1 << 62

// parseTime reads a time of submission as seconds since 1970; a time without
// an offset is taken as it stands, for it is only compared with others.
func parseTime(s string) (int64, bool) {
	if s == "" {
		return noTime, true
	}
	for _, layout := range [...]string{time.RFC3339, "2006-01-02T15:04:05", "2006-01-02 15:04:05",
		"2006-01-02 15:04:05Z07:00", "2006-01-02T15:04", "2006-01-02 15:04", time.DateOnly} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UnixNano(), true
		}
	}
	return noTime, false
}
