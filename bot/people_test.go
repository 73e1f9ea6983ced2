package bot

import (
	"errors"
	"strings"
	"testing"

	"pingyi/bot/sandbox"
	"pingyi/storage"
	"pingyi/survey"
)

// Everything a person can ask for beside answering.
func TestPersonalCommands(t *testing.T) {
	t.Parallel()
	for _, lang := range survey.Langs() {
		t.Run(string(lang), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, lang)
			w.open(residentsRound)
			w.as(resident)
			w.send("/start")
			w.send("/help")
			w.enrol()
			w.tapKey("form.later")
			w.tapKey("form.begin")
			w.tapKey("form.decline")
			w.send("/todo")
			w.tap(map[survey.Lang]string{survey.ZhHans: "四季度满意度评价", survey.ZhHant: "四季度滿意度評價", survey.En: "Fourth quarter"}[lang])
			w.tapKey("form.undo")
			w.tapKey("form.begin")
			w.send("/todo")
			w.send("/privacy")
			w.send("/notme")
			w.send("/stop")
			w.tapKey("people.keep")
			w.send("/stop")
			w.tapKey("people.stop_yes")
			w.tapKey("people.back")
			w.send("/forget")
			w.tapKey("people.forget_yes")
			w.send("/todo")
			w.golden("personal." + string(lang))
		})
	}
}

// The language chosen holds from the next word on, and beats Telegram's.
func TestLanguage(t *testing.T) {
	t.Parallel()
	w := newWorld(t, survey.ZhHans)
	w.open(residentsRound)
	w.as(resident)
	w.enrol()
	w.send("/language")
	w.tap("English")
	w.send("/todo")
	if !strings.Contains(w.last().Text, "Fourth quarter") {
		t.Errorf("after choosing English the list is\n%s", w.last().Text)
	}
}

// A stranger who changes the language at the notice stays on their way, and in that language.
func TestLanguageAtTheNotice(t *testing.T) {
	t.Parallel()
	w := newWorld(t, survey.ZhHans)
	invites, err := w.store.CreateInvites(t.Context(), today(), storage.Cause{}, []string{"clerk"})
	w.must(err)
	w.as(clerk)
	w.start(invites[0].Token)
	w.tap("English")
	if !strings.Contains(w.last().Text, "We keep only what is needed.") {
		t.Errorf("after choosing English:\n%s", w.last().Text)
	}
	w.tap("I agree, go on")
	if !strings.Contains(w.last().Text, "Welcome, 李明") {
		t.Errorf("after agreeing:\n%s", w.last().Text)
	}
	if p := w.personOf(clerk); p.Language != survey.En || p.Consent != "2026-1" {
		t.Errorf("kept: language %q, consent %q", p.Language, p.Consent)
	}
}

func TestSpoken(t *testing.T) {
	t.Parallel()
	for code, want := range map[string]survey.Lang{
		"zh": survey.ZhHans, "zh-CN": survey.ZhHans, "zh-hans": survey.ZhHans, "zh_SG": survey.ZhHans,
		"zh-TW": survey.ZhHant, "zh-HK": survey.ZhHant, "zh-MO": survey.ZhHant, "zh-Hant": survey.ZhHant,
		"zh-Hans-HK": survey.ZhHans, "zh-Hant-CN": survey.ZhHant, "en": survey.En, "en-GB": survey.En,
		"de": "", "": "", "-": "",
	} {
		if got, ok := spoken(code); got != want || ok != (want != "") {
			t.Errorf("%q is %q, %v; want %q", code, got, ok, want)
		}
	}
}

// Sharing one's own number finds the roster's entry; somebody else's is refused.
func TestSharingTheNumber(t *testing.T) {
	t.Parallel()
	w := newWorld(t, survey.ZhHans)
	clerkRow := testHouse(t).People[0]
	hash, err := w.store.PhoneHash("138 0013 8000")
	w.must(err)
	clerkRow.PhoneHash = hash
	w.apply(&storage.House{People: []storage.PersonRow{clerkRow}})
	w.as(stranger)
	w.start("")
	w.tapKey("people.by_phone")
	w.tapKey("people.agree")
	_, err = w.box.SendContact(stranger, sandbox.Contact{Phone: "+8613800138000", First: "李明", UserID: clerk})
	w.must(err)
	w.settle()
	w.say("(somebody else's number)")
	_, err = w.box.ShareContact(stranger, stranger)
	w.must(err)
	w.say("(an unknown number)")
	w.settle()
	if _, err := w.store.PersonByTelegram(t.Context(), stranger); !errors.Is(err, survey.ErrNotFound) {
		t.Errorf("the stranger is linked: %v", err)
	}
	w.as(clerk)
	w.start("")
	_, err = w.box.ShareContact(clerk, clerk)
	w.must(err)
	w.say("(own number before the notice)")
	w.settle()
	w.tapKey("people.agree")
	_, err = w.box.ShareContact(clerk, clerk)
	w.must(err)
	w.say("(own number)")
	w.settle()
	person, err := w.store.PersonByTelegram(t.Context(), clerk)
	w.must(err)
	if person.Code != "clerk" || person.Consent != "2026-1" {
		t.Errorf("linked as %q with consent to %q", person.Code, person.Consent)
	}
	w.send("/notme")
	w.tapKey("people.notme_yes")
	if _, err := w.store.PersonByTelegram(t.Context(), clerk); !errors.Is(err, survey.ErrNotFound) {
		t.Errorf("still linked: %v", err)
	}
	w.golden("phone")
}

// Nothing is kept of somebody who has not agreed.
func TestNoticeBeforeAnything(t *testing.T) {
	t.Parallel()
	w := newWorld(t, survey.ZhHans)
	w.as(resident)
	w.start("join")
	w.forge(w.last().ID, press{verb: verbAge, notice: noticeTag("an older one"), id: 1, item: 1}.String())
	if !strings.Contains(w.last().Text, "隐私说明") {
		t.Errorf("instead of the notice there is\n%s", w.last().Text)
	}
	if _, err := w.store.PersonByTelegram(t.Context(), resident); !errors.Is(err, survey.ErrNotFound) {
		t.Errorf("kept before agreeing: %v", err)
	}
	w.forge(w.last().ID, press{verb: verbAge, notice: noticeTag("2026-1"), id: 3, item: 1}.String())
	w.forge(w.last().ID, press{verb: verbAge, notice: noticeTag("2026-1"), id: 1, item: 3}.String())
	if _, err := w.store.PersonByTelegram(t.Context(), resident); !errors.Is(err, survey.ErrNotFound) {
		t.Errorf("kept with a district or age that is not offered: %v", err)
	}
}

// Somebody who blocks the bot is not written to, and is asked after coming back.
func TestBlockedAndBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t, survey.ZhHans)
	w.as(resident)
	w.enrol()
	w.must(w.box.Block(resident))
	w.settle()
	person, err := w.store.PersonByTelegram(t.Context(), resident)
	w.must(err)
	if person.UnreachableAt == nil {
		t.Error("blocking was not noted")
	}
	w.open(residentsRound)
	w.deliver()
	w.must(w.box.Unblock(resident))
	w.settle()
	w.deliver()
	if !strings.Contains(w.last().Text, "四季度满意度评价") {
		t.Errorf("after coming back the last message is\n%s", w.last().Text)
	}
}
