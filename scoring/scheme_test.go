package scoring_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pingyi/scoring"
	"pingyi/scoring/schemes"
)

// base is a small scheme without a fault; each case breaks one thing in it.
const base = `scheme: small
version: 1
params:
  points: {value: likert, choices: [likert, likert0]}
  least: 5
tables:
  weights: {image: 40, work: 60}
panels:
  people: {scale: $points, items: [q1, q2], min: $least}
ledger:
  bonus: add
kinds:
  unit:
    attributes: {size: number, area: word}
    parts:
      image: {survey: {panel: people}}
      work: {values: {code: work.*, score: completion, cap: 1, floor: 0, combine: mean}}
      both: {weighted_mean: [image, work], weights: weights}
      extra: {ledger: {kinds: [bonus]}, cap: 5}
      all: both + extra
    total: all
    grades:
      - {grade: A, share: 30%, ties: include, from: 80}
      - {grade: B, from: 60}
      - {grade: C}
`

func TestBaseIsGood(t *testing.T) {
	t.Parallel()
	if faults := scoring.CheckScheme("base.yaml", []byte(base)); len(faults) > 0 {
		t.Error(faults)
	}
}

func TestSchemeFaults(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, old, new, at, want string }{
		{"misspelt key", "survey: {panel", "survey: {pannel", `pannel`, "key_unknown panel"},
		{"misspelt part key", "cap: 5}", "capp: 5}", `capp`, "key_unknown cap"},
		{"unknown top key", "tables:", "table:", `table:`, "key_unknown tables"},
		{"weights that do not add up", "image: 40", "image: 50", `weights}`, "weights_sum"},
		{"weights of zero", "{image: 40, work: 60}", "{image: 0, work: 0}", `weights}`, "weights_zero"},
		{"part never used", "all: both + extra", "all: both", `extra: {`, "part_unused"},
		{"part used twice", "all: both + extra", "all: both + extra + image", `all: both`, "part_twice"},
		{"part named twice by one rule", "all: both + extra", "all: {sum: [both, extra, both]}", `all: {sum`, "part_twice"},
		{"grade after one that all get", "{grade: C}", "{grade: C}\n      - {grade: D, from: 10}", `grade: D`, "step_unreachable"},
		{"a grade nobody gets", "    grades:", "    consequences: [{consequence: talk, when: grade = 'Cc'}]\n    grades:", `grade = 'Cc'`, "grade_unknown C"},
		{"the same key twice", "extra: {ledger", "image: {ledger", `image: {ledger`, "key_twice"},
		{"unknown panel", "panel: people", "panel: peeple", `peeple`, "panel_unknown people"},
		{"unknown item", "panel: people", "panel: people, items: [q1, q3]", `q3]`, "item_unknown q1"},
		{"unknown part in a formula", "both + extra", "both + extr", `both + extr`, "name_unknown extra"},
		{"unknown attribute in a condition", "cap: 5}", "cap: 5, when: aera = 'x'}", `aera`, "name_unknown area"},
		{"unknown attribute", "extra: {ledger: {kinds: [bonus]}", "extra: {attribute: sise", `sise`, "attribute_unknown size"},
		{"unknown parameter", "min: $least", "min: $leas", `$leas}`, "param_unknown least"},
		{"unused parameter", "min: $least", "min: 5", `least: 5`, "param_unused"},
		{"unknown scale", "scale: $points", "scale: likrt", `likrt`, "scale_unknown likert"},
		{"unknown table", "weights: weights", "weights: weight", `weight}`, "table_unknown weights"},
		{"unknown ledger kind", "[bonus]", "[bonis]", `bonis`, "entry_unknown bonus"},
		{"indicator pattern", "work.*", "'*.work'", `'*.work'`, "values_pattern"},
		{"indicators not combined", ", combine: mean", "", `code: work`, "values_combine"},
		{"a rule for an indicator it does not have", "floor: 0,", "floor: 0, rules: {wrk.x: {better: lower}},", `wrk.x`, "indicator_unknown"},
		{"a kind in two places", "kinds:\n", "kinds:\n  other: {subjects: [unit], parts: {x: {constant: 1}}, total: x}\n", `unit:
    attributes`, "kind_twice"},
		{"a circle", "work: {values: {code: work.*, score: completion, cap: 1, floor: 0, combine: mean}}", "work: all", `work: all`, "part_cycle"},
		{"quota without a rule for ties", "share: 30%, ties: include", "share: 30%", `grade: A`, "quota_ties"},
		{"chain without a list", "ties: include", "ties: chain", `chain,`, "ties_chain"},
		{"thresholds out of order", "{grade: B, from: 60}", "{grade: B, from: 60}\n      - {grade: D, from: 70}", `grade: D`, "step_order"},
		{"cap below floor", "cap: 5}", "floor: 6, cap: 5}", `5}
      all`, "cap_below_floor"},
		{"cap below floor in a value", "cap: 1, floor: 0", "cap: 1, floor: 2", `1, floor: 2`, "cap_below_floor"},
		{"points miss a level", "tables:", "scales:\n  five: {points: {1: 0, 2: 1, 3: 2, 5: 4}, unknown: [0]}\ntables:", `five`, "scale_level"},
		{"pool without a base", "    grades:", "    payouts:\n      - {payout: pay, pool: 100}\n    grades:", `payout: pay`, "pool_base"},
		{"periods that nothing combines", "cap: 5}", "cap: 5, periods: {each: [H1, H2]}}", `each: [H1`, "periods_combine"},
		{"periods not listed", "cap: 5}", "cap: 5, periods: {combine: mean}}", `combine: mean}}
      all`, "periods_each"},
		{"no rule", "extra: {ledger: {kinds: [bonus]}, cap: 5}", "extra: {cap: 5}", `cap: 5}
      all`, "part_rules"},
		{"two rules", "cap: 5}", "constant: 5}", `ledger: {kinds`, "part_rules"},
		{"bad formula", "both + extra", "both +* extra", `both +*`, "formula_unexpected"},
		{"words in arithmetic", "both + extra", "both + area", `both + area`, "formula_kind"},
		{"number as a condition", "cap: 5}", "cap: 5, when: size}", `size}
      all`, "formula_kind"},
		{"not a number", "cap: 5}", "cap: five}", `five}`, "want_number"},
		{"default not among choices", "value: likert,", "value: likrt,", `likrt`, "param_default likert"},
		{"reserved name", "extra: {ledger", "rank: {ledger", `rank: {`, "name_reserved"},
		{"name that cannot be written in a formula", "extra: {ledger", "ex-tra: {ledger", `ex-tra`, "name"},
		{"total that is no part", "total: all", "total: alle", `alle`, "part_unknown all"},
		{"an indicator twice", "code: work.*", "code: [work.a, work.a]", `work.a],`, "list_twice"},
		{"an indicator twice, under a pattern", "code: work.*", "code: [work.*, work.a]", `work.a],`, "list_twice"},
		{"an item twice", "items: [q1, q2]", "items: [q1, q1]", `q1],`, "list_twice"},
		{"a panel twice", "survey: {panel: people}", "survey: {panel: [people, people]}", `people]}`, "list_twice"},
		{"a ledger kind twice", "[bonus]", "[bonus, bonus]", `bonus]`, "list_twice"},
		{"a negative pool", "    grades:", "    payouts:\n      - {payout: pay, pool: -100, by: all}\n    grades:", `-100`, "pool_negative"},
		{"a negative prize", "    grades:", "    payouts:\n      - {payout: pay, prizes: {1: 100, 2: -50}}\n    grades:", `-50`, "prize_negative"},
		{"a payout twice", "    grades:", "    payouts:\n      - {payout: pay, pool: 1, by: all}\n      - {payout: pay, pool: 2, by: all}\n    grades:", `payout: pay, pool: 2`, "payout_twice"},
		{"shares of nothing", "    grades:", "    payouts:\n      - {payout: pay, pool: 1, by: all, split: area, shares: {}}\n    grades:", `{}}`, "shares_empty"},
		{"shares that do not add up", "    grades:", "    payouts:\n      - {payout: pay, pool: 1, by: all, split: area, shares: {x: 60, y: 30}}\n    grades:", `x: 60`, "weights_sum"},
		{"negative weights in a table", "image: 40, work: 60", "image: -40, work: 140", `weights}`, "weight_negative"},
		{"weights of classes that do not add up", "survey: {panel: people}", "survey: {panel: people, by: relation, weights: {peer: 60, head: 30}}", `peer: 60`, "weights_sum"},
		{"weights of indicators that do not add up", "combine: mean}", "combine: weighted_mean, weights: {a: 60, b: 30}}", `a: 60`, "weights_sum"},
		{"a weight for an indicator it does not have", "combine: mean}", "combine: weighted_mean, weights: {work.a: 60, wotk.b: 40}}", `wotk.b`, "indicator_unknown"},
		{"weights of periods that do not add up", "cap: 5}", "cap: 5, periods: {each: [H1, H2], combine: weighted_mean, weights: {H1: 60, H2: 30}}}", `H1: 60`, "weights_sum"},
		{"a weight for a period it does not have", "cap: 5}", "cap: 5, periods: {each: [H1], combine: weighted_mean, weights: {H1: 60, H2: 40}}}", `H1: 60`, "periods_extra"},
		{"no periods at all", "cap: 5}", "cap: 5, periods: {each: [], combine: mean}}", `[], combine`, "periods_each"},
		{"a period a part does not have", "cap: 5}\n      all: both + extra", "cap: 5, periods: {each: [H1], combine: mean}}\n      all: both + extra:H2", `both + extra`, "period_unknown"},
		{"a share above all", "    grades:", "    awards:\n      - {award: W, share: 15, ties: include}\n    grades:", `15, ties`, "fraction"},
		{"a panel's share above all", "items: [q1, q2]", "items: [q1, q2], answered: 50", `50`, "fraction"},
		{"a contest with nobody", "cap: 5}", "cap: 5}\n      won: {contest: {parts: [both]}, show: [value]}", `parts: [both]`, "contest_with"},
		{"a contest with a word", "cap: 5}", "cap: 5}\n      won: {contest: {with: area, parts: [both]}, show: [value]}", `area, parts`, "contest_with"},
		{"shares of an undivided pool", "    grades:", "    payouts:\n      - {payout: pay, pool: 1, by: all, shares: headcount}\n    grades:", `headcount`, "key_idle"},
		{"a prize with what a pool has", "    grades:", "    payouts:\n      - {payout: pay, prizes: {1: 9}, over: all}\n    grades:", `all}`, "key_idle"},
		{"a threshold after a lower one in other words", "    grades:", "    grades:\n      - {grade: X, from: 3}\n      - {grade: Y, when: total >= 5}", `grade: Y`, "step_order"},
		{"a threshold after a lower one on the same part", "    grades:", "    grades:\n      - {grade: X, when: all >= 3}\n      - {grade: Y, from: 5}", `grade: Y`, "step_order"},
		{"periods shown of a part without", "cap: 5}", "cap: 5, show: [periods]}", `[periods]`, "show_periods"},
		{"a label after one for all", "cap: 5}", "cap: 5, labels: [{label: x}, {label: y, when: size > 1}]}", `label: y`, "step_unreachable"},
		{"a cap under a condition below the floor", "cap: 5}", "floor: 6, cap: [{value: 3, when: size > 1}, 9]}", `[{value: 3`, "cap_below_floor"},
		{"a table never used", "tables:", "tables:\n  spare: {a: 1}", `spare`, "name_unused"},
		{"a scale never used", "panels:\n", "scales:\n  spare: {points: {1: 0, 2: 1}}\npanels:\n", `spare`, "name_unused"},
		{"a ledger kind never used", "bonus: add", "bonus: add\n  ghost: add", `ghost`, "name_unused"},
		{"unknown parameter in a formula", "both + extra", "both + $leest * extra", `both + $leest`, "param_unknown least"},
		{"misspelt key of a period rule", "cap: 5}", "cap: 5, periods: {eech: [H1], combine: mean}}", `eech`, "key_unknown each"},
		{"misspelt key of a grade", "from: 60", "form: 60", `form`, "key_unknown from"},
		{"anchors", "total: all", "total: &x all", `&x`, "yaml_feature"},
		{"what YAML takes for a number and is none here", "cap: 5}", "cap: .inf}", `.inf`, "want_number"},
		{"not YAML", "kinds:\n", "kinds: [\n", ``, "yaml"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if !strings.Contains(base, c.old) {
				t.Fatalf("the base has no %q", c.old)
			}
			broken := strings.Replace(base, c.old, c.new, 1)
			faults := scoring.CheckScheme("x.yaml", []byte(broken))
			say := words(t, "en")
			var got []string
			for _, f := range faults {
				line := strings.TrimPrefix(faultList(scoring.Faults{f})[0], "x.yaml:")
				if near, ok := f.Args["Near"].(string); ok {
					line += " " + near
				}
				got = append(got, line)
				say(f.Code, f.Args)
			}
			found := false
			for _, g := range got {
				found = found || g == position(broken, c.at)+" "+c.want || c.at == "" && strings.HasSuffix(g, " "+c.want)
			}
			if !found {
				t.Errorf("want %s %q, got %q", position(broken, c.at), c.want, got)
			}
		})
	}
}

// position is line:column of a piece of text.
func position(text, piece string) string {
	return lineColumn(text, max(strings.Index(text, piece), 0))
}

func lineColumn(text string, offset int) string {
	before := text[:offset]
	return fmt.Sprintf("%d:%d", strings.Count(before, "\n")+1, len(before)-strings.LastIndexByte(before, '\n'))
}

// All faults are found at once, in every reading, and a slip of the pen is one
// fault: what it would have said is not missed a second time.
func TestFaultsTogether(t *testing.T) {
	t.Parallel()
	got := faultList(scoring.CheckScheme("x.yaml", []byte(`scheme: x
pannels:
  people: {items: [q1, q2], min: $leest}
params:
  least: 3
  mode: {value: one, choices: [one, two]}
kinds:
  unit:
    parts:
      chosen:
        choose: $mode
        cases:
          one: {vaules: one}
          two: {survey: {panel: peple, items: [q9]}}
      part: {weighted_maen: {a: {weight: 40, values: a}, b: {weight: 50, values: b}}}
      all: chosen + prat
    total: all
    rank: {by: al, wihtin: kind}
    grades: [{grade: A, share: 20%}]
`)))
	if diff := cmp.Diff([]string{"x.yaml:2:1 key_unknown", "x.yaml:3:34 param_unknown", "x.yaml:13:17 key_unknown", "x.yaml:14:33 panel_unknown",
		"x.yaml:14:48 item_unknown", "x.yaml:15:14 key_unknown", "x.yaml:15:14 weights_sum", "x.yaml:16:12 name_unknown", "x.yaml:18:16 part_unknown",
		"x.yaml:18:20 key_unknown", "x.yaml:19:15 quota_ties"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestCircleBetweenKinds(t *testing.T) {
	t.Parallel()
	_, faults := scoring.ParseScheme("x.yaml", []byte("scheme: x\nkinds:\n  team:\n    parts: {t: {take: {part: p, of: children, kind: person, by: mean}}}\n    total: t\n"+
		"  person:\n    parts: {p: {take: {part: t, of: parent, kind: team}}}\n    total: p\n"))
	if diff := cmp.Diff([]string{"x.yaml:4:13 part_cycle"}, faultList(faults)); diff != "" {
		t.Error(diff)
	}
}

func TestShippedSchemesAreGood(t *testing.T) {
	t.Parallel()
	for _, name := range schemes.Names() {
		s := shipped(t, name)
		if faults := s.Check(); len(faults) > 0 {
			t.Errorf("%s: %v", name, faults)
		}
		if s.Code != name {
			t.Errorf("%s calls itself %s", name, s.Code)
		}
		for _, lang := range []string{"zh-Hans", "zh-Hant", "en"} {
			if s.Show(words(t, lang), lang) == "" {
				t.Errorf("%s shows nothing in %s", name, lang)
			}
		}
	}
	if _, ok := schemes.Source("no-such"); ok {
		t.Error("a scheme that is not shipped has a source")
	}
}

func TestParamFaults(t *testing.T) {
	t.Parallel()
	s := parse(t, "base.yaml", base)
	d := folder(t, "subjects.csv", "code,size,area\na,1,x\n", "params.csv", "name,value\nleast,many\n")
	_, faults := scoring.Compute(s, d, scoring.Params{"pionts": "likert", "points": "likert9", "period": "last year"})
	if diff := cmp.Diff([]string{"--param:0:0 param_choice", "--param:0:0 param_unknown", "--param:0:0 period", "params.csv:2:0 param_number"}, faultList(faults)); diff != "" {
		t.Error(diff)
	}
}

func TestDataAgainstScheme(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		files []string
		want  []string
	}{
		{"answer off the scale", []string{"answers.csv", "id,panel,subject,item,value\n1,people,a,q1,5\n1,people,a,q2,6\n"}, []string{"answers.csv:2:0 answer_scale"}},
		{"several values", []string{"values.csv", "subject,indicator,period,value,target\na,work.x,H1,1,2\na,work.x,H2,1,2\n"}, []string{"values.csv:3:0 values_several"}},
		{"a word that is no number", []string{"values.csv", "subject,indicator,value,target\na,work.x,good,2\n"}, []string{"values.csv:2:0 value_number"}},
		{"no target", []string{"values.csv", "subject,indicator,value,target\na,work.x,1,\na,work.y,1,0\n"}, []string{"values.csv:2:0 target_missing", "values.csv:3:0 target_missing"}},
		{"unknown ledger kind", []string{"ledger.csv", "id,subject,kind,points\n1,a,bonis,1\n"}, []string{"ledger.csv:2:0 entry_kind"}},
		{"ledger without points", []string{"ledger.csv", "id,subject,kind,points\n1,a,bonus,\n"}, []string{"ledger.csv:2:0 entry_points"}},
		{"attribute that is no number", []string{"subjects.csv", "code,size,area\na,big,x\n"}, []string{"subjects.csv:2:0 attribute_number"}},
		{"attribute column missing", []string{"subjects.csv", "code,sise,area\na,1,x\n"}, []string{"subjects.csv:1:0 attribute_column"}},
		{"no subject of the kind", []string{"subjects.csv", "code,kind,size,area\na,person,1,x\n"}, []string{"subjects.csv:0:0 no_subjects"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			files := append([]string{"subjects.csv", "code,size,area\na,1,x\n"}, c.files...)
			d := folder(t, files...)
			r, faults := scoring.Compute(parse(t, "base.yaml", base), d, nil)
			if r != nil {
				t.Error("a result beside faults")
			}
			if diff := cmp.Diff(c.want, faultList(faults)); diff != "" {
				t.Error(diff)
			}
			say := words(t, "zh-Hant")
			for _, f := range faults {
				say(f.Code, f.Args)
			}
		})
	}
}

// A panel that counts nowhere is said at its first line, with the nearest name.
func TestIgnoredPanel(t *testing.T) {
	t.Parallel()
	d := folder(t, "subjects.csv", "code,size,area\na,1,x\n", "answers.csv", "id,panel,subject,item,value\n1,people,a,q1,5\n1,people,a,q2,5\n2,peoplee,a,q1,5\n3,peoplee,a,q1,5\n")
	for _, n := range compute(t, parse(t, "base.yaml", base), d, nil).Notices {
		if n.Code == "scoring.notice.panel_ignored" {
			got := []any{n.File, n.Line, n.Args["Panel"], n.Args["Near"], n.Args["Count"]}
			if diff := cmp.Diff([]any{"answers.csv", 4, "peoplee", "people", 2}, got); diff != "" {
				t.Error(diff)
			}
			return
		}
	}
	t.Error("nothing was said")
}

// 50% is 0.5 where it is held against something written alike, and refused
// where it could mean fifty points.
func TestPercentSigns(t *testing.T) {
	t.Parallel()
	s := parse(t, "x.yaml", `scheme: x
panels: {marks: {scale: marks}}
kinds:
  unit:
    parts:
      mark: {values: mark}
      done: {values: {code: done, score: completion}}
      rate: {values: {code: rate, score: steps, steps: [{up_to: 1%, gives: 100}, {gives: 0}]}}
      points: {values: {code: points, score: steps, steps: [{from: 60, gives: 100}, {gives: 0}]}}
      said: {survey: marks}
      all: {sum: [mark, done, rate, points, said]}
    total: all
`)
	with := func(values, answers string) scoring.Faults {
		_, faults := scoring.Compute(s, folder(t, "subjects.csv", "code\na\n", "values.csv", "subject,indicator,value,target\n"+values,
			"answers.csv", "id,panel,subject,item,value\n"+answers), nil)
		return faults
	}
	if diff := cmp.Diff([]string{"answers.csv:2:0 answer_scale"}, faultList(with("a,mark,50,\n", "1,marks,a,m,85%\n"))); diff != "" {
		t.Error(diff)
	}
	got := with("a,mark,50%,\na,done,45%,90%\na,rate,0.5%,\na,points,70%,\n", "1,marks,a,m,85\n")
	if diff := cmp.Diff([]string{"values.csv:2:0 percent", "values.csv:5:0 percent"}, faultList(got)); diff != "" {
		t.Error(diff)
	}
	r := compute(t, s, folder(t, "subjects.csv", "code\na\n", "values.csv", "subject,indicator,value,target\na,done,45%,90%\na,rate,0.5%,\n"), nil)
	want(t, r, "a", "done", "50", "rate", "100")
}

func FuzzParseScheme(f *testing.F) {
	f.Add(base)
	for _, name := range schemes.Names() {
		src, _ := schemes.Source(name)
		f.Add(string(src))
	}
	f.Add("kinds: {a: {parts: {x: {choose: $x}}}}")
	f.Fuzz(func(t *testing.T, src string) {
		s, faults := scoring.ParseScheme("fuzz.yaml", []byte(src))
		if (s == nil) != (len(faults.Errors()) > 0) {
			t.Fatalf("scheme %v with faults %v", s != nil, faults)
		}
		if s == nil {
			return
		}
		if faults := s.Check(); len(faults.Errors()) > 0 && len(s.Params()) == 0 {
			t.Fatalf("a scheme without parameters is read with %v", faults)
		}
		d := &scoring.Data{Subjects: []scoring.Subject{{Code: "a"}, {Code: "b", Parent: "a"}}}
		r, faults := scoring.Compute(s, d, nil)
		if (r == nil) != (len(faults) > 0) {
			t.Fatalf("result %v with faults %v", r != nil, faults)
		}
	})
}
