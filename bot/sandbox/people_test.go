package sandbox_test

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pingyi/bot/sandbox"
)

// fresh confirms what is pending and returns the offset after it.
func (w *world) fresh() obj {
	w.t.Helper()
	list := w.updates(nil)
	if len(list) == 0 {
		return obj{}
	}
	next := list[len(list)-1].ID + 1
	w.updates(obj{"offset": next})
	return obj{"offset": next}
}

func TestPress(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Config{})
	id := w.say("第 1 题", "q1:5")
	from := w.fresh()
	if _, err := w.sb.Press(ann, id, "q1:4"); !errors.Is(err, sandbox.ErrNoButton) {
		t.Errorf("a button that is not there: %v", err)
	}
	if _, err := w.sb.Press(ann, 99, "q1:5"); !errors.Is(err, sandbox.ErrUnknownMessage) {
		t.Errorf("a message that is not there: %v", err)
	}
	if _, err := w.sb.Press(bob, id, "q1:5"); !errors.Is(err, sandbox.ErrNotStarted) {
		t.Errorf("a person who has not started: %v", err)
	}
	if _, err := w.sb.ForgePress(ann, id, strings.Repeat("x", 65)); !errors.Is(err, sandbox.ErrBadInput) {
		t.Errorf("65 bytes: %v", err)
	}
	ok[sandbox.Act](t)(w.sb.Press(ann, id, "q1:5"))
	ok[sandbox.Act](t)(w.sb.ForgePress(ann, id, "admin:close"))
	ok[sandbox.Act](t)(w.sb.ForgePress(ann, 99, "gone"))
	if err := w.sb.MakeInaccessible(ann, id); err != nil {
		t.Fatal(err)
	}
	ok[sandbox.Act](t)(w.sb.Press(ann, id, "q1:5"))
	got := w.updates(from)
	if diff := cmp.Diff([]string{"pressed q1:5", "pressed admin:close", "pressed gone", "pressed q1:5"}, kinds(got)); diff != "" {
		t.Fatal(diff)
	}
	if m := got[0].Query.Message; m.ID != id || m.Date == 0 || m.Text != "第 1 题" {
		t.Errorf("message of the press: %+v", m)
	}
	for _, i := range []int{2, 3} {
		if m := got[i].Query.Message; m.Date != 0 || m.Text != "" {
			t.Errorf("an inaccessible message tells %+v", m)
		}
	}
	if n := len(w.sb.Unanswered(0)); n != 4 {
		t.Errorf("%d unanswered", n)
	}
	w.must("answerCallbackQuery", obj{"callback_query_id": got[0].Query.ID}, nil)
	if out := w.call("answerCallbackQuery", obj{"callback_query_id": got[0].Query.ID}); out.OK {
		t.Error("answered twice")
	}
	if s := w.sb.Stats(); s.Presses != 4 || s.Answered != 1 || s.LateAnswer != 1 {
		t.Errorf("stats %+v", s)
	}
}

func TestLateAnswer(t *testing.T) {
	t.Parallel()
	c := newClock()
	w := newWorld(t, sandbox.Config{Now: c.now, CallbackLife: 150 * time.Second})
	act := ok[sandbox.Act](t)(w.sb.Press(ann, w.say("x", "go"), "go"))
	c.advance(151 * time.Second)
	if out := w.call("answerCallbackQuery", obj{"callback_query_id": act.Callback}); out.OK || !strings.Contains(out.Description, "too old") {
		t.Errorf("a late answer: %+v", out)
	}
	if len(w.sb.Unanswered(time.Minute)) != 1 || len(w.sb.Violations()) != 0 {
		t.Error("the press is unanswered, and that is no violation")
	}
}

func TestStartAndLinks(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Config{})
	from := w.fresh()
	for _, bad := range []string{"a b", "é", strings.Repeat("x", 65)} {
		if _, err := w.sb.Start(bob, bad); !errors.Is(err, sandbox.ErrBadPayload) {
			t.Errorf("payload %q: %v", bad, err)
		}
	}
	if _, err := w.sb.Send(bob, "hello"); !errors.Is(err, sandbox.ErrNotStarted) {
		t.Errorf("text before START: %v", err)
	}
	if _, err := w.sb.OpenLink(bob, "https://t.me/other_bot?start=x"); !errors.Is(err, sandbox.ErrBadInput) {
		t.Errorf("another bot's link: %v", err)
	}
	ok[sandbox.Act](t)(w.sb.OpenLink(bob, "https://t.me/Pingyi_Bot?start=join-1"))
	ok[sandbox.Act](t)(w.sb.OpenLink(bob, "tg://resolve?domain=pingyi_bot&start=join_2"))
	ok[sandbox.Act](t)(w.sb.Send(bob, "/start 3"))
	if diff := cmp.Diff([]string{"/start join-1", "/start join_2", "/start 3"}, kinds(w.updates(from))); diff != "" {
		t.Error(diff)
	}
}

func TestBlockAndReturn(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Config{})
	from := w.fresh()
	report(t, w.sb.Block(bob)) // has never started: nothing happens
	report(t, w.sb.Block(ann))
	report(t, w.sb.Block(ann))
	if _, err := w.sb.Send(ann, "x"); !errors.Is(err, sandbox.ErrBlocked) || w.sb.Started(ann) {
		t.Errorf("a person who blocked the bot writes: %v", err)
	}
	ok[sandbox.Act](t)(w.sb.Start(ann, ""))
	if diff := cmp.Diff([]string{"kicked", "member", "/start"}, kinds(w.updates(from))); diff != "" {
		t.Error(diff)
	}
	w.must("sendMessage", obj{"chat_id": ann, "text": "back"}, nil)
}

func TestWhatPeopleSend(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Config{})
	from := w.fresh()
	first := ok[sandbox.Act](t)(w.sb.Send(ann, "x"))
	ok[sandbox.Act](t)(w.sb.EditMessage(ann, first.MessageID, "y"))
	ok[sandbox.Act](t)(w.sb.ShareContact(ann, ann))
	ok[sandbox.Act](t)(w.sb.ShareContact(ann, bob))
	ok[sandbox.Act](t)(w.sb.SendContact(ann, sandbox.Contact{Phone: "+1", First: "Card"}))
	ok[sandbox.Act](t)(w.sb.SendFile(ann, "名单.csv", []byte("a,b\n"), "见附件"))
	ok[sandbox.Act](t)(w.sb.SendPhoto(ann, picture(t, 30, 20), ""))
	ok[sandbox.Act](t)(w.sb.SendSticker(ann, "👍"))
	report(t, w.sb.DeleteMessage(ann, first.MessageID))
	var list []struct {
		Message json.RawMessage `json:"message"`
		Edited  *message        `json:"edited_message"`
	}
	w.must("getUpdates", from, &list)
	if len(list) != 8 || list[1].Edited == nil || list[1].Edited.Text != "y" {
		t.Fatalf("%d updates", len(list))
	}
	type contact struct {
		Phone  string `json:"phone_number"`
		UserID int64  `json:"user_id"`
	}
	want := []contact{{"+8613800000011", ann}, {"+8613800000012", bob}, {"+1", 0}}
	for i, c := range want {
		var m struct{ Contact contact }
		if err := json.Unmarshal(list[i+2].Message, &m); err != nil || m.Contact != c {
			t.Errorf("contact %d: %s", i, list[i+2].Message)
		}
	}
	var file message
	if err := json.Unmarshal(list[5].Message, &file); err != nil || file.Caption != "见附件" {
		t.Fatalf("%s", list[5].Message)
	}
	var at struct {
		Path string `json:"file_path"`
	}
	w.must("getFile", obj{"file_id": file.Document.ID}, &at)
	if got := download(t, w.url+"/file/bot"+token+"/"+at.Path); got != "a,b\n" {
		t.Errorf("downloaded %q", got)
	}
	if got := download(t, w.url+"/file/botother/"+at.Path); !strings.Contains(got, "Unauthorized") {
		t.Errorf("with a wrong token: %q", got)
	}
}

func TestGroups(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Config{})
	from := w.fresh()
	const group, channel, upgraded = -100, -200, -1000000000300
	for _, g := range []sandbox.Group{{ID: group, Title: "科室群", Members: []int64{ann, bob}}, {ID: channel, Title: "频道", Kind: "channel", Members: []int64{ann}, Username: "news"}} {
		if err := w.sb.AddGroup(g); err != nil {
			t.Fatal(err)
		}
	}
	var sent message
	w.must("sendMessage", obj{"chat_id": group, "text": "请私聊我", "reply_markup": inline("go")}, &sent)
	for _, text := range []string{"闲聊", "/todo", "/todo@other_bot", "/todo@pingyi_bot"} {
		ok[sandbox.Act](t)(w.sb.SendIn(bob, group, text, 0))
	}
	ok[sandbox.Act](t)(w.sb.SendIn(bob, group, "回复你", sent.ID))
	ok[sandbox.Act](t)(w.sb.PressIn(bob, group, sent.ID, "go"))
	if diff := cmp.Diff([]string{"member", "administrator", "/todo", "/todo@pingyi_bot", "回复你", "pressed go"}, kinds(w.updates(from))); diff != "" {
		t.Error(diff)
	}
	w.must("sendMessage", obj{"chat_id": "@news", "text": "x"}, nil)
	w.must("leaveChat", obj{"chat_id": channel}, nil)
	if out := w.call("sendMessage", obj{"chat_id": channel, "text": "x"}); out.Code != 403 {
		t.Errorf("after leaving: %+v", out)
	}
	report(t, w.sb.UpgradeGroup(group, upgraded))
	if out := w.call("sendMessage", obj{"chat_id": group, "text": "x"}); out.Parameters.MigrateTo != upgraded {
		t.Errorf("after the upgrade: %+v", out)
	}
}

func TestTap(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Config{})
	w.must("sendMessage", obj{"chat_id": ann, "text": "a", "reply_markup": obj{"inline_keyboard": [][]obj{
		{{"text": "旧", "callback_data": "old"}, {"text": "加入", "url": "https://t.me/pingyi_bot?start=j1"}},
	}}}, nil)
	w.must("sendMessage", obj{"chat_id": ann, "text": "b", "reply_markup": obj{"keyboard": [][]obj{
		{{"text": "☎ 分享", "request_contact": true}}, {{"text": "取消"}},
	}}}, nil)
	from := w.fresh()
	for _, label := range []string{"旧", "加入", "取消", "分享"} {
		ok[sandbox.Act](t)(w.sb.Tap(ann, label))
	}
	if _, err := w.sb.Tap(ann, "没有"); !errors.Is(err, sandbox.ErrNoButton) {
		t.Errorf("a label that is not there: %v", err)
	}
	if diff := cmp.Diff([]string{"pressed old", "/start j1", "取消", ""}, kinds(w.updates(from))); diff != "" {
		t.Error(diff)
	}
}

func TestHistoryIsBounded(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Config{History: 40})
	for range 200 {
		w.must("sendMessage", obj{"chat_id": ann, "text": "x"}, nil)
	}
	list := w.sb.Messages(ann)
	if len(list) > 40 || list[len(list)-1].ID != 201 {
		t.Errorf("%d messages, the last is %d", len(list), list[len(list)-1].ID)
	}
	if !slices.IsSortedFunc(list, func(a, b sandbox.Message) int { return a.ID - b.ID }) {
		t.Error("not in order")
	}
}

func TestCommandsByScopeAndLanguage(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Config{})
	set := func(name string, scope any, lang string) {
		args := obj{"commands": []obj{{"command": name, "description": "x"}}}
		if scope != nil {
			args["scope"] = scope
		}
		if lang != "" {
			args["language_code"] = lang
		}
		w.must("setMyCommands", args, nil)
	}
	seen := func(person int64) string {
		if list := w.sb.Commands(person); len(list) == 1 {
			return list[0].Command
		}
		return ""
	}
	set("all", nil, "")
	set("private", obj{"type": "all_private_chats"}, "")
	set("chinese", obj{"type": "all_private_chats"}, "zh")
	if a, b := seen(ann), seen(bob); a != "chinese" || b != "private" {
		t.Errorf("by language: %s, %s", a, b)
	}
	set("own", obj{"type": "chat", "chat_id": bob}, "")
	if a, b := seen(ann), seen(bob); a != "chinese" || b != "own" {
		t.Errorf("by chat: %s, %s", a, b)
	}
	w.must("deleteMyCommands", obj{"scope": obj{"type": "chat", "chat_id": bob}}, nil)
	if b := seen(bob); b != "private" {
		t.Errorf("after deleting: %s", b)
	}
}
