package survey_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"pingyi/survey"
)

// form returns a form about the subjects; answers are "subject.item=value".
func form(t testing.TB, subjects []string, answers ...string) *survey.Form {
	t.Helper()
	f := &survey.Form{Questionnaire: questionnaire(t, "kinds"), Answers: make(map[survey.Key]string)}
	c := &conversation{form: f}
	for i, code := range subjects {
		f.Asked = append(f.Asked, survey.Asked{Assignment: int64(i + 1), Subject: code, Name: survey.Plain(code)})
	}
	for _, a := range answers {
		step, value, _ := strings.Cut(a, "=")
		f.Answers[c.step(step)] = value
	}
	return f
}

func names(f *survey.Form, steps []survey.Step) []string {
	c := &conversation{form: f}
	var all []string
	for _, s := range steps {
		all = append(all, c.name(s))
	}
	return all
}

func TestSteps(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		answers []string
		want    string
	}{
		"nothing answered": {nil, "a.overall a.channel a.recommend b.overall b.channel b.recommend a.trust b.trust"},
		"conditions are each subject's own": {[]string{"a.overall=1", "b.channel=desk"},
			"a.overall a.reasons a.channel a.recommend b.overall b.channel b.again b.recommend a.trust b.trust a.remark"},
		"a chain": {[]string{"a.overall=2", "a.reasons=manner|wait"},
			"a.overall a.reasons a.channel a.recommend b.overall b.channel b.recommend a.trust b.trust a.remark"},
		"a chain in canonical form": {[]string{"a.overall=2", "a.reasons=wait|manner"},
			"a.overall a.reasons a.days a.channel a.recommend b.overall b.channel b.recommend a.trust b.trust a.remark"},
		"a hidden answer counts for nothing": {[]string{"a.overall=5", "a.reasons=wait"},
			"a.overall a.channel a.recommend b.overall b.channel b.recommend a.trust b.trust"},
		"don't know is not little": {[]string{"a.overall=0"},
			"a.overall a.channel a.recommend b.overall b.channel b.recommend a.trust b.trust"},
		"one of several clauses": {[]string{"a.recommend=9", "a.channel=desk", "a.again=no"},
			"a.overall a.channel a.again a.recommend b.overall b.channel b.recommend a.trust b.trust a.remark"},
		"no clause holds whole": {[]string{"a.recommend=9", "a.channel=web"},
			"a.overall a.channel a.recommend b.overall b.channel b.recommend a.trust b.trust"},
		"not among, but not answered": {[]string{"a.recommend=9"},
			"a.overall a.channel a.recommend b.overall b.channel b.recommend a.trust b.trust"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := form(t, []string{"a", "b"}, tt.answers...)
			if diff := cmp.Diff(strings.Fields(tt.want), names(f, f.Steps())); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestProgress(t *testing.T) {
	t.Parallel()
	f := form(t, []string{"a", "b", "c"}, "a.overall=1", "a.reasons=wait")
	var got []string
	for _, s := range f.Steps() {
		n, total := f.Progress(s)
		got = append(got, fmt.Sprintf("%s %d/%d", names(f, []survey.Step{s})[0], n, total))
	}
	want := []string{
		"a.overall 1/6", "a.reasons 2/6", "a.days 3/6", "a.channel 4/6", "a.recommend 5/6",
		"b.overall 1/3", "b.channel 2/3", "b.recommend 3/3",
		"c.overall 1/3", "c.channel 2/3", "c.recommend 3/3",
		"a.trust 1/3", "b.trust 2/3", "c.trust 3/3", "a.remark 6/6",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if n, total := f.Progress(survey.Step{Assignment: 1, Item: 5}); n != 0 || total != 0 {
		t.Errorf("a hidden question has progress %d/%d", n, total)
	}
	if n, total := f.Settled(); n != 2 || total != 15 {
		t.Errorf("settled %d/%d, want 2/15", n, total)
	}
}

func TestCounted(t *testing.T) {
	t.Parallel()
	f := form(t, []string{"a"}, "a.overall=5", "a.reasons=wait", "a.channel=web", "a.recommend=", "a.trust=9")
	got := make(map[string]string)
	for s, value := range f.Counted() {
		got[names(f, []survey.Step{s})[0]] = value
	}
	want := map[string]string{"a.overall": "5", "a.channel": "web"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestFormProperties: whatever the answers, walking forward from the first step visits each step
// once and backwards the same way, a form without gaps has nothing missing, and hidden answers
// change nothing that is shown.
func TestFormProperties(t *testing.T) {
	t.Parallel()
	q := questionnaire(t, "kinds")
	rapid.Check(t, func(t *rapid.T) {
		f := &survey.Form{Questionnaire: q, Answers: make(map[survey.Key]string)}
		for a := range rapid.IntRange(1, 4).Draw(t, "subjects") {
			f.Asked = append(f.Asked, survey.Asked{Assignment: int64(a + 1)})
			for _, it := range q.Items {
				if rapid.Bool().Draw(t, "answered") {
					f.Answers[survey.Key{Assignment: int64(a + 1), Item: it.N}] = draw(t, &it)
				}
			}
		}
		steps := f.Steps()
		for i, s := range steps {
			next, more := f.Next(s)
			if more != (i+1 < len(steps)) || more && next != steps[i+1] {
				t.Fatalf("after %v comes %v", s, next)
			}
			prev, before := f.Prev(s)
			if before != (i > 0) || before && prev != steps[i-1] {
				t.Fatalf("before %v comes %v", s, prev)
			}
		}
		if _, gaps := f.First(); !gaps && len(f.Missing()) > 0 {
			t.Fatalf("no gaps, but missing: %v", f.Missing())
		}
		shown := f.Steps()
		for key := range f.Answers {
			if !f.Shows(key) {
				delete(f.Answers, key)
			}
		}
		if diff := cmp.Diff(shown, f.Steps()); diff != "" {
			t.Fatalf("hidden answers showed something:\n%s", diff)
		}
	})
}

// draw returns an answer to the item, a skip or something that is no answer.
func draw(t *rapid.T, it *survey.Item) string {
	values := []string{survey.Skipped, it.Unknown(), "nonsense", "7"}
	for _, c := range it.Choices() {
		values = append(values, c.Value)
	}
	return rapid.SampledFrom(values).Draw(t, "value")
}

func TestTrial(t *testing.T) {
	t.Parallel()
	f := survey.Trial(questionnaire(t, "kinds"), []survey.Text{survey.Plain("甲"), survey.Plain("乙")})
	if n, total := f.Settled(); n != 0 || total != 8 {
		t.Errorf("settled %d/%d, want 0/8", n, total)
	}
	first, ok := f.First()
	if _, asked, known := f.Item(first); !ok || !known || asked.Name.In(survey.En) != "甲" {
		t.Errorf("first: %v %v", first, asked)
	}
}
