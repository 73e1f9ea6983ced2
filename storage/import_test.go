package storage

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pingyi/survey"
)

const importScheme = `
scheme: mixed
version: "1"
title: 合计
panels:
  residents: {title: 居民, scale: likert, items: [service], min: 3}
  web: {title: 网络, scale: likert, items: [service], once: device, keep: latest, min: 1}
  paper: {title: 报纸, scale: likert, items: [service], min: 1}
kinds:
  department:
    title: 部门
    parts:
      total:
        title: 总分
        weighted_mean:
          residents: {weight: 50, title: 居民, survey: {panel: residents}, show: [n]}
          web: {weight: 30, title: 网络, survey: {panel: web}, show: [n]}
          paper: {weight: 20, title: 报纸, survey: {panel: paper}, show: [n]}
    total: total
    rank: {within: group}
`

const imported2026 = `
round: mixed
title: 四季度
period: 2026-Q4
questionnaire: satisfaction
scheme: mixed
subjects: {kind: department}
duration: 14d
panels:
  - {panel: residents, title: 居民, who: {kind: citizen}, identity: anonymous, minimum: 3}
  - {panel: web, title: 网络, imported: true}
  - {panel: paper, title: 报纸, imported: true, identity: confidential}
`

// importCity is a city whose round is open and asks residents; web votes and paper come from elsewhere.
func importCity(t *testing.T) *city {
	t.Helper()
	c := newCity(t, 5)
	exec(t, c.Store, `INSERT INTO scheme (code, version, hash, body, created_at) VALUES ('mixed', 1, '\x00', $1, now())`, importScheme)
	c.open(imported2026)
	return c
}

// votes makes a file of ballots, a line each: id panel subject service device submitted count.
func votes(name, text string) ImportFile {
	var ballots []ImportBallot
	for line := range strings.Lines(strings.TrimSpace(text)) {
		cells := strings.Split(strings.TrimSpace(line), ",")
		b := ImportBallot{Ref: cells[0], Panel: cells[1], Subject: cells[2], Status: "valid", Device: cells[4], Submitted: cells[5], Count: 1}
		if cells[6] != "" {
			_, _ = fmt.Sscan(cells[6], &b.Count)
		}
		b.Answers = []ImportAnswer{{Item: 1, Value: cells[3]}}
		ballots = append(ballots, b)
	}
	return ImportFile{Name: name, Hash: sha256.Sum256([]byte(text)), Ballots: slices.Values(ballots)}
}

// Device d1 votes three times about the police: the second of the two last counts, by its id. It also
// votes about health.
const webVotes = `w3,web,police,5,d1,2026-10-02T08:00:00,
w1,web,police,1,d1,2026-10-01T08:00:00,
w2,web,police,2,d1,2026-10-02T08:00:00,
w4,web,health,4,d1,2026-10-01T08:00:00,
w5,web,police,3,d2,,
w6,web,school,3,,,
w7,web,school,1,,,`

// Some residents, too, answered on paper.
const paperVotes = `p1,paper,police,5,,,120
p2,paper,police,4,,,30
p3,paper,health,2,,,7
p4,paper,school,3,,,1
p5,residents,police,2,,,10`

func TestImportedBeside(t *testing.T) {
	t.Parallel()
	c := importCity(t)
	ctx := t.Context()
	if n := scalar[int](t, c.Store, `SELECT count(*) FROM request q JOIN panel p ON p.id = q.panel_id WHERE p.code <> 'residents'`); n != 0 {
		t.Errorf("%d people are asked in panels whose ballots are imported", n)
	}
	if err := c.ImportBallots(ctx, testNow, Cause{}, "mixed", []ImportFile{votes("web.csv", webVotes)}); err != nil {
		t.Fatal(err)
	}
	var answers strings.Builder
	answers.WriteString("id,panel,subject,item,value,device,submitted_at,count\n")
	for i, voter := range []string{"c001", "c002", "c003", "c004", "c005"} {
		value := string(rune('1' + i))
		c.vote(voter, value, true)
		for _, subject := range []string{"police", "health", "school"} {
			fmt.Fprintf(&answers, "%s-%s,residents,%s,service,%s,,,\n", voter, subject, subject, value)
		}
	}
	c.close("mixed")
	both := []ImportFile{votes("web.csv", webVotes), votes("paper.csv", paperVotes)}
	for range 2 {
		if err := c.ImportBallots(ctx, testNow, Cause{}, "mixed", both); err != nil {
			t.Fatal(err)
		}
	}
	for _, f := range both {
		for b := range f.Ballots {
			fmt.Fprintf(&answers, "%s,%s,%s,service,%s,%s,%s,%d\n", b.Ref, b.Panel, b.Subject, b.Answers[0].Value, b.Device, b.Submitted, b.Count)
		}
	}
	run, err := c.ScoreEvaluation(ctx, testNow, Cause{}, "mixed")
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := c.Export(ctx, testNow, Cause{}, "mixed", true)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(run.JSON), rescore(t, sealed)); diff != "" {
		t.Errorf("the sealed folder gives another result:\n%s", diff)
	}
	open, err := c.Export(ctx, testNow, Cause{}, "mixed", false)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(totals(t, string(run.JSON)), totals(t, rescore(t, open))); diff != "" {
		t.Errorf("the released folder gives other totals:\n%s", diff)
	}
	for _, private := range []string{"2026-10-02", "w3", "d0000001"} {
		if bytes.Contains(open["answers.csv"], []byte(private)) {
			t.Errorf("the released answers hold %s:\n%s", private, open["answers.csv"])
		}
	}
	sealed["answers.csv"] = []byte(answers.String())
	if diff := cmp.Diff(string(run.JSON), rescore(t, sealed)); diff != "" {
		t.Errorf("the files give another result than the database:\n%s", diff)
	}
	log := listed[string](t, c.Store, `SELECT d.detail FROM audit a JOIN audit_detail d ON d.audit_id = a.id WHERE action = 'round.import' ORDER BY a.id`)
	if len(log) != 2 || !strings.Contains(strings.ReplaceAll(log[1], " ", ""), `"panels":{"paper":158,"residents":10}`) ||
		!strings.Contains(log[1], fmt.Sprintf("%x", both[1].Hash)) {
		t.Errorf("the audit log says %q", log)
	}
	if got := listed[string](t, c.Store, `SELECT DISTINCT device FROM imported_ballot WHERE device <> '' AND device !~ '^[0-9a-f]{32}$'`); len(got) > 0 {
		t.Errorf("devices are kept as %q", got)
	}
}

func TestImportIsRefused(t *testing.T) {
	t.Parallel()
	c := importCity(t)
	ctx := t.Context()
	web := []ImportFile{votes("web.csv", webVotes)}
	c.draft(strings.Replace(imported2026, "round: mixed", "round: later", 1))
	want(t, "before it opens", c.ImportBallots(ctx, testNow, Cause{}, "later", web), survey.ErrNotYet)
	_, err := c.ImportTarget(ctx, "later")
	want(t, "reading a draft", err, survey.ErrNotYet)
	want(t, "into no round", c.ImportBallots(ctx, testNow, Cause{}, "none", web), survey.ErrNotFound)
	stray := votes("stray.csv", "s1,web,mars,5,,,")
	want(t, "about a subject that is not rated", c.ImportBallots(ctx, testNow, Cause{}, "mixed", []ImportFile{web[0], stray}), survey.ErrInvalid)
	if n := scalar[int](t, c.Store, `SELECT count(*) FROM ballot`); n != 0 {
		t.Errorf("%d ballots of a refused import stand", n)
	}
	if err := c.ImportBallots(ctx, testNow, Cause{}, "mixed", web); err != nil {
		t.Fatal(err)
	}
	again := votes("again.csv", "w1,web,police,5,,,")
	want(t, "an id that was imported", c.ImportBallots(ctx, testNow, Cause{}, "mixed", []ImportFile{again}), survey.ErrStale)
	target, err := c.ImportTarget(ctx, "mixed")
	if err != nil {
		t.Fatal(err)
	}
	if !target.Refs["w1"] || len(target.Refs) != 7 || !target.Files[web[0].Hash] || !target.Subjects["police"] || target.Panels["paper"] == nil {
		t.Errorf("the target is %+v", target)
	}
	c.close("mixed")
	if _, err := c.ScoreEvaluation(ctx, testNow, Cause{}, "mixed"); err != nil {
		t.Fatal(err)
	}
	if err := c.ApproveEvaluation(ctx, testNow, Cause{}, "mixed"); err != nil {
		t.Fatal(err)
	}
	paper := []ImportFile{votes("paper.csv", paperVotes)}
	want(t, "after approval", c.ImportBallots(ctx, testNow, Cause{}, "mixed", paper), survey.ErrStale)
	if target, err = c.ImportTarget(ctx, "mixed"); err != nil || target.Settled != "mixed" {
		t.Errorf("settled by %q: %v", target.Settled, err)
	}
}

func TestCancellingDropsImported(t *testing.T) {
	t.Parallel()
	c := importCity(t)
	ctx := t.Context()
	web := []ImportFile{votes("web.csv", webVotes)}
	if err := c.ImportBallots(ctx, testNow, Cause{}, "mixed", web); err != nil {
		t.Fatal(err)
	}
	if err := c.CancelRound(ctx, testNow, Cause{}, "mixed"); err != nil {
		t.Fatal(err)
	}
	for _, table := range []string{"ballot", "answer", "imported_ballot", "ballot_import"} {
		if n := scalar[int](t, c.Store, `SELECT count(*) FROM `+table); n != 0 {
			t.Errorf("%d rows of %s are left", n, table)
		}
	}
	want(t, "into a cancelled round", c.ImportBallots(ctx, testNow, Cause{}, "mixed", web), survey.ErrClosed)
}
