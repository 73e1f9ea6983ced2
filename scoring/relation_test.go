package scoring_test

import (
	"math"
	"strconv"
	"testing"

	"pingyi/scoring"
)

func TestCombining(t *testing.T) {
	t.Parallel()
	vals := values("a,p,,80,,,,,;a,q,,60,,,,,;a,r,,10,,,,,;b,p,,50,,,,,;c,p,,70,,,,,;c,q,,90,,,,,")
	three := "{p: {values: p}, q: {values: q}, r: {values: r}}"
	run(t, []feature{
		{name: "mean, sum, min, max, product, best", parts: "m: {mean: " + three + "}\ns: {sum: " + three + ", show: [value]}\nlo: {min: " + three + ", show: [value]}\nhi: {max: " + three +
			", show: [value]}\npr: {product: " + three + ", show: [value]}\nb: {best_of: " + three + ", best: 2, show: [value]}\nf: {first_of: {r: {values: r}, p: {values: p}}, show: [value]}\nt: {mean: " + three + ", trim: 1, show: [value]}",
			more: "total: m", files: vals, want: []string{"a m=50", "a s=150", "a lo=10", "a hi=80", "a pr=48000", "a b=70", "a f=10", "b f=50", "a t=60", "b s=", "c m=80"}},
		{name: "missing parts", parts: "w: {weighted_mean: {p: {weight: 50, values: p}, q: {weight: 50, values: q}}}\nz: {weighted_mean: {p: {weight: 50, values: p}, q: {weight: 50, values: q}}, missing_parts: zero, show: [value]}\n" +
			"n: {weighted_mean: {p: {weight: 50, values: p}, q: {weight: 50, values: q}}, missing_parts: whole, show: [value]}\ng: {weighted_mean: {p: {weight: 50, values: p}, q: {weight: 50, values: q}}, missing_parts: group_mean, show: [value]}\n" +
			"r: {sum: {p: {values: p, full: 60}, q: {values: q, full: 40}}, missing_parts: rescale, show: [value]}", more: "total: w", files: vals,
			want: []string{"b w=50", "b z=25", "b n=", "b g=55", "a r=72", "b r=50", "b flags=counted_zero:z.q|imputed:g.q|missing:n.q|rescaled:r.q|rescaled:w.q"}},
		{name: "stand-ins", parts: "x: {values: q, missing: [{use: 77, when: area = 'y'}, {use: mean, over: kind}, zero]}\ny: {values: none, missing: zero, show: [value]}\nz: {values: q, missing: group_mean, show: [value]}", more: "total: x",
			files: append(vals[:1:1], vals[1]+"c,q2,,1,,,,,\n"), want: []string{"a x=60", "b x=77", "c x=90", "b y=0", "b z=60"}},
		{name: "not applicable is not missing", parts: "x: {weighted_mean: {p: {weight: 50, values: p}, q: {weight: 50, when: area = 'x', values: q}}}", more: "total: x", files: vals,
			want: []string{"a x=70", "b x=50", "b x.q=", "b flags="}},
		{name: "named parts and weights by an attribute", parts: "p: {values: p}\nq: {values: q}\nx: {weighted_mean: {p: 1, q: 3}}\ny: {mean: [p, q], show: [value]}", more: "total: x", files: vals, want: []string{"a x=65", "a y=70"}},
		{name: "bounds under a condition", parts: "x: {values: q, floor: [{value: 65, when: area = 'x'}], cap: {value: 80, when: size > 2000}}", more: "total: x", files: vals, want: []string{"a x=65", "c x=80"}},
		{name: "an empty attribute is flagged", parts: "x: {formula: size * 2}", more: "total: x",
			files: []string{"subjects.csv", "code,size,area,partner\na,3,x,\nb,,x,\n"}, want: []string{"a x=6", "b x=", "b flags=missing:size|missing:x|unranked"}},
		{name: "rounding is a rule like others", parts: "x: {values: k, round: 1}", more: "total: x", files: values("a,k,,79.95,,,,,;b,k,,-0.05,,,,,;c,k,,79.949,,,,,"), want: []string{"a x=80", "b x=-0.1", "c x=79.9"}},
		{name: "labels and picks", parts: "i: {mean: " + three + "}\nx: {formula: i - 50, labels: [{label: 高, when: x >= 5}, {label: 低, when: x <= -5}]}\nh: {pick: {highest: 2, from: i}, show: [value]}\nl: {pick: {lowest: 1, from: i}, show: [value]}", more: "total: x",
			files: vals, want: []string{"a x.grade=", "c x.grade=高", "a h=p|q", "a l=r", "c h=q|p", "b l=p"}},
	})
}

func TestRelations(t *testing.T) {
	t.Parallel()
	vals := values("a,p,,80,,,,,;b,p,,50,,,,,;c,p,,70,,,,,")
	run(t, []feature{
		{name: "over all, the group, an attribute", parts: "p: {values: p}\nm: {take: {part: p, of: kind, by: mean}, show: [value]}\ng: {take: {part: p, of: group, by: sum}, show: [value]}\nar: {take: {part: p, of: area, by: max}, show: [value]}\n" +
			"n: {take: {part: p, of: group, by: count}, show: [value]}\nmd: {take: {part: p, of: kind, by: median}, show: [value]}\nsd: {take: {part: p, of: group, by: sd}, show: [value]}", more: "total: p", files: vals,
			want: []string{"a m=66.6666666667", "a g=130", "c g=70", "c ar=80", "b n=2", "a md=70", "a sd=21.2132034356", "c sd=0"}},
		{name: "of a partner", parts: "p: {values: p}\nx: {take: {part: p, of: partner}}", more: "total: x", files: vals, want: []string{"a x=50", "b x=80", "c x="}},
		{name: "a contest with the partner", parts: "p: {values: p}\nq: {constant: 7}\nr: {attribute: size}\nx: {contest: {with: partner, parts: [p, q, r], draw: 1}, labels: [{label: 胜, when: x > 1.5}]}", more: "total: x", files: vals,
			want: []string{"a x=2", "a x.grade=胜", "b x=1", "b x.grade=", "c x="}},
		{name: "levelling", parts: "p: {values: p}\nr: {level: {part: p, within: group, method: ratio}}\ns: {level: {part: p, within: group, method: shift}, show: [value]}\nz: {level: {part: p, within: group, method: zscore}, show: [value]}", more: "total: r", files: vals,
			// means: all 200/3, g 65; SD all 15.2752523165, g 21.2132034356
			want: []string{"a r=82.0512820513", "a s=81.6666666667", "a z=77.467901164", "c z=66.6666666667", "c flags=shift_used:z"}},
		{name: "a rank as a number", parts: "p: {values: p}\nx: {rank_of: {part: p, within: kind, order: low}}\ny: {formula: 100 - x, show: [value]}", more: "total: p", files: vals, want: []string{"b x=1", "c x=2", "a x=3", "a y=97"}},
	})
}

// Bradley-Terry: for two units the difference is ln(wins / losses).
func TestStrength(t *testing.T) {
	t.Parallel()
	s := parse(t, "s.yaml", "scheme: s\nkinds: {u: {parts: {x: {strength: {}}, y: {strength: {scale: first_zero}, show: [value]}}, total: x}}\n")
	r := compute(t, s, folder(t, "subjects.csv", "code\na\nb\n", "pairs.csv", "winner,loser,weight\na,b,3\nb,a,\n"), nil)
	got, err := strconv.ParseFloat(rows(t, r)["a"]["x"], 64)
	if err != nil || math.Abs(got-math.Log(3)/2) > 1e-10 {
		t.Errorf("a has %v, want %v (%v)", got, math.Log(3)/2, err)
	}
	want(t, r, "a", "y", "0")
	r = compute(t, s, folder(t, "subjects.csv", "code\na\nb\nc\n", "pairs.csv", "winner,loser\na,b\nb,a\na,c\n"), nil)
	want(t, r, "a", "x", "", "flags", "missing:x|unranked") // c never wins: there is no finite strength
	// three units whose likelihood equations can be checked directly
	wins := map[[2]string]float64{{"a", "b"}: 4, {"b", "a"}: 1, {"b", "c"}: 3, {"c", "b"}: 2, {"a", "c"}: 2, {"c", "a"}: 2}
	pairs := "winner,loser,weight\n"
	for k, n := range wins {
		pairs += k[0] + "," + k[1] + "," + strconv.Itoa(int(n)) + "\n"
	}
	all := rows(t, compute(t, s, folder(t, "subjects.csv", "code\na\nb\nc\n", "pairs.csv", pairs), nil))
	theta, sum := map[string]float64{}, 0.0
	for _, u := range []string{"a", "b", "c"} {
		theta[u], _ = strconv.ParseFloat(all[u]["x"], 64)
		sum += theta[u]
	}
	if math.Abs(sum) > 1e-9 {
		t.Errorf("strengths add up to %v", sum)
	}
	for _, u := range []string{"a", "b", "c"} {
		slope := 0.0
		for _, o := range []string{"a", "b", "c"} {
			if o != u {
				n := wins[[2]string{u, o}] + wins[[2]string{o, u}]
				slope += wins[[2]string{u, o}] - n/(1+math.Exp(theta[o]-theta[u]))
			}
		}
		if math.Abs(slope) > 1e-8 {
			t.Errorf("%s: slope %v at the strengths found", u, slope)
		}
	}
}

func TestSeveralKinds(t *testing.T) {
	t.Parallel()
	s := parse(t, "s.yaml", `scheme: s
kinds:
  team:
    parts:
      x: {take: {part: p, of: children, kind: person, by: mean}}
      w: {take: {part: p, of: children, kind: person, by: mean, weighted_by: c}, show: [value]}
      own: {values: own, show: [value]}
    total: x
  person:
    subjects: [clerk, chief]
    attributes: {coef: number}
    parts:
      p: {values: p}
      c: {attribute: coef}
      from_team: {take: {part: own, of: parent, kind: team}}
      both: p + from_team
    total: both
    rank: {within: kind}
`)
	r := compute(t, s, folder(t, "subjects.csv", "code,kind,parent,coef\nt,team,,\na,clerk,t,1\nb,chief,t,3\nz,robot,t,1\n",
		"values.csv", "subject,indicator,value\nt,own,5\na,p,60\nb,p,80\n"), scoring.Params{})
	want(t, r, "t", "x", "70", "w", "75", "p", "", "total", "70")
	want(t, r, "a", "from_team", "5", "total", "65", "rank", "2")
	if len(r.Notices) != 1 || r.Notices[0].Code != "scoring.notice.kind_ignored" {
		t.Errorf("notices %v", r.Notices)
	}
}

// Weights may stand in a table with a row for each value of an attribute.
func TestWeightsByAttribute(t *testing.T) {
	t.Parallel()
	src := `scheme: w
tables:
  parts: {x: {p: 60, q: 40}, y: {p: 20, q: 80}}
  marks: {x: {p: 1, q: 1}, y: {k.p: 3, q: 1}}
kinds:
  u:
    attributes: {area: word}
    parts:
      tree: {weighted_mean: {p: {values: k.p}, q: {values: k.q}}, weights: {table: parts, by: area}}
      marks: {values: {code: k.*, combine: weighted_mean, weights: {table: marks, by: area}}, show: [value]}
    total: tree
`
	s := parse(t, "w.yaml", src)
	files := []string{"subjects.csv", "code,area\na,x\nb,y\n", "values.csv", "subject,indicator,value\na,k.p,100\na,k.q,50\nb,k.p,100\nb,k.q,50\n"}
	r := compute(t, s, folder(t, files...), nil)
	want(t, r, "a", "tree", "80", "marks", "75")
	want(t, r, "b", "tree", "60", "marks", "87.5")
	files[1] += "c,z\n"
	if _, faults := scoring.Compute(s, folder(t, files...), nil); len(faults) == 0 || faults[0].Code != "scoring.fault.table_no_row" || faults[0].Line != 4 {
		t.Errorf("a value without a row: %v", faults)
	}
}
