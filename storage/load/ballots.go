package load

import (
	"bytes"
	"context"
	"crypto/sha256"
	"hash/maphash"
	"io"
	"iter"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"pingyi/scoring"
	"pingyi/storage"
	"pingyi/survey"
)

// Limits of a file of ballots: a city's votes of a year fit.
const (
	MaxBallotFile = 512 << 20 // bytes
	MaxBallotRows = 10_000_000
)

// Import is what importing files of ballots into a round would add.
type Import struct {
	store   *storage.Store
	round   string
	files   []storage.ImportFile
	sums    []ImportSum
	notices []Notice
}

// ImportSum says what a file adds.
type ImportSum struct {
	File    string
	Before  bool             // it was imported before and adds nothing
	Panels  map[string]int64 // ballots by panel
	Ballots int64
	Answers int64
}

// MakeImport reads files in the form of answers.csv, whatever they are called,
// and checks them against a round that was opened: nothing is guessed, and all
// faults are reported at once. The error is about the database or the round.
func MakeImport(ctx context.Context, store *storage.Store, round string, paths ...string) (*Import, survey.Faults, error) {
	target, err := store.ImportTarget(ctx, round)
	if err != nil {
		return nil, nil, err
	}
	r := newBallotReader(target)
	for _, path := range paths {
		src, fault := readBallots(path)
		if fault != "" {
			r.faults = append(r.faults, survey.Fault{File: path, Code: fault, Args: args{"Most": MaxBallotFile >> 20}})
			continue
		}
		r.file(path, src)
	}
	if len(r.faults) > 0 {
		r.faults.Sort()
		return nil, r.faults, nil
	}
	return &Import{store: store, round: round, files: r.files, sums: r.sums, notices: r.notices}, nil, nil
}

// readBallots returns a file of ballots, or the code of what is wrong with it.
func readBallots(path string) (src []byte, fault string) {
	f, err := os.Open(path)
	if err != nil {
		return nil, unreadable(err)
	}
	defer f.Close()
	var text bytes.Buffer
	if info, err := f.Stat(); err == nil { // grown step by step it would take twice the room
		text.Grow(int(min(info.Size(), MaxBallotFile)) + bytes.MinRead)
	}
	_, err = text.ReadFrom(io.LimitReader(f, MaxBallotFile+1))
	switch {
	case err != nil:
		return nil, unreadable(err)
	case text.Len() > MaxBallotFile:
		return nil, "load.file_large"
	}
	return text.Bytes(), ""
}

// Sums are what the files add, in their order.
func (im *Import) Sums() []ImportSum { return im.sums }

// Notices are worth knowing before importing.
func (im *Import) Notices() []Notice { return im.notices }

// Apply adds the ballots of all files, or none. It is survey.ErrStale where
// the round has changed meanwhile.
func (im *Import) Apply(ctx context.Context, now time.Time, cause storage.Cause) error {
	return im.store.ImportBallots(ctx, now, cause, im.round, im.files)
}

// ballotReader checks files of ballots, one after the other, and gathers faults.
// Of a ballot it remembers only what the next rows are held against: what is
// imported is read a second time, row by row.
type ballotReader struct {
	target  *storage.ImportTarget
	seen    map[string]*begun // the ballots of all files, by id
	read    map[[sha256.Size]byte]bool
	seed    maphash.Seed
	files   []storage.ImportFile
	sums    []ImportSum
	faults  survey.Faults
	notices []Notice
}

// begun is where a ballot began, what it said besides its answers, and which
// items it has, a bit each.
type begun struct {
	file  string
	line  int
	head  uint64
	items [survey.MaxItems/64 + 1]uint64
}

func newBallotReader(target *storage.ImportTarget) *ballotReader {
	r := &ballotReader{target: target, seen: map[string]*begun{}, read: map[[sha256.Size]byte]bool{}, seed: maphash.MakeSeed()}
	if target.Settled != "" {
		r.faults = append(r.faults, survey.Fault{Code: "load.import_settled", Args: args{"Code": target.Settled}})
	}
	return r
}

func ballotColumns() columns {
	return columns{must: []string{"id", "panel", "subject", "item", "value"},
		may: []string{"respondent", "period", "relation", "status", "submitted_at", "stratum", "device", "count"}}
}

func (r *ballotReader) file(path string, src []byte) {
	f := storage.ImportFile{Name: filepath.Base(path), Hash: sha256.Sum256(src)}
	if r.target.Files[f.Hash] || r.read[f.Hash] {
		r.sums = append(r.sums, ImportSum{File: path, Before: true})
		return
	}
	r.read[f.Hash] = true
	sheet := extension(path) == ".xlsx"
	if sheet {
		var fault survey.Fault
		if path, src, fault = ballotSheet(path, src); fault.Code != "" {
			r.faults = append(r.faults, fault)
			return
		}
	}
	text, gb, ok := decode(src)
	switch {
	case bytes.IndexByte(src, 0) >= 0:
		r.faults = append(r.faults, survey.Fault{File: path, Code: "load.nul"})
		return
	case !ok:
		r.faults = append(r.faults, survey.Fault{File: path, Code: "load.encoding"})
		return
	case gb:
		r.notices = append(r.notices, Notice{File: path, Code: "load.gb18030"})
	}
	t := openBallots(path, text, sheet)
	r.sums = append(r.sums, ImportSum{File: path, Panels: map[string]int64{}})
	for t.next() {
		r.row(t)
	}
	r.faults = append(r.faults, t.faults...)
	f.Ballots = r.parts(path, text, sheet)
	r.files = append(r.files, f)
}

func openBallots(path string, text []byte, sheet bool) *table {
	t := openTable(path, text, ballotColumns(), sheet)
	t.most = MaxBallotRows
	return t
}

// parts reads a file that has no faults, row by row.
func (r *ballotReader) parts(path string, text []byte, sheet bool) iter.Seq[storage.ImportBallot] {
	return func(yield func(storage.ImportBallot) bool) {
		for t := openBallots(path, text, sheet); t.next(); {
			b := r.ballot(t)
			if a, ok := r.answer(t, b.Panel, nil); ok {
				b.Answers = []storage.ImportAnswer{a}
			}
			if !yield(b) {
				return
			}
		}
	}
}

// row holds a row against its ballot: the one of its id, which the first row begins.
func (r *ballotReader) row(t *table) {
	b := r.ballot(t)
	if b.Ref == "" {
		return
	}
	sum := &r.sums[len(r.sums)-1]
	at, known := r.seen[b.Ref]
	switch {
	case known && at.file != t.file:
		t.fault("id", "load.twice", args{"Got": clip(b.Ref), "First": at.String()})
		return
	case !known:
		if r.target.Refs[b.Ref] {
			t.fault("id", "load.import_again", args{"Got": clip(b.Ref)})
		}
		at = &begun{file: t.file, line: t.place("id").line, head: r.head(b)}
		r.seen[b.Ref] = at
		sum.Ballots += b.Count
		sum.Panels[b.Panel] += b.Count
		r.check(t, b)
	case at.head != r.head(b):
		t.fault("id", "load.import_differs", args{"Got": clip(b.Ref), "First": at.String()})
		return
	}
	if _, ok := r.answer(t, b.Panel, at); ok {
		sum.Answers += b.Count
	}
}

// ballot reads what all rows of a ballot say alike.
func (r *ballotReader) ballot(t *table) storage.ImportBallot {
	b := storage.ImportBallot{Ref: t.needed("id")}
	if b.Ref == "" {
		return b
	}
	b = storage.ImportBallot{Ref: b.Ref, Panel: t.needed("panel"), Subject: t.needed("subject"), Relation: t.label("relation"),
		Stratum: t.label("stratum"), Status: t.label("status"), Respondent: t.cell("respondent"), Device: t.cell("device"),
		Submitted: t.moment("submitted_at"), Count: t.count("count")}
	if b.Status == "" {
		b.Status = "valid"
	}
	if period := t.cell("period"); period != "" && !r.period(period) {
		t.fault("period", "load.import_period", args{"Got": clip(period), "Period": r.target.Period})
	}
	return b
}

// period says whether a period is the round's, in full or by its part of the year.
func (r *ballotReader) period(period string) bool {
	_, part, _ := strings.Cut(r.target.Period, "-")
	return period == r.target.Period || period == part
}

// check reports panels and subjects that the round does not have.
func (r *ballotReader) check(t *table, b storage.ImportBallot) {
	if _, known := r.target.Panels[b.Panel]; !known && b.Panel != "" {
		t.fault("panel", "load.import_panel", args{"Got": clip(b.Panel), "Near": nearest(b.Panel, maps.Keys(r.target.Panels)),
			"Known": strings.Join(sortedKeys(r.target.Panels), ", ")})
	}
	if !r.target.Subjects[b.Subject] && b.Subject != "" {
		t.fault("subject", "load.import_subject", args{"Got": clip(b.Subject), "Near": nearest(b.Subject, maps.Keys(r.target.Subjects))})
	}
}

// head is a digest of all that the rows of a ballot have in common. No file
// holds a NUL byte.
func (r *ballotReader) head(b storage.ImportBallot) uint64 {
	var h maphash.Hash
	h.SetSeed(r.seed)
	for _, s := range []string{b.Panel, b.Subject, b.Relation, b.Stratum, b.Status, b.Respondent, b.Device, b.Submitted,
		strconv.FormatInt(b.Count, 10)} {
		_, _ = h.WriteString(s)
		_ = h.WriteByte(0)
	}
	return h.Sum64()
}

func (b *begun) String() string { return place{b.file, position{line: b.line}}.String() }

// answer reads a row's item and its value, which is one the panel's
// questionnaire can have; false where it was passed over, or is no answer. at
// is the ballot it is held against, nil for none.
func (r *ballotReader) answer(t *table, panel string, at *begun) (storage.ImportAnswer, bool) {
	var none storage.ImportAnswer
	code := t.needed("item")
	q := r.target.Panels[panel]
	if code == "" || q == nil {
		return none, false
	}
	var item *survey.Item
	for i := range q.Items {
		if q.Items[i].Code == code {
			item = &q.Items[i]
		}
	}
	if item == nil {
		codes := itemCodes(q)
		t.fault("item", "load.import_item", args{"Got": clip(code), "Panel": panel, "Questionnaire": q.Code,
			"Near": nearest(code, slices.Values(codes)), "Known": strings.Join(codes, ", ")})
		return none, false
	}
	if at != nil {
		word, bit := &at.items[item.N/64], uint64(1)<<(item.N%64)
		if *word&bit != 0 {
			t.fault("item", "load.import_item_twice", args{"Got": clip(code), "ID": clip(t.cell("id"))})
			return none, false
		}
		*word |= bit
	}
	a, ok := readAnswer(item, t.cell("value"))
	if !ok {
		t.fault("value", "load.import_value", args{"Got": clip(t.cell("value")), "Item": item.Code, "Known": possible(item)})
	}
	return a, ok && (a.Value != "" || a.Text != "")
}

func itemCodes(q *survey.Questionnaire) []string {
	var codes []string
	for _, it := range q.Items {
		codes = append(codes, it.Code)
	}
	slices.Sort(codes)
	return codes
}

// readAnswer puts a value into the form in which answers are kept.
func readAnswer(item *survey.Item, value string) (storage.ImportAnswer, bool) {
	a := storage.ImportAnswer{Item: item.N, Value: value}
	if value == "" {
		return a, true
	}
	unknown := value == item.Unknown()
	switch kind := item.AnswerKind(); {
	case kind == survey.ShortText:
		text, err := item.Typing(value)
		a.Value, a.Text = "", text
		return a, err == nil
	case kind == survey.Number && !unknown:
		number, err := item.Number(value)
		a.Value = number
		return a, err == nil
	case kind == survey.Multiple && !unknown:
		mask, ok := item.Mask(value)
		a.Value = item.Join(mask)
		return a, ok && item.Complete(a.Value)
	}
	return a, item.Check(value) == nil
}

// possible names the values of an item, "" where they are typed.
func possible(item *survey.Item) string {
	var values []string
	for _, c := range item.Choices() {
		values = append(values, c.Value)
	}
	if item.DontKnow {
		values = append(values, item.Unknown())
	}
	return strings.Join(values, ", ")
}

// maxBallots is how many equal ballots one row can stand for.
const maxBallots = 1_000_000_000

// count reads a whole number of at least 1, and 1 where the cell is empty.
func (t *table) count(column string) int64 {
	s := t.cell(column)
	if s == "" {
		return 1
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < 1 || n > maxBallots {
		t.fault(column, "load.count", args{"Got": clip(s)})
		return 1
	}
	return n
}

// moment reads a time of submission in a form whose order is that of time;
// one without an offset is taken as it stands.
func (t *table) moment(column string) string {
	s := t.cell(column)
	if s == "" {
		return ""
	}
	at, ok := scoring.ParseTime(s)
	if !ok {
		t.fault(column, "load.moment", args{"Got": clip(s)})
		return ""
	}
	return at.UTC().Format("2006-01-02T15:04:05.999999999")
}
