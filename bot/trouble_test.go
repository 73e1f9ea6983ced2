package bot

import (
	"context"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/go-telegram/bot/models"
	"github.com/google/go-cmp/cmp"

	"pingyi/bot/sandbox"
	"pingyi/survey"
)

// Whatever Telegram does to the redrawing, the answer stands, the press is answered, and pressing on
// works.
func TestTelegramInTrouble(t *testing.T) {
	t.Parallel()
	for what, fault := range map[string]sandbox.Fault{
		"short pause asked":     {Method: "editMessageText", Status: http.StatusTooManyRequests, RetryAfter: 1, Times: 1},
		"long pause asked":      {Method: "editMessageText", Status: http.StatusTooManyRequests, RetryAfter: 3600, Times: 1},
		"server fault":          {Method: "editMessageText", Status: http.StatusBadGateway, Times: 1},
		"answer lost":           {Method: "editMessageText", Drop: sandbox.DropAfter, Times: 1},
		"connection cut":        {Method: "editMessageText", Drop: sandbox.DropBefore, Times: 1},
		"toast lost":            {Method: "answerCallbackQuery", Drop: sandbox.DropAfter, Times: 1},
		"toast cut":             {Method: "answerCallbackQuery", Drop: sandbox.DropBefore, Times: 1},
		"toast refused":         {Method: "answerCallbackQuery", Status: http.StatusBadGateway, Times: 1},
		"own message stays":     {Method: "deleteMessage", Status: http.StatusInternalServerError, Times: 1},
		"pause asked for toast": {Method: "answerCallbackQuery", Status: http.StatusTooManyRequests, RetryAfter: 1, Times: 1},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			w := begun(t)
			cancel := w.box.Inject(fault)
			w.tap("大厅")
			cancel()
			if diff := cmp.Diff(map[int]string{1: "4", 3: "hall"}, w.answered()); diff != "" {
				t.Errorf("answers (-want +got):\n%s", diff)
			}
			if what == "long pause asked" { // nothing was redrawn: the person presses again
				w.tap("大厅")
			}
			w.tap("电话")
			w.tapKey("form.done")
			w.send("12")
			if !strings.Contains(w.last().Text, "推荐") {
				t.Errorf("after pressing on the message shows\n%s", w.last().Text)
			}
			if open := w.box.Unanswered(0); len(open) > 0 {
				t.Errorf("%d presses were never answered", len(open))
			}
		})
	}
}

// A command is answered although Telegram had a fault, and once.
func TestReplyAfterServerFault(t *testing.T) {
	t.Parallel()
	w := begun(t)
	before := len(w.box.Messages(resident))
	w.box.Inject(sandbox.Fault{Method: "sendMessage", Status: http.StatusBadGateway, Times: 1})
	w.send("/help")
	if got := len(w.box.Messages(resident)) - before; got != 2 {
		t.Errorf("there are %d messages more, want the command and its answer", got)
	}
}

// Somebody who blocked the bot in the middle is known to be out of reach.
func TestBlockedInTheMiddle(t *testing.T) {
	t.Parallel()
	w := begun(t)
	w.box.Inject(sandbox.Fault{Method: "editMessageText", Chat: resident, Status: http.StatusForbidden})
	w.tap("大厅")
	if w.personOf(resident).UnreachableAt == nil {
		t.Error("being out of reach was not noted")
	}
	if diff := cmp.Diff(map[int]string{1: "4", 3: "hall"}, w.answered()); diff != "" {
		t.Errorf("answers (-want +got):\n%s", diff)
	}
}

// An update that cannot be handled is set aside in the end, and its press is answered once even so.
func TestSetAsideAnswersThePress(t *testing.T) {
	t.Parallel()
	w := begun(t)
	w.dispatcher.cfg.Handle = func(context.Context, *models.Update) error { panic("on purpose") }
	before := len(w.box.Traffic("answerCallbackQuery"))
	message, data := w.button("大厅")
	act, err := w.box.Press(resident, message, data)
	w.must(err)
	w.settle()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	answer, err := w.box.WaitAnswer(ctx, act)
	w.must(err)
	if want := w.print.Say("toast.failed", nil); answer.Text != want {
		t.Errorf("answered %q, want %q", answer.Text, want)
	}
	if got := len(w.box.Traffic("answerCallbackQuery")) - before; got != 1 {
		t.Errorf("the press was answered %d times", got)
	}
	if strings.Contains(w.log.String(), "on purpose") {
		t.Error("the value of the panic stands in the log")
	}
}

// Nothing personal and no secret stands in the log, whatever goes wrong.
func TestLogsTellNothing(t *testing.T) {
	t.Parallel()
	w := begun(t)
	w.bot.log = slog.New(slog.NewTextHandler(w.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	w.box.Inject(sandbox.Fault{Method: "editMessageText", Drop: sandbox.DropBefore})
	w.box.Inject(sandbox.Fault{Method: "sendMessage", Status: http.StatusInternalServerError})
	w.tap("大厅")
	w.tap("电话")
	w.send("13800138000")
	w.send("/todo")
	log := w.log.String()
	if log == "" {
		t.Fatal("nothing was logged")
	}
	for _, secret := range []string{"hall", "phone", "王芳", "13800138000", "4242:test", "大厅", "a.1."} {
		if strings.Contains(log, secret) {
			t.Errorf("the log has %q:\n%s", secret, log)
		}
	}
}

// Commands and descriptions are set in every language, within Telegram's limits, and again at will.
func TestSetUp(t *testing.T) {
	t.Parallel()
	w := newWorld(t, survey.En)
	for range 2 {
		w.must(w.bot.SetUp(t.Context()))
	}
	check := func(person int64, lang survey.Lang, names []string) {
		t.Helper()
		var want []sandbox.Command
		for _, name := range names {
			want = append(want, sandbox.Command{
				Command: name, Description: w.bot.locales.Printer(lang).Say("command."+name, nil)})
		}
		if diff := cmp.Diff(want, w.box.Commands(person)); diff != "" {
			t.Errorf("commands of %d (-want +got):\n%s", person, diff)
		}
	}
	check(resident, survey.En, commands())
	w.as(resident)
	w.enrol()
	w.send("/language")
	w.tap("繁體中文")
	check(resident, survey.ZhHant, commands())
	w.as(boss)
	w.start("")
	w.send("/admin")
	check(boss, survey.En, append(organisersCommands(), commands()...))
}
