package bot

import (
	"strings"
	"testing"

	"pingyi/bot/sandbox"
	"pingyi/survey"
)

// What nobody expects gets a short helpful answer.
func TestUnexpected(t *testing.T) {
	t.Parallel()
	w := begun(t)
	do := func(what string, act func() (sandbox.Act, error)) sandbox.Act {
		t.Helper()
		w.say("(%s)", what)
		a, err := act()
		w.must(err)
		w.settle()
		return a
	}
	w.send("谢谢你们")
	w.send("/nonsense")
	w.send("/todo@another_bot")
	w.send("/todo@Pingyi_Bot")
	do("sticker", func() (sandbox.Act, error) { return w.box.SendSticker(resident, "👍") })
	do("file", func() (sandbox.Act, error) { return w.box.SendFile(resident, "a.txt", []byte("a"), "看") })
	said := do("words", func() (sandbox.Act, error) { return w.box.Send(resident, "又来了") })
	do("edited", func() (sandbox.Act, error) { return w.box.EditMessage(resident, said.MessageID, "改了") })
	w.as(stranger)
	w.start("")
	w.send("你好")
	do("sticker", func() (sandbox.Act, error) { return w.box.SendSticker(stranger, "👍") })
	w.golden("unexpected")
}

// In a group the bot points to the private chat when it is addressed, and says no more.
func TestGroups(t *testing.T) {
	t.Parallel()
	const group, channel = -100, -200
	w := newWorld(t, survey.ZhHans)
	w.as(resident)
	w.must(w.box.AddGroup(sandbox.Group{ID: group, Title: "邻里", Members: []int64{resident, clerk}}))
	w.settle()
	for _, text := range []string{"大家好", "/todo", "/todo@another_bot", "/start@pingyi_bot"} {
		_, err := w.box.SendIn(resident, group, text, 0)
		w.must(err)
		w.settle()
	}
	want := w.print.Say("fallback.group", map[string]any{"Bot": "@pingyi_bot"})
	said := 0
	for _, m := range w.box.Messages(group) {
		if !m.FromBot || m.Service != "" {
			continue
		}
		said++
		if m.Text != want {
			t.Errorf("in the group the bot says %q", m.Text)
		}
	}
	if said != 3 { // on being added, and for the two commands meant for it
		t.Errorf("the bot spoke %d times in the group, want 3", said)
	}
	w.must(w.box.AddGroup(sandbox.Group{ID: channel, Title: "频道", Kind: "channel", Members: []int64{resident}}))
	w.settle()
	if left := w.box.Traffic("leaveChat"); len(left) != 1 {
		t.Errorf("the bot called leaveChat %d times, want once", len(left))
	}
	for _, m := range w.box.Messages(channel) {
		if m.FromBot && m.Service == "" {
			t.Errorf("the bot wrote into a channel: %q", m.Text)
		}
	}
}

// A questionnaire is tried in chat like the real thing, and leaves nothing behind.
func TestTrying(t *testing.T) {
	t.Parallel()
	w := newWorld(t, survey.ZhHans)
	w.as(boss)
	w.start("")
	w.send("/admin")
	w.tapKey("admin.try")
	w.tap("服务满意度")
	w.tapKey("form.begin")
	w.tap("不满意")
	w.send("太慢")
	w.tapKey("form.skip")
	w.send("8")
	w.tapKey("form.yes")
	w.tap("满意")
	w.tapKey("form.back")
	w.tapKey("form.comment")
	w.tapKey("form.cancel")
	w.tapKey("form.next")
	w.tapKey("form.skip")
	w.tapKey("form.skip")
	w.tapKey("form.no")
	w.tapKey("form.submit")
	w.golden("trying")
	if !strings.Contains(w.last().Text, w.print.Say("form.try_done", nil)) {
		t.Errorf("the end is\n%s", w.last().Text)
	}
}
