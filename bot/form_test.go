package bot

import (
	"testing"

	"pingyi/survey"
)

// A resident joins by the public link, answers everything once, and changes their mind at the end.
func TestResidentAnswers(t *testing.T) {
	t.Parallel()
	for _, lang := range survey.Langs() {
		t.Run(string(lang), func(t *testing.T) {
			t.Parallel()
			residentAnswers(newWorld(t, lang), lang)
		})
	}
	t.Run("webhook", func(t *testing.T) {
		t.Parallel()
		residentAnswers(startWorld(t, survey.ZhHans, (*world).webhook), survey.ZhHans)
	})
}

func residentAnswers(w *world, lang survey.Lang) {
	w.t.Helper()
	w.open(residentsRound)
	w.as(resident)
	label := func(hans, hant, en string) string {
		return survey.Text{survey.ZhHans: hans, survey.ZhHant: hant, survey.En: en}[lang]
	}
	w.enrol()
	w.tapKey("form.begin")
	w.tap(label("不满意", "不滿意", "poor"))
	w.send("窗口太少 <&_* 😀")
	w.tap(label("大厅", "大廳", "the hall"))
	w.tapKey("form.done")
	w.tap(label("电话", "電話", "by phone"))
	w.tapKey("form.done")
	w.send("一会儿")
	w.send("12.50")
	w.tapKey("form.yes")
	w.tap(label("满意", "滿意", "good"))
	w.tapKey("form.back")
	w.tapKey("form.comment")
	w.send("نعم، جيد جدا")
	w.tapKey("form.next")
	w.tapKey("form.skip")
	w.tapKey("form.skip")
	w.tapKey("form.no")
	w.tapKey("form.submit")
	w.tapKey("form.change")
	w.tapKey("form.submit")
	w.golden("resident." + string(lang))
}
