package scoring_test

import (
	"slices"
	"strings"
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
	contents, data := filed(t, files)
	_, refused := scoring.Compute(parse(t, "x.yaml", uncounted), data, scoring.Params{"period": "2025"})
	if diff := cmp.Diff(want, withMeant(t, scoring.Locate(contents, refused))); diff != "" {
		t.Error(diff)
	}
}

// Rows that no part counts, for their period or their source, are noticed where
// the folder is scored and a fault where it is checked; those of another year,
// of subjects that are not scored and without a value are not.
func TestRowsThatNothingCounts(t *testing.T) {
	t.Parallel()
	src := "scheme: s\nkinds:\n  unit:\n    parts:\n      study: {values: study, periods: {each: [H1, H2], combine: mean}}\n" +
		"      told: {values: told, each: {column: source, only: [audit], combine: mean}}\n      all: study + told\n    total: all\n"
	files := map[string]string{
		"subjects.csv": "code,kind\na,unit\nb,unit\nc,office\n",
		"values.csv": "subject,indicator,period,source,date,value\na,study,H1,,,90\na,study,,,2025-08-01,80\na,study,H3,,,70\nb,study,H3,,,60\na,study,,,,50\n" +
			"a,study,2024,,,40\na,study,,,2024-03-01,30\na,told,,audit,,20\na,told,,adit,,10\nc,study,H3,,,5\nb,study,H4,,,\n",
	}
	want := []string{"values.csv:10:8 values_uncounted", "values.csv:4:9 values_uncounted", "values.csv:6:9 values_uncounted"}
	countsNowhere(t, src, files, want, want)
}

// Responses that no part counts are noticed, and a fault where their relation or
// stratum looks misspelt or their period is none that is combined. Those that a
// scheme leaves out on purpose are only noticed.
func TestResponsesThatNothingCounts(t *testing.T) {
	t.Parallel()
	src := "scheme: s\npanels:\n  staff: {items: [q]}\n  town: {items: [q]}\nkinds:\n  unit:\n    parts:\n" +
		"      work: {survey: {panel: staff, by: relation, weights: {superior: 60, peer: 40}}}\n" +
		"      image: {survey: {panel: town, stratum: [east, west]}, periods: {each: [H1, H2], combine: mean}}\n" +
		"      coast: {survey: {panel: town, stratum: [easy]}, periods: {each: [H1, H2], combine: mean}}\n      all: work + image + coast\n    total: all\n"
	files := map[string]string{
		"subjects.csv": "code,kind\na,unit\nb,unit\no,office\n",
		"answers.csv": "id,panel,subject,relation,stratum,period,item,value\n1,staff,a,superior,,,q,5\n2,staff,a,peer,,,q,4\n3,staff,a,peeer,,,q,1\n4,staff,a,self,,,q,1\n" +
			"5,town,a,,east,H1,q,5\n6,town,a,,west,H2,q,4\n7,town,a,,eats,H1,q,1\n8,town,a,,east,H3,q,1\n9,town,b,,eats,H1,q,1\n10,staff,o,peeer,,,q,1\n",
	}
	want := []string{"answers.csv:4:11 answers_uncounted peer", "answers.csv:5:11 answers_uncounted", "answers.csv:8:11 answers_uncounted east", "answers.csv:9:16 answers_uncounted"}
	notices := countsNowhere(t, src, files, want, slices.Delete(slices.Clone(want), 1, 2))
	if !slices.ContainsFunc(notices, func(n scoring.Notice) bool { return n.Args["Relation"] == "self" && n.Args["Count"] == int64(1) }) {
		t.Errorf("what is left out on purpose is not mentioned: %v", notices)
	}
}

// Entries whose category or indicator no part takes are noticed, and a fault
// where it looks misspelt; those of another year are not.
func TestEntriesThatNothingCounts(t *testing.T) {
	t.Parallel()
	src := "scheme: s\nledger:\n  bonus: {points: add}\n  note: none\nkinds:\n  unit:\n    parts:\n" +
		"      new: {ledger: {kinds: [bonus], categories: [innovation], indicators: [new.*, fresh]}}\n" +
		"      fame: {ledger: {kinds: [bonus], categories: [fame], indicators: [honour.*]}}\n      all: new + fame\n    total: all\n"
	files := map[string]string{
		"subjects.csv": "code,kind\na,unit\no,office\n",
		"ledger.csv": "id,subject,kind,category,indicator,points,period,date\n1,a,bonus,innovation,fresh,1,,\n2,a,bonus,fame,honour.city,1,,\n" +
			"3,a,bonus,inovation,fresh,1,,\n4,a,bonus,inovation,fresh,1,,\n5,a,bonus,charity,new.a,1,,\n6,a,bonus,innovation,other,1,,\n" +
			"7,a,note,charity,,,,\n8,o,bonus,inovation,,1,,\n9,a,bonus,sport,,1,2019,\n10,a,bonus,famo,,1,,2019-05-01\n11,a,bonus,fame,frehs,1,,2025-05-01\n",
	}
	faults := []string{"ledger.csv:12:17 entries_uncounted fresh", "ledger.csv:4:11 entries_uncounted innovation"}
	noticed := []string{"ledger.csv:6:11 entries_uncounted", "ledger.csv:7:22 entries_uncounted"}
	countsNowhere(t, src, files, slices.Concat(faults, noticed), faults)
}

// countsNowhere scores a folder for 2025 and checks it: what counts nowhere is
// noticed, some of it a fault to whoever checks. It returns the check's notices.
func countsNowhere(t *testing.T, src string, files map[string]string, noticed, wrong []string) []scoring.Notice {
	t.Helper()
	contents, data := filed(t, files)
	params := scoring.Params{"period": "2025"}
	told := scoring.Faults{}
	for _, n := range compute(t, parse(t, "s.yaml", src), data, params).Notices {
		told = append(told, n.Fault())
	}
	uncounted := func(faults scoring.Faults) []string {
		return slices.Sorted(func(yield func(string) bool) {
			for _, said := range withMeant(t, faults) {
				if strings.Contains(said, "_uncounted") && !yield(said) {
					return
				}
			}
		})
	}
	if diff := cmp.Diff(noticed, uncounted(scoring.Locate(contents, told))); diff != "" {
		t.Error("scored:", diff)
	}
	found, notices := scoring.CheckFolder("s.yaml", []byte(src), contents, nil, params)
	if diff := cmp.Diff(wrong, uncounted(found)); diff != "" {
		t.Error("checked:", diff)
	}
	return notices
}

// filed is a folder of files, and what is read from it.
func filed(t *testing.T, files map[string]string) (scoring.Files, *scoring.Data) {
	t.Helper()
	contents := map[string][]byte{}
	for name, text := range files {
		contents[name] = []byte(text)
	}
	folder := scoring.InMemory(contents)
	data, _, faults := scoring.ReadFolder(folder, nil)
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	return folder, data
}
