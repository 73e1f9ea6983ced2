package bot

import (
	"encoding/json"
	"errors"
	"fmt"

	fastjson "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/go-telegram/bot/models"
)

// buttonUpdate is an update as far as it is a press and anything looks at it. Most updates are presses, and
// what comes with them, the message with all its buttons, is many times as long. Its decoder is stricter
// than the library's, which gets what this one refuses.
type buttonUpdate struct {
	ID    int64        `json:"update_id"`
	Query *buttonQuery `json:"callback_query"`
}

type buttonQuery struct {
	ID   string `json:"id"`
	From struct {
		ID       int64  `json:"id"`
		Language string `json:"language_code"`
	} `json:"from"`
	Data    string `json:"data"`
	Message *struct {
		ID   int `json:"message_id"`
		Date int `json:"date"` // 0: it is too old to be accessible
		Chat struct {
			ID int64 `json:"id"`
		} `json:"chat"`
	} `json:"message"`
}

// decode reads an update; where only its id is legible, that much is returned beside the error.
func decode(raw []byte) (*models.Update, error) {
	var p buttonUpdate
	if err := fastjson.Unmarshal(raw, &p, jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true)); err == nil && p.Query != nil {
		return p.update(), nil
	}
	var u models.Update
	if err := json.Unmarshal(raw, &u); err == nil {
		return &u, nil
	}
	var id struct {
		ID int64 `json:"update_id"`
	}
	if err := json.Unmarshal(raw, &id); err != nil {
		return nil, errors.New("bot: update without an id")
	}
	return &models.Update{ID: id.ID}, fmt.Errorf("bot: update %d cannot be read", id.ID)
}

// update is the press as the library has it.
func (p *buttonUpdate) update() *models.Update {
	from := models.User{ID: p.Query.From.ID, LanguageCode: p.Query.From.Language}
	q := &models.CallbackQuery{ID: p.Query.ID, From: from, Data: p.Query.Data}
	if m := p.Query.Message; m != nil { // as the library's smaller kind, which has all that is wanted
		q.Message.Type = models.MaybeInaccessibleMessageTypeInaccessibleMessage
		q.Message.InaccessibleMessage = &models.InaccessibleMessage{MessageID: m.ID, Date: m.Date, Chat: models.Chat{ID: m.Chat.ID}}
	}
	return &models.Update{ID: p.ID, CallbackQuery: q}
}

// pressedOn returns the chat and the message of a press; false where the message cannot be reached any
// more, which shows by its date.
func pressedOn(q *models.CallbackQuery) (chat int64, message int, ok bool) {
	if m := q.Message.Message; m != nil {
		return m.Chat.ID, m.ID, true
	}
	if m := q.Message.InaccessibleMessage; m != nil && m.Date != 0 {
		return m.Chat.ID, m.MessageID, true
	}
	return 0, 0, false
}
