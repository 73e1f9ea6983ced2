package bot

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/go-telegram/bot/models"
)

// What is sent by the thousand is written as JSON by hand: encoding/json takes several times as long, and a
// good part of a press was spent in it.

// textParams are the parameters of a text that is sent or redrawn, as far as they are used. It is in
// Telegram's HTML and shows no previews of links.
type textParams struct {
	chat    int64
	message int // to redraw; 0: a new one
	text    markup
	protect bool
	buttons inlineKeyboard
	reply   models.ReplyMarkup // in place of the buttons; nil: none
}

// body is the parameters as Telegram takes them.
func (p *textParams) body() ([]byte, error) {
	b := append(make([]byte, 0, 1024), `{"chat_id":`...)
	b = strconv.AppendInt(b, p.chat, 10)
	if p.message != 0 {
		b = strconv.AppendInt(append(b, `,"message_id":`...), int64(p.message), 10)
	}
	b = quote(append(b, `,"text":`...), string(p.text))
	b = append(b, `,"parse_mode":"HTML","link_preview_options":{"is_disabled":true}`...)
	if p.protect {
		b = append(b, `,"protect_content":true`...)
	}
	b = append(b, `,"reply_markup":`...)
	if p.reply == nil {
		return append(p.buttons.write(b), '}'), nil
	}
	reply, err := json.Marshal(p.reply)
	if err != nil {
		return nil, fmt.Errorf("bot: keyboard of a message: %w", err)
	}
	return append(append(b, reply...), '}'), nil
}

// write appends the keyboard as JSON. Without rows it is an empty list, never null, which would be refused.
func (k inlineKeyboard) write(b []byte) []byte {
	b = append(b, `{"inline_keyboard":[`...)
	for i, row := range k {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, '[')
		for j, button := range row {
			if j > 0 {
				b = append(b, ',')
			}
			b = quote(append(b, `{"text":`...), button.Text)
			b = append(quote(append(b, `,"callback_data":`...), button.Data), '}')
		}
		b = append(b, ']')
	}
	return append(b, `]}`...)
}

// queryAnswer is the answer to the press of a button: a line shown over the chat, or nothing.
type queryAnswer struct{ query, text string }

// write appends the parameters as JSON, behind what stands in the object already.
func (a queryAnswer) write(b []byte) []byte {
	b = quote(append(b, `"callback_query_id":`...), a.query)
	if a.text != "" {
		b = quote(append(b, `,"text":`...), a.text)
	}
	return append(b, '}')
}

// quote appends a text as JSON.
func quote(b []byte, s string) []byte {
	if !utf8.ValidString(s) {
		s = strings.ToValidUTF8(s, string(utf8.RuneError))
	}
	b = append(b, '"')
	done := 0
	for i := range len(s) {
		c := s[i]
		if c >= ' ' && c != '"' && c != '\\' {
			continue
		}
		b = append(b, s[done:i]...)
		done = i + 1
		if c < ' ' {
			b = fmt.Appendf(b, `\u%04x`, c)
		} else {
			b = append(b, '\\', c)
		}
	}
	return append(append(b, s[done:]...), '"')
}
