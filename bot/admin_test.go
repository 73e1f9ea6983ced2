package bot

import (
	"encoding/csv"
	"io"
	"net/http"
	"strings"
	"testing"

	tg "github.com/go-telegram/bot"

	"pingyi/survey"
)

// An admin runs a round from the chat while a resident answers.
func TestAdminRunsARound(t *testing.T) {
	t.Parallel()
	w := newWorld(t, survey.ZhHans)
	w.open(residentsRound)
	w.as(resident)
	w.enrol()
	w.tapKey("form.begin")

	w.as(boss)
	w.start("")
	w.send("/admin")
	w.tap("🟢")
	w.tapKey("admin.refresh")
	w.tapKey("admin.pause")
	w.tapKey("admin.yes_pause")

	w.as(resident)
	w.tap("满意")
	w.send("为什么")

	w.as(boss)
	w.tapKey("admin.resume")
	w.tapKey("admin.yes_resume")
	w.tapKey("admin.extend")
	w.tap("延长 3 天")
	w.tapKey("admin.remind")
	w.tapKey("admin.yes_remind")

	w.as(resident)
	w.deliver()
	w.tapKey("form.continue")
	w.tap("满意")

	w.as(boss)
	w.tapKey("admin.close")
	w.tapKey("admin.no")
	w.tapKey("admin.close")
	w.tapKey("admin.yes_close")

	w.as(resident)
	w.deliver()
	w.golden("admin")
}

// What only admins may do is refused to everybody else, whatever callback data they send.
func TestAdminPressesNeedTheRole(t *testing.T) {
	t.Parallel()
	w := newWorld(t, survey.ZhHans)
	code := w.open(residentsRound)
	w.as(resident)
	w.enrol()
	round, err := w.store.Round(t.Context(), code)
	w.must(err)
	message := w.last().ID
	before := w.box.Messages(resident)
	for _, p := range everyPress() {
		if !strings.HasPrefix(string(p.verb), string(verbAdmin)) {
			continue
		}
		p.id, p.page, p.action, p.on = round.ID, 0, string(actionClose), true
		w.forge(message, p.String())
	}
	if got := len(w.box.Messages(resident)); got != len(before) {
		t.Errorf("there are %d messages after the presses, %d before", got, len(before))
	}
	if w.last().Text != before[len(before)-1].Text {
		t.Errorf("the message was redrawn:\n%s", w.last().Text)
	}
	after, err := w.store.Round(t.Context(), code)
	w.must(err)
	if after.State != survey.RoundOpen {
		t.Errorf("the round is %s", after.State)
	}
	w.send("/admin")
	if want := w.print.Say("fallback.command", nil); w.last().Text != want {
		t.Errorf("/admin answers %q, want %q", w.last().Text, want)
	}
}

// An admin hands out invites; a clerk joins by one, another account claims the same person, and the
// admin approves.
func TestInvitesAndRelinking(t *testing.T) {
	t.Parallel()
	w := newWorld(t, survey.ZhHans)
	w.as(boss)
	w.start("")
	w.send("/admin")
	w.tapKey("admin.link")
	w.send("/admin")
	w.tapKey("admin.invites")
	token := w.inviteToken("clerk")

	w.as(clerk)
	w.start(token)
	w.tapKey("people.agree")

	w.as(stranger)
	w.start("")
	w.start(token)
	w.tapKey("people.agree")

	w.as(boss)
	w.send("/invite")
	w.send("/invite clerk nobody")
	w.send("/invite clerk")
	_, again, _ := strings.Cut(w.last().Text, "?start=")
	w.as(stranger)
	w.start(again)
	w.tapKey("people.agree")
	w.as(boss)
	w.deliver()
	w.tapKey("admin.approve")
	w.tapKey("admin.back")
	w.tapKey("admin.relinks")
	w.as(stranger)
	w.deliver()
	w.as(clerk)
	w.send("/todo")

	w.start(strings.Repeat("x", 27))
	w.tapKey("people.agree")
	w.tokens = []string{token, again}
	w.golden("invites")
}

// inviteToken reads the table of invites that was sent last and returns somebody's token.
func (w *world) inviteToken(code string) string {
	w.t.Helper()
	file := w.last().Document
	if file == nil {
		w.t.Fatalf("no file was sent, but %q", w.last().Text)
	}
	found, err := w.bot.client.GetFile(w.t.Context(), &tg.GetFileParams{FileID: file.ID})
	w.must(err)
	request, err := http.NewRequestWithContext(w.t.Context(), http.MethodGet, w.bot.client.FileDownloadLink(found), nil)
	w.must(err)
	response, err := http.DefaultClient.Do(request)
	w.must(err)
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	w.must(err)
	rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(string(body), byteOrderMark))).ReadAll()
	w.must(err)
	for _, row := range rows {
		if row[0] == code {
			_, token, _ := strings.Cut(row[2], "?start=")
			return token
		}
	}
	w.t.Fatalf("no invite for %s in %v", code, rows)
	return ""
}
