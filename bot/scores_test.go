package bot

import (
	"os"
	"path/filepath"
	"testing"

	"pingyi/scoring"
	"pingyi/storage"
	"pingyi/survey"
)

const scoredRound = `
round: scored
title: {zh-Hans: 计分的一轮, zh-Hant: 計分的一輪, en: A scored round}
period: 2026-Q4
questionnaire: services
scheme: overall
subjects: {kind: department}
duration: 14d
panels:
  - {panel: residents, title: {zh-Hans: 居民, zh-Hant: 居民, en: Residents}, who: {kind: citizen}, identity: named, minimum: 1}
`

// scheme is a scheme file as its first version.
func (w *world) scheme(file string) storage.VersionRow {
	w.t.Helper()
	body, err := os.ReadFile(filepath.Join("testdata", file))
	w.must(err)
	s, faults := scoring.ParseScheme(file, body)
	if len(faults) > 0 {
		w.t.Fatal(faults)
	}
	return storage.VersionRow{Code: s.Code, Version: 1, Hash: []byte(file), Body: string(body)}
}

// rate answers the required questions about both subjects and submits.
func (w *world) rate(person int64, police, health string) {
	w.t.Helper()
	w.as(person)
	w.enrol()
	w.tapKey("form.begin")
	for _, label := range []string{police, health} {
		w.tap(label)
		w.tapKey("form.skip")
		w.tapKey("form.skip")
		w.tapKey("form.yes")
	}
	w.tapKey("form.submit")
}

// A round closes, is scored, looked at, taken as a file, approved and published, and those who took
// part hear of it.
func TestResults(t *testing.T) {
	t.Parallel()
	w := newWorld(t, survey.ZhHans)
	w.apply(&storage.House{Schemes: []storage.VersionRow{w.scheme("overall.yaml")}})
	code := w.open(scoredRound)
	w.rate(resident, "满意", "非常满意")
	w.rate(stranger, "基本满意", "非常满意")
	w.script.Reset()
	w.as(boss)
	w.start("")
	w.send("/admin")
	w.tapKey("admin.scores")
	w.tap("⏳")
	w.tapKey("admin.rescore")
	w.must(w.store.CloseRound(t.Context(), today(), storage.Cause{}, code))
	if _, err := w.store.ScoreDue(t.Context(), today()); err != nil {
		t.Fatal(err)
	}
	w.tapKey("admin.scores_back")
	w.tap("🏆 计分的一轮")
	w.tapKey("admin.file")
	w.tapKey("admin.approve_result")
	w.tapKey("admin.yes_approve")
	w.tapKey("admin.publish")
	w.tapKey("admin.yes_publish")
	w.as(resident)
	w.deliver()
	w.golden("results")
}
