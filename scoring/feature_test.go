package scoring_test

import (
	"fmt"
	"strings"
	"testing"

	"pingyi/scoring"
)

// unit wraps parts into a scheme with one kind; more is appended to the kind.
func unit(parts, more string) string {
	return `scheme: t
ledger:
  bonus: {points: add, approval: required}
  minus: subtract
  event: signed
  mark: none
  award: {points: add, levels: {city: 2, county: 1}}
panels:
  p: {items: [q1, q2]}
  m: {scale: marks, items: [q]}
  few: {scale: marks, items: [q], min: 2}
kinds:
  u:
    attributes: {size: number, area: word, partner: subject}
    parts:
` + indent(parts, 6) + indent(more, 4)
}

func indent(s string, n int) string {
	var out strings.Builder
	for _, line := range strings.Split(strings.Trim(s, "\n"), "\n") {
		out.WriteString(strings.Repeat(" ", n) + strings.TrimPrefix(strings.TrimPrefix(line, "\t\t"), "\t") + "\n")
	}
	return out.String()
}

const units = "code,group,parent,size,area,partner\na,g,,1500,x,b\nb,g,,1501,y,a\nc,h,,2001,x,\n"

// feature computes one scheme on small data; want holds subject.column=value.
type feature struct {
	name   string
	parts  string
	more   string
	files  []string
	params scoring.Params
	want   []string
}

func run(t *testing.T, features []feature) {
	for _, f := range features {
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			s, faults := scoring.ParseScheme("t.yaml", []byte(unit(f.parts, f.more)))
			if len(faults.Errors()) > 0 {
				t.Fatal(faults)
			}
			r := compute(t, s, folder(t, append([]string{"subjects.csv", units}, f.files...)...), f.params)
			for _, w := range f.want {
				subject, rest, _ := strings.Cut(w, " ")
				column, value, ok := strings.Cut(rest, "=")
				if !ok {
					t.Fatalf("bad expectation %q", w)
				}
				want(t, r, subject, column, value)
			}
		})
	}
}

func values(rows string) []string {
	return []string{"values.csv", "subject,indicator,period,value,target,date,due,source,weight\n" + strings.ReplaceAll(rows, ";", "\n") + "\n"}
}

func ledger(rows string) []string {
	return []string{"ledger.csv", "id,subject,kind,points,category,date,approved,matter,level,period\n" + strings.ReplaceAll(rows, ";", "\n") + "\n"}
}

func answers(rows string) []string {
	return []string{"answers.csv", "id,panel,respondent,subject,item,value,relation,stratum,status,submitted_at,count,device\n" + strings.ReplaceAll(rows, ";", "\n") + "\n"}
}

func TestValueRules(t *testing.T) {
	t.Parallel()
	run(t, []feature{
		{name: "completion with cap and floor", parts: "x: {values: {code: k, score: completion, cap: 1, floor: 0}, show: [value]}",
			files: values("a,k,,12,10,,,,;b,k,,-3,10,,,,;c,k,,7,10,,,,"), want: []string{"a x=100", "b x=0", "c x=70"}, more: "total: x"},
		{name: "lower is better, zero too", parts: "x: {values: {code: k, score: completion, cap: 1, better: lower}}", more: "total: x",
			files: values("a,k,,0,10,,,,;b,k,,20,10,,,,;c,k,,10,10,,,,"), want: []string{"a x=100", "b x=50", "c x=100"}},
		{name: "reached, inclusive and strict", parts: "x: {values: {code: k, score: reached}}\ny: {values: {code: k, score: reached, strict: yes}, show: [value]}", more: "total: x",
			files: values("a,k,,10,10,,,,;b,k,,10.01,10,,,,;c,k,,9.99,10,,,,"), want: []string{"a x=100", "a y=0", "b y=100", "c x=0"}},
		{name: "late work", parts: "x: {values: {code: k, score: completion, cap: 1, late: 0.9}}", more: "total: x",
			files: values("a,k,,10,10,2025-06-30,2025-06-30,,;b,k,,10,10,2025-07-01,2025-06-30,,;c,k,,5,10,2025-07-01,2025-06-30,,"), want: []string{"a x=100", "b x=90", "c x=50"}},
		{name: "deadline", parts: "x: {values: {code: k, score: deadline, late: {points: 5}}}", more: "total: x",
			files: values("a,k,,1,,2025-06-30,2025-06-30,,;b,k,,1,,2025-07-03,2025-06-30,,;c,k,,,,,2025-06-30,,"), want: []string{"a x=100", "b x=85", "c x=0"}},
		{name: "position and error rate", parts: "x: {values: {code: k, score: position}}\ny: {values: {code: e, score: error_rate}, show: [value]}", more: "total: x",
			files: values("a,k,,1,10,,,,;b,k,,10,10,,,,;c,k,,4,10,,,,;a,e,,3,200,,,,"), want: []string{"a x=100", "b x=10", "c x=70", "a y=98.5"}},
		{name: "steps strict and inclusive", parts: "x: {attribute: {name: size, steps: [{above: 2000, gives: 1.083}, {above: 1500, gives: 1.042}, {gives: 1}]}}\n" +
			"y: {attribute: {name: size, steps: [{up_to: 1500, gives: 1}, {below: 2001, gives: 2}, {from: 2001, gives: 3}]}, show: [value]}", more: "total: x",
			want: []string{"a x=1", "b x=1.042", "c x=1.083", "a y=1", "b y=2", "c y=3"}},
		{name: "words to numbers", parts: "x: {values: {code: k, words: {一档: 100, 二档: 90}}}", more: "total: x",
			files: values("a,k,,一档,,,,,;b,k,,二档,,,,,;c,k,,77,,,,,"), want: []string{"a x=100", "b x=90", "c x=77"}},
		{name: "rows: ratio of sums and mean of ratios", parts: "x: {values: {code: k, score: completion, rows: sum}}\ny: {values: {code: k, score: completion, rows: mean}, show: [value]}\n" +
			"z: {values: {code: k, score: completion, rows: latest}, show: [value]}", more: "total: x",
			files: values("a,k,,9,10,2025-01-02,,,;a,k,,45,90,2025-01-01,,,"), want: []string{"a x=54", "a y=70", "a z=90"}},
		{name: "weights of the data, of a map, and a pattern's own rule", parts: "x: {values: {code: k.*, score: completion, cap: 1, combine: weighted_sum, weights: data, rules: {k.b: {better: lower}}}}\n" +
			"y: {values: {code: k.*, score: completion, combine: weighted_mean, weights: {a: 1, b: 3}}, show: [value]}", more: "total: x",
			files: values("a,k.a,,5,10,,,,0.5;a,k.b,,20,10,,,,0.5"), want: []string{"a x=50", "a y=162.5"}},
		{name: "one cap on the topic, another on the indicator", parts: "topic: {values: {code: k.*, score: completion, combine: mean}, full: 40, floor: 0, cap: 48}\n" +
			"each: {values: {code: k.*, score: completion, cap: 120%, combine: mean}, full: 40, show: [value]}", more: "total: topic",
			files: values("a,k.a,,20,10,,,,;a,k.b,,8,10,,,,"), want: []string{"a topic=48", "a each=40"}},
		{name: "a missing indicator drops out of a mean and breaks a sum", parts: "m: {values: {code: [a, b], combine: mean}}\ns: {values: {code: [a, b], combine: sum}, show: [value]}", more: "total: m",
			files: values("a,a,,80,,,,,;a,b,,,,,,,;b,a,,60,,,,,;b,b,,70,,,,,"), want: []string{"a m=80", "a s=", "b s=130", "a flags=missing:m@b|missing:s@b"}},
	})
}

func TestPeriodsAndSources(t *testing.T) {
	t.Parallel()
	run(t, []feature{
		{name: "mean of the halves, shown", parts: "x: {values: k, periods: {each: [H1, H2], combine: mean}, show: [periods]}", more: "total: x",
			files: values("a,k,H1,80,,,,,;a,k,H2,90,,,,,;b,k,H2,70,,,,,"), want: []string{"a x=85", "a x.H1=80", "a x.H2=90", "b x=70", "b flags=missing:x@H1"}},
		{name: "weights, sums, change, latest, count", parts: "w: {values: k, periods: {each: [H1, H2], combine: weighted_mean, weights: {H1: 30, H2: 70}}}\n" +
			"s: {values: k, periods: {each: [H1, H2], combine: sum}, show: [value]}\nc: {values: k, periods: {each: [H1, H2], combine: change}, show: [value]}\n" +
			"l: {values: k, periods: {each: [H1, H2], combine: latest}, show: [value]}\nn: {values: k, periods: {each: all, combine: count}, show: [value]}", more: "total: w",
			files: values("a,k,H1,80,,,,,;a,k,H2,90,,,,,;b,k,H2,70,,,,,"), want: []string{"a w=87", "a s=170", "a c=10", "a l=90", "a n=2", "b n=1"}},
		{name: "a floor in each month, only months with marks", parts: "marks: {values: k, periods: {each: all, combine: count}, show: [value]}\n" +
			"d: {ledger: {kinds: [minus], base: 10}, floor: 0, periods: {each: all, where: marks, combine: mean}}", more: "total: d", params: scoring.Params{"period": "2025"},
			files: append(values("a,k,01,1,,,,,;a,k,02,1,,,,,;b,k,01,1,,,,,"), ledger("1,a,minus,12,,2025-01-20,,,,;2,a,minus,3,,2025-02-01,,,,;3,b,minus,4,,2025-02-03,,,,;4,b,minus,1,,2024-01-31,,,,")...),
			want:  []string{"a d=3.5", "b d=10"}},
		{name: "dates fall into quarters and months", parts: "q: {values: {code: k, rows: sum}, periods: {each: [Q1, Q2], combine: sum}, show: [periods]}", more: "total: q", params: scoring.Params{"period": "2025"},
			files: values("a,k,,1,,2025-03-31,,,;a,k,,2,,2025-04-01,,,;a,k,,4,,2024-03-01,,,"), want: []string{"a q.Q1=1", "a q.Q2=2", "a q=3"}},
		{name: "each source by itself", parts: "x:\n  each: {column: source, combine: mean}\n  sum:\n    tier: {values: tier}\n    points: {values: {code: points, rows: sum}, missing: 0}\n  cap: 100\n  floor: 0", more: "total: x",
			files: values("a,tier,,100,,,,d1,;a,points,Q1,5,,,,d1,;a,tier,,80,,,,d2,;a,points,Q1,-5,,,,d2,;a,points,Q2,-10,,,,d2,;b,tier,,90,,,,d1,"),
			want:  []string{"a x=82.5", "b x=90", "a x.tier=90"}},
		{name: "a part in one period", parts: "x: {values: k, periods: {each: [S1, S3], combine: mean}}\nup: \"x:S3 - x:S1\"", more: "total: up",
			files: values("a,k,S1,60,,,,,;a,k,S3,75,,,,,"), want: []string{"a up=15"}},
		{name: "to cap the year, wrap it", parts: "x: {sum: {half: {values: k, periods: {each: [H1, H2], combine: sum}}}, cap: 100}", more: "total: x",
			files: values("a,k,H1,80,,,,,;a,k,H2,90,,,,,"), want: []string{"a x=100"}},
	})
}

func TestLedgerRules(t *testing.T) {
	t.Parallel()
	run(t, []feature{
		{name: "approval, period, cap", parts: "b: {ledger: {kinds: [bonus]}, cap: 5}", more: "total: b", params: scoring.Params{"period": "2025"},
			files: ledger("1,a,bonus,4,,2025-01-01,yes,,,;2,a,bonus,4,,2025-12-31,yes,,,;3,b,bonus,2,,2025-05-05,,,,;4,b,bonus,3,,2026-01-01,yes,,,"), want: []string{"a b=5", "b b=0", "b flags=unapproved:b", "c b=0"}},
		{name: "signs and sizes", parts: "all: {ledger: {kinds: [event, minus]}}\nminus: {ledger: {kinds: [event, minus], take: minus}, show: [value]}\nplus: {ledger: {kinds: [event, minus], take: plus}, show: [value]}\nn: {ledger: {kinds: [event, minus, mark], take: count}, show: [value]}", more: "total: all",
			files: ledger("1,a,event,-4,,,,,,;2,a,event,3,,,,,,;3,a,minus,5,,,,,,;4,a,mark,,,,,,,"), want: []string{"a all=-6", "a minus=9", "a plus=3", "a n=4"}},
		{name: "levels and the highest per matter", parts: "sum: {ledger: {kinds: [award]}}\nbest: {ledger: {kinds: [award], highest_per: matter}, show: [value]}", more: "total: sum",
			files: ledger("1,a,award,,,,,m,city,;2,a,award,,,,,m,county,;3,a,award,7,,,,,,"), want: []string{"a sum=10", "a best=9"}},
		{name: "clipped at the end only", parts: "x: {ledger: {kinds: [event], base: 400}, floor: 0, cap: 400}", more: "total: x",
			files: ledger("1,a,event,-450,,2025-01-01,,,,;2,a,event,60,,2025-02-01,,,,;3,b,event,30,,,,,,"), want: []string{"a x=10", "b x=400"}},
		{name: "by category", parts: "x: {ledger: {kinds: [event], categories: [daily]}}\ny: {ledger: {kinds: [event]}, cap: 2, each: {column: category, combine: sum}, show: [value]}", more: "total: x",
			files: ledger("1,a,event,5,daily,,,,,;2,a,event,1,other,,,,,"), want: []string{"a x=5", "a y=3"}},
	})
}

func TestSurveyRules(t *testing.T) {
	t.Parallel()
	sheet := func(id, subject string, q1, q2 int, rest string) string {
		return fmt.Sprintf("%s,p,%s,%s,q1,%d,%s;%s,p,%s,%s,q2,%d,%s", id, "r"+id, subject, q1, rest, id, "r"+id, subject, q2, rest)
	}
	run(t, []feature{
		{name: "item first and person first", parts: "i: {survey: p}\np: {survey: {panel: p, aggregate: persons}, show: [value]}\nk: {survey: {panel: p, aggregate: answers}, show: [value]}", more: "total: i",
			files: answers(sheet("1", "a", 5, 5, ",,,,,") + ";" + sheet("2", "a", 1, 0, ",,,,,")), want: []string{"a i=80", "a p=60", "a k=73.3333333333"}},
		{name: "the latest replaces, a nearly empty one too", parts: "x: {survey: p, show: [n]}", more: "total: x",
			files: answers("1,p,r,a,q1,5,,,valid,2025-01-01,,;1,p,r,a,q2,5,,,valid,2025-01-01,,;2,p,r,a,q1,0,,,valid,2025-02-01,,;2,p,r,a,q2,,,,valid,2025-02-01,,;3,p,s,a,q1,3,,,,,,;3,p,s,a,q2,,,,,,,;4,p,t,a,q1,1,,,void,,,;4,p,t,a,q2,1,,,void,,,"),
			want:  []string{"a x=60", "a x.n=1"}},
		{name: "counted ballots", parts: "x: {survey: p, show: [n]}", more: "total: x",
			files: answers("1,p,,a,q1,5,,,,,9,;1,p,,a,q2,5,,,,,9,;2,p,,a,q1,1,,,,,1,;2,p,,a,q2,1,,,,,1,"), want: []string{"a x=92", "a x.n=10"}},
		{name: "classes alike, weighted, or pooled", parts: "x: {survey: {panel: p, by: stratum}}\nw: {survey: {panel: p, by: stratum, weights: {e: 3, f: 1}}, show: [value]}\n" +
			"o: {survey: {panel: p, by: stratum, combine: pooled}, show: [value]}\nm: {survey: {panel: p, by: stratum, min_each: {e: 2, f: 1}}, show: [value]}", more: "total: x",
			files: answers(sheet("1", "a", 5, 5, ",e,,,,") + ";" + sheet("2", "a", 1, 1, ",f,,,,") + ";" + sheet("3", "a", 1, 1, ",f,,,,")),
			want:  []string{"a x=60", "a w=80", "a o=46.6666666667", "a m=20", "a flags=below_minimum:m"}},
		{name: "own ballots out, trimmed, centred", parts: "x: {survey: {panel: p, by: stratum, own: excluded}}\nt: {survey: {panel: p, by: stratum, trim: 1}, show: [value]}\nz: {survey: {panel: p, by: stratum, own: excluded, centred: yes}, show: [value]}", more: "total: x",
			files: answers(sheet("1", "a", 5, 5, ",a,,,,") + ";" + sheet("2", "a", 4, 4, ",b,,,,") + ";" + sheet("3", "a", 2, 2, ",c,,,,") + ";" + sheet("4", "b", 3, 3, ",c,,,,") + ";" + sheet("5", "b", 5, 5, ",a,,,,")),
			// cells a: b=80 c=40; b: c=60 a=100; means b 80, c 50, a 100; grand 70
			want: []string{"a x=60", "a t=80", "a z=65", "b z=75"}},
		{name: "single marks without the highest and lowest; 0 is a mark", parts: "x: {survey: {panel: m, by: respondent, trim: 1}}\ny: {survey: m, show: [value]}", more: "total: x",
			files: answers("1,m,a,a,q,0,,,,,,;2,m,b,a,q,80,,,,,,;3,m,c,a,q,90,,,,,,;4,m,d,a,q,100,,,,,,"), want: []string{"a x=85", "a y=67.5"}},
		{name: "below the minimum the group drops out", parts: "x: {weighted_mean: {p: {weight: 60, survey: {panel: p, min: 2}}, m: {weight: 40, survey: m}}}", more: "total: x",
			files: answers(sheet("1", "a", 5, 5, ",,,,,") + ";2,m,b,a,q,70,,,,,,"), want: []string{"a x=70", "a x.p=", "a flags=below_minimum:x.p|rescaled:x.p"}},
		{name: "panels as classes keep their own minimum", parts: "x: {survey: {panel: [m, few], by: panel}}\ny: {survey: {panel: [m, few], by: panel, min_each: 1}, show: [value]}", more: "total: x",
			files: answers("1,m,b,a,q,70,,,,,,;2,few,b,a,q,10,,,,,,"), want: []string{"a x=70", "a y=40", "a flags=below_minimum:x"}},
		{name: "two relations of one respondent are two sheets", parts: "x: {survey: p, show: [n]}", more: "total: x",
			files: answers("1,p,r,a,q1,5,peer,,,,,;1,p,r,a,q2,5,peer,,,,,;2,p,r,a,q1,1,self,,,,,;2,p,r,a,q2,1,self,,,,,"), want: []string{"a x=60", "a x.n=2"}},
	})
}

// A hidden part may only have a meaning within another: there it is computed, per source, and nowhere else.
func TestHiddenPartServesAnother(t *testing.T) {
	t.Parallel()
	s := parse(t, "s.yaml", `
scheme: s
kinds:
  unit:
    parts:
      management: {weighted_mean: {half: 30, year: 70}, each: {column: source, combine: mean}}
      half: {values: half, hidden: yes}
      year: {values: year, hidden: yes}
    total: management
`)
	r := compute(t, s, folder(t, "subjects.csv", "code\nu\n",
		"values.csv", "subject,indicator,source,value\nu,half,a,90\nu,half,b,70\nu,year,a,80\nu,year,b,60\n"), nil)
	if got := rows(t, r)["u"]["total"]; got != "73" { // ((27 + 56) + (21 + 42)) ÷ 2
		t.Errorf("the total is %s, want 73", got)
	}
	card, _ := r.Explain("u")
	if n := len(card.Row.Traces); n != 1 {
		t.Errorf("%d parts stand on the card, want the total alone", n)
	}
	if shown := jsonText(t, r); !strings.Contains(shown, `"Indicator": "half"`) {
		t.Errorf("nothing shows where the half comes from:\n%s", shown)
	}
}
