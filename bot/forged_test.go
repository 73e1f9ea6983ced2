package bot

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"pingyi/storage"
	"pingyi/survey"
)

// answersOf is what stands in the database for a person: the first thing asked, with its answers.
func (w *world) answersOf(telegram int64) *storage.OpenForm {
	w.t.Helper()
	ctx := w.t.Context()
	person, err := w.store.PersonByTelegram(ctx, telegram)
	w.must(err)
	items, err := w.store.Todo(ctx, person.ID)
	w.must(err)
	if len(items) == 0 {
		w.t.Fatalf("person %d is asked nothing", telegram)
	}
	form, err := w.store.Form(ctx, today(), person.ID, items[0].RequestID)
	w.must(err)
	return form
}

// Whatever callback data somebody makes up, nothing changes for anybody, and every press is answered
// in a line.
func TestForgedPresses(t *testing.T) {
	t.Parallel()
	w := newWorld(t, survey.ZhHans)
	w.open(residentsRound)
	w.as(stranger)
	w.enrol()
	w.tapKey("form.begin")
	w.tap("满意")
	theirs := w.answersOf(stranger)
	w.as(resident)
	w.enrol()
	w.tapKey("form.begin")
	mine := w.answersOf(resident)

	step := theirs.Form.Asked[0].Assignment
	own := mine.Form.Asked[0].Assignment
	forged := map[string]string{
		"another's answer":        press{verb: verbAnswer, request: theirs.RequestID, assignment: step, item: 1}.String(),
		"another's assignment":    press{verb: verbAnswer, request: mine.RequestID, assignment: step, item: 1}.String(),
		"another's submission":    press{verb: verbSubmit, request: theirs.RequestID}.String(),
		"another's refusal":       press{verb: verbDecline, request: theirs.RequestID}.String(),
		"another's review":        press{verb: verbReview, request: theirs.RequestID}.String(),
		"another's comment":       press{verb: verbErase, request: theirs.RequestID, assignment: step, item: 1}.String(),
		"no such request":         press{verb: verbOpen, request: 1 << 40}.String(),
		"no such assignment":      press{verb: verbAnswer, request: mine.RequestID, assignment: 1 << 40, item: 1}.String(),
		"no such item":            press{verb: verbAnswer, request: mine.RequestID, assignment: own, item: 99}.String(),
		"no such option":          press{verb: verbAnswer, request: mine.RequestID, assignment: own, item: 1, pick: pick{n: 5}}.String(),
		"no such set":             press{verb: verbAnswer, request: mine.RequestID, assignment: own, item: 3, pick: pick{n: 1 << 4}}.String(),
		"skip of what is needed":  press{verb: verbAnswer, request: mine.RequestID, assignment: own, item: 1, pick: pick{kind: pickSkip}}.String(),
		"don't know not offered":  press{verb: verbAnswer, request: mine.RequestID, assignment: own, item: 5, pick: pick{kind: pickDontKnow}}.String(),
		"choice for a number":     press{verb: verbAnswer, request: mine.RequestID, assignment: own, item: 4}.String(),
		"comment not offered":     press{verb: verbComment, request: mine.RequestID, assignment: own, item: 5}.String(),
		"a subject to choose":     press{verb: verbPick, request: mine.RequestID, subject: 1, on: true}.String(),
		"a trial without a role":  press{verb: verbOpen}.String(),
		"garbage":                 strings.Repeat("\x01", 64),
		"half a press":            "a.1.",
		"words":                   "drop table ballot; --",
		"another person's letter": strings.Repeat("中", 21),
	}
	message := w.last().ID
	shown := w.last().Text
	for what, data := range forged {
		act, err := w.box.ForgePress(resident, message, data)
		w.must(err)
		w.settle()
		answer, err := w.box.WaitAnswer(t.Context(), act)
		w.must(err)
		if want := w.print.Say("toast.forged", nil); answer.Text != want {
			t.Errorf("%s: answered %q, want %q", what, answer.Text, want)
		}
	}
	if w.last().ID != message || w.last().Text != shown {
		t.Errorf("the message became\n%s", w.last().Text)
	}
	for _, check := range []struct {
		person int64
		before *storage.OpenForm
	}{{resident, mine}, {stranger, theirs}} {
		after := w.answersOf(check.person)
		if diff := cmp.Diff(check.before, after, cmp.Comparer(sameQuestionnaire), cmpopts.IgnoreUnexported(storage.OpenForm{})); diff != "" {
			t.Errorf("person %d (-before +after):\n%s", check.person, diff)
		}
	}
}

func sameQuestionnaire(a, b *survey.Questionnaire) bool { return a.Hash == b.Hash }

// A press that comes once the round is closed changes nothing and turns the message into one that says so.
func TestPressAfterClose(t *testing.T) {
	t.Parallel()
	w := newWorld(t, survey.ZhHans)
	code := w.open(residentsRound)
	w.as(resident)
	w.enrol()
	w.tapKey("form.begin")
	w.must(w.store.CloseRound(t.Context(), today(), storage.Cause{}, code))
	w.tap("满意")
	if want := w.print.Say("form.closed", nil); !strings.Contains(w.last().Text, want) {
		t.Errorf("the message says\n%s\nwant\n%s", w.last().Text, want)
	}
	if rows := w.last().Inline; len(rows) > 0 {
		t.Errorf("it still has buttons: %v", w.last().Labels())
	}
	if want := w.print.Say("toast.closed", nil); !strings.Contains(w.script.String(), "! "+want) {
		t.Errorf("the press was not answered by %q", want)
	}
}
