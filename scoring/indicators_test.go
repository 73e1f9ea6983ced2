package scoring_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pingyi/scoring"
	"pingyi/scoring/schemes"
)

// declaring is a scheme that declares its indicators and names them in every
// place where it can.
const declaring = `scheme: declaring
indicators:
  study: {title: {en: Study, zh-Hans: 学习}}
  key.roads: Roads
  key.energy:
  open.*:
  open.lower.*:
  safety.fire:
tables:
  shares: {roads: 60, energy: 40}
ledger: {event: signed}
kinds:
  unit:
    parts:
      one: {values: study}
      keys: {values: {code: key.*, combine: weighted_mean, weights: {roads: 60, key.energy: 40}}}
      again: {values: {code: [key.roads, key.energy], combine: weighted_mean, weights: shares}}
      others: {values: {code: [open.*], combine: mean, rules: {open.lower.*: {better: lower}}}}
      safety: {ledger: {kinds: [event], indicators: [safety.*]}}
      all: one + keys + again + others + safety
    total: all
`

func TestDeclaredIndicators(t *testing.T) {
	t.Parallel()
	parse(t, "x.yaml", declaring)
	_, rest, _ := strings.Cut(declaring, "\ntables")
	list := "indicators: [study, key.roads, key.energy, open.*, open.lower.*, safety.fire]\ntables" + rest
	if faults := scoring.CheckScheme("x.yaml", []byte("scheme: x\n"+list)); len(faults) > 0 {
		t.Errorf("declared by a list: %v", faults)
	}
	for _, c := range []struct{ old, new, at, want string }{
		{"values: study", "values: stduy", "stduy", "indicator_undeclared study"},
		{"code: key.*", "code: kye.*", "kye.*", "indicator_undeclared key.*"},
		{"[key.roads, key.energy]", "[key.roads, key.enrgy]", "key.enrgy", "indicator_undeclared key.energy"},
		{"[open.*]", "[open.lower.a]", "open.lower.a", "indicator_undeclared open.lower.*"},
		{"{open.lower.*: {b", "{open.lwoer.*: {b", "open.lwoer", "indicator_undeclared open.lower.*"},
		{"{open.lower.*: {b", "{key.roads: {b", "key.roads: {b", "indicator_unknown"},
		{"{roads: 60, key", "{raods: 60, key", "raods", "indicator_unknown roads"},
		{"key.energy: 40", "key.enregy: 40", "key.enregy", "indicator_unknown key.energy"},
		{"{roads: 60, key.energy: 40}", "{roads: 100}", "roads: 100", "weight_indicator"},
		{"{roads: 60, energy", "{raods: 60, energy", "raods", "indicator_unknown roads"},
		{"[safety.*]", "[sfaety.*]", "sfaety.*", "indicator_undeclared safety.*"},
		{"[safety.*]", "['*.fire']", "'*.fire'", "values_pattern"},
		{"  safety.fire:\n", "  safety.fire:\n  spare:\n", "spare", "name_unused"},
		{"  safety.fire:\n", "  safety.fire:\n  safety.fire:\n", "safety.fire", "key_twice"},
		{"  key.roads: Roads", "  key.roads: {titel: Roads}", "titel", "key_unknown title"},
		{"  safety.fire:\n", "  safety.fire:\n  a*b:\n", "a*b", "values_pattern"},
		{list, strings.Replace(list, "study,", "study, study,", 1), "study, key.roads", "list_twice"},
	} {
		src := declaring
		if c.old == list {
			src = "scheme: x\n" + list
		}
		if !strings.Contains(src, c.old) {
			t.Fatalf("the scheme has no %q", c.old)
		}
		src = strings.Replace(src, c.old, c.new, 1)
		place := lineColumn(src, strings.Index(src, c.new)+strings.LastIndex(c.new, c.at))
		if got := checked(t, src); !strings.Contains(got, place+" "+c.want+"\n") {
			t.Errorf("%s: want %s %s, got\n%s", c.new, place, c.want, got)
		}
	}
}

// checked lists what a check of a scheme says, a line each: place, code, nearest name.
func checked(t *testing.T, src string) string {
	t.Helper()
	var out strings.Builder
	say := words(t, "en")
	for _, f := range scoring.CheckScheme("x.yaml", []byte(src)) {
		out.WriteString(strings.TrimPrefix(faultList(scoring.Faults{f})[0], "x.yaml:"))
		if near, ok := f.Args["Near"].(string); ok {
			out.WriteString(" " + near)
		}
		out.WriteString("\n")
		say(f.Code, f.Args)
	}
	return out.String()
}

// An indicator the scheme does not declare is refused where it would count,
// and mentioned where it would not.
func TestUndeclaredIndicators(t *testing.T) {
	t.Parallel()
	s := parse(t, "x.yaml", declaring)
	rows := "subject,indicator,value,weight\na,study,1,\na,key.roads,1,\na,key.energy,1,\na,open.lower.x,1,\na,open.y,1,\n"
	with := func(more string) *scoring.Data {
		return folder(t, "subjects.csv", "code\na\n", "values.csv", rows+more)
	}
	_, faults := scoring.Compute(s, with("a,key.raods,1,\n"), nil)
	if diff := cmp.Diff([]string{"values.csv:7:0 indicator_counted"}, faultList(faults)); diff != "" || faults[0].Args["Near"] != "key.roads" {
		t.Error(faults, diff)
	}
	for _, n := range compute(t, s, with("a,stuudy,1,\n"), nil).Notices {
		if n.Code == "scoring.notice.indicator_ignored" {
			if diff := cmp.Diff([]any{"values.csv", 7, "stuudy", "study"}, []any{n.File, n.Line, n.Args["Indicator"], n.Args["Near"]}); diff != "" {
				t.Error(diff)
			}
			return
		}
	}
	t.Error("nothing was said of an indicator that counts nowhere")
}

// Every shipped scheme that reads values declares their indicators.
func TestShippedSchemesDeclareIndicators(t *testing.T) {
	t.Parallel()
	for _, name := range schemes.Names() {
		src, _ := schemes.Source(name)
		if strings.Contains(string(src), "values:") != strings.Contains(string(src), "\nindicators:\n") {
			t.Errorf("%s takes values without declaring indicators, or the other way round", name)
		}
	}
}
