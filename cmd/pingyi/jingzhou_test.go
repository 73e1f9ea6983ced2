package main

import (
	"bytes"
	"context"
	"encoding/csv"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sync/errgroup"

	"pingyi/storage"
	"pingyi/survey"
)

// A year of Jingzhou, small: six panels are asked in chat, the ballots of a newspaper and of a vote on
// the web come in files. What was said is written down twice: through the bot's own calls and the
// import, and, by this test alone, as a folder of design §7.

const jingzhouSubjects = `code,name,kind,group,prov_top3
u1,公安局,unit,city,yes
u2,卫生局,unit,city,
u3,教育局,unit,city,
u4,交通局,unit,city,no
u5,水务局,unit,city,
u6,档案局,unit,city,
r1,沙市,unit,region,
r2,松滋,unit,region,
`

// jingzhouRound asks four items; of the panels only the first asks a person who belongs to two.
const jingzhouRound = `round: image
title: 公众形象
period: "2025"
questionnaire: image
scheme: jingzhou
subjects: {kind: unit}
duration: 14d
panels:
  - {panel: leaders, title: 市领导, who: {kind: leader}, identity: anonymous}
  - {panel: servants, title: 公务员, who: {kind: staff, posts: [servant]}, identity: confidential}
  - {panel: delegates, title: 代表, who: {kind: staff, posts: [delegate]}, identity: named}
  - {panel: residents, title: 居民, who: {kind: citizen}, identity: anonymous, asks: {draw: 5}}
  - {panel: journalists, title: 记者, who: {kind: staff, posts: [journalist]}, identity: anonymous, minimum: 3}
  - {panel: honorary, title: 荣誉市民, who: {kind: staff, posts: [honorary]}, identity: anonymous}
  - {panel: newspaper, title: 报纸, imported: true, questionnaire: paper}
  - {panel: online, title: 网络, imported: true}
`

// jingzhouPanels says how many are asked in chat, and by which rows of people.csv.
var jingzhouPanels = []struct {
	code, kind, post string
	people           int
}{
	{"leaders", "leader", "", 8}, {"servants", "staff", "servant", 7}, {"delegates", "staff", "delegate", 7},
	{"residents", "citizen", "", 14}, {"journalists", "staff", "journalist", 7}, {"honorary", "staff", "honorary", 6},
}

// jingzhouReadings are parameters of evaluations of the same ballots.
var jingzhouReadings = map[string]map[string]string{
	"image":  nil,
	"second": {"weights": "image_25", "points": "likert0", "online_keep": "first"},
	"third":  {"online_keep": "all", "halves": "half_0", "lose_by": "bottom_10_percent", "vacant": "no", "prov_floor": "none"},
}

var jingzhouItems = []string{"image", "honesty", "speed", "manner"}

// ballotRow is a row of answers.csv: id, panel, subject, item, value, period, status, submitted_at, device, count.
type ballotRow [10]string

var ballotHeader = ballotRow{"id", "panel", "subject", "item", "value", "period", "status", "submitted_at", "device", "count"}

func tableOf(rows []ballotRow) string {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	_ = w.Write(ballotHeader[:])
	for _, row := range rows {
		_ = w.Write(row[:])
	}
	w.Flush()
	return b.String()
}

// jingzhouProject is the project's files, and who takes part, by panel.
func jingzhouProject(values string) (files map[string]string, telegram map[string][]int64) {
	people, telegram, account := "code,name,kind,unit,post,telegram\n", map[string][]int64{}, int64(700000)
	for _, p := range jingzhouPanels {
		for i := range p.people {
			account++
			unit := "hall"
			if p.kind == "citizen" {
				unit = ""
			}
			people += fmt.Sprintf("%s%d,人,%s,%s,%s,%d\n", p.code, i, p.kind, unit, p.post, account)
			telegram[p.code] = append(telegram[p.code], account)
		}
	}
	people += "leaders0,人,staff,hall,delegate,\n" // a leader who is a delegate as well
	levels := func(n int) (s string) {
		for v := n; v > 0; v-- {
			s += fmt.Sprintf("{value: %d, label: 第%d等, points: %d}, ", v, v, 20*v)
		}
		return strings.TrimSuffix(s, ", ")
	}
	image := "questionnaire: image\ntitle: 形象\nscales: {five: [" + levels(5) + "]}\nitems:\n"
	for _, item := range jingzhouItems {
		image += "  - {code: " + item + ", kind: rating, text: " + item + ", scale: five, dont_know: true}\n"
	}
	files = map[string]string{
		"project.yaml": "project: jingzhou\nname: 荆州\nlanguage: zh-Hans\nnotice: {version: \"1\", text: 说明}\n",
		"units.csv":    "code,name\nhall,市政府\n", "people.csv": people, "subjects.csv": jingzhouSubjects,
		"values.csv":                strings.ReplaceAll(values, ",Q", ",2025-Q"),
		"ledger.csv":                jingzhouLedger,
		"questionnaires/image.yaml": image,
		"questionnaires/paper.yaml": "questionnaire: paper\ntitle: 选票\nitems:\n  - {code: vote, kind: rating, text: 满意吗, levels: [" + levels(3) + "]}\n",
		"rounds/image.yaml":         jingzhouRound,
	}
	for code, params := range jingzhouReadings {
		if code == "image" {
			continue // the round's own
		}
		files["evaluations/"+code+".yaml"] = fmt.Sprintf(
			"evaluation: %s\ntitle: %s\nperiod: \"2025\"\nscheme: jingzhou\nrounds: [{round: image}]\nparams:\n", code, code)
		for name, value := range params {
			files["evaluations/"+code+".yaml"] += fmt.Sprintf("  %s: %q\n", name, value)
		}
	}
	return files, telegram
}

const jingzhouLedger = "id,subject,kind,points,date,approved\n1,u1,bonus,5,2025-08-01,yes\n"

// jingzhouValues are marks for everybody, under the names that parts of the year have in a folder.
func jingzhouValues(dice *rand.Rand) string {
	values := "subject,indicator,period,source,value,target,weight\n"
	mark := func(from int) string { return fmt.Sprintf("%d.%d", from+dice.IntN(100-from), dice.IntN(10)) }
	for line := range strings.Lines(jingzhouSubjects) {
		subject, rest, _ := strings.Cut(line, ",")
		switch {
		case strings.Contains(rest, ",city,"):
			for _, topic := range []string{"industry", "city", "rural", "reform", "safety", "party"} {
				values += fmt.Sprintf("%s,key.%s,,,%s,,\n", subject, topic, mark(60))
			}
			values += fmt.Sprintf("%s,business.main,,,%s,,\n", subject, mark(60))
		case strings.Contains(rest, ",region,"):
			for item, weight := range map[string]string{"gdp": "0.6", "income": "0.3", "lower.accidents": "0.1"} {
				values += fmt.Sprintf("%s,region.%s,,,%d,10,%s\n", subject, item, 6+dice.IntN(8), weight)
			}
		default:
			continue
		}
		for source := range 8 {
			values += fmt.Sprintf("%s,management.half,,d%d,%s,,\n", subject, source, mark(70))
			values += fmt.Sprintf("%s,management.tier,,d%d,%s,,\n", subject, source, []string{"一档", "二档", "三档"}[dice.IntN(3)])
			for q := 1; q <= dice.IntN(5); q++ {
				values += fmt.Sprintf("%s,management.quarter,Q%d,d%d,%d,,\n", subject, q, source, dice.IntN(9)-4)
			}
		}
	}
	return values
}

// jingzhouImports are the files of the newspaper and of the web.
func jingzhouImports(dice *rand.Rand) (paper, web []ballotRow) {
	subjects := []string{"u1", "u2", "u3", "u4", "u5", "u6", "r1", "r2"}
	for i, subject := range subjects {
		for value := 1; value <= 3; value++ {
			n := 1 + dice.IntN(300)
			if subject == "u3" {
				n = 1 // three ballots: the newspaper drops out
			}
			paper = append(paper, ballotRow{fmt.Sprintf("p%d", 3*i+value), "newspaper", subject, "vote", fmt.Sprint(value), "2025", "", "", "", fmt.Sprint(n)})
		}
	}
	times := []string{"2025-12-01T08:00:00", "2025-12-01T08:00:01", "2025-12-02T09:00:00+08:00", "2025-12-02T01:00:00Z", ""}
	for i := range 120 {
		subject := subjects[dice.IntN(len(subjects)-1)] // r2 has none
		device := ""
		if n := dice.IntN(10); n < 9 {
			device = fmt.Sprintf("device-%d", n)
		}
		status := []string{"", "", "", "", "", "valid", "bought"}[dice.IntN(7)]
		answered := 1 + dice.IntN(4)
		at := times[dice.IntN(len(times))]
		for n, item := range jingzhouItems {
			value := ""
			if n < answered {
				value = fmt.Sprint(dice.IntN(6))
			}
			web = append(web, ballotRow{fmt.Sprintf("w%d", i), "online", subject, item, value, "", status, at, device, ""})
		}
	}
	return paper, web
}

// voter lets people answer by the calls that the bot makes, and writes down what was said.
type voter struct {
	store *storage.Store
	now   time.Time

	mu   sync.Mutex
	said []ballotRow
}

// answer lets the i-th person of a panel answer all that the round asks of them.
func (v *voter) answer(ctx context.Context, panel string, i int, telegram int64) error {
	person, err := v.store.PersonByTelegram(ctx, telegram)
	if err != nil {
		return err
	}
	waiting, err := v.store.Todo(ctx, person.ID)
	if err != nil {
		return err
	}
	for _, item := range waiting {
		if err := v.store.Open(ctx, v.now, storage.Cause{Actor: person.ID}, person.ID, item.RequestID); err != nil {
			return err
		}
		f, err := v.store.Form(ctx, v.now, person.ID, item.RequestID)
		if err != nil {
			return err
		}
		if f.Panel.Code != panel {
			return fmt.Errorf("%s %d is asked in %s", panel, i, f.Panel.Code)
		}
		drafts := i == 1 // one of each panel never submits
		for _, asked := range f.Form.Asked {
			marks := said(panel, i, asked.Subject)
			if err := v.tap(ctx, person.ID, f, asked, marks); err != nil {
				return err
			}
			v.write(panel, i, asked.Subject, marks, drafts)
		}
		if drafts {
			continue
		}
		if _, err := v.store.Submit(ctx, v.now, storage.Cause{Actor: person.ID}, person.ID, item.RequestID); err != nil {
			return err
		}
	}
	return nil
}

// untouched is an item that nobody pressed anything for.
const untouched = "untouched"

// said makes up what one person says of a subject: everything, half, less, only 不了解, nothing.
func said(panel string, i int, subject string) [4]string {
	h := fnv.New64a()
	_, _ = h.Write([]byte(panel + subject))
	dice := rand.New(rand.NewPCG(h.Sum64(), uint64(i)))
	marks := [4]string{}
	for n := range marks {
		marks[n] = fmt.Sprint(1 + dice.IntN(5))
	}
	kind := dice.IntN(12)
	switch {
	case subject == "u4" && panel == "servants" && i < 3, kind == 1: // four are left
		return [4]string{untouched, untouched, untouched, untouched}
	case subject == "u5" && (panel == "honorary" || panel == "journalists"), kind == 0:
		marks = [4]string{"0", "0", "0", survey.Skipped}
	case kind == 2:
		marks = [4]string{survey.Skipped, survey.Skipped, survey.Skipped, survey.Skipped}
	case kind == 3:
		marks[0], marks[2] = "0", survey.Skipped // exactly half
	case kind == 4:
		marks[1], marks[2], marks[3] = "0", "0", untouched // less
	}
	if panel == "journalists" { // who were asked the last two items, and none of them answers
		marks[2], marks[3] = untouched, untouched
	}
	return marks
}

func (v *voter) tap(ctx context.Context, person int64, f *storage.OpenForm, asked survey.Asked, marks [4]string) error {
	for n, value := range marks {
		if value == untouched {
			continue
		}
		presses := []string{value}
		if n == 0 {
			presses = []string{"3", value} // a change of mind
		}
		for _, press := range presses {
			tap := storage.Tap{PersonID: person, RequestID: f.RequestID, AssignmentID: asked.Assignment, Item: n + 1, Value: press}
			if err := v.store.Answer(ctx, v.now, tap); err != nil {
				return err
			}
		}
	}
	return nil
}

func (v *voter) write(panel string, i int, subject string, marks [4]string, draft bool) {
	if marks == [4]string{untouched, untouched, untouched, untouched} {
		return // no ballot
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	for n, value := range marks {
		row := ballotRow{fmt.Sprintf("%s-%d-%s", panel, i, subject), panel, subject, jingzhouItems[n], strings.TrimPrefix(value, untouched)}
		if value == survey.Skipped {
			row[4] = ""
		}
		if draft {
			row[6] = "draft"
		}
		v.said = append(v.said, row)
	}
}

// TestJingzhouFromChatAndFiles: eight panels in the database, two of them imported, give the bytes that
// a folder with the same ballots gives, in three readings.
func TestJingzhouFromChatAndFiles(t *testing.T) {
	t.Parallel()
	env := withStores(t)
	dice := rand.New(rand.NewPCG(7, 11))
	values := jingzhouValues(dice)
	files, telegram := jingzhouProject(values)
	env.must(t, "migrate")
	env.must(t, "apply", write(t, files))
	env.must(t, "round", "open", "image")
	store := env.store(t)
	now, err := store.Now(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	v := &voter{store: store, now: now}
	group, ctx := errgroup.WithContext(t.Context())
	group.SetLimit(12)
	for panel, accounts := range telegram {
		for i, account := range accounts {
			group.Go(func() error { return v.answer(ctx, panel, i, account) })
		}
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
	paper, web := jingzhouImports(dice)
	imports := write(t, map[string]string{"paper.csv": tableOf(paper), "web.csv": tableOf(web)})
	env.must(t, "import", "image", filepath.Join(imports, "web.csv"))
	env.must(t, "round", "close", "image")
	env.must(t, "import", "image", filepath.Join(imports, "paper.csv"))

	folder := map[string]string{"subjects.csv": jingzhouSubjects, "values.csv": values, "ledger.csv": jingzhouLedger,
		"answers.csv": tableOf(append(append(v.said, web...), paper...))}
	for code, params := range jingzhouReadings {
		folder["params.csv"] = "name,value\nperiod,2025\n"
		for name, value := range params {
			folder["params.csv"] += name + "," + value + "\n"
		}
		sameBytes(t, env, code, write(t, folder))
	}
}

// sameBytes scores an evaluation and compares it with a folder and with its own sealed export.
func sameBytes(t *testing.T, env at, code, folder string) {
	t.Helper()
	env.must(t, "evaluation", "score", code)
	run, err := env.store(t).LatestRun(t.Context(), code)
	if err != nil {
		t.Fatal(err)
	}
	var table bytes.Buffer
	if err := run.Result.WriteCSV(&table); err != nil {
		t.Fatal(err)
	}
	got := map[string]string{"csv": table.String(), "json": string(run.JSON)}
	sealed := filepath.Join(t.TempDir(), "sealed")
	env.must(t, "export", "--sealed", "--dir", sealed, code)
	for format, stands := range got {
		want := env.must(t, "score", "--scheme", "jingzhou", "--data", folder, "--format", format)
		if diff := cmp.Diff(want, stands); diff != "" {
			t.Errorf("%s: the database gives another %s than the files (-files +database):\n%s", code, format, diff)
		}
		again := env.must(t, "score", "--scheme", filepath.Join(sealed, "scheme.yaml"), "--data", sealed, "--format", format)
		if diff := cmp.Diff(want, again); diff != "" {
			t.Errorf("%s: the sealed folder gives another %s (-files +sealed):\n%s", code, format, diff)
		}
	}
	for _, dropped := range []string{"below_minimum:image.servants", "below_minimum:image.newspaper", "rescaled:image"} {
		if !strings.Contains(got["csv"], dropped) {
			t.Errorf("%s: nothing shows %s:\n%s", code, dropped, got["csv"])
		}
	}
}
