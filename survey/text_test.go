package survey_test

import (
	"testing"

	"pingyi/survey"
)

func TestTextIn(t *testing.T) {
	t.Parallel()
	tests := []struct {
		text survey.Text
		lang survey.Lang
		want string
	}{
		{survey.Text{"zh-Hans": "简", "en": "E"}, survey.ZhHans, "简"},
		{survey.Text{"zh-Hans": "简", "en": "E"}, survey.ZhHant, "简"},
		{survey.Text{"zh-Hant": "繁", "en": "E"}, survey.ZhHans, "繁"},
		{survey.Text{"zh-Hans": "简", "zh-Hant": "繁"}, survey.En, "简"},
		{survey.Text{"": "own", "en": "E"}, survey.ZhHant, "own"},
		{survey.Text{"": "own", "en": "E"}, survey.En, "E"},
		{survey.Text{"en": "E"}, survey.ZhHans, "E"},
		{survey.Text{"en": "E", "zh-Hans": ""}, survey.ZhHans, "E"},
		{survey.Text{}, survey.En, ""},
		{nil, survey.En, ""},
	}
	for _, tt := range tests {
		if got := tt.text.In(tt.lang); got != tt.want {
			t.Errorf("%v in %s: %q, want %q", tt.text, tt.lang, got, tt.want)
		}
		if tt.text.Empty() != (tt.want == "") {
			t.Errorf("%v: empty %v", tt.text, tt.text.Empty())
		}
	}
}

func TestPromise(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		identity survey.Identity
		minimum  int
		want     string
	}{
		{survey.Anonymous, 5, "promise.anonymous_minimum"},
		{survey.Anonymous, 1, "promise.anonymous"},
		{survey.Confidential, 3, "promise.confidential_minimum"},
		{survey.Confidential, 1, "promise.confidential"},
		{survey.Named, 5, "promise.named"},
	} {
		p := survey.PanelSpec{Identity: tt.identity, Minimum: tt.minimum}
		if got := p.Promise(); got.Code != tt.want || got.Args["Minimum"] != tt.minimum {
			t.Errorf("%s, %d: %v, want %s", tt.identity, tt.minimum, got, tt.want)
		}
	}
}

func TestEstimate(t *testing.T) {
	t.Parallel()
	q := questionnaire(t, "kinds")
	last := 0
	for subjects := 1; subjects <= 30; subjects++ {
		n := q.Estimate(subjects, survey.ZhHans)
		if n < last {
			t.Errorf("%d subjects take %d minutes, fewer take %d", subjects, n, last)
		}
		last = n
	}
	if first := q.Estimate(1, survey.ZhHans); first < 1 || first > 3 {
		t.Errorf("one subject takes %d minutes", first)
	}
	if last < 5 || last > 40 {
		t.Errorf("thirty subjects take %d minutes", last)
	}
	declared := *q
	declared.Minutes = 7
	if got := declared.Estimate(30, survey.En); got != 7 {
		t.Errorf("%d minutes, declared are 7", got)
	}
}
