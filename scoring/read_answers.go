package scoring

import "strings"

// answers reads answers.csv: rows of one id make one response, wherever they
// stand in the file; the columns that describe the response must agree.
func (r *folderReader) answers(src []byte) {
	t := r.table(fileAnswers, src, must("id"), must("panel"), may("respondent"), must("subject"), must("item"), must("value"),
		may("period"), may("relation"), may("status"), may("submitted_at"), may("stratum"), may("device"), may("count"))
	a := &answerReader{folderReader: r, t: t, statuses: map[word]bool{}}
	a.locate()
	for t.next() {
		a.row()
	}
	if len(a.statuses) > 0 && !a.statuses[r.data.Ballots.word("valid")] {
		r.notices = append(r.notices, Notice{File: fileAnswers, Code: "scoring.notice.no_valid_status"})
	}
	a.itemsOnce()
}

// answerReader reads many rows fast: columns are found once, and a response is
// compared with its first row word by word.
type answerReader struct {
	*folderReader
	t        *table
	at       map[string]int
	sheet    []uint32 // by the word of an id: the number of its response, plus 1
	status   []word   // of each response
	statuses map[word]bool
	lastID   string
	last     uint32 // the response of lastID
	columns  [10]int
}

// sheetColumns describe a response: equal in all its rows.
func sheetColumns() [10]string {
	return [10]string{"panel", "respondent", "subject", "period", "relation", "status", "submitted_at", "stratum", "device", "count"}
}

func (a *answerReader) locate() {
	a.at = map[string]int{}
	for i, name := range sheetColumns() {
		a.columns[i] = a.t.place(name)
	}
	for _, name := range []string{"id", "item", "value"} {
		a.at[name] = a.t.place(name)
	}
}

// row adds one row to its response.
func (a *answerReader) row() {
	t, b := a.t, &a.data.Ballots
	id := t.field(a.at["id"])
	if id == "" {
		t.fault("id", "scoring.fault.field_empty", nil)
		return
	}
	if a.lastID != id {
		a.last, a.lastID = a.find(id)
	} else {
		a.same(a.last)
	}
	item := t.field(a.at["item"])
	if item == "" {
		t.fault("item", "scoring.fault.field_empty", nil)
		return
	}
	b.put(a.last, item, t.field(a.at["value"]))
}

// find returns the response of an id, started if it is new, and the id as it
// is kept.
func (a *answerReader) find(id string) (uint32, string) {
	w := a.data.Ballots.word(id)
	if int(w) < len(a.sheet) && a.sheet[w] > 0 {
		at := a.sheet[w] - 1
		a.same(at)
		return at, a.data.Ballots.text(w)
	}
	at := a.open(id)
	if grow := int(w) + 1 - len(a.sheet); grow > 0 {
		a.sheet = append(a.sheet, make([]uint32, grow)...)
	}
	a.sheet[w] = at + 1
	return at, a.data.Ballots.text(w)
}

// open starts a response with its first row and checks what is checked once.
func (a *answerReader) open(id string) uint32 {
	t, b := a.t, &a.data.Ballots
	s := Response{ID: id, Panel: t.needed("panel"), Respondent: t.text("respondent"), Subject: a.listed(t, "subject"),
		Period: t.text("period"), Relation: t.text("relation"), Status: t.text("status"), Submitted: t.text("submitted_at"),
		Stratum: t.text("stratum"), Device: t.text("device"), Count: t.count("count"), Line: t.line()}
	if _, ok := parseTime(s.Submitted); !ok {
		t.fault("submitted_at", "scoring.fault.not_time", map[string]any{"Got": s.Submitted})
	}
	at := b.open(s)
	status := b.word(s.Status)
	a.status = append(a.status, status)
	if s.Status != "" {
		a.statuses[status] = true
	}
	return at
}

// same reports the columns in which a further row of a response differs from
// its first.
func (a *answerReader) same(at uint32) {
	b := &a.data.Ballots
	row := &b.rows[at]
	for i, w := range [...]word{row.panel, row.respondent, row.subject, row.period, row.relation, a.status[at]} {
		a.agree(i, row, b.text(w))
	}
	a.agree(7, row, b.text(row.stratum))
	a.agree(8, row, b.text(row.device))
	if s := a.t.field(a.columns[6]); s != "" || row.submitted != noTime {
		if when, ok := parseTime(s); ok && when != row.submitted {
			a.differs("submitted_at", row, "…", s)
		}
	}
	if a.columns[9] >= 0 {
		if n := a.t.count("count"); n != row.count {
			a.differs("count", row, row.count, n)
		}
	}
}

func (a *answerReader) agree(i int, row *ballot, was string) {
	if got := a.t.field(a.columns[i]); got != was {
		a.differs(sheetColumns()[i], row, was, got)
	}
}

func (a *answerReader) differs(column string, row *ballot, was, got any) {
	a.t.fault(column, "scoring.fault.sheet_differs", map[string]any{
		"ID": a.data.Ballots.text(row.id), "Was": was, "Got": got, "First": row.line})
}

// itemsOnce reports items that stand twice in one response.
func (a *answerReader) itemsOnce() {
	b := &a.data.Ballots
	b.settle()
	for _, row := range b.rows {
		answers := b.given[row.from:row.to]
		for i, g := range answers {
			for _, earlier := range answers[:i] {
				if earlier.item == g.item && a.t.faults <= maxFaultsPerFile {
					a.t.report(int(row.line), 0, "scoring.fault.item_twice", map[string]any{
						"ID": b.text(row.id), "Item": strings.Clone(b.text(g.item)), "Column": "item"})
				}
			}
		}
	}
}
