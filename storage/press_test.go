package storage

import (
	"testing"

	"pingyi/survey"
)

// What is remembered of a request is enough to answer, and no more than that.
func TestRecentPress(t *testing.T) {
	t.Parallel()
	c := newCity(t, 2)
	c.open(residents)
	person, f := c.form("c001")
	account := scalar[int64](t, c.Store, `SELECT telegram_id FROM person WHERE id = $1`, person)
	if _, ok := c.Recent(testNow, account, f.RequestID); ok {
		t.Fatal("remembered before it was read")
	}
	read, err := c.Pressed(t.Context(), testNow, account, f.RequestID)
	if err != nil || read.Err != nil {
		t.Fatal(err, read.Err)
	}
	if _, ok := c.Recent(testNow, account+1, f.RequestID); ok {
		t.Error("another account is given what is remembered")
	}
	step := survey.Step{Assignment: f.Form.Asked[0].Assignment, Item: 1}
	tap := Tap{PersonID: person, TelegramID: account, RequestID: f.RequestID, AssignmentID: step.Assignment, Item: 1}
	for i, value := range []string{"5", "4", "3"} {
		p, ok := c.Recent(testNow, account, f.RequestID)
		if !ok || !p.Form.Blank() {
			t.Fatalf("press %d: remembered %v", i, ok)
		}
		tap.UpdateID, tap.Value = int64(i+1), value
		if err := c.AnswerTo(t.Context(), testNow, p.Form, tap); err != nil {
			t.Fatal(err)
		}
		if p.Form.Blank() || p.Form.Form.Answers[step] != value {
			t.Errorf("after the answer %s the form has %v, blank %v", value, p.Form.Form.Answers, p.Form.Blank())
		}
	}
}
