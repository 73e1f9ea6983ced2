package scoring_test

import (
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pingyi/scoring"
)

// uncounted is a scheme under which rows can count nowhere in several ways.
const uncounted = `scheme: uncounted
ledger:
  award: {points: add, approval: required, levels: {city: 2, county: 1}}
  note: none
kinds:
  unit:
    parts:
      study: {values: study, periods: {each: [H1, H2], combine: mean}}
      tier: {values: {code: tier, words: {good: 100, fair: 60}}}
      rate: {values: {code: rate, score: completion}}
      prizes: {ledger: {kinds: [award]}}
      notes: {ledger: {kinds: [note], take: count}}
      all: study + tier + rate + prizes + notes
    total: all
  person:
    parts:
      own: {values: {code: [tier, rate], combine: mean, words: {poor: 0}}}
    total: own
`

// A value that no rule can read is a fault also where its row does not count,
// and what another scheme may map is none.
func TestUnreadableRowsThatDoNotCount(t *testing.T) {
	t.Parallel()
	files := map[string]string{
		"subjects.csv": "code,kind\na,unit\nb,person\nc,office\n",
		"values.csv": "subject,indicator,period,value,target\n" +
			"a,study,H1,90,\na,study,H2,80,\na,tier,,good,\na,rate,,1,2\nb,tier,,poor,\nb,rate,,3,\n" +
			"a,study,,abc,\n" + // no period where periods are combined
			"c,study,H1,90分,\n" + // not scored
			"a,tier,2023,gooood,\n" + // another year's
			"a,study,H3,50%,\n" + // a period that nothing combines
			"c,rate,,50%,100%\nc,tier,,poor,\nc,tier,2023,,\n" + // readable by a rule, or empty
			"a,other,,一档,\n", // of another scheme
		"ledger.csv": "id,subject,kind,level,approved,date\n1,a,award,city,yes,2025-02-01\n" +
			"2,a,award,citty,no,2025-02-01\n3,c,award,town,,2023-01-01\n4,a,note,anything,,2025-02-01\n5,a,award,,no,2025-02-01\n",
	}
	want := []string{
		"ledger.csv:3:11 entry_level city", "ledger.csv:4:11 entry_level",
		"values.csv:8:10 value_number", "values.csv:9:12 value_number", "values.csv:10:13 value_number good", "values.csv:11:12 percent",
	}
	var list []string
	contents := map[string][]byte{}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		list, contents[name] = append(list, name, files[name]), []byte(files[name])
	}
	_, refused := scoring.Compute(parse(t, "x.yaml", uncounted), folder(t, list...), scoring.Params{"period": "2025"})
	if diff := cmp.Diff(want, withMeant(t, scoring.Locate(scoring.InMemory(contents), refused))); diff != "" {
		t.Error(diff)
	}
}
