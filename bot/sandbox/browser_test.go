//go:build browser

package sandbox_test

import (
	"context"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	tg "github.com/go-telegram/bot"
	"github.com/go-telegram/bot/models"

	"pingyi/bot/sandbox"
)

// browser opens a Chromium page of the size; CHROMIUM names another binary than
// the one in the PATH.
func browser(t *testing.T, width, height int64) context.Context {
	t.Helper()
	opts := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-sync", true), chromedp.Flag("lang", "zh-CN"),
		chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-background-networking", true))
	if binary := os.Getenv("CHROMIUM"); binary != "" {
		opts = append(opts, chromedp.ExecPath(binary))
	}
	ctx, cancel := chromedp.NewExecAllocator(context.Background(), opts...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	ctx, cancel = context.WithTimeout(ctx, 90*time.Second)
	t.Cleanup(cancel)
	err := chromedp.Listen(ctx, func(ev any) {
		if e, is := ev.(*runtime.EventExceptionThrown); is {
			t.Errorf("the page failed: %+v", e.ExceptionDetails)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := chromedp.Do(ctx, chromedp.EmulateViewport(width, height)); err != nil {
		t.Fatal(err)
	}
	return ctx
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
