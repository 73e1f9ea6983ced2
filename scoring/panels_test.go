package scoring_test

import (
	"testing"

	"pingyi/scoring"
)

// TestPanelsSayWhatDropsOut: how small a group of one panel, subject and relation certainly drops out
// by the scheme itself, whoever reads the panel.
func TestPanelsSayWhatDropsOut(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, parts string
		want        int64
	}{
		{"the panel's own", `x: {survey: p}`, 5},
		{"the rule's own", `x: {survey: {panel: p, min: 3}}`, 3},
		{"the least of all that read it", `x: {mean: {a: {survey: p}, b: {survey: {panel: p, min: 2}}}}`, 2},
		{"together with another panel", `x: {survey: {panel: [p, q]}}`, 0},
		{"beside another panel", `x: {survey: {panel: [p, q], by: panel}}`, 5},
		{"beside another panel, all alike", `x: {survey: {panel: [p, q], by: panel, min_each: 4}}`, 4},
		{"relation by relation", `x: {survey: {panel: p, by: relation, min_each: 3}}`, 3},
		{"only some relations", `x: {survey: {panel: p, by: relation, min_each: {peer: 3}}}`, 0},
		{"unit by unit", `x: {survey: {panel: p, by: stratum, min_each: 3}}`, 0},
		{"nobody reads it", `x: {survey: q}`, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s, faults := scoring.ParseScheme("s.yaml", []byte("scheme: s\npanels: {p: {min: 5}, q: {min: 7}}\nkinds: {unit: {parts: {"+test.parts+"}, total: x}}\n"))
			if len(faults.Errors()) > 0 {
				t.Fatal(faults)
			}
			rules, faults := s.Panels(nil)
			if len(faults) > 0 || rules[0].Panel != "p" {
				t.Fatalf("%v, %v", rules, faults)
			}
			if got := rules[0].Min; got != test.want {
				t.Errorf("groups of fewer than %d drop out, want %d", got, test.want)
			}
		})
	}
}

// TestSchemeWithoutLedger: entries are for other schemes, not misspelt.
func TestSchemeWithoutLedger(t *testing.T) {
	t.Parallel()
	s := parse(t, "s.yaml", "scheme: s\nkinds: {unit: {parts: {x: {values: a}}, total: x}}\n")
	r := compute(t, s, folder(t, "subjects.csv", "code\nu\n", "values.csv", "subject,indicator,value\nu,a,7\n",
		"ledger.csv", "id,subject,kind,points\n1,u,bonus,5\n"), nil)
	if got := rows(t, r)["u"]["total"]; got != "7" {
		t.Errorf("the total is %s", got)
	}
	if len(r.Notices) != 1 || r.Notices[0].Code != "scoring.notice.ledger_ignored" || r.Notices[0].Args["Count"] != 1 {
		t.Errorf("notices: %+v", r.Notices)
	}
}
