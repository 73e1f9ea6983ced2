package bot

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pingyi/survey"
)

// begun is a resident who has answered the first question.
func begun(t testing.TB) *world {
	t.Helper()
	w := newWorld(t, survey.ZhHans)
	w.open(residentsRound)
	w.as(resident)
	w.enrol()
	w.tapKey("form.begin")
	w.tap("满意")
	return w
}

// answered lists the answers about the first subject, by item.
func (w *world) answered() map[int]string {
	w.t.Helper()
	form := w.answersOf(w.me)
	got := map[int]string{}
	for k, v := range form.Form.Answers {
		if k.Assignment == form.Form.Asked[0].Assignment {
			got[k.Item] = v
		}
	}
	return got
}

// With Redis empty, both a press and a typed answer go on where the person was.
func TestLostRedis(t *testing.T) {
	t.Parallel()
	w := begun(t)
	w.must(w.redis.Sessions().Delete(t.Context(), resident))
	w.tap("大厅")
	w.must(w.redis.Sessions().Delete(t.Context(), resident))
	w.tap("电话")
	w.tapKey("form.done")
	w.must(w.redis.Sessions().Delete(t.Context(), resident))
	w.send("7")
	if diff := cmp.Diff(map[int]string{1: "4", 3: "hall|phone", 4: "7"}, w.answered()); diff != "" {
		t.Errorf("answers (-want +got):\n%s", diff)
	}
	if !strings.Contains(w.last().Text, "会推荐给别人吗") {
		t.Errorf("the message shows\n%s", w.last().Text)
	}
}

// An update that Telegram sends again changes nothing and shows how things stand.
func TestUpdateTwice(t *testing.T) {
	t.Parallel()
	w := begun(t)
	before := w.answered()
	shown := w.last()
	if !w.box.DuplicateLast(resident) {
		t.Fatal("there was nothing to send again")
	}
	w.settle()
	if diff := cmp.Diff(before, w.answered()); diff != "" {
		t.Errorf("answers (-once +twice):\n%s", diff)
	}
	if w.last().Text != shown.Text || w.last().ID != shown.ID {
		t.Errorf("the message shows\n%s\nbefore\n%s", w.last().Text, shown.Text)
	}
}

// A press that comes twice in a row answers the question it was about, not the next one.
func TestDoublePress(t *testing.T) {
	t.Parallel()
	w := newWorld(t, survey.ZhHans)
	w.open(residentsRound)
	w.as(resident)
	w.enrol()
	w.tapKey("form.begin")
	message, data := w.button("满意")
	w.box.Hold(resident)
	for range 2 {
		_, err := w.box.Press(resident, message, data)
		w.must(err)
	}
	w.box.Release(resident, false)
	w.settle()
	if diff := cmp.Diff(map[int]string{1: "4"}, w.answered()); diff != "" {
		t.Errorf("answers (-want +got):\n%s", diff)
	}
	if !strings.Contains(w.last().Text, "办理方式") {
		t.Errorf("the message shows\n%s", w.last().Text)
	}
}

// Two messages of one request: an old one does what its buttons say, and what they say is shown there.
func TestTwoMessagesOfOneRequest(t *testing.T) {
	t.Parallel()
	w := begun(t)
	first := w.last()
	w.send("/todo")
	w.tap("四季度满意度评价")
	second := w.last()
	if second.ID == first.ID {
		t.Fatal("the list was not a message of its own")
	}
	if !strings.Contains(second.Text, "办理方式") {
		t.Errorf("the list led to\n%s", second.Text)
	}
	data := ""
	for _, row := range first.Inline {
		for _, b := range row {
			if strings.Contains(b.Text, "返回") {
				data = b.Data
			}
		}
	}
	_, err := w.box.Press(resident, first.ID, data)
	w.must(err)
	w.settle()
	redrawn, _ := w.box.Message(resident, first.ID)
	if !strings.Contains(redrawn.Text, "服务满意吗") {
		t.Errorf("the old message shows\n%s", redrawn.Text)
	}
	if form := w.answersOf(resident); form.MessageID != int64(first.ID) {
		t.Errorf("the live message is %d, want %d", form.MessageID, first.ID)
	}
}

// Where the message is gone or cannot be reached any more, the conversation goes on in a new one.
func TestGoneMessage(t *testing.T) {
	t.Parallel()
	for _, how := range []string{"deleted", "inaccessible"} {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			w := begun(t)
			old := w.last()
			message, data := w.button("大厅")
			if how == "deleted" {
				w.must(w.box.DeleteMessage(resident, message))
			} else {
				w.must(w.box.MakeInaccessible(resident, message))
			}
			_, err := w.box.ForgePress(resident, message, data)
			w.must(err)
			w.settle()
			fresh := w.last()
			if fresh.ID == old.ID || !strings.Contains(fresh.Text, "办理方式") {
				t.Errorf("message %d shows\n%s", fresh.ID, fresh.Text)
			}
			if diff := cmp.Diff(map[int]string{1: "4", 3: "hall"}, w.answered()); diff != "" {
				t.Errorf("answers (-want +got):\n%s", diff)
			}
			if form := w.answersOf(resident); form.MessageID != int64(fresh.ID) {
				t.Errorf("the live message is %d, want %d", form.MessageID, fresh.ID)
			}
		})
	}
}

// What was submitted stands until it is reopened, whatever is pressed on an old message.
func TestOldMessageAfterSubmitting(t *testing.T) {
	t.Parallel()
	w := begun(t)
	message, data := w.button("大厅")
	w.tapKey("form.skip")
	w.tapKey("form.skip")
	w.tapKey("form.yes")
	w.tap("满意")
	w.tapKey("form.skip")
	w.tapKey("form.skip")
	w.tapKey("form.yes")
	w.tapKey("form.submit")
	before := w.answered()
	_, err := w.box.ForgePress(resident, message, data)
	w.must(err)
	w.settle()
	if diff := cmp.Diff(before, w.answered()); diff != "" {
		t.Errorf("answers (-submitted +after):\n%s", diff)
	}
	if want := w.print.Say("form.change", nil); w.last().Inline[0][0].Text != want {
		t.Errorf("the message shows\n%s\n%v", w.last().Text, w.last().Labels())
	}
}

// A session that missed an answer, because the write to Redis was lost, does not let the next words
// overwrite it.
func TestOutOfDateSession(t *testing.T) {
	t.Parallel()
	w := begun(t)
	w.tap("大厅")
	w.tap("电话")
	w.tapKey("form.done")
	old, ok, err := w.redis.Sessions().Get(t.Context(), resident)
	if err != nil || !ok {
		t.Fatalf("no session to keep: %v", err)
	}
	w.send("7")
	round := w.answersOf(resident).Round.ID
	w.redis.Sessions().Put(resident, round, old)
	w.send("9")
	if got := w.answered()[4]; got != "7" {
		t.Errorf("the answer that was saved is %q now, want 7", got)
	}
	if !strings.Contains(w.last().Text, "会推荐给别人吗") {
		t.Errorf("the message shows\n%s", w.last().Text)
	}
	for _, m := range w.box.Messages(resident) {
		if m.Text == "9" {
			return
		}
	}
	t.Error("what was not taken is gone from the chat")
}
