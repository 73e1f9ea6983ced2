package sandbox

import (
	"encoding/json"
	"fmt"
	"regexp"
)

// Limits of keyboards. Telegram cuts inline keyboards down silently beyond the
// first three; the sandbox refuses them.
const (
	maxButtons   = 100
	maxPerRow    = 8
	maxMarkup    = 10_000 // bytes of JSON
	maxKeyRows   = 100
	maxKeys      = 300
	maxKeyPerRow = 12
	maxHint      = 64 // characters of what an empty input field shows
)

// inlineKeyboard reads and checks an InlineKeyboardMarkup; nil where absent.
func (s *Sandbox) inlineKeyboard(c *call, ch *chat) ([][]Button, error) {
	if !c.has("reply_markup") {
		return nil, nil
	}
	var in wireInline
	if err := c.into("reply_markup", &in); err != nil {
		return nil, err
	}
	if size := len(c.str("reply_markup")); size > maxMarkup {
		return nil, badForm(fmt.Sprintf("reply markup is too long: %d bytes, Telegram keeps about %d", size, maxMarkup))
	}
	total := 0
	var rows [][]Button
	for _, row := range in.Rows {
		if len(row) > maxPerRow {
			return nil, badForm(fmt.Sprintf("inline keyboard row of %d buttons: Telegram keeps %d", len(row), maxPerRow))
		}
		if total += len(row); total > maxButtons {
			return nil, badForm(fmt.Sprintf("inline keyboard of more than %d buttons", maxButtons))
		}
		var out []Button
		for _, wb := range row {
			b, err := inlineButton(wb, ch)
			if err != nil {
				return nil, err
			}
			out = append(out, b)
		}
		if len(out) > 0 {
			rows = append(rows, out)
		}
	}
	return rows, nil
}

var buttonStyles = map[string]bool{"": true, "danger": true, "success": true, "primary": true}

func inlineButton(w wireButton, ch *chat) (Button, error) {
	text, err := cleanText(w.Text)
	if err != nil {
		return Button{}, err
	}
	b := Button{Text: text, Style: w.Style}
	if blank(text) {
		return b, badForm("text buttons are unallowed in the inline keyboard: empty button text")
	}
	if !buttonStyles[w.Style] {
		return b, badForm("unknown button style " + quoted(w.Style))
	}
	if w.Copy != nil && w.Copy.Text == "" {
		w.Copy = nil // go-telegram/bot adds an empty one to every button; Telegram overlooks it
	}
	kinds := 0
	for _, set := range []bool{
		w.URL != "", w.Data != nil, w.WebApp != nil, w.Login != nil, w.Switch != nil, w.SwitchC != nil,
		w.SwitchP != nil, w.Copy != nil, w.Game != nil, w.Pay,
	} {
		if set {
			kinds++
		}
	}
	if kinds != 1 {
		return b, badForm(fmt.Sprintf("inline button %s must have exactly one action, it has %d", quoted(text), kinds))
	}
	return b, b.act(w, ch)
}

// act takes over and checks what pressing the button does.
func (b *Button) act(w wireButton, ch *chat) error {
	switch {
	case w.Data != nil:
		if n := len(*w.Data); n < 1 || n > maxCallbackData {
			return badForm(fmt.Sprintf("BUTTON_DATA_INVALID: callback_data of %d bytes, allowed are 1 to %d", n, maxCallbackData))
		}
		b.Data = *w.Data
	case w.URL != "":
		if !linkable(w.URL) {
			return badForm("BUTTON_URL_INVALID: inline keyboard button URL " + quoted(w.URL) + " is invalid")
		}
		b.URL = w.URL
	case w.WebApp != nil:
		if !httpsForm.MatchString(w.WebApp.URL) || ch.kind != kindPrivate {
			return badForm("BUTTON_TYPE_INVALID: a web app button needs an HTTPS address and a private chat")
		}
		b.WebApp = w.WebApp.URL
	case w.Copy != nil:
		if n := utf16Len(w.Copy.Text); n < 1 || n > 256 {
			return badForm("copy_text must have 1 to 256 characters")
		}
		b.Copy = w.Copy.Text
	case w.Login != nil:
		return badForm("BOT_DOMAIN_INVALID: the bot has no domain for login buttons")
	case w.Pay:
		return badForm("BUTTON_TYPE_INVALID: pay buttons belong to invoices")
	case w.Game != nil:
		return badForm("BUTTON_TYPE_INVALID: game buttons belong to games")
	default:
		return badForm("BUTTON_TYPE_INVALID: the bot has no inline mode")
	}
	return nil
}

var httpsForm = regexp.MustCompile(`^https://[^\s/]+`)

func blank(s string) bool {
	t, _ := trimText(s, nil)
	return t == ""
}

type wireKey struct {
	Text            string          `json:"text"`
	Style           string          `json:"style"`
	RequestContact  bool            `json:"request_contact"`
	RequestLocation bool            `json:"request_location"`
	RequestUsers    json.RawMessage `json:"request_users"`
	RequestChat     json.RawMessage `json:"request_chat"`
	RequestPoll     json.RawMessage `json:"request_poll"`
	WebApp          *wireURL        `json:"web_app"`
}

type wireReplyMarkup struct {
	Inline     *[][]wireButton `json:"inline_keyboard"`
	Keys       [][]wireKey     `json:"keyboard"`
	Remove     *bool           `json:"remove_keyboard"`
	Force      *bool           `json:"force_reply"`
	Persistent bool            `json:"is_persistent"`
	Resize     bool            `json:"resize_keyboard"`
	OneTime    bool            `json:"one_time_keyboard"`
	Hint       string          `json:"input_field_placeholder"`
}

// replyMarkup reads any kind of reply_markup for a new message.
func (s *Sandbox) replyMarkup(c *call, ch *chat, m *Message) error {
	if !c.has("reply_markup") {
		return nil
	}
	var in wireReplyMarkup
	if err := c.into("reply_markup", &in); err != nil {
		return err
	}
	if in.Inline != nil {
		var err error
		m.Inline, err = s.inlineKeyboard(c, ch)
		return err
	}
	if n := utf16Len(in.Hint); n > maxHint {
		return badForm("input_field_placeholder must have 1 to 64 characters")
	}
	kb := &ReplyKeyboard{Resize: in.Resize, OneTime: in.OneTime, Persistent: in.Persistent, Hint: in.Hint}
	m.Keyboard = kb
	switch {
	case in.Remove != nil:
		kb.Remove = true
		return mustBeTrue("remove_keyboard", *in.Remove)
	case in.Force != nil:
		kb.ForceReply = true
		return mustBeTrue("force_reply", *in.Force)
	}
	return kb.fill(in.Keys, ch)
}

func mustBeTrue(name string, v bool) error {
	if !v {
		return badForm(name + " must be true")
	}
	return nil
}

func (kb *ReplyKeyboard) fill(rows [][]wireKey, ch *chat) error {
	total := 0
	for _, row := range rows {
		if len(row) > maxKeyPerRow {
			return badForm(fmt.Sprintf("keyboard row of %d keys: Telegram keeps %d", len(row), maxKeyPerRow))
		}
		total += len(row)
		var out []Key
		for _, k := range row {
			key, err := replyKey(k, ch)
			if err != nil {
				return err
			}
			out = append(out, key)
		}
		if len(out) > 0 {
			kb.Rows = append(kb.Rows, out)
		}
	}
	if total == 0 || total > maxKeys || len(rows) > maxKeyRows {
		return badForm(fmt.Sprintf("reply keyboard of %d keys: it must have 1 to %d", total, maxKeys))
	}
	return nil
}

func replyKey(w wireKey, ch *chat) (Key, error) {
	text, err := cleanText(w.Text)
	if err != nil {
		return Key{}, err
	}
	k := Key{Text: text, RequestContact: w.RequestContact}
	if blank(text) {
		return k, badForm("keyboard button text must not be empty")
	}
	if !buttonStyles[w.Style] {
		return k, badForm("unknown button style " + quoted(w.Style))
	}
	kinds := 0
	for _, set := range []bool{w.RequestContact, w.RequestLocation, w.RequestUsers != nil, w.RequestChat != nil, w.RequestPoll != nil, w.WebApp != nil} {
		if set {
			kinds++
		}
	}
	if kinds > 1 {
		return k, badForm("keyboard button " + quoted(text) + " asks for more than one thing")
	}
	if kinds == 1 && ch.kind != kindPrivate {
		return k, badForm("phone number, location and the like can be requested in private chats only")
	}
	if w.WebApp != nil {
		if !httpsForm.MatchString(w.WebApp.URL) {
			return k, badForm("a web app button needs an HTTPS address")
		}
		k.WebApp = w.WebApp.URL
	}
	k.Other = kinds == 1 && !w.RequestContact && w.WebApp == nil
	return k, nil
}
