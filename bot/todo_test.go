package bot

import (
	"strings"
	"testing"

	"pingyi/bot/locales"
	"pingyi/storage"
	"pingyi/survey"
)

// Who is asked twice in one round can tell the two apart, in the list and on its buttons; elsewhere
// the round's title is enough.
func TestTodoTellsPartsOfARoundApart(t *testing.T) {
	t.Parallel()
	bundle, err := locales.Load()
	if err != nil {
		t.Fatal(err)
	}
	title := survey.Text{survey.En: "A review of everything that the town hall does in the fourth quarter"}
	items := []storage.TodoItem{
		{RequestID: 1, RoundID: 1, RoundTitle: title, PanelTitle: survey.Text{survey.En: "Peers"}, State: survey.RequestSent},
		{RequestID: 2, RoundID: 1, RoundTitle: title, PanelTitle: survey.Text{survey.En: "Subordinates"}, State: survey.RequestSent},
		{RequestID: 3, RoundID: 2, RoundTitle: survey.Text{survey.En: "Another"}, PanelTitle: survey.Text{survey.En: "Residents"}, State: survey.RequestSent},
	}
	turn := &turn{words: words{lang: survey.En, say: bundle.Printer(survey.En).Say, zone: today().Location(), today: today()}}
	s := turn.todoScreen(items, 0)
	for i, want := range []string{"Peers · A review", "Subordinates · A review", "Another"} {
		if !strings.Contains(string(s.text), want) {
			t.Errorf("the list does not say %q:\n%s", want, s.text)
		}
		if got := s.rows[i][0].Text; !strings.Contains(got, want) {
			t.Errorf("button %d is %q, want %q", i, got, want)
		}
	}
	if strings.Contains(string(s.text), "Residents") {
		t.Errorf("the part of a round is named where there is one only:\n%s", s.text)
	}
}
