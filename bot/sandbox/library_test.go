package sandbox_test

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	tg "github.com/go-telegram/bot"
	"github.com/go-telegram/bot/models"

	"pingyi/bot/sandbox"
)

// answering is a bot that greets, edits its greeting when pressed, and answers
// every press.
func answering(t *testing.T) tg.HandlerFunc {
	return func(ctx context.Context, b *tg.Bot, u *models.Update) {
		switch {
		case u.Message != nil:
			_, err := b.SendMessage(ctx, &tg.SendMessageParams{
				ChatID: u.Message.Chat.ID, Text: "你好 <b>" + tg.EscapeMarkdown("A") + "</b>: " + u.Message.Text, ParseMode: models.ParseModeHTML,
				ReplyMarkup: &models.InlineKeyboardMarkup{InlineKeyboard: [][]models.InlineKeyboardButton{{{Text: "开始", CallbackData: "go"}}}},
			})
			report(t, err)
		case u.CallbackQuery != nil:
			q := u.CallbackQuery
			_, err := b.AnswerCallbackQuery(ctx, &tg.AnswerCallbackQueryParams{CallbackQueryID: q.ID, Text: "已记下"})
			report(t, err)
			_, err = b.EditMessageText(ctx, &tg.EditMessageTextParams{
				ChatID: q.From.ID, MessageID: q.Message.Message.ID, Text: "第 1 题",
			})
			report(t, err)
		}
	}
}

func report(t *testing.T, err error) {
	if err != nil && !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// talk has Ann start, press and see the edit.
func talk(t *testing.T, w *world) {
	t.Helper()
	ctx := within(t)
	act := ok[sandbox.Act](t)(w.sb.Start(ann, "abc"))
	m := ok[sandbox.Message](t)(w.sb.WaitFor(ctx, ann, act.After(sandbox.Contains("你好 A: /start abc"))))
	act = ok[sandbox.Act](t)(w.sb.Tap(ann, "开始"))
	if ans := ok[sandbox.Answer](t)(w.sb.WaitAnswer(ctx, act)); ans.Text != "已记下" || ans.Alert {
		t.Errorf("answer %+v", ans)
	}
	edited := ok[sandbox.Message](t)(w.sb.WaitFor(ctx, ann, act.After(sandbox.Contains("第 1 题"))))
	if edited.ID != m.ID || len(edited.Inline) != 0 {
		t.Errorf("edited message %+v", edited)
	}
	if err := w.sb.Settle(ctx); err != nil {
		t.Error(err)
	}
	if v := w.sb.Violations(); len(v) != 0 {
		t.Errorf("violations: %+v", v)
	}
	if left := w.sb.Unanswered(0); len(left) != 0 {
		t.Errorf("unanswered: %+v", left)
	}
}

func TestLibraryByPolling(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Config{})
	b, err := tg.New(token, tg.WithServerURL(w.url), tg.WithDefaultHandler(answering(t)), tg.WithNotAsyncHandlers(),
		tg.WithAllowedUpdates(tg.AllowedUpdates{"message", "callback_query"}))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); b.Start(ctx) }()
	defer func() { cancel(); <-done }()
	talk(t, w)
}

func TestLibraryByWebhook(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Config{})
	b, err := tg.New(token, tg.WithServerURL(w.url), tg.WithDefaultHandler(answering(t)), tg.WithNotAsyncHandlers(),
		tg.WithWebhookSecretToken("s3cret"))
	if err != nil {
		t.Fatal(err)
	}
	hook := httptest.NewServer(b.WebhookHandler())
	defer hook.Close()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); b.StartWebhook(ctx) }()
	defer func() { cancel(); <-done }()
	if _, err := b.SetWebhook(ctx, &tg.SetWebhookParams{URL: hook.URL, SecretToken: "s3cret", MaxConnections: 7}); err != nil {
		t.Fatal(err)
	}
	talk(t, w)
	info, err := b.GetWebhookInfo(ctx)
	if err != nil || info.URL != hook.URL || info.MaxConnections != 7 || info.PendingUpdateCount != 0 {
		t.Errorf("webhook info %+v, %v", info, err)
	}
}

// TestLibraryRequests sends everything a bot like ours sends, by the library's
// own encoding, and finds no fault with its form.
func TestLibraryRequests(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Config{})
	ctx := within(t)
	b, err := tg.New(token, tg.WithServerURL(w.url))
	if err != nil {
		t.Fatal(err)
	}
	kb := &models.InlineKeyboardMarkup{InlineKeyboard: [][]models.InlineKeyboardButton{}}
	doc, err := b.SendDocument(ctx, &tg.SendDocumentParams{
		ChatID: ann, Document: &models.InputFileUpload{Filename: "名单.csv", Data: strings.NewReader("a,b\n")}, Caption: "<i>x</i>", ParseMode: models.ParseModeHTML, ReplyMarkup: kb,
	})
	report(t, err)
	f, err := b.GetFile(ctx, &tg.GetFileParams{FileID: doc.Document.FileID})
	report(t, err)
	if got := download(t, b.FileDownloadLink(f)); got != "a,b\n" {
		t.Errorf("downloaded %q", got)
	}
	pic, err := b.SendPhoto(ctx, &tg.SendPhotoParams{ChatID: ann, Photo: &models.InputFileUpload{Filename: "p.png", Data: bytes.NewReader(picture(t, 40, 30))}})
	report(t, err)
	_, err = b.SendPhoto(ctx, &tg.SendPhotoParams{ChatID: ann, Photo: &models.InputFileString{Data: pic.Photo[0].FileID}, ProtectContent: true})
	report(t, err)
	_, err = b.EditMessageMedia(ctx, &tg.EditMessageMediaParams{ChatID: ann, MessageID: pic.ID, Media: &models.InputMediaPhoto{
		Media: "attach://new.png", MediaAttachment: bytes.NewReader(picture(t, 10, 10)), Caption: "new",
	}})
	report(t, err)
	_, err = b.EditMessageCaption(ctx, &tg.EditMessageCaptionParams{ChatID: ann, MessageID: pic.ID, Caption: "newer", ReplyMarkup: kb})
	report(t, err)
	off := true
	m, err := b.SendMessage(ctx, &tg.SendMessageParams{
		ChatID: ann, Text: "*粗* https://example.com", DisableNotification: true,
		LinkPreviewOptions: &models.LinkPreviewOptions{IsDisabled: &off},
		Entities:           []models.MessageEntity{{Type: models.MessageEntityTypeBold, Offset: 0, Length: 3}},
		ReplyParameters:    &models.ReplyParameters{MessageID: pic.ID},
		ReplyMarkup: &models.ReplyKeyboardMarkup{ResizeKeyboard: true, OneTimeKeyboard: true, Keyboard: [][]models.KeyboardButton{
			{{Text: "☎️", RequestContact: true}}, {{Text: "取消"}},
		}},
	})
	report(t, err)
	for _, call := range []func() (bool, error){
		func() (bool, error) {
			return b.SetMyCommands(ctx, &tg.SetMyCommandsParams{
				Commands: []models.BotCommand{{Command: "todo", Description: "待办"}}, LanguageCode: "zh", Scope: &models.BotCommandScopeAllPrivateChats{},
			})
		},
		func() (bool, error) {
			return b.SetMyDescription(ctx, &tg.SetMyDescriptionParams{Description: "评议", LanguageCode: "zh"})
		},
		func() (bool, error) {
			return b.SetMyShortDescription(ctx, &tg.SetMyShortDescriptionParams{ShortDescription: "评议"})
		},
		func() (bool, error) { return b.SetMyName(ctx, &tg.SetMyNameParams{Name: "评议"}) },
		func() (bool, error) {
			return b.SetChatMenuButton(ctx, &tg.SetChatMenuButtonParams{ChatID: ann, MenuButton: models.MenuButtonCommands{Type: "commands"}})
		},
		func() (bool, error) {
			return b.SendChatAction(ctx, &tg.SendChatActionParams{ChatID: ann, Action: models.ChatActionTyping})
		},
		func() (bool, error) {
			return b.PinChatMessage(ctx, &tg.PinChatMessageParams{ChatID: ann, MessageID: m.ID})
		},
		func() (bool, error) {
			return b.UnpinChatMessage(ctx, &tg.UnpinChatMessageParams{ChatID: ann, MessageID: m.ID})
		},
		func() (bool, error) {
			return b.SetMessageReaction(ctx, &tg.SetMessageReactionParams{ChatID: ann, MessageID: m.ID, Reaction: []models.ReactionType{
				{Type: models.ReactionTypeTypeEmoji, ReactionTypeEmoji: &models.ReactionTypeEmoji{Type: models.ReactionTypeTypeEmoji, Emoji: "👍"}},
			}})
		},
		func() (bool, error) {
			return b.DeleteMessages(ctx, &tg.DeleteMessagesParams{ChatID: ann, MessageIDs: []int{doc.ID, m.ID}})
		},
		func() (bool, error) {
			return b.DeleteMessage(ctx, &tg.DeleteMessageParams{ChatID: ann, MessageID: pic.ID})
		},
		func() (bool, error) {
			return b.DeleteWebhook(ctx, &tg.DeleteWebhookParams{DropPendingUpdates: true})
		},
	} {
		done, err := call()
		report(t, err)
		if !done {
			t.Error("the answer is not true")
		}
	}
	chat, err := b.GetChat(ctx, &tg.GetChatParams{ChatID: ann})
	if err != nil || chat.FirstName != "安" {
		t.Errorf("getChat: %+v, %v", chat, err)
	}
	if v := w.sb.Violations(); len(v) != 0 {
		t.Errorf("violations: %+v", v)
	}
}

// TestLibraryErrors checks that refusals arrive as the library's errors.
func TestLibraryErrors(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Config{})
	ctx := within(t)
	b, err := tg.New(token, tg.WithServerURL(w.url))
	if err != nil {
		t.Fatal(err)
	}
	_, err = b.SendMessage(ctx, &tg.SendMessageParams{ChatID: bob, Text: "x"})
	if !errors.Is(err, tg.ErrorForbidden) {
		t.Errorf("to one who never started: %v", err)
	}
	w.sb.Inject(sandbox.Fault{Status: http.StatusTooManyRequests, RetryAfter: 7, Times: 1})
	_, err = b.SendMessage(ctx, &tg.SendMessageParams{ChatID: ann, Text: "x"})
	var many *tg.TooManyRequestsError
	if !errors.As(err, &many) || many.RetryAfter != 7 {
		t.Errorf("storm: %v", err)
	}
	_, err = b.SendMessage(ctx, &tg.SendMessageParams{ChatID: ann, Text: "x", ReplyMarkup: models.InlineKeyboardMarkup{}})
	if !errors.Is(err, tg.ErrorBadRequest) || len(w.sb.Violations()) != 1 {
		t.Errorf("null keyboard: %v, %v", err, w.sb.Violations())
	}
	wrong, err := tg.New("4242:other", tg.WithServerURL(w.url), tg.WithCheckInitTimeout(time.Second))
	if !errors.Is(err, tg.ErrorUnauthorized) {
		t.Errorf("wrong token: %v %v", wrong, err)
	}
}

func download(t *testing.T, link string) string {
	t.Helper()
	req, err := http.NewRequestWithContext(within(t), http.MethodGet, link, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var buf bytes.Buffer
	if _, err := buf.ReadFrom(resp.Body); err != nil {
		t.Fatal(err)
	}
	return buf.String()
}
