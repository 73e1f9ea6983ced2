package bot

import (
	"fmt"
	"testing"

	"pingyi/storage"
	"pingyi/survey"
)

const choosingRound = `
round: choosing
title: {zh-Hans: 我了解的部门, zh-Hant: 我了解的部門, en: What I know}
period: 2026-Q4
questionnaire: services
subjects: {kind: department}
duration: 14d
panels:
  - {panel: residents, title: {zh-Hans: 居民, zh-Hant: 居民, en: Residents}, who: {kind: citizen}, identity: confidential, minimum: 5, asks: {choose: {min: 2, max: 3}}}
`

// A resident chooses subjects over several pages and by typing, too few and too many included.
func TestChoosing(t *testing.T) {
	t.Parallel()
	w := newWorld(t, survey.ZhHans)
	var more []storage.SubjectRow
	for i := range 18 {
		more = append(more, storage.SubjectRow{
			Code: fmt.Sprintf("bureau%02d", i), Kind: "department", Active: true,
			Name: survey.Text{survey.ZhHans: fmt.Sprintf("第%d局", i), survey.En: fmt.Sprintf("Bureau %d", i)},
		})
	}
	w.apply(&storage.House{Subjects: more})
	w.open(choosingRound)
	w.as(resident)
	w.enrol()
	w.tapKey("form.begin")
	w.tap("市公安局")
	w.tap("▶")
	w.tap("第7局")
	w.tapKey("form.search")
	w.send("bureau 1")
	w.tap("▶")
	w.tap("第17局")
	w.tap("◀")
	w.tap("第16局")
	w.tapKey("form.search_clear")
	w.tapKey("form.search")
	w.send("没有的")
	w.tapKey("form.search_clear")
	w.tap("市公安局")
	w.tapKey("form.chosen")
	w.tapKey("form.back")
	w.golden("choosing")
}
