package bot

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-telegram/bot/models"

	"pingyi/bot/locales"
	"pingyi/storage"
	"pingyi/survey"
)

// Config is what a Bot needs. All fields are required unless they say otherwise.
type Config struct {
	Client   *Client
	Store    *storage.Store
	Sessions *storage.Sessions
	Limiter  *storage.Limiter
	Locales  *locales.Bundle
	Log      *slog.Logger
	// Username of the bot without @, for links and for commands addressed to it.
	Username string
	// Language is spoken to people who have none and whose Telegram has none of ours, as long as the
	// project does not say.
	Language survey.Lang
	// Now is the clock; nil: time.Now.
	Now func() time.Time
}

// Bot is the conversation: it handles updates and renders what is to be delivered. It is safe for
// concurrent use, as long as the updates of one person are handled one after the other.
type Bot struct {
	client   *Client
	store    *storage.Store
	sessions *storage.Sessions
	floods   *floods
	drawings *drawings
	locales  *locales.Bundle
	log      *slog.Logger
	username string
	language survey.Lang
	clock    func() time.Time
	unpaced  atomic.Int64 // new messages sent as replies, since the sender took note of them

	mu      sync.Mutex // guards project, read
	project survey.Project
	read    time.Time
}

// New returns a Bot. It calls neither Telegram nor the stores.
func New(cfg Config) *Bot {
	b := &Bot{
		client: cfg.Client, store: cfg.Store, sessions: cfg.Sessions, floods: &floods{limiter: cfg.Limiter}, drawings: newDrawings(), locales: cfg.Locales, log: cfg.Log,
		username: cfg.Username, language: cfg.Language, clock: cfg.Now,
	}
	if b.clock == nil {
		b.clock = time.Now
	}
	if !b.language.Known() {
		b.language = survey.ZhHans
	}
	return b
}

// projectLife is how long the project's settings are used before they are read again.
const projectLife = 10 * time.Second

// settings returns the project's settings, a few seconds old at most; before anything was applied
// they are empty.
func (b *Bot) settings(ctx context.Context) (survey.Project, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.clock()
	if age := now.Sub(b.read); age >= 0 && age < projectLife {
		return b.project, nil
	}
	p, err := b.store.Project(ctx)
	if err != nil && !errors.Is(err, survey.ErrNotFound) {
		return survey.Project{}, fmt.Errorf("bot: %w", err)
	}
	b.project, b.read = p, now
	return p, nil
}

// Handle does one update: it returns nil once its effects are committed and the replies have been
// attempted or, where a message is only redrawn, will be soon (see Drain), and an error where it has to
// come again. The updates of one person must not be handled at the same time.
func (b *Bot) Handle(ctx context.Context, u *models.Update) error {
	if u.CallbackQuery != nil {
		return b.pressed(ctx, u)
	}
	b.drawings.wait(ctx, sender(u))
	switch {
	case u.ChannelPost != nil:
		return b.leave(ctx, u.ChannelPost.Chat.ID)
	case u.MyChatMember != nil:
		return b.member(ctx, u)
	case u.Message != nil && u.Message.Chat.Type != models.ChatTypePrivate:
		return b.inGroup(ctx, u.Message)
	case u.Message != nil && u.Message.From != nil:
		return b.messaged(ctx, u)
	case u.EditedMessage != nil && u.EditedMessage.Chat.Type == models.ChatTypePrivate && u.EditedMessage.From != nil:
		return b.edited(ctx, u)
	}
	return nil
}

// turn begins to handle an update of a person.
func (b *Bot) turn(ctx context.Context, u *models.Update, from *models.User) (*turn, error) {
	person, err := b.store.PersonByTelegram(ctx, from.ID)
	if err != nil && !errors.Is(err, survey.ErrNotFound) {
		return nil, fmt.Errorf("bot: update %d: %w", u.ID, err)
	}
	return b.turnOf(ctx, u, from, person)
}

// turnOf begins to handle an update of somebody; the person is zero where the account is nobody's.
func (b *Bot) turnOf(ctx context.Context, u *models.Update, from *models.User, person storage.Person) (*turn, error) {
	t := &turn{Bot: b, now: b.clock(), update: int64(u.ID), user: from.ID, code: from.LanguageCode, person: person}
	var err error
	lang := person.Language
	if !t.known() {
		lang = t.recall(ctx).Language
	}
	if !lang.Known() {
		if lang, err = b.languageOf(ctx, from.LanguageCode); err != nil {
			return nil, err
		}
	}
	t.speak(lang)
	return t, nil
}

// speak sets the language of the turn.
func (t *turn) speak(lang survey.Lang) {
	t.words = t.wordsIn(lang, t.now)
}

// wordsIn returns the words of a language on the given day.
func (b *Bot) wordsIn(lang survey.Lang, now time.Time) words {
	return words{lang: lang, say: b.locales.Printer(lang).Say, zone: b.store.Zone(), today: now}
}

// languageOf maps the language of somebody's Telegram to one of ours; where there is none, the
// project's.
func (b *Bot) languageOf(ctx context.Context, code string) (survey.Lang, error) {
	if lang, ok := spoken(code); ok {
		return lang, nil
	}
	p, err := b.settings(ctx)
	if err != nil {
		return "", err
	}
	if p.Language.Known() {
		return p.Language, nil
	}
	return b.language, nil
}

// spoken maps a language tag to a language of ours; false where there is none. Chinese goes by its
// script, else by the regions that write in traditional characters.
func spoken(code string) (survey.Lang, bool) {
	parts := strings.FieldsFunc(strings.ToLower(code), func(r rune) bool { return r == '-' || r == '_' })
	if len(parts) == 0 {
		return "", false
	}
	switch parts[0] {
	case "en":
		return survey.En, true
	case "zh":
	default:
		return "", false
	}
	for _, p := range parts[1:] {
		switch p {
		case "hans":
			return survey.ZhHans, true
		case "hant", "tw", "hk", "mo":
			return survey.ZhHant, true
		}
	}
	return survey.ZhHans, true
}

// pressed does a press of a button. The query is answered in any case, on its way or at the end;
// where the update has to come again, by the attempt that succeeds or when it is set aside.
func (b *Bot) pressed(ctx context.Context, u *models.Update) error {
	query := u.CallbackQuery
	p, ours := parsePress(query.Data)
	t, err := b.turnTo(ctx, u, p)
	if err != nil {
		return err
	}
	t.query = query.ID
	if chat, message, ok := pressedOn(query); ok {
		if chat != query.From.ID {
			t.ack(ctx, t.plain("toast.forged", nil)) // our buttons stand in private chats only
			return nil
		}
		t.message = message
	}
	if err = ours; err == nil {
		err = t.press(ctx, p)
	}
	if err != nil {
		return t.refuse(ctx, err)
	}
	t.ack(ctx, "")
	return nil
}

// turnTo begins to handle a press. One on a request finds the request read together with the person.
func (b *Bot) turnTo(ctx context.Context, u *models.Update, p press) (*turn, error) {
	from := &u.CallbackQuery.From
	if p.request == 0 {
		return b.turn(ctx, u, from)
	}
	answers := 0
	if p.answers() {
		answers = p.item
	}
	read, err := b.store.Pressed(ctx, b.clock(), from.ID, p.request, answers)
	if err != nil && !errors.Is(err, survey.ErrNotFound) {
		return nil, fmt.Errorf("bot: update %d: %w", u.ID, err)
	}
	t, err := b.turnOf(ctx, u, from, read.Person)
	if err == nil && t.known() {
		t.read = &read
	}
	return t, err
}

// press routes a press by its verb.
func (t *turn) press(ctx context.Context, p press) error {
	if p.verb == verbNothing {
		return nil
	}
	if !p.onForm() {
		t.drawings.wait(ctx, t.user)
	}
	if p.verb == verbTodo {
		return t.todo(ctx, p.page)
	}
	if strings.HasPrefix(string(p.verb), string(verbAdmin)) {
		return t.pressAdmin(ctx, p)
	}
	if strings.HasPrefix(string(p.verb), "p") {
		return t.pressPeople(ctx, p)
	}
	if !t.known() {
		return errForged
	}
	return t.pressForm(ctx, p)
}

// forgetSettings makes the settings be read anew: somebody met a change.
func (b *Bot) forgetSettings() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.read = time.Time{}
}
