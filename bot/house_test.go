package bot

import (
	"os"
	"path/filepath"
	"testing"

	"pingyi/storage"
	"pingyi/survey"
)

// testHouse is the project of the tests: three departments, a notice, two districts.
func testHouse(t testing.TB) *storage.House {
	t.Helper()
	text := func(hans, hant, en string) survey.Text {
		return survey.Text{survey.ZhHans: hans, survey.ZhHant: hant, survey.En: en}
	}
	return &storage.House{
		Project: &survey.Project{
			Code: "city", Name: text("江城市政府", "江城市政府", "the City of Jiangcheng"), Language: survey.ZhHans,
			Languages: survey.Langs(),
			Notice:    survey.Notice{Version: "2026-1", Text: text("我们只保存必要的信息。", "我們只儲存必要的資訊。", "We keep only what is needed.")},
			Enrolment: survey.Enrolment{
				Open:      true,
				Districts: []survey.Place{{Code: "north", Name: text("城北", "城北", "North")}, {Code: "south", Name: text("城南", "城南", "South")}},
				Ages:      []survey.Place{{Code: "young", Name: text("35岁以下", "35歲以下", "under 35")}, {Code: "old", Name: text("35岁以上", "35歲以上", "35 and over")}},
			},
		},
		Units: []storage.UnitRow{{Code: "city", Name: survey.Plain("市")}},
		People: []storage.PersonRow{
			{Code: "clerk", Name: "李明", Memberships: []storage.MembershipRow{{Kind: survey.Staff, Unit: "city"}}},
			{Code: "boss", Name: "周处", TelegramID: boss, Roles: []storage.RoleRow{{Role: "admin"}}},
		},
		Subjects: []storage.SubjectRow{
			{Code: "police", Name: text("市公安局", "市公安局", "Police"), Kind: "department", Active: true},
			{Code: "health", Name: text("市卫健委 <&_*", "市衛健委 <&_*", "Health <&_*"), Kind: "department", Active: true},
		},
		Questionnaires: []storage.VersionRow{version(t, "services.yaml")},
	}
}

// version is a questionnaire file as its first version.
func version(t testing.TB, file string) storage.VersionRow {
	t.Helper()
	body, err := os.ReadFile(filepath.Join("testdata", file))
	if err != nil {
		t.Fatal(err)
	}
	q, faults := survey.ParseQuestionnaire(file, body)
	if err := faults.Err(); err != nil {
		t.Fatal(err)
	}
	return storage.VersionRow{Code: q.Code, Version: 1, Hash: q.Hash[:], Body: string(body)}
}

// open writes a round and opens it.
func (w *world) open(body string) string {
	w.t.Helper()
	spec, faults := survey.ParseRound("round.yaml", []byte(body))
	w.must(faults.Err())
	w.apply(&storage.House{Rounds: []storage.RoundRow{{
		Code: spec.Code, Title: spec.Title, Period: spec.Period, Body: body, State: survey.RoundDraft,
	}}})
	w.must(w.store.OpenRound(w.t.Context(), today(), storage.Cause{}, spec.Code))
	return spec.Code
}

const residentsRound = `
round: 2026-q4
title: {zh-Hans: 四季度满意度评价, zh-Hant: 四季度滿意度評價, en: Fourth quarter}
period: 2026-Q4
questionnaire: services
subjects: {kind: department}
duration: 14d
panels:
  - {panel: residents, title: {zh-Hans: 居民, zh-Hant: 居民, en: Residents}, who: {kind: citizen}, identity: anonymous, minimum: 5}
`
