package survey_test

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pingyi/survey"
)

func round(t testing.TB, name string) *survey.RoundSpec {
	t.Helper()
	file := "testdata/rounds/" + name + ".yaml"
	spec, faults := survey.ParseRound(file, []byte(read(t, file)))
	if err := faults.Err(); err != nil {
		t.Fatal(err)
	}
	return spec
}

func TestParseRound(t *testing.T) {
	t.Parallel()
	want := &survey.RoundSpec{
		Code:   "2026-q4",
		Title:  survey.Text{"zh-Hans": "2026年第四季度满意度调查", "en": "Satisfaction in the fourth quarter of 2026"},
		Period: "2026-Q4", Questionnaire: "city-satisfaction", Scheme: "city-overall",
		Params:    map[string]string{"image_weight": "30", "floor": "0.50"},
		Subjects:  survey.SubjectSpec{Kind: "department", Groups: []string{"a", "b"}},
		Opens:     survey.LocalTime{Year: 2026, Month: 10, Day: 1, Hour: 9},
		Duration:  survey.Span{Days: 14},
		Reminders: []survey.Span{{Days: 3}, {Days: 7}, {Days: -1}},
		Quiet:     &survey.Quiet{From: 22 * 60, To: 8 * 60}, Unsubmitted: survey.UnsubmittedVoid,
		Panels: []survey.PanelSpec{
			{
				Code: "residents", Title: survey.Text{"zh-Hans": "居民", "en": "Residents"},
				Who:      survey.Who{Kind: survey.Citizen, Districts: []string{"east", "west"}},
				Identity: survey.Anonymous, Minimum: 5,
				Sample: survey.SampleSpec{Size: 400, By: survey.ByDistrict},
				Asks:   survey.Asks{Mode: survey.AsksDraw, Min: 3, Max: 3},
			},
			{
				Code: "peers", Title: survey.Text{"zh-Hans": "同级", "en": "Peers"}, Relation: survey.Peer,
				Who:      survey.Who{Kind: survey.Staff, Under: "bureau", Posts: []string{"clerk"}},
				Identity: survey.Confidential, Minimum: 3,
				Asks: survey.Asks{Mode: survey.AsksChoose, Min: 1, Max: 5}, Questionnaire: "peer-review",
			},
			{
				Code: "leaders", Title: survey.Text{"zh-Hans": "领导", "en": "Leaders"},
				Who: survey.Who{Kind: survey.Leader}, Identity: survey.Named, Minimum: 1,
				Asks: survey.Asks{Mode: survey.AsksEvery},
			},
		},
	}
	got := round(t, "single")
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	for code, q := range map[string]string{"residents": "city-satisfaction", "peers": "peer-review"} {
		p, ok := got.Panel(code)
		if !ok || got.QuestionnaireOf(p) != q {
			t.Errorf("panel %s is asked %s, want %s", code, got.QuestionnaireOf(p), q)
		}
	}
	if _, ok := got.Panel("nobody"); ok {
		t.Error("a panel that is not there is found")
	}
}

func TestParseSeries(t *testing.T) {
	t.Parallel()
	got := round(t, "series")
	want := &survey.SeriesSpec{
		Code: "resident-quarterly", Cron: "0 9 1 1,4,7,10 *", Misfire: survey.MisfireSkip,
		Shift: survey.ShiftNextWorkday, RoundCode: "residents-{yyyy}-q{q}", PeriodShift: survey.Span{Days: -1},
	}
	if diff := cmp.Diff(want, got.Series); diff != "" {
		t.Error(diff)
	}
	if got.Quiet == nil || *got.Quiet != (survey.Quiet{}) {
		t.Errorf("quiet: none leaves %v", got.Quiet)
	}
	if got.Panels[0].Sample != (survey.SampleSpec{Size: 300}) || got.Unsubmitted != survey.UnsubmittedCount {
		t.Errorf("sample %v, unsubmitted %s", got.Panels[0].Sample, got.Unsubmitted)
	}
}

// TestRoundCodesOfSeries: without a pattern rounds are named by the day, by the minute where the
// series comes oftener than daily.
func TestRoundCodesOfSeries(t *testing.T) {
	t.Parallel()
	for cron, want := range map[string]string{
		"0 9 1 * *":   "s-{yyyy}{mm}{dd}",
		"0 9 * * *":   "s-{yyyy}{mm}{dd}",
		"*/5 * * * *": "s-{yyyy}{mm}{dd}-{hour}{minute}",
	} {
		src := "series: s\ntitle: t\ncron: '" + cron + "'\nduration: 1h\nquestionnaire: q\nsubjects: all\n" +
			"panels: [{panel: p, title: t, who: citizen, identity: named}]\n"
		spec, faults := survey.ParseRound("s.yaml", []byte(src))
		if err := faults.Err(); err != nil {
			t.Fatal(err)
		}
		if spec.Series.RoundCode != want {
			t.Errorf("%s: %s, want %s", cron, spec.Series.RoundCode, want)
		}
	}
}

func TestParseProject(t *testing.T) {
	t.Parallel()
	file := "testdata/rounds/project.yaml"
	got, faults := survey.ParseProject(file, []byte(read(t, file)))
	if err := faults.Err(); err != nil {
		t.Fatal(err)
	}
	three := func(hans, hant, en string) survey.Text {
		return survey.Text{survey.ZhHans: hans, survey.ZhHant: hant, survey.En: en}
	}
	want := &survey.Project{
		Code: "demo", Name: three("平易市人民政府", "平易市人民政府", "City of Pingyi"),
		Language: survey.ZhHans, Languages: survey.Langs(),
		Contact: three("拨打 12345", "撥打 12345", "Call 12345"),
		Notice:  survey.Notice{Version: "2026-01", Text: three("告知", "告知", "Notice")},
		Enrolment: survey.Enrolment{
			Open: true,
			Districts: []survey.Place{
				{Code: "east", Name: three("东区", "東區", "East")}, {Code: "west", Name: three("西区", "西區", "West")}},
			Ages: []survey.Place{{Code: "18-34", Name: survey.Plain("18-34")}, {Code: "35-up", Name: survey.Plain("35+")}},
		},
		Quiet:     survey.Quiet{From: 22 * 60, To: 8 * 60},
		Retention: survey.Retention{Requests: survey.Span{Days: 90}, Comments: survey.Span{Days: 730}, Idle: survey.Span{Days: 364}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	// The store keeps the project as JSON.
	b, err := json.Marshal(got)
	if err != nil {
		t.Fatal(err)
	}
	var again survey.Project
	if err := json.Unmarshal(b, &again); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(*want, again); diff != "" {
		t.Errorf("after JSON:\n%s", diff)
	}
	for _, tt := range []struct {
		district, age string
		want          bool
	}{{"east", "18-34", true}, {"north", "18-34", false}, {"east", "", false}, {"", "35-up", false}} {
		if got.Enrolment.Takes(tt.district, tt.age) != tt.want {
			t.Errorf("district %q, age %q: want %v", tt.district, tt.age, tt.want)
		}
	}
	if !(survey.Enrolment{}).Takes("", "") || (survey.Enrolment{}).Takes("east", "") {
		t.Error("what is not asked must be empty")
	}
}

func TestParseEvaluation(t *testing.T) {
	t.Parallel()
	file := "testdata/rounds/evaluation.yaml"
	got, faults := survey.ParseEvaluation(file, []byte(read(t, file)))
	if err := faults.Err(); err != nil {
		t.Fatal(err)
	}
	want := &survey.EvaluationSpec{
		Code: "2026", Title: survey.Plain("2026年度综合评价"), Period: "2026", Scheme: "city-overall",
		Params: map[string]string{"image_weight": "30"},
		Rounds: []survey.EvaluationRound{{Round: "2026-q4"}, {Round: "2026-q3", Period: "Q3"}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestHash: comments and layout make no new version, words and points do.
func TestHash(t *testing.T) {
	t.Parallel()
	src := []byte(read(t, "testdata/questionnaires/kinds.yaml"))
	parse := func(src []byte) [32]byte {
		q, faults := survey.ParseQuestionnaire("q.yaml", src)
		if err := faults.Err(); err != nil {
			t.Fatal(err)
		}
		return q.Hash
	}
	base := parse(src)
	for name, same := range map[string][]byte{
		"comment":          append([]byte("# another\n"), src...),
		"line ends":        bytes.ReplaceAll(src, []byte("\n"), []byte("\r\n")),
		"byte order mark":  append([]byte("\ufeff"), src...),
		"quotes":           bytes.ReplaceAll(src, []byte("kind: rating"), []byte(`kind: "rating"`)),
		"decimals written": bytes.ReplaceAll(src, []byte("points: 30"), []byte("points: 30.0")),
	} {
		if parse(same) != base {
			t.Errorf("%s: the hash differs", name)
		}
	}
	for name, other := range map[string][]byte{
		"points": bytes.ReplaceAll(src, []byte("points: 30"), []byte("points: 31")),
		"words":  bytes.ReplaceAll(src, []byte("Online"), []byte("On the web")),
		"test":   bytes.ReplaceAll(src, []byte("at_least: 9"), []byte("at_least: 8")),
	} {
		if parse(other) == base {
			t.Errorf("%s: the hash is the same", name)
		}
	}
}
