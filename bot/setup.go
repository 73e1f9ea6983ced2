package bot

import (
	"context"
	"fmt"

	tg "github.com/go-telegram/bot"
	"github.com/go-telegram/bot/models"

	"pingyi/bot/locales"
	"pingyi/survey"
)

// commands are those in everybody's menu, in order. Admins know theirs from /help.
func commands() []string {
	return []string{"todo", "language", "help", "privacy", "notme", "stop", "forget"}
}

// SetUp tells Telegram the bot's commands and descriptions in every language. It may run on every
// start; an error is Telegram's and no reason not to serve.
func (b *Bot) SetUp(ctx context.Context) error {
	if err := b.setTexts(ctx, b.language, ""); err != nil {
		return err
	}
	// Telegram knows languages by two letters, so Chinese has one entry: simplified, or traditional
	// where that is the project's own.
	chinese := survey.ZhHans
	if b.language == survey.ZhHant {
		chinese = survey.ZhHant
	}
	if err := b.setTexts(ctx, chinese, "zh"); err != nil {
		return err
	}
	return b.setTexts(ctx, survey.En, "en")
}

func (b *Bot) setTexts(ctx context.Context, lang survey.Lang, code string) error {
	say := b.locales.Printer(lang)
	list := make([]models.BotCommand, 0, len(commands()))
	for _, name := range commands() {
		list = append(list, models.BotCommand{Command: name, Description: say.Say("command."+name, nil)})
	}
	steps := []func() error{
		func() error {
			_, err := b.client.SetMyCommands(ctx, &tg.SetMyCommandsParams{
				Commands: list, Scope: &models.BotCommandScopeAllPrivateChats{}, LanguageCode: code})
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
