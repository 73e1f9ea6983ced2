package scoring

import (
	"bytes"
	"io"
)

// answers reads answers.csv: rows of one id make one response, wherever they
// stand in the file; the columns that describe the response must agree.
func (r *folderReader) answers(src io.ReadSeeker) {
	t := r.table(fileAnswers, src, must("id"), must("panel"), may("respondent"), must("subject"), must("item"), must("value"),
		may("period"), may("relation"), may("status"), may("submitted_at"), may("stratum"), may("device"), may("count"))
	a := &answerReader{folderReader: r, t: t, b: &r.data.Ballots, heads: map[string]uint32{}, moment: noTime,
		id: t.place("id"), item: t.place("item"), value: t.place("value")}
	for i, name := range sheetColumns() {
		a.columns[i] = t.place(name)
	}
	for t.next() {
		if a.b.full() {
			t.fault("", "scoring.fault.file_large", nil)
			return
		}
		a.row()
	}
	a.statuses()
	a.itemsOnce()
}

// answerReader reads many rows fast: columns are found once, and a row that
// says of its response what the row before it said is looked at no further.
type answerReader struct {
	*folderReader
	t               *table
	b               *Ballots
	id, item, value int
	columns         [10]int

	ids       index             // of responses, by their ids
	heads     map[string]uint32 // by what the file says, where that is without fault
	now, said []byte            // what the sheet columns say: in this row, and of the last response
	headEnd   int               // so far now tells the head
	last      uint32            // the last response
	time      string            // the last time read, and what it means
	moment    int64
}

// sheetColumns describe a response: equal in all its rows. Those of the head
// come first.
func sheetColumns() [10]string {
	return [10]string{"panel", "subject", "period", "relation", "stratum", "status", "count", "respondent", "device", "submitted_at"}
}

// Places in sheetColumns.
const (
	atCount = 6 + iota
	atRespondent
	atDevice
	atSubmitted
)

func (a *answerReader) field(column int) []byte { return a.t.field(a.columns[column]) }

// row adds one row to its response.
func (a *answerReader) row() {
	id := a.t.field(a.id)
	if len(id) == 0 {
		a.t.fault("id", "scoring.fault.field_empty", nil)
		return
	}
	a.describe()
	if a.b.rows.len() == 0 || !bytes.Equal(id, a.b.words.at(a.b.rows.at(a.last).id)) {
		a.find(id)
	} else if !bytes.Equal(a.now, a.said) {
		a.same()
	}
	item := a.t.field(a.item)
	if len(item) == 0 {
		a.t.fault("item", "scoring.fault.field_empty", nil)
		return
	}
	a.b.put(a.last, item, a.t.field(a.value))
}

// describe joins the sheet columns of the row: no text holds a zero byte.
func (a *answerReader) describe() {
	a.now = a.now[:0]
	for i := range a.columns {
		if i == atRespondent {
			a.headEnd = len(a.now)
		}
		a.now = append(append(a.now, a.field(i)...), 0)
	}
}

// find makes the response of an id the last one, started if it is new.
func (a *answerReader) find(id []byte) {
	hash := a.ids.hash(id)
	slot := a.ids.find(hash, func(n uint32) bool { return bytes.Equal(id, a.b.words.at(a.b.rows.at(n).id)) })
	if slot >= 0 {
		a.last = a.ids.number(slot)
		a.same()
		return
	}
	a.last = a.open(id)
	a.ids.add(hash, a.last)
	a.said = append(a.said[:0], a.now...)
}

// open starts a response with its first row.
func (a *answerReader) open(id []byte) uint32 {
	known, ok := a.heads[string(a.now[:a.headEnd])]
	if !ok {
		before := a.t.faults
		known = a.b.head(a.head())
		if a.t.faults == before {
			a.heads[string(a.now[:a.headEnd])] = known
		}
	}
	submitted, ok := a.submitted()
	if !ok {
		a.t.fault("submitted_at", "scoring.fault.not_time", map[string]any{"Got": string(a.field(atSubmitted))})
	}
	words := &a.b.words
	return a.b.open(ballot{submitted: submitted, id: words.add(id), head: known, respondent: words.word(a.field(atRespondent)),
		device: words.word(a.field(atDevice)), line: uint32(a.t.line())})
}

// head reads the columns of the head and checks them.
func (a *answerReader) head() head {
	word := func(column string) word { return a.b.words.word([]byte(a.t.text(column))) }
	a.t.needed("panel")
	a.listed(a.t, "subject")
	return head{panel: word("panel"), subject: word("subject"), period: word("period"), relation: word("relation"),
		stratum: word("stratum"), status: word("status"), count: a.t.count("count")}
}

func (a *answerReader) submitted() (int64, bool) {
	s := a.field(atSubmitted)
	if string(s) == a.time {
		return a.moment, true
	}
	moment, ok := parseTime(string(s))
	if ok {
		a.time, a.moment = string(s), moment
	}
	return moment, ok
}

// same reports the columns in which a further row of the last response differs
// from its first.
func (a *answerReader) same() {
	b, row, before := a.b, a.b.rows.at(a.last), a.t.faults
	h := &b.heads[row.head]
	for i, w := range [...]word{h.panel, h.subject, h.period, h.relation, h.stratum, h.status} {
		a.agree(i, w)
	}
	a.agree(atRespondent, row.respondent)
	a.agree(atDevice, row.device)
	if s := a.field(atSubmitted); len(s) > 0 || row.submitted != noTime {
		if when, ok := a.submitted(); ok && when != row.submitted {
			a.differs(atSubmitted, "…", string(s))
		}
	}
	if a.columns[atCount] >= 0 {
		if n := a.t.count("count"); n != h.count {
			a.differs(atCount, h.count, n)
		}
	}
	if a.t.faults == before {
		a.said = append(a.said[:0], a.now...)
	} else {
		a.said = a.said[:0]
	}
}

func (a *answerReader) agree(column int, w word) {
	if was, got := a.b.words.at(w), a.field(column); !bytes.Equal(was, got) {
		a.differs(column, string(was), string(got))
	}
}

func (a *answerReader) differs(column int, was, got any) {
	row := a.b.rows.at(a.last)
	a.t.fault(sheetColumns()[column], "scoring.fault.sheet_differs", map[string]any{
		"ID": a.b.text(row.id), "Was": was, "Got": got, "First": row.line})
}

// statuses notices a file that gives statuses of which none is valid.
func (a *answerReader) statuses() {
	given := false
	for _, h := range a.b.heads {
		if a.b.text(h.status) == statusValid {
			return
		}
		given = given || h.status != 0
	}
	if given {
		a.notices = append(a.notices, Notice{File: fileAnswers, Code: "scoring.notice.no_valid_status"})
	}
}

// itemsOnce reports items that stand twice in one response.
func (a *answerReader) itemsOnce() {
	b := a.b
	b.settle()
	seen := make([]uint32, len(b.items)) // the last response with the item, from 1
	for n := range uint32(b.rows.len()) {
		for i, end := b.span(n); i < end; i++ {
			item := b.pairs[*b.given.at(i)].item
			if seen[item] == n+1 && a.t.faults <= maxFaultsPerFile {
				row := b.rows.at(n)
				a.t.report(int(row.line), 0, "scoring.fault.item_twice", map[string]any{
					"ID": b.text(row.id), "Item": b.text(b.items[item]), "Column": "item"})
			}
			seen[item] = n + 1
		}
	}
}
