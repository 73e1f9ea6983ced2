package bot

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"pingyi/storage"
	"pingyi/survey"
)

// However long and strange the names are, every message fits, and the server refuses none.
func TestLongAndStrangeTexts(t *testing.T) {
	t.Parallel()
	for what, name := range map[string]string{
		"long":   strings.Repeat("部门名称很长很长", 700),
		"emoji":  strings.Repeat("👨‍👩‍👧‍👦🏳️‍🌈", 900),
		"rtl":    strings.Repeat("قسم الشرطة ", 500),
		"markup": strings.Repeat("<b>&amp;_*`[", 400),
		"blank":  " \u200b\u2060 ",
		"marks":  "a" + strings.Repeat("\u0301", 5000),
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, survey.ZhHans)
			text := survey.Text{survey.ZhHans: name, survey.ZhHant: name, survey.En: name}
			project := testHouse(t).Project
			project.Name, project.Notice.Text = text, text
			project.Enrolment.Districts[0].Name = text
			var subjects []storage.SubjectRow
			for _, code := range []string{"police", "health", "third", "fourth"} {
				subjects = append(subjects, storage.SubjectRow{Code: code, Name: text, Kind: "department", Active: true})
			}
			w.apply(&storage.House{Project: project, Subjects: subjects})
			w.bot.forgetSettings()
			w.open(strings.Replace(choosingRound, "asks: {choose: {min: 2, max: 3}}", "asks: every", 1))
			w.as(resident)
			w.start("join")
			w.tapKey("people.agree")
			w.tap("城南")
			w.tap("35")
			w.deliver()
			w.tapKey("form.begin")
			w.tap("不满意")
			w.send(strings.Repeat("好", 60))
			w.tapKey("form.back")
			w.tapKey("form.back")
			w.tapKey("form.comment")
			w.send(strings.Repeat("👍🏽", 500))
			w.send("/privacy")
			w.send("/todo")
			w.as(boss)
			w.start("")
			w.send("/admin")
			w.tap("🟢")
			w.tapKey("admin.close")
		})
	}
}

func TestCutKeepsWithinAndWhole(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.String().Draw(t, "s")
		n := rapid.IntRange(1, 60).Draw(t, "n")
		got := cut(s, n)
		if units(got) > n {
			t.Fatalf("%q is %d units long, at most %d", got, units(got), n)
		}
		if units(s) <= n && got != s {
			t.Fatalf("%q was shortened to %q though it fits", s, got)
		}
		if rest, cutOff := strings.CutSuffix(got, ellipsis); got != s && (!cutOff || !strings.HasPrefix(s, rest)) {
			t.Fatalf("%q is no beginning of %q", got, s)
		}
	})
	if got, want := cut("👨‍👩‍👧‍👦👨‍👩‍👧‍👦", 12), "👨‍👩‍👧‍👦…"; got != want {
		t.Errorf("a family was cut to %q, want %q", got, want)
	}
}

func TestLabelIsNeverEmpty(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		got := label(rapid.String().Draw(t, "s"), rapid.IntRange(1, 40).Draw(t, "columns"))
		if strings.TrimSpace(got) == "" || strings.ContainsAny(got, "\n\r\t") {
			t.Fatalf("label %q", got)
		}
	})
}

func TestBar(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		n, total int
		want     string
	}{
		{0, 0, "░░░░░░░░"}, {0, 8, "░░░░░░░░"}, {3, 8, "▓▓▓░░░░░"}, {8, 8, "▓▓▓▓▓▓▓▓"}, {7, 8, "▓▓▓▓▓▓▓░"},
		{1, 3, "▓▓░░░░░░"}, {99, 100, "▓▓▓▓▓▓▓░"}, {9, 8, "▓▓▓▓▓▓▓▓"}, {-1, 8, "░░░░░░░░"},
	} {
		if got := bar(c.n, c.total); got != c.want {
			t.Errorf("%d of %d is %s, want %s", c.n, c.total, got, c.want)
		}
	}
}
