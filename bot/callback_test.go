package bot

import (
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// everyPress has one press for every verb, with the longest values its fields take.
func everyPress() []press {
	verbs := []verb{
		verbOpen, verbInvite, verbBegin, verbLater, verbDecline, verbChoose, verbPick, verbChosen,
		verbSearch, verbShowAll, verbBefore, verbDone, verbRevise, verbCancel, verbAnswer, verbMend, verbComment, verbErase, verbReview, verbSubmit, verbChange, verbTodo,
		verbNothing, verbLanguage, verbNotice, verbConsent, verbDistrict, verbAge, verbRedeem, verbPhone,
		verbKeep, verbStop, verbBack, verbForget, verbNotMe, verbAskNotMe, verbAdmin, verbRounds, verbRound, verbAsk,
		verbDo, verbRanking, verbFile, verbScore, verbPublish, verbScores, verbTryList, verbTry,
		verbRelinks, verbRelink, verbLink, verbInvites,
	}
	out := make([]press, 0, len(verbs))
	for _, v := range verbs {
		p := press{verb: v}
		fields, _ := v.fields()
		for _, f := range fields {
			switch f {
			case fieldRequest:
				p.request = math.MaxInt64
			case fieldAssignment:
				p.assignment = math.MaxInt64
			case fieldItem:
				p.item = maxPlace
			case fieldPick:
				p.pick = pick{n: math.MaxInt64}
			case fieldSubject:
				p.subject = math.MaxInt64
			case fieldOn:
				p.on = true
			case fieldPage:
				p.page = maxPlace
			case fieldNotice:
				p.notice = noticeTag("2026-11 second edition")
			case fieldToken:
				p.token = strings.Repeat("Z", 43)
			case fieldID:
				p.id = math.MaxInt64
			case fieldAction:
				p.action = string(actionCancel) + "-" + "30"
			}
		}
		out = append(out, p)
	}
	return out
}

func TestPressSurvivesTheWire(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, p := range everyPress() {
		data := p.String()
		if len(data) > maxCallback {
			t.Errorf("%q has %d bytes, more than %d", data, len(data), maxCallback)
		}
		got, err := parsePress(data)
		if err != nil {
			t.Errorf("parse %q: %v", data, err)
		}
		if diff := cmp.Diff(p, got, cmp.AllowUnexported(press{}, pick{})); diff != "" {
			t.Errorf("%q (-wrote +read):\n%s", data, diff)
		}
		if seen[data] {
			t.Errorf("%q stands for two presses", data)
		}
		seen[data] = true
	}
}

func TestParsePressRefuses(t *testing.T) {
	t.Parallel()
	for _, data := range []string{
		"", ".", "o", "o.", "o.-1", "o.+1", "o.01", "o.A", "o.1.2", "q.1", "a.1.2.3", "a.1.2.3.", "a.1.2.3.??",
		"x.1.2.2.0", "x.1.2.1", "g.1.2.zzzzz", "o.zzzzzzzzzzzzzz", "pi.a.", "pi.a.b c", "pi.a.中", "o.1 ",
		"o.1\x00", strings.Repeat("x", maxCallback), strings.Repeat("o.", 32), "a.1.1.1." + strings.Repeat("1", 60),
	} {
		if p, err := parsePress(data); err == nil {
			t.Errorf("%q was read as %+v", data, p)
		}
	}
}

func FuzzParsePress(f *testing.F) {
	for _, p := range everyPress() {
		f.Add(p.String())
	}
	f.Add("a.1.2.3.?")
	f.Add("a.1.2.3.-")
	f.Fuzz(func(t *testing.T, data string) {
		p, err := parsePress(data)
		if err != nil {
			return
		}
		if got := p.String(); got != data {
			t.Fatalf("%q was read and written back as %q", data, got)
		}
	})
}
