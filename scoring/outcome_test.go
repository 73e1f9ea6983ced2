package scoring_test

import (
	"fmt"
	"strings"
	"testing"

	"pingyi/scoring"
)

// field makes a scheme on one value per unit and its data: codes a, b, c … get
// the numbers given, group g unless said otherwise.
func field(t *testing.T, scores string, kind string, params scoring.Params, files ...string) *scoring.Result {
	t.Helper()
	subjects, rows := "code,group,parent,coef\n", "subject,indicator,value\n"
	for i, score := range strings.Fields(scores) {
		code := string(rune('a' + i))
		subjects += fmt.Sprintf("%s,g,,%d\n", code, i+1)
		if score != "-" {
			rows += fmt.Sprintf("%s,k,%s\n", code, score)
		}
	}
	s, faults := scoring.ParseScheme("f.yaml", []byte(`scheme: f
ledger: {veto: none}
kinds:
  u:
    attributes: {coef: number}
    parts:
      x: {values: k}
      coef_: {attribute: coef, show: [value]}
      low: {formula: 0 - coef, show: [value]}
      bad: {ledger: {kinds: [veto], take: count}, show: [value]}
    total: x
`+indent(kind, 4)))
	if len(faults.Errors()) > 0 {
		t.Fatal(faults)
	}
	return compute(t, s, folder(t, append([]string{"subjects.csv", subjects, "values.csv", rows}, files...)...), params)
}

// column joins one column over the units in order of code.
func column(t *testing.T, r *scoring.Result, name string) string {
	t.Helper()
	all := rows(t, r)
	var out []string
	for _, row := range r.Kinds[0].Rows {
		v, ok := all[row.Subject][name]
		if !ok {
			t.Fatalf("no column %s", name)
		}
		if v == "" {
			v = "-"
		}
		out = append(out, v)
	}
	return strings.Join(out, " ")
}

func TestRanks(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, scores, kind, want string }{
		{"competition", "90 80 80 70", "rank: {}", "1 2 2 4"},
		{"dense", "90 80 80 70", "rank: {ties: dense}", "1 2 2 3"},
		{"broken", "90 80 80 70", "rank: {ties: broken, break: [coef_]}", "1 3 2 4"},
		{"the smallest first", "90 80 80 70", "rank: {order: low}", "4 2 2 1"},
		{"by another part", "90 80 80 70", "rank: {by: coef_}", "4 3 2 1"},
		{"exact values, not those displayed", "80.0000000001 80 80.0000000002 1/3", "rank: {}", "2 3 1 4"},
		{"only those eligible", "90 80 80 70", "rank: {when: coef_ > 1}", "- 1 1 3"},
		{"nobody", "90 80", "rank: none", "- -"},
		{"missing ones are not ranked", "90 - 80", "rank: {}", "1 - 2"},
	} {
		if got := column(t, field(t, c.scores, c.kind, nil), "rank"); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

func TestGrades(t *testing.T) {
	t.Parallel()
	quota := func(ties string) string {
		return "rank: {break: [coef_]}\ngrades:\n  - {grade: A, places: 1..2, ties: " + ties + "}\n  - {grade: B, places: 3..4, ties: " + ties + "}\n  - {grade: C}"
	}
	for _, c := range []struct{ name, scores, kind, want string }{
		{"exactly on the threshold, and a hair below", "80 79.999999 60 59.99", "grades: [{grade: A, from: 80}, {grade: B, above: 60}, {grade: C}]", "A B C C"},
		{"on the rounded total", "79.995 79.994", "grades: [{grade: A, from: 80, decimals: 2}, {grade: B}]", "A B"},
		{"on another part", "90 80", "grades: [{grade: A, from: 2, on: coef_}, {grade: B}]", "B A"},
		{"a tie at the border is taken in", "90 80 80 70 60", quota("include"), "A A A B C"},
		{"a tie at the border falls to the next grade", "90 80 80 70 60", quota("exclude"), "A B B B C"},
		{"a tie at the border is broken", "90 80 80 70 60", quota("chain"), "A B A B C"},
		{"the share is floored", "9 8 7 6 5 4", "grades: [{grade: A, share: 30%, ties: include}, {grade: B}]", "A B B B B B"},
		{"at least one", "9 8 7", "grades: [{grade: A, share: 30%, at_least: 1, ties: include}, {grade: B}]", "A B B"},
		{"none without it", "9 8 7", "grades: [{grade: A, share: 30%, ties: include}, {grade: B}]", "B B B"},
		{"a lost place stays empty", "9 8 7", "grades: [{grade: A, places: ..2, ties: include, when: coef_ > 1}, {grade: B}]", "B A B"},
		{"a lost place is filled", "9 8 7", "grades: [{grade: A, places: ..2, ties: include, when: coef_ > 1, vacant: no}, {grade: B}]", "B A A"},
		{"the last of a figure lose", "9 8 7 6", "grades: [{grade: A, when: low > 0 - size}, {grade: B}]", "A A A B"},
	} {
		if got := column(t, field(t, c.scores, c.kind, nil), "grade"); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
	// a tie that even the chain leaves open is left out and flagged
	r := field(t, "90 80 80", "rank: {break: [bad]}\ngrades: [{grade: A, places: 1..2, ties: chain}, {grade: B}]", nil)
	if got := column(t, r, "grade") + " " + column(t, r, "flags"); got != "A B B - tie_at_border:A tie_at_border:A" {
		t.Errorf("open tie: %s", got)
	}
}

func TestVeto(t *testing.T) {
	t.Parallel()
	entries := []string{"ledger.csv", "id,subject,kind,points\n1,a,veto,\n"}
	kind := "grades: [{grade: A, from: 60}, {grade: C}]\nawards: [{award: P, places: 1, ties: include}]\npayouts: [{payout: pr, prizes: {1: 100, 2: 50}}]\n"
	r := field(t, "90 80 70", kind+"veto: {when: bad > 0, grade: C}", nil, entries...)
	for name, want := range map[string]string{"rank": "- 1 2", "grade": "C A A", "award": "- P -", "pr.cents": "0 10000 5000", "total": "90 80 70"} {
		if got := column(t, r, name); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
	r = field(t, "90 80 70", kind+"veto: {when: bad > 0, grade: C, blocks: prize}", nil, entries...)
	for name, want := range map[string]string{"rank": "1 2 3", "grade": "A A A", "award": "- - -", "pr.cents": "0 5000 0"} {
		if got := column(t, r, name); got != want {
			t.Errorf("prize only, %s: %s, want %s", name, got, want)
		}
	}
}

func TestPrizes(t *testing.T) {
	t.Parallel()
	prizes := "payouts: [{payout: p, prizes: {1: 900, 2: 600, 3: 300}%s}]\n"
	for _, c := range []struct{ name, scores, more, extra, want string }{
		{"each place", "9 8 7 6", "", "", "90000 60000 30000 0"},
		{"full for a tie, the next place skipped", "9 9 7 6", "", "", "90000 90000 30000 0"},
		{"a tie shares the prizes of its places", "9 9 7 6", ", ties: split", "", "75000 75000 30000 0"},
		{"a tie on the last place shares it", "9 8 7 7", ", ties: split", "", "90000 60000 15000 15000"},
		{"dense ranks hand the next prize on", "9 9 7 6", "", "rank: {ties: dense}\n", "90000 90000 60000 30000"},
		{"withheld prizes are not handed down", "9 8 7 6", ", when: coef_ > 1", "", "0 60000 30000 0"},
	} {
		r := field(t, c.scores, c.extra+fmt.Sprintf(prizes, c.more), nil)
		if got := column(t, r, "p.cents"); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

func TestPools(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, scores, kind, want string }{
		{"cents add up, ties by code", "1 1 1", "payouts: [{payout: p, pool: 100, by: x}]", "3334 3333 3333"},
		{"by falling remainder", "1 2 4", "payouts: [{payout: p, pool: 1, by: x}]", "14 29 57"},
		{"only some share", "1 1 2", "payouts: [{payout: p, pool: 100, by: x, when: coef_ > 1}]", "0 3333 6667"},
		{"over another figure the pool is not used up", "1 1 2", "payouts: [{payout: p, pool: 100, by: x, over: coef_}]", "1667 1667 3333"},
		{"who has no figure gets nothing", "1 - 1", "payouts: [{payout: p, pool: 100, by: x}]", "5000 0 5000"},
	} {
		if got := column(t, field(t, c.scores, c.kind, nil), "p.cents"); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

func TestPoolsLevelByLevel(t *testing.T) {
	t.Parallel()
	files := []string{"subjects.csv", `
		code,kind,parent,area,coef
		v1,village,,,
		v2,village,,,
		p1,person,v1,x,1
		p2,person,v1,x,2
		p3,person,v2,y,3
		p4,person,v2,x,1
	`, "values.csv", "subject,indicator,value\nv1,k,1\nv2,k,2\np1,k,1\np2,k,1\np3,k,1\np4,k,2\n"}
	scheme := func(village, person string) string {
		return `scheme: s
tables: {areas: {x: 75, y: 25}}
kinds:
  village:
    parts: {x: {values: k}}
    total: x
    payouts: [` + village + `]
  person:
    attributes: {area: word, coef: number}
    parts: {x: {values: k}, c: {attribute: coef, show: [value]}}
    total: x
    payouts: [` + person + `]
`
	}
	for _, c := range []struct{ name, village, person, want string }{
		{"villages first, then their people", "{payout: pay, pool: 100, by: x}", "{payout: pay, pool: {of: parent, payout: pay}, by: x}", "3333 6667 1667 1666 2222 4445"},
		{"by headcount", "", "{payout: pay, pool: 100, by: x, split: parent}", "2500 2500 1667 3333"},
		{"by the sum of a part", "", "{payout: pay, pool: 70, by: x, split: parent, shares: c}", "1500 1500 1333 2667"},
		{"by fixed shares", "", "{payout: pay, pool: 100, by: x, split: area, shares: areas}", "1875 1875 2500 3750"},
		{"cents rounded once", "", "{payout: pay, pool: 0.05, by: x, split: parent, cents: once}", "1 1 1 2"},
		{"cents rounded level by level", "", "{payout: pay, pool: 0.05, by: x, split: parent}", "2 1 1 1"},
	} {
		s, faults := scoring.ParseScheme("s.yaml", []byte(scheme(c.village, c.person)))
		if len(faults.Errors()) > 0 {
			t.Fatal(c.name, faults)
		}
		r := compute(t, s, folder(t, files...), nil)
		all := rows(t, r)
		var got []string
		for _, who := range []string{"v1", "v2", "p1", "p2", "p3", "p4"} {
			if v := all[who]["pay.cents"]; v != "" && (c.village != "" || who[0] == 'p') {
				got = append(got, v)
			}
		}
		if g := strings.Join(got, " "); g != c.want {
			t.Errorf("%s: %s, want %s", c.name, g, c.want)
		}
	}
}

func TestConsequences(t *testing.T) {
	t.Parallel()
	kind := "grades: [{grade: A, from: 60}, {grade: C}]\nconsequences:\n  - {consequence: 黄牌, when: grade = 'C'}\n" +
		"  - {consequence: 谈话, when: grade = 'C' and last.grade = 'C'}\n  - {consequence: 调整, when: grade = 'C' and last.grade = 'C' and last2.grade = 'C'}\n" +
		"  - {consequence: 进步, when: total - last.total >= 10}\n"
	history := []string{"history.csv", `
		period,subject,total,grade
		2024,a,50,C
		2023,a,50,C
		2024,b,50,C
		2023,b,,未考核
		2023,c,50,C
		2025,d,10,C
		2026,d,10,C
	`}
	r := field(t, "50 50 50 75", kind, scoring.Params{"period": "2025"}, history...)
	if got, want := column(t, r, "consequences"), "黄牌|谈话|调整 黄牌|谈话 黄牌 -"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	r = field(t, "65 70", kind, scoring.Params{"period": "2025-H1"}, "history.csv", "period,subject,total,grade\n2024-H2,a,55,C\n2024,b,10,C\n")
	if got, want := column(t, r, "consequences"), "进步 -"; got != want {
		t.Errorf("half-years: got %s, want %s", got, want)
	}
}

// Rows of another run do not count, and that is said.
func TestRowsOfAnotherRun(t *testing.T) {
	t.Parallel()
	s := parse(t, "s.yaml", "scheme: s\npanels: {p: {items: [q]}}\nledger: {bonus: add}\nkinds: {u: {parts: {x: {values: k}, y: {survey: p, show: [n]}, b: {ledger: {kinds: [bonus]}}, all: {formula: x + y + b}}, total: all}}\n")
	d := folder(t, "subjects.csv", "code\na\n", "values.csv", "subject,indicator,period,value\na,k,2025-Q3,50\na,k,2025-Q4,99\n",
		"answers.csv", "id,panel,subject,item,value,period\n1,p,a,q,5,2025-Q3\n2,p,a,q,1,2025-Q2\n",
		"ledger.csv", "id,subject,kind,points,date,period\n1,a,bonus,3,2025-08-01,\n2,a,bonus,4,2025-10-01,\n3,a,bonus,5,,2025-Q4\n4,a,bonus,6,,2025-Q3\n")
	r := compute(t, s, d, scoring.Params{"period": "2025-Q3"})
	want(t, r, "a", "x", "50", "y", "100", "y.n", "1", "b", "9", "total", "159")
	var told []string
	for _, n := range r.Notices {
		told = append(told, n.File+" "+n.Code)
	}
	if got := strings.Join(told, ", "); got != "values.csv scoring.notice.rows_outside, answers.csv scoring.notice.rows_outside" {
		t.Errorf("notices: %s", got)
	}
}

// What respondents were promised holds where the scheme says nothing.
func TestPromisedMinimum(t *testing.T) {
	t.Parallel()
	s := parse(t, "s.yaml", `scheme: s
panels: {p: {items: [q]}, own: {items: [q], min: 1}}
kinds:
  u:
    parts:
      x: {weighted_mean: {p: {weight: 50, survey: p}, own: {weight: 50, survey: own}}}
      open: {survey: {panel: p, min: 0}, show: [value]}
      each: {survey: {panel: [p, own], by: panel}, show: [value]}
    total: x
`)
	d := folder(t, "subjects.csv", "code\na\n", "answers.csv", "id,panel,subject,item,value,count\n1,p,a,q,5,4\n2,own,a,q,1,2\n")
	want(t, compute(t, s, d, nil), "a", "x", "60", "x.p", "100", "flags", "")
	r := compute(t, s, d, scoring.Params{"minimum.p": "5", "minimum.own": "5"})
	want(t, r, "a", "x", "20", "x.p", "", "x.own", "20", "open", "100", "each", "20", "flags", "below_minimum:each|below_minimum:x.p|rescaled:x.p")
	if _, faults := scoring.Compute(s, d, scoring.Params{"minimum.p": "few"}); len(faults) != 1 {
		t.Errorf("faults %v", faults)
	}
}
