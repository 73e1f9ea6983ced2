package scoring_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"pingyi/scoring"
)

// cityAnswers writes n sheets of a panel for a subject, all with one value.
func cityAnswers(panel, subject string, n int, items []string, value string) string {
	var b strings.Builder
	for i := range n {
		for _, item := range items {
			fmt.Fprintf(&b, "%s-%s-%d,%s,%s-%d,%s,%s,%s\n", panel, subject, i, panel, panel, i, subject, item, value)
		}
	}
	return b.String()
}

// The numbers below are worked by hand:
//
//	police  image = .5×80 + .2×60 + .3×100 = 82
//	        key = (60×80 + 40×100)/100 = 88, business = 90, work = 89
//	        management = (90+70)/2 = 80
//	        overall = .3×82 + .5×89 + .2×80 = 85.1, bonus min(7,5) = 5,
//	        deduction 1.5 → 88.6
//	health  staff 4 < 5 drop: image = (50×100 + 30×80)/80 = 92.5
//	        work: key 50, business 100 → 75; management 88
//	        overall = .3×92.5 + .5×75 + .2×88 = 82.85
//	parks   the same as health, but vetoed
func TestCityOverall(t *testing.T) {
	t.Parallel()
	residents, staff, leaders := []string{"overall", "attitude", "speed", "fair"}, []string{"cooperation", "reply", "skill"}, []string{"tasks", "execution", "style"}
	answers := "id,panel,respondent,subject,item,value\n" +
		cityAnswers("residents", "police", 5, residents, "4") + cityAnswers("staff", "police", 6, staff, "3") + cityAnswers("leaders", "police", 5, leaders, "5")
	for _, s := range []string{"health", "parks"} {
		answers += cityAnswers("residents", s, 9, residents, "5") + cityAnswers("staff", s, 4, staff, "1") + cityAnswers("leaders", s, 5, leaders, "4")
	}
	d := folder(t, "subjects.csv", `
		code,name,kind,group
		police,公安局,department,a
		health,卫健委,department,a
		parks,园林局,department,a
	`, "answers.csv", answers, "values.csv", `
		subject,indicator,value,target,weight
		police,key.roads,8,10,60
		police,key.parks,12,10,40
		police,business.x,9,10,1
		police,management.a,90,,
		police,management.b,70,,
		health,key.x,5,10,1
		health,business.x,11,10,1
		health,management.a,88,,
		parks,key.x,5,10,1
		parks,business.x,11,10,1
		parks,management.a,88,,
	`, "ledger.csv", `
		id,subject,kind,points,date,approved
		1,police,bonus,7,2025-03-01,yes
		2,police,deduction,1.5,2025-03-02,yes
		3,police,bonus,1,2025-03-03,no
		4,parks,veto,,2025-04-01,yes
		5,health,bonus,3,2024-12-31,yes
	`, "history.csv", `
		period,subject,total,grade
		2024,parks,50,不合格
	`)
	r := compute(t, shipped(t, "city-overall"), d, scoring.Params{"period": "2025"})
	want(t, r, "police", "image", "82", "work", "89", "overall", "85.1", "bonus", "5", "deduction", "-1.5", "total", "88.6",
		"rank", "1", "grade", "优秀", "flags", "unapproved:bonus")
	want(t, r, "health", "image", "92.5", "image.staff", "", "work.key", "50", "bonus", "0", "total", "82.85", "rank", "2", "grade", "良好",
		"flags", "below_minimum:image.staff|rescaled:image.staff")
	want(t, r, "parks", "total", "82.85", "rank", "", "grade", "不合格", "consequences", "通报批评|诫勉谈话",
		"flags", "below_minimum:image.staff|rescaled:image.staff|unranked|veto")
	r = compute(t, shipped(t, "city-overall"), d, scoring.Params{"period": "2025", "points": "likert0", "weights": "image_25"})
	want(t, r, "police", "image", "77.5", "total", fmt.Sprint(.25*77.5+.55*89+.2*80+3.5)) // .5×75+.2×50+.3×100
	r = compute(t, shipped(t, "city-overall"), d, scoring.Params{"period": "2024"})
	want(t, r, "health", "bonus", "3", "total", "85.85")
}

// Answers as rows and as counts give the same bytes.
func TestRowsAndCounts(t *testing.T) {
	t.Parallel()
	s := shipped(t, "city-overall")
	items := map[string][]string{"residents": {"overall", "attitude", "speed", "fair"}, "staff": {"cooperation", "reply", "skill"}}
	rapid.Check(t, func(rt *rapid.T) {
		asRows, asCounts := &scoring.Data{}, &scoring.Data{}
		subjects := []scoring.Subject{{Code: "a", Kind: "department"}, {Code: "b", Kind: "department"}}
		asRows.Subjects, asCounts.Subjects = subjects, subjects
		for i := range rapid.IntRange(0, 40).Draw(rt, "sheets") {
			r := scoring.Response{ID: fmt.Sprint(i), Subject: rapid.SampledFrom([]string{"a", "b"}).Draw(rt, "subject"),
				Panel: rapid.SampledFrom([]string{"residents", "staff"}).Draw(rt, "panel"), Stratum: rapid.SampledFrom([]string{"", "east"}).Draw(rt, "stratum")}
			answered := 0
			for _, item := range items[r.Panel] {
				v := rapid.SampledFrom([]string{"", "0", "1", "2", "3", "4", "5"}).Draw(rt, "value")
				r.Answers = append(r.Answers, scoring.Answer{Item: item, Value: v})
				if v != "" && v != "0" {
					answered++
				}
			}
			asRows.Ballots.Add(r)
			turnout := scoring.Turnout{Panel: r.Panel, Subject: r.Subject, Stratum: r.Stratum}
			if 2*answered < len(items[r.Panel]) {
				turnout.Void = 1
			} else {
				turnout.Valid = 1
				for _, a := range r.Answers {
					asCounts.Counts = append(asCounts.Counts, scoring.Count{Panel: r.Panel, Subject: r.Subject, Stratum: r.Stratum, Item: a.Item, Value: a.Value, N: 1})
				}
			}
			asCounts.Turnouts = append(asCounts.Turnouts, turnout)
		}
		x, faults := scoring.Compute(s, asRows, nil)
		if len(faults) > 0 {
			rt.Fatal(faults)
		}
		y, faults := scoring.Compute(s, asCounts, nil)
		if len(faults) > 0 {
			rt.Fatal(faults)
		}
		if diff := cmp.Diff(jsonText(t, x), jsonText(t, y)); diff != "" {
			rt.Fatalf("rows and counts differ:\n%s", diff)
		}
	})
}
