package scoring

import (
	"bytes"
	"slices"
	"time"
)

// Ballots holds responses, of which there may be millions, in little memory:
// each text that comes again once, what describes many responses alike once,
// and the rest as bytes, beyond a few megabytes outside of memory where there is
// room. The zero value is ready to use; it is not safe for concurrent use while
// adding.
type Ballots struct {
	words  dictionary
	heads  []head
	headOf map[head]uint32
	gists  []*gist // by head
	saidOf map[[2]word]*seenPairs
	items  []word
	itemOf map[word]uint32
	pairs  []pair
	pairOf map[pair]uint32
	spool  spool              // by id
	parted [spoolBuckets]bool // there, some responses are in several records
}

// head is what a response has in common with many others.
type head struct {
	panel, subject, period    word
	relation, stratum, status word
	count                     int64
}

// gist is what is known of all responses of a head.
type gist struct {
	responses int
	line      uint64 // of the first
	said      *seenPairs
}

// seenPairs tells which pairs the responses of a panel in a period hold.
type seenPairs struct{ pairs []bool }

// pair is an answer: the number of an item, and a value.
type pair struct {
	item  uint32
	value word
}

// Add takes one response. A time that cannot be read counts as no time; the
// reader of files reports it.
func (b *Ballots) Add(r Response) {
	word := func(s string) word { return b.words.word([]byte(s)) }
	submitted, _ := parseTime(r.Submitted)
	added := record{id: []byte(r.ID), respondent: []byte(r.Respondent), device: []byte(r.Device), submitted: submitted, line: uint64(r.Line),
		head: b.head(head{panel: word(r.Panel), subject: word(r.Subject), period: word(r.Period),
			relation: word(r.Relation), stratum: word(r.Stratum), status: word(r.Status), count: max(r.Count, 1)})}
	for _, a := range r.Answers {
		added.pairs = append(added.pairs, b.pair([]byte(a.Item), []byte(a.Value)))
	}
	b.spool.put(added.id, &added)
	b.note(&added)
}

// full tells that no more can be held, for numbers would run out.
func (b *Ballots) full() bool { return b.words.full() }

// head finds or gives the number of a head.
func (b *Ballots) head(h head) uint32 {
	n := number(&b.heads, &b.headOf, h)
	if int(n) == len(b.gists) {
		key := [2]word{h.panel, h.period}
		if b.saidOf == nil {
			b.saidOf = map[[2]word]*seenPairs{}
		}
		if b.saidOf[key] == nil {
			b.saidOf[key] = &seenPairs{}
		}
		b.gists = append(b.gists, &gist{said: b.saidOf[key]})
	}
	return n
}

// pair finds or gives the number of an answer.
func (b *Ballots) pair(item, value []byte) uint32 {
	n := number(&b.items, &b.itemOf, b.words.word(item))
	return number(&b.pairs, &b.pairOf, pair{n, b.words.word(value)})
}

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

// note takes a response into the gist of its head.
func (b *Ballots) note(r *record) {
	g := b.gists[r.head]
	if g.responses == 0 || r.line < g.line {
		g.line = r.line
	}
	g.responses++
	for _, a := range r.pairs {
		if int(a) >= len(g.said.pairs) {
			g.said.pairs = append(g.said.pairs, make([]bool, int(a)+1-len(g.said.pairs))...)
		}
		g.said.pairs[a] = true
	}
}

// each goes over all responses, in no order. An error is one of reading scratch.
func (b *Ballots) each(take func(r *record)) error {
	var p pile
	for i := range b.spool.buckets {
		if err := b.spool.load(i, &p); err != nil {
			return err
		}
		if b.parted[i] {
			p.join(take, func(_, _ *record) {})
			continue
		}
		var r record
		for n := range p.at {
			p.read(uint32(n), &r)
			take(&r)
		}
	}
	return nil
}

// gather brings together what was put in several records, and notes all
// responses. It hands each further record of one to meet, with its first.
func (b *Ballots) gather(take func(r *record), meet func(first, further *record)) error {
	var p pile
	for i := range b.spool.buckets {
		if err := b.spool.load(i, &p); err != nil {
			return err
		}
		b.parted[i] = p.join(func(r *record) { b.note(r); take(r) }, meet)
	}
	return nil
}

// join puts the records of one id together, and tells whether any have the same.
func (p *pile) join(take func(r *record), meet func(first, further *record)) (parted bool) {
	first, order := make([]uint32, len(p.at)), make([]uint32, len(p.at))
	for i := range p.at {
		n := uint32(i)
		first[n], order[n] = n, n
		hash := p.index.hash(p.id(n))
		if slot := p.index.find(hash, func(other uint32) bool { return bytes.Equal(p.id(other), p.id(n)) }); slot >= 0 {
			first[n], parted = p.index.number(slot), true
			continue
		}
		p.index.add(hash, n)
	}
	if parted {
		slices.SortStableFunc(order, func(x, y uint32) int { return int(first[x]) - int(first[y]) })
	}
	var whole, part record
	for i, n := range order {
		if first[n] == n {
			p.read(n, &whole)
		} else {
			p.read(n, &part)
			meet(&whole, &part)
			whole.pairs = append(whole.pairs, part.pairs...)
		}
		if i+1 == len(order) || first[order[i+1]] == order[i+1] {
			take(&whole)
		}
	}
	return parted
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
// offset is taken as it stands, for it is only compared with others. Nothing was
// submitted in years beyond what nanoseconds can count.
func ParseTime(s string) (time.Time, bool) {
	for _, layout := range [...]string{"2006-01-02T15:04:05", time.RFC3339, "2006-01-02 15:04:05",
		"2006-01-02 15:04:05Z07:00", "2006-01-02T15:04", "2006-01-02 15:04", time.DateOnly} {
		if len(s) < len(layout)-6 {
			continue
		}
		if t, err := time.Parse(layout, s); err == nil {
			return t, 1678 <= t.Year() && t.Year() < 2262
		}
	}
	return time.Time{}, false
}

// parseTime is ParseTime in nanoseconds since 1970; no time sorts before all.
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
