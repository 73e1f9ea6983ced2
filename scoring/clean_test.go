package scoring_test

import (
	"bytes"
	"cmp"
	"fmt"
	"maps"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"golang.org/x/text/encoding/simplifiedchinese"
	"pgregory.net/rapid"

	"pingyi/scoring"
)

// The compact reader and the cleaning are compared with a naive model of what
// design and README say of answers.csv: strings, maps and slices, one rule
// after the other.

const cleaningScheme = `scheme: cleaning
panels:
  a: {scale: levels, items: [q1, q2, q3]}
  b: {scale: levels, once: device, keep: first}
  c: {scale: levels, items: [q1, q2], once: none}
  d: {scale: levels, items: [q1, q2, q3], keep: all, answered: 100%}
  e: {scale: levels, items: [q1, q2, q3]}
kinds:
  unit:
    parts:
      all:
        mean:
          a: {survey: a}
          b: {survey: b}
          c: {survey: c}
          d: {survey: d}
          e: {survey: {panel: e, aggregate: persons}}
    total: all
`

// modelPanel is a panel of the scheme above.
type modelPanel struct {
	items      []string // none: those in the data
	once, keep string
	all        bool // every item must be answered
	persons    bool
}

func modelPanels() map[string]modelPanel {
	three := []string{"q1", "q2", "q3"}
	return map[string]modelPanel{
		"a": {items: three, once: "respondent", keep: "latest"}, "b": {once: "device", keep: "first"},
		"c": {items: three[:2], once: "none"}, "d": {items: three, once: "respondent", keep: "all", all: true},
		"e": {items: three, once: "respondent", keep: "latest", persons: true},
	}
}

// sheetRow is a row of answers.csv; the respondent comes last, for it may hold a line
// end, and faults name the line of their column.
type sheetRow struct {
	id, panel, subject, period, relation, stratum, status, count, submitted, device, item, value, respondent string
	line                                                                                                     int
	before                                                                                                   *sheetRow // in the file
}

func (r *sheetRow) fields() []*string {
	return []*string{&r.id, &r.panel, &r.subject, &r.period, &r.relation, &r.stratum, &r.status, &r.count, &r.submitted,
		&r.device, &r.item, &r.value, &r.respondent}
}

const sheetHeader = "id,panel,subject,period,relation,stratum,status,count,submitted_at,device,item,value,respondent"

// drawRows draws responses and scatters their rows, now and then with a fault.
func drawRows(t *rapid.T) []*sheetRow {
	pick := func(name string, from ...string) string { return rapid.SampledFrom(from).Draw(t, name) }
	var rows []*sheetRow
	for n := range rapid.IntRange(1, 40).Draw(t, "responses") {
		r := sheetRow{id: fmt.Sprint(pick("prefix", "", "z", "票"), n), panel: pick("panel", "a", "b", "c", "d", "e", "e", "x"), subject: pick("subject", "甲", "乙"),
			period: pick("period", "", "", "", "", "H1", "2024"), relation: pick("relation", "", "", "", "", "上级"), stratum: pick("stratum", "", "东区"),
			status: pick("status", "", "valid", "valid", "valid", "draft"), count: pick("count", "", "1", "3"),
			submitted: pick("submitted", "", "2025-03-01", "2025-03-02T10:00:00", "2025-03-02 10:00"), device: pick("device", "", "d1", "d2"),
			respondent: pick("respondent", "", "", "张三", "李, 四", "王\n五", "say \"赵\"")}
		for _, item := range rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"q1", "q2", "q3", "q4"}), 1, 4, rapid.ID).Draw(t, "items") {
			row := r
			row.item, row.value = item, pick("value", "", "0", "2", "5", "5")
			rows = append(rows, &row)
		}
	}
	if rapid.Bool().Draw(t, "scattered") {
		rows = rapid.Permutation(rows).Draw(t, "rows")
	}
	spoilt := rows[rapid.IntRange(0, len(rows)-1).Draw(t, "spoilt")]
	switch pick("fault", "", "", "", "", "differs", "twice", "scale") {
	case "differs":
		other := map[string]string{"subject": "甲", "period": "H1", "stratum": "西区", "status": "valid", "count": "1",
			"submitted_at": "2025-03-05", "device": "d1", "respondent": "赵六"}
		column := rapid.SampledFrom(slices.Sorted(maps.Keys(other))).Draw(t, "column")
		*spoilt.fields()[slices.Index(strings.Split(sheetHeader, ","), column)] = other[column]
	case "twice":
		again := *spoilt
		again.value = "5"
		rows = append(rows, &again)
	case "scale":
		spoilt.value = "9"
	}
	return rows
}

// writeRows writes the file and notes the line of each row.
func writeRows(t *rapid.T, rows []*sheetRow) (file []byte, notice string) {
	end := rapid.SampledFrom([]string{"\n", "\r\n", "\n\n"}).Draw(t, "end")
	var b strings.Builder
	b.WriteString(sheetHeader + end)
	for i, r := range rows {
		if i > 0 {
			r.before = rows[i-1]
		}
		r.line = 1 + strings.Count(b.String(), "\n")
		for j, f := range r.fields() {
			if j > 0 {
				b.WriteByte(',')
			}
			if strings.ContainsAny(*f, ",\n\"") || (i+j)%40 == 7 {
				b.WriteString(`"` + strings.ReplaceAll(*f, `"`, `""`) + `"`)
			} else {
				b.WriteString(*f)
			}
		}
		if i < len(rows)-1 || len(rows)%2 == 0 {
			b.WriteString(end)
		}
	}
	switch rapid.SampledFrom([]string{"", "UTF-8 BOM", "GB18030"}).Draw(t, "encoding") {
	case "UTF-8 BOM":
		return []byte("\ufeff" + b.String()), "UTF-8 BOM"
	case "GB18030":
		gb, err := simplifiedchinese.GB18030.NewEncoder().Bytes([]byte(b.String()))
		if err != nil {
			t.Fatal(err)
		}
		return gb, "GB18030" // 甲 or 乙 stands in every file, and is not UTF-8
	}
	return []byte(b.String()), ""
}

// model is what a file should come to.
type model struct{ sheets map[string][]*sheetRow }

func newModel(rows []*sheetRow) *model {
	m := &model{sheets: map[string][]*sheetRow{}}
	for _, r := range rows {
		m.sheets[r.id] = append(m.sheets[r.id], r)
	}
	return m
}

func countOf(r *sheetRow) int64 {
	n, err := strconv.ParseInt(cmp.Or(r.count, "1"), 10, 64)
	if err != nil {
		return 1
	}
	return n
}

func timeOf(r *sheetRow) time.Time { at, _ := scoring.ParseTime(r.submitted); return at }

// told tells whether the row before says the same of the same response: what is wrong
// with both is said once.
func (r *sheetRow) told() bool {
	if r.before == nil {
		return false
	}
	copied := *r.before
	copied.item, copied.value, copied.line, copied.before = r.item, r.value, r.line, r.before
	return copied == *r
}

// readFaults are the faults that need no scheme.
func (m *model) readFaults() []string {
	var out []string
	columns := strings.Split(sheetHeader, ",")
	for _, sheet := range m.sheets {
		first, seen := sheet[0], map[string]bool{}
		for _, r := range sheet {
			if seen[r.item] {
				out = append(out, fmt.Sprint(first.line, " item_twice item"))
			}
			seen[r.item] = true
			for i, f := range r.fields() {
				equal := *f == *first.fields()[i]
				switch columns[i] {
				case "item", "value":
					equal = true
				case "submitted_at":
					equal = timeOf(r).Equal(timeOf(first))
				case "count":
					equal = countOf(r) == countOf(first)
				}
				if !equal && !r.told() {
					out = append(out, fmt.Sprint(r.line, " sheet_differs ", columns[i]))
				}
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// of are the responses of a panel that belong to 2025, in the order of ids.
func (m *model) of(panel string) [][]*sheetRow {
	var out [][]*sheetRow
	for _, id := range slices.Sorted(maps.Keys(m.sheets)) {
		if sheet := m.sheets[id]; sheet[0].panel == panel && sheet[0].period != "2024" {
			out = append(out, sheet)
		}
	}
	return out
}

// itemsOf are the items of a panel that count.
func (m *model) itemsOf(panel string) []string {
	if listed := modelPanels()[panel].items; listed != nil {
		return listed
	}
	seen := map[string]bool{}
	for _, sheet := range m.of(panel) {
		for _, r := range sheet {
			seen[r.item] = true
		}
	}
	return slices.Sorted(maps.Keys(seen))
}

// scaleFaults are the answers that are not on the scale.
func (m *model) scaleFaults() []string {
	var out []string
	for panel := range modelPanels() {
		for _, sheet := range m.of(panel) {
			for _, r := range sheet {
				if r.value == "9" && slices.Contains(m.itemsOf(panel), r.item) {
					out = append(out, fmt.Sprint(sheet[0].line, " answer_scale ", r.item))
				}
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// figure is what a panel says of a subject: the value, and what became of the
// responses.
type figure struct {
	Value                            string
	Valid, Void, Superseded, Invalid int64
}

func (m *model) figure(panel, subject string) figure {
	rules, items := modelPanels()[panel], m.itemsOf(panel)
	var f figure
	var valid, counted [][]*sheetRow
	for _, sheet := range m.of(panel) {
		switch {
		case sheet[0].subject != subject:
		case sheet[0].status == "draft":
			f.Invalid += countOf(sheet[0])
		default:
			valid = append(valid, sheet)
		}
	}
	need := (len(items) + 1) / 2
	if rules.all {
		need = len(items)
	}
	for _, sheet := range valid {
		answers := 0
		for _, r := range sheet {
			if slices.Contains(items, r.item) && r.value != "" && r.value != "0" {
				answers++
			}
		}
		switch {
		case slices.ContainsFunc(valid, func(other []*sheetRow) bool { return rules.beats(other[0], sheet[0]) }):
			f.Superseded += countOf(sheet[0])
		case answers < max(need, 1):
			f.Void += countOf(sheet[0])
		default:
			f.Valid += countOf(sheet[0])
			counted = append(counted, sheet)
		}
	}
	f.Value = rules.mean(items, counted)
	return f
}

// beats tells whether one response counts instead of another.
func (p modelPanel) beats(r, other *sheetRow) bool {
	who := func(r *sheetRow) string {
		return map[string]string{"respondent": r.respondent, "device": r.device}[p.once]
	}
	if p.keep == "all" || who(r) == "" || who(r) != who(other) || r.period != other.period || r.relation != other.relation {
		return false
	}
	later := cmp.Or(timeOf(r).Compare(timeOf(other)), strings.Compare(r.id, other.id))
	return p.keep == "latest" && later > 0 || p.keep == "first" && later < 0
}

// mean is the mean over items of the means over responses, or the other way
// round.
func (p modelPanel) mean(items []string, sheets [][]*sheetRow) string {
	sum, n := map[string]*big.Rat{}, map[string]int64{}
	for _, sheet := range sheets {
		for _, r := range sheet {
			points, ok := new(big.Rat).SetString(r.value)
			if !ok || points.Sign() == 0 || !slices.Contains(items, r.item) {
				continue
			}
			key, times := r.item, countOf(r)
			if p.persons {
				key, times = r.id, 1
			}
			if sum[key] == nil {
				sum[key] = new(big.Rat)
			}
			sum[key].Add(sum[key], points.Mul(points, big.NewRat(times, 1)))
			n[key] += times
		}
	}
	total, weight := new(big.Rat), new(big.Rat)
	for key := range sum {
		w := big.NewRat(1, 1)
		if p.persons {
			w.SetInt64(countOf(sheets[slices.IndexFunc(sheets, func(s []*sheetRow) bool { return s[0].id == key })][0]))
		}
		mean := sum[key].Quo(sum[key], big.NewRat(n[key], 1))
		total.Add(total, mean.Mul(mean, w))
		weight.Add(weight, w)
	}
	if weight.Sign() == 0 {
		return ""
	}
	return total.Quo(total, weight).RatString()
}

// told is what the scorecard says of the same.
func told(t *rapid.T, r *scoring.Result, panel, subject string) figure {
	card, ok := r.Explain(subject)
	if !ok {
		t.Fatalf("no card of %s", subject)
	}
	all := card.Row.Traces[0]
	trace := all.Inputs[slices.IndexFunc(all.Inputs, func(in *scoring.Trace) bool { return in.Part == "all."+panel })]
	at := slices.IndexFunc(trace.Lines, func(l scoring.Line) bool { return l.Code == "scoring.trace.turnout" })
	args := trace.Lines[at].Args
	f := figure{Valid: args["Valid"].(int64), Void: args["Void"].(int64), Superseded: args["Superseded"].(int64), Invalid: args["Invalid"].(int64)}
	if trace.Value != nil {
		f.Value = trace.Value.RatString()
	}
	return f
}

// placed writes faults of answers as the model does.
func placed(faults scoring.Faults) []string {
	var out []string
	for _, f := range faults {
		what := f.Args["Column"]
		if f.Code == "scoring.fault.answer_scale" {
			what = f.Args["Item"]
		}
		out = append(out, fmt.Sprint(f.Line, " ", strings.TrimPrefix(f.Code, "scoring.fault."), " ", what))
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// sips is a file that is read a few bytes at a time.
type sips struct {
	*bytes.Reader
	most int
}

func (s sips) Read(p []byte) (int, error) { return s.Reader.Read(p[:min(s.most, len(p))]) }

func checkAgainstModel(t *rapid.T, scheme *scoring.Scheme) {
	rows := drawRows(t)
	file, encoding := writeRows(t, rows)
	m := newModel(rows)
	files := scoring.InMemory(map[string][]byte{"subjects.csv": []byte("code\n甲\n乙\n")})
	files["answers.csv"] = sips{bytes.NewReader(file), rapid.SampledFrom([]int{1, 2, 5, 1000}).Draw(t, "sip")}
	d, notices, faults := scoring.ReadFolder(files, nil)
	if diff := gocmp.Diff(m.readFaults(), placed(faults)); diff != "" {
		t.Fatalf("faults of\n%s\n%s", file, diff)
	}
	said := slices.ContainsFunc(notices, func(n scoring.Notice) bool {
		return n.File == "answers.csv" && n.Code == "scoring.notice.encoding" && n.Args["Encoding"] == encoding
	})
	if said != (encoding != "") {
		t.Fatalf("%s: %v", encoding, notices)
	}
	if len(faults) > 0 {
		return
	}
	r, faults := scoring.Compute(scheme, d, scoring.Params{"period": "2025"})
	if diff := gocmp.Diff(m.scaleFaults(), placed(faults)); diff != "" {
		t.Fatalf("scale of\n%s\n%s", file, diff)
	}
	if len(faults) > 0 {
		return
	}
	for panel := range modelPanels() {
		for _, subject := range []string{"甲", "乙"} {
			if diff := gocmp.Diff(m.figure(panel, subject), told(t, r, panel, subject)); diff != "" {
				t.Fatalf("panel %s on %s in\n%s\n%s", panel, subject, file, diff)
			}
		}
	}
}

func TestCleaningAgainstModel(t *testing.T) {
	t.Parallel()
	scheme := parse(t, "cleaning.yaml", cleaningScheme)
	rapid.Check(t, func(t *rapid.T) { checkAgainstModel(t, scheme) })
}

func TestEqualResponsesOfNobody(t *testing.T) {
	t.Parallel()
	d := folder(t, "subjects.csv", "code\nx\n", "answers.csv", `
		id,panel,subject,item,value
		1,e,x,q1,5
		1,e,x,q2,4
		2,e,x,q2,4
		2,e,x,q1,5
		3,e,x,q1,5
		3,e,x,q2,4
		4,e,x,q1,1
		4,e,x,q2,
		4,e,x,q3,2
	`)
	want(t, compute(t, parse(t, "cleaning.yaml", cleaningScheme), d, nil), "x", "all.e", "3.75") // (3×4.5 + 1.5)/4
}

func FuzzCleaning(f *testing.F) {
	scheme := parse(f, "cleaning.yaml", cleaningScheme)
	f.Fuzz(rapid.MakeFuzz(func(t *rapid.T) { checkAgainstModel(t, scheme) }))
}
