package bot

import (
	"sync/atomic"
	"testing"

	"github.com/go-telegram/bot/models"

	"pingyi/survey"
)

// BenchmarkPress is one press of an answer, from the update to the redrawn message: reading the form,
// the commit, and both calls to a Bot API server in this process.
func BenchmarkPress(b *testing.B) {
	w := newWorld(b, survey.ZhHans)
	w.open(residentsRound)
	w.as(resident)
	w.enrol()
	w.tapKey("form.begin")
	message, data := w.button("满意")
	p, err := parsePress(data)
	w.must(err)
	var id atomic.Int64
	b.ReportAllocs()
	for b.Loop() {
		n := id.Add(1)
		p.pick.n = n % 5
		err := w.bot.Handle(b.Context(), &models.Update{ID: 1<<40 + n, CallbackQuery: &models.CallbackQuery{
			ID: "1", From: models.User{ID: resident, LanguageCode: "zh-hans"}, Data: p.String(),
			Message: models.MaybeInaccessibleMessage{
				Type:    models.MaybeInaccessibleMessageTypeMessage,
				Message: &models.Message{ID: message, Date: 1, Chat: models.Chat{ID: resident, Type: models.ChatTypePrivate}},
			},
		}})
		w.must(err)
	}
}
