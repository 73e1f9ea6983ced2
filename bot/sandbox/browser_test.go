//go:build browser

package sandbox_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	tg "github.com/go-telegram/bot"
	"github.com/go-telegram/bot/models"
	"github.com/google/go-cmp/cmp"

	"pingyi/bot/sandbox"
)

// browser opens a Chromium page of the size; CHROMIUM names another binary than
// the one in the PATH. Chromium itself crashes at its start now and then where
// the machine is busy, so it is started up to three times.
func browser(t *testing.T, width, height int64) context.Context {
	t.Helper()
	opts := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-sync", true), chromedp.Flag("lang", "zh-CN"),
		chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-background-networking", true))
	if binary := os.Getenv("CHROMIUM"); binary != "" {
		opts = append(opts, chromedp.ExecPath(binary))
	}
	for attempt := 1; ; attempt++ {
		ctx, cancel := chromedp.NewExecAllocator(context.Background(), opts...)
		t.Cleanup(cancel)
		ctx, cancel = chromedp.NewContext(ctx)
		t.Cleanup(cancel)
		ctx, cancel = context.WithTimeout(ctx, 90*time.Second)
		t.Cleanup(cancel)
		err := chromedp.Do(ctx, chromedp.EmulateViewport(width, height))
		if err == nil {
			watch(t, ctx)
			return ctx
		}
		if attempt == 3 {
			t.Fatal(err)
		}
		t.Log(err)
	}
}

// watch fails the test where the page throws.
func watch(t *testing.T, ctx context.Context) {
	t.Helper()
	err := chromedp.Listen(ctx, func(ev any) {
		if e, is := ev.(*runtime.EventExceptionThrown); is {
			t.Errorf("the page failed: %+v", e.ExceptionDetails)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
}

// scripted is a bot that asks one question.
func scripted(t *testing.T) *world {
	t.Helper()
	w := newWorld(t, sandbox.Config{})
	b, err := tg.New(token, tg.WithServerURL(w.url), tg.WithNotAsyncHandlers(), tg.WithDefaultHandler(func(ctx context.Context, b *tg.Bot, u *models.Update) {
		switch {
		case u.CallbackQuery != nil:
			q := u.CallbackQuery
			_, err := b.AnswerCallbackQuery(ctx, &tg.AnswerCallbackQueryParams{CallbackQueryID: q.ID, Text: "已记下"})
			report(t, err)
			_, err = b.EditMessageText(ctx, &tg.EditMessageTextParams{ChatID: q.From.ID, MessageID: q.Message.Message.ID, Text: "<b>谢谢</b>，您选了满意。", ParseMode: models.ParseModeHTML})
			report(t, err)
		case u.Message != nil:
			_, err := b.SendMessage(ctx, &tg.SendMessageParams{
				ChatID: u.Message.Chat.ID, Text: "收到 " + u.Message.Text,
				ReplyMarkup: &models.InlineKeyboardMarkup{InlineKeyboard: [][]models.InlineKeyboardButton{{{Text: "满意", CallbackData: "q1:4"}}}},
			})
			report(t, err)
		}
	}))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); b.Start(ctx) }()
	t.Cleanup(func() { cancel(); <-done })
	return w
}

func TestBrowserPage(t *testing.T) {
	for _, size := range []struct{ width, height int64 }{{1280, 800}, {390, 844}} {
		t.Run(fmt.Sprint(size.width), func(t *testing.T) {
			w := scripted(t)
			ctx := browser(t, size.width, size.height)
			err := chromedp.Do(ctx,
				chromedp.Navigate(w.url),
				chromedp.Click(chromedp.CSS(`.person[data-id="12"] button`)),
				chromedp.Click(chromedp.CSS(`.composer .big`)),
				chromedp.Click(chromedp.CSS(`.msg.in .buttons button`)),
				chromedp.WaitVisible(chromedp.Search(`//article[contains(., "您选了满意")]//strong[text()="谢谢"]`)),
				chromedp.WaitVisible(chromedp.Search(`//div[@class="toast" and text()="已记下"]`)),
				chromedp.WaitNotPresent(chromedp.CSS(`.msg.in .buttons`)),
				chromedp.SendKeys(chromedp.CSS(`.composer textarea`), "你好 <b>&"),
				chromedp.Click(chromedp.CSS(`.composer .send`)),
				chromedp.WaitVisible(chromedp.Search(`//article[contains(., "收到 你好 <b>&")]`)),
				chromedp.Click(chromedp.CSS(`.traffic-switch`)),
				chromedp.Click(chromedp.CSS(`.exchange[data-method="editMessageText"] summary`)),
				chromedp.WaitVisible(chromedp.Search(`//pre[contains(., "parse_mode")]`)),
			)
			if err != nil {
				t.Fatal(err)
			}
			wide, err := chromedp.Run(ctx, chromedp.Evaluate[bool](`document.documentElement.scrollWidth > innerWidth`))
			if err != nil {
				t.Fatal(err)
			}
			if wide {
				t.Error("the page is wider than the screen")
			}
			last, _ := w.sb.Last(bob)
			if last.Text != "收到 你好 <b>&" {
				t.Errorf("the bot's last message: %q", last.Text)
			}
			if v := w.sb.Violations(); len(v) != 0 {
				t.Errorf("violations: %+v", v)
			}
		})
	}
}

// TestBrowserChat presses through what a chat offers besides buttons: formatted
// text, a link to the bot, the contact key, an alert, a file, three languages.
func TestBrowserChat(t *testing.T) {
	w := newWorld(t, sandbox.Config{})
	w.must("sendMessage", obj{"chat_id": ann, "parse_mode": "HTML", "text": `<b>a<i>b</i></b> <tg-spoiler>秘</tg-spoiler> &lt;img src=x onerror=alert(1)&gt; ` +
		`<blockquote expandable>1` + "\n2\n3\n4\n5" + `</blockquote><a href="https://t.me/pingyi_bot?start=deep-1">加入</a> مرحبا`}, nil)
	w.must("sendMessage", obj{"chat_id": ann, "text": "号码？", "reply_markup": obj{
		"one_time_keyboard": true, "keyboard": [][]obj{{{"text": "分享号码", "request_contact": true}}},
	}}, nil)
	id := w.say("问", "go")
	from := w.fresh()
	file := filepath.Join(t.TempDir(), "名单.csv")
	if err := os.WriteFile(file, []byte("a,b\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx := browser(t, 390, 844)
	err := chromedp.Do(ctx,
		chromedp.Navigate(w.url+"/#11"),
		chromedp.WaitVisible(chromedp.Search(`//strong[contains(., "a")]/em[text()="b"]`)),
		chromedp.WaitVisible(chromedp.Search(`//div[@class="text" and contains(., "<img src=x onerror=alert(1)>")]`)),
		chromedp.Click(chromedp.CSS(`.spoiler`)),
		chromedp.WaitVisible(chromedp.CSS(`.spoiler.shown`)),
		chromedp.Click(chromedp.CSS(`blockquote.fold`)),
		chromedp.WaitVisible(chromedp.CSS(`blockquote.fold.open`)),
		chromedp.Click(chromedp.Search(`//a[text()="加入"]`)),
		chromedp.WaitVisible(chromedp.Search(`//article[contains(., "/start deep-1")]`)),
		chromedp.Click(chromedp.Search(`//div[@class="keys"]//button[contains(., "分享号码")]`)),
		chromedp.Click(chromedp.CSS(`dialog .primary`)),
		chromedp.WaitVisible(chromedp.Search(`//article[contains(., "+8613800000011")]`)),
		chromedp.WaitNotPresent(chromedp.CSS(`.keys`)),
		chromedp.SetUploadFiles(chromedp.CSS(`input[type="file"]:not([accept])`), []string{file}),
		chromedp.WaitVisible(chromedp.CSS(`a.file[download="名单.csv"]`)),
		chromedp.Click(chromedp.CSS(fmt.Sprintf(`.msg[data-id="%d"] .buttons button`, id))),
		chromedp.WaitVisible(chromedp.CSS(`.buttons button.busy`)),
	)
	if err != nil {
		t.Fatal(err)
	}
	got := w.updates(from)
	if diff := cmp.Diff([]string{"/start deep-1", "", "", "pressed go"}, kinds(got)); diff != "" {
		t.Fatal(diff)
	}
	w.must("answerCallbackQuery", obj{"callback_query_id": got[3].Query.ID, "text": "请先完成上一题", "show_alert": true}, nil)
	err = chromedp.Do(ctx,
		chromedp.WaitVisible(chromedp.Search(`//dialog//div[text()="请先完成上一题"]`)),
		chromedp.Click(chromedp.CSS(`dialog .primary`)),
		chromedp.WaitNotPresent(chromedp.CSS(`.buttons button.busy`)),
		chromedp.Click(chromedp.CSS(`.back`)),
		chromedp.SetValue(chromedp.CSS(`.search input`), "Bob"),
		chromedp.WaitVisible(chromedp.CSS(`.person[data-id="12"]`)),
	)
	if err != nil {
		t.Fatal(err)
	}
	for _, language := range []struct{ tag, title string }{{"zh-Hant", "評議沙盒"}, {"en", "Pingyi sandbox"}, {"zh-Hans", "评议沙盒"}} {
		script := fmt.Sprintf(`{const s = document.querySelector(".lang"); s.value = %q; s.dispatchEvent(new Event("change"))}`, language.tag)
		if _, err := chromedp.Run(ctx, chromedp.Evaluate[any](script)); err != nil {
			t.Fatal(err)
		}
		if err := chromedp.Do(ctx, chromedp.WaitVisible(chromedp.Search(fmt.Sprintf(`//h1[contains(., %q)]`, language.title)))); err != nil {
			t.Fatalf("%s: %v", language.tag, err)
		}
	}
}
