package scoring

import (
	"bytes"
	"io"
	"time"
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
	a.finish()
	a.statuses()
	a.gather()
}

// answerReader reads many rows fast: columns are found once, and a row that
// says of its response what the row before it said is looked at no further.
type answerReader struct {
	*folderReader
	t               *table
	b               *Ballots
	id, item, value int
	columns         [10]int

	heads     map[string]uint32 // by what the file says, where that is without fault
	now, said []byte            // what the sheet columns say: in this row, and in the last
	headEnd   int               // so far now tells the head
	last      record            // the last rows, of one response
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

// row adds one row to the response of the row before, or to another.
func (a *answerReader) row() {
	id := a.t.field(a.id)
	if len(id) == 0 {
		a.t.fault("id", "scoring.fault.field_empty", nil)
		return
	}
	a.describe()
	if !bytes.Equal(id, a.last.id) || !bytes.Equal(a.now, a.said) {
		a.finish()
		a.open(id)
	}
	item := a.t.field(a.item)
	if len(item) == 0 {
		a.t.fault("item", "scoring.fault.field_empty", nil)
		return
	}
	a.last.pairs = append(a.last.pairs, a.b.pair(item, a.t.field(a.value)))
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

// open starts a response, or goes on with one that stands elsewhere as well.
func (a *answerReader) open(id []byte) {
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
	l := &a.last
	l.head, l.submitted, l.line = known, submitted, uint64(a.t.line())
	l.id = append(l.id[:0], id...)
	l.respondent = append(l.respondent[:0], a.field(atRespondent)...)
	l.device = append(l.device[:0], a.field(atDevice)...)
	a.said = append(a.said[:0], a.now...)
}

// finish puts the last rows away.
func (a *answerReader) finish() {
	if len(a.last.id) > 0 {
		a.b.spool.put(a.last.id, &a.last)
	}
	a.last.pairs = a.last.pairs[:0]
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

// gather brings the responses together and reports rows that contradict the
// first of their response, and items that stand twice in one.
func (a *answerReader) gather() {
	told := a.t.faults > maxFaultsPerFile // that there are more
	found := firstFaults{file: fileAnswers, room: max(0, maxFaultsPerFile-a.t.faults)}
	seen, n := make([]int, len(a.b.items)), 0 // items by the last response that has them
	err := a.b.gather(func(r *record) {
		n++
		for _, answer := range r.pairs {
			item := a.b.pairs[answer].item
			if seen[item] == n {
				found.add(int(r.line), "item_twice", map[string]any{"ID": string(r.id), "Item": a.b.text(a.b.items[item]), "Column": "item"})
			}
			seen[item] = n
		}
	}, func(first, further *record) { a.agree(first, further, &found) })
	if err != nil {
		a.fault(fileAnswers, 0, 0, "scoring.fault.unreadable", map[string]any{"Problem": err.Error()})
	}
	if !told {
		a.faults = append(a.faults, found.all()...)
	}
	if a.b.spool.failed != nil {
		a.notices = append(a.notices, Notice{File: fileAnswers, Code: "scoring.notice.in_memory", Args: map[string]any{"Problem": a.b.spool.failed.Error()}})
	}
}

// agree reports the columns in which further rows of a response differ from
// its first.
func (a *answerReader) agree(first, further *record, found *firstFaults) {
	differ := func(column int, was, got any) {
		found.add(int(further.line), "sheet_differs", map[string]any{"ID": string(first.id), "Was": was, "Got": got,
			"First": first.line, "Column": sheetColumns()[column]})
	}
	h, other := a.b.heads[first.head], a.b.heads[further.head]
	for i, w := range [...][2]word{{h.panel, other.panel}, {h.subject, other.subject}, {h.period, other.period},
		{h.relation, other.relation}, {h.stratum, other.stratum}, {h.status, other.status}} {
		if w[0] != w[1] {
			differ(i, a.b.text(w[0]), a.b.text(w[1]))
		}
	}
	if h.count != other.count {
		differ(atCount, h.count, other.count)
	}
	if !bytes.Equal(first.respondent, further.respondent) {
		differ(atRespondent, string(first.respondent), string(further.respondent))
	}
	if !bytes.Equal(first.device, further.device) {
		differ(atDevice, string(first.device), string(further.device))
	}
	if first.submitted != further.submitted {
		differ(atSubmitted, shownTime(first.submitted), shownTime(further.submitted))
	}
}

func shownTime(moment int64) string {
	if moment == noTime {
		return ""
	}
	return time.Unix(0, moment).UTC().Format("2006-01-02T15:04:05.999999999")
}
