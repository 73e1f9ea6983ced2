package scoring

import (
	"slices"
	"time"
)

// Ballots holds responses compactly, for there may be millions: each distinct
// text once, what describes many responses alike once, and of a response some
// 32 bytes and 4 for each answer. The zero value is ready to use; it is not
// safe for concurrent use while adding.
type Ballots struct {
	words   dictionary
	heads   []head
	headOf  map[head]uint32
	items   []word
	itemOf  map[word]uint32
	pairs   []pair
	pairOf  map[pair]uint32
	rows    list[ballot]
	given   list[uint32] // numbers of pairs, those of a response together once settled
	owner   list[uint32] // the response of each, where they do not come together
	unequal bool         // they do not
}

// head is what a response has in common with many others.
type head struct {
	panel, subject, period    word
	relation, stratum, status word
	count                     int64
}

// pair is an answer: the number of an item, and a value.
type pair struct {
	item  uint32
	value word
}

// ballot is a response; its answers begin at from.
type ballot struct {
	submitted          int64
	id                 word // not in the dictionary: it belongs to this response alone
	head               uint32
	respondent, device word
	line               uint32
	from               uint32
}

// Add takes one response. A time that cannot be read counts as no time; the
// reader of files reports it.
func (b *Ballots) Add(r Response) {
	word := func(s string) word { return b.words.word([]byte(s)) }
	submitted, _ := parseTime(r.Submitted)
	at := b.open(ballot{submitted: submitted, id: b.words.add([]byte(r.ID)), respondent: word(r.Respondent), device: word(r.Device),
		line: uint32(r.Line), head: b.head(head{panel: word(r.Panel), subject: word(r.Subject), period: word(r.Period),
			relation: word(r.Relation), stratum: word(r.Stratum), status: word(r.Status), count: max(r.Count, 1)})})
	for _, a := range r.Answers {
		b.put(at, []byte(a.Item), []byte(a.Value))
	}
}

// Len is the number of responses held.
func (b *Ballots) Len() int { return b.rows.len() }

// full tells that no more can be held, for numbers would run out.
func (b *Ballots) full() bool { return b.words.full() || b.given.len() >= 1<<31 }

func (b *Ballots) head(h head) uint32 { return number(&b.heads, &b.headOf, h) }

// number finds or gives the number of what comes again and again.
func number[T comparable](list *[]T, numbers *map[T]uint32, v T) uint32 {
	n, ok := (*numbers)[v]
	if !ok {
		if *numbers == nil {
			*numbers = map[T]uint32{}
		}
		n = uint32(len(*list))
		(*numbers)[v] = n
		*list = append(*list, v)
	}
	return n
}

// open starts a response without answers and returns its number.
func (b *Ballots) open(row ballot) uint32 {
	row.from = uint32(b.given.len())
	b.rows.add(row)
	return uint32(b.rows.len() - 1)
}

// put adds an answer to a response.
func (b *Ballots) put(at uint32, item, value []byte) {
	if !b.unequal && int(at) != b.rows.len()-1 {
		b.scatter()
	}
	if b.unequal {
		b.owner.add(at)
	}
	n := number(&b.items, &b.itemOf, b.words.word(item))
	b.given.add(number(&b.pairs, &b.pairOf, pair{n, b.words.word(value)}))
}

// span is where the answers of a response stand among all.
func (b *Ballots) span(n uint32) (from, to uint32) {
	from, to = b.rows.at(n).from, uint32(b.given.len())
	if int(n)+1 < b.rows.len() {
		to = b.rows.at(n + 1).from
	}
	return from, to
}

// scatter begins to note whose each answer is: from now on they do not come
// together.
func (b *Ballots) scatter() {
	for n := range uint32(b.rows.len()) {
		for from, to := b.span(n); from < to; from++ {
			b.owner.add(n)
		}
	}
	b.unequal = true
}

// settle brings the answers of each response together.
func (b *Ballots) settle() {
	if !b.unequal {
		return
	}
	place := make([]uint32, b.rows.len()+1)
	for i := range uint32(b.owner.len()) {
		place[*b.owner.at(i)+1]++
	}
	for n := range uint32(b.rows.len()) {
		b.rows.at(n).from = place[n]
		place[n+1] += place[n]
	}
	together := make([]uint32, b.given.len())
	for i := range uint32(len(together)) {
		owner := *b.owner.at(i)
		together[place[owner]] = *b.given.at(i)
		place[owner]++
	}
	b.given.blocks = slices.Collect(slices.Chunk(together, listBlock))
	b.owner, b.unequal = list[uint32]{}, false
}

// answer is the item and the value of a pair.
func (b *Ballots) answer(pair uint32) (item, value string) {
	p := b.pairs[pair]
	return b.text(b.items[p.item]), b.text(p.value)
}

func (b *Ballots) text(w word) string { return string(b.words.at(w)) }

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
