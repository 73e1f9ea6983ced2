package bot

import (
	"context"
	"fmt"

	tg "github.com/go-telegram/bot"
	"github.com/go-telegram/bot/models"

	"pingyi/bot/locales"
	"pingyi/survey"
)

// commands are those in everybody's menu, in order.
func commands() []string {
	return []string{"todo", "language", "help", "privacy", "notme", "stop", "forget"}
}

// organisersCommands come before them in the menu of somebody who runs rounds.
func organisersCommands() []string { return []string{"admin", "invite"} }

// SetUp tells Telegram the bot's commands and descriptions in every language. It may run on every
// start; an error is Telegram's and no reason not to serve.
func (b *Bot) SetUp(ctx context.Context) error {
	if err := b.setTexts(ctx, b.language, ""); err != nil {
		return err
	}
	if err := b.setTexts(ctx, b.chinese(), "zh"); err != nil {
		return err
	}
	return b.setTexts(ctx, survey.En, "en")
}

// chinese is the Chinese of the menu. Telegram knows languages by two letters, so there is one:
// simplified, or traditional where that is the project's own.
func (b *Bot) chinese() survey.Lang {
	if b.language == survey.ZhHant {
		return survey.ZhHant
	}
	return survey.ZhHans
}

// menuDiffers reports whether everybody's menu is not the person's: in another language, or without
// the commands of organisers.
func (t *turn) menuDiffers() bool {
	shown, ok := spoken(t.code)
	switch {
	case !ok:
		shown = t.language
	case shown != survey.En:
		shown = t.chinese()
	}
	return shown != t.lang || t.organises()
}

func (b *Bot) setTexts(ctx context.Context, lang survey.Lang, code string) error {
	say := b.locales.Printer(lang)
	steps := []func() error{
		func() error {
			_, err := b.client.SetMyCommands(ctx, &tg.SetMyCommandsParams{
				Commands: menu(say, commands()), Scope: &models.BotCommandScopeAllPrivateChats{}, LanguageCode: code})
			return err
		},
		func() error {
			_, err := b.client.SetMyDescription(ctx, &tg.SetMyDescriptionParams{
				Description: say.Say("command.about", locales.Args{}), LanguageCode: code})
			return err
		},
		func() error {
			_, err := b.client.SetMyShortDescription(ctx, &tg.SetMyShortDescriptionParams{
				ShortDescription: say.Say("command.short", locales.Args{}), LanguageCode: code})
			return err
		},
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return fmt.Errorf("bot: commands and descriptions: %w", err)
		}
	}
	return nil
}

// menu lists commands with what they do.
func menu(say *locales.Printer, names []string) []models.BotCommand {
	list := make([]models.BotCommand, 0, len(names))
	for _, name := range names {
		list = append(list, models.BotCommand{Command: name, Description: say.Say("command."+name, nil)})
	}
	return list
}

// ownMenu gives the person's chat a menu in the language they chose, which Telegram's own may not be:
// it knows one Chinese only. Organisers find their commands in it.
func (t *turn) ownMenu(ctx context.Context) {
	names := commands()
	if t.organises() {
		names = append(organisersCommands(), names...)
	}
	err := t.call(ctx, func() error {
		_, err := t.client.SetMyCommands(ctx, &tg.SetMyCommandsParams{
			Commands: menu(t.locales.Printer(t.lang), names), Scope: &models.BotCommandScopeChat{ChatID: t.user}})
		return err
	})
	t.note(ctx, "setMyCommands", err)
}
