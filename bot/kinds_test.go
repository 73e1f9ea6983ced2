package bot

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pingyi/storage"
	"pingyi/survey"
)

const kindsRound = `
round: kinds
title: {zh-Hans: 题型, zh-Hant: 題型, en: Kinds}
period: 2026-Q4
questionnaire: kinds
subjects: {kind: department}
duration: 7d
panels:
  - {panel: leaders, title: {zh-Hans: 领导, zh-Hant: 領導, en: Leaders}, who: {kind: leader}, identity: named, minimum: 1}
`

// Somebody of the roster, linked beforehand, agrees to the notice by beginning, and answers the kinds
// of questions that the other conversation has not; a matrix is asked subject after subject.
func TestAllKinds(t *testing.T) {
	t.Parallel()
	w := newWorld(t, survey.ZhHans)
	leader := testHouse(t).People[1]
	leader.Memberships = []storage.MembershipRow{{Kind: survey.Leader, Unit: "city"}}
	w.apply(&storage.House{
		Questionnaires: []storage.VersionRow{version(t, "kinds.yaml")}, People: []storage.PersonRow{leader},
	})
	w.as(boss)
	w.start("")
	w.open(kindsRound)
	w.open(strings.NewReplacer("round: kinds", "round: again", "title: {zh-Hans: 题型", "title: {zh-Hans: 另一份").Replace(kindsRound))
	w.deliver()
	w.tap("开始")
	w.tap("10")
	w.tap("乙 & 丙")
	w.tapKey("form.dont_know")
	w.send("/todo")
	w.tap("题型")
	w.tapKey("form.begin")
	w.tap("0")
	w.send("/todo")
	w.tap("另一份")
	w.tap("甲 <b>")
	w.tap("好")
	w.tap("差")
	w.tapKey("form.dont_know")
	w.tapKey("form.skip")
	w.tapKey("form.submit")
	w.golden("kinds")
	if consent := w.personOf(boss).Consent; consent != "2026-1" {
		t.Errorf("beginning agreed to %q", consent)
	}
}

func (w *world) personOf(telegram int64) storage.Person {
	w.t.Helper()
	p, err := w.store.PersonByTelegram(w.t.Context(), telegram)
	w.must(err)
	return p
}

// A notice that was replaced after the invitation was drawn is shown before anything is agreed to.
func TestBeginAgreesToTheNoticeShown(t *testing.T) {
	t.Parallel()
	w := newWorld(t, survey.ZhHans)
	leader := testHouse(t).People[1]
	leader.Memberships = []storage.MembershipRow{{Kind: survey.Leader, Unit: "city"}}
	w.apply(&storage.House{
		Questionnaires: []storage.VersionRow{version(t, "kinds.yaml")}, People: []storage.PersonRow{leader},
	})
	w.as(boss)
	w.start("")
	w.open(kindsRound)
	w.deliver()
	project := testHouse(t).Project
	project.Notice.Version = "2026-2"
	w.apply(&storage.House{Project: project})
	w.bot.forgetSettings()
	w.tapKey("form.begin")
	if consent := w.personOf(boss).Consent; consent != "" {
		t.Errorf("agreed to %q, which was not on the screen", consent)
	}
	if !strings.Contains(w.last().Text, "2026-2") {
		t.Errorf("the new notice is not named:\n%s", w.last().Text)
	}
	w.tapKey("form.begin")
	if diff := cmp.Diff("2026-2", w.personOf(boss).Consent); diff != "" {
		t.Errorf("consent (-want +got):\n%s", diff)
	}
}
