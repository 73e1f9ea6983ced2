package sandbox

import (
	"strings"
	"time"
)

// Message is one message as it stands now, in a person's chat or in a group.
// Values handed out are copies; what their slices and pointers refer to must
// not be changed.
type Message struct {
	ID      int    `json:"id"`
	ChatID  int64  `json:"chat_id"`
	From    int64  `json:"from"`     // a person's id, or the bot's
	FromBot bool   `json:"from_bot"` // sent by the bot
	Date    int64  `json:"date"`     // Unix seconds
	Edited  int64  `json:"edited,omitempty"`
	Changed uint64 `json:"changed"` // position in the sandbox's order of changes, see [Sandbox.Mark]

	// Text is the message's text, or the caption of its photo or document,
	// with markup already taken out into Entities.
	Text     string   `json:"text"`
	Entities []Entity `json:"entities,omitempty"`

	Inline   [][]Button     `json:"inline,omitempty"`   // buttons below the message
	Keyboard *ReplyKeyboard `json:"keyboard,omitempty"` // keyboard the message brought or took away

	Photo    *File    `json:"photo,omitempty"`
	Document *File    `json:"document,omitempty"`
	Sticker  *File    `json:"sticker,omitempty"`
	Contact  *Contact `json:"contact,omitempty"`
	Service  string   `json:"service,omitempty"` // "pinned", "joined": a line about the chat

	ReplyTo      int    `json:"reply_to,omitempty"`
	Protected    bool   `json:"protected,omitempty"`     // protect_content
	Silent       bool   `json:"silent,omitempty"`        // disable_notification
	NoPreview    bool   `json:"no_preview,omitempty"`    // link previews off
	Spoiler      bool   `json:"spoiler,omitempty"`       // photo covered
	CaptionAbove bool   `json:"caption_above,omitempty"` // caption shown over the photo
	Reaction     string `json:"reaction,omitempty"`      // the bot's reaction

	inaccessible bool // presses name only chat and id
}

// Time is the date as a time.
func (m Message) Time() time.Time { return time.Unix(m.Date, 0) }

// Button finds the first inline button whose label contains the text.
func (m Message) Button(label string) (Button, bool) {
	for _, row := range m.Inline {
		for _, b := range row {
			if strings.Contains(b.Text, label) {
				return b, true
			}
		}
	}
	return Button{}, false
}

// Labels lists the labels of the inline buttons, rows in order.
func (m Message) Labels() [][]string {
	out := make([][]string, len(m.Inline))
	for i, row := range m.Inline {
		for _, b := range row {
			out[i] = append(out[i], b.Text)
		}
	}
	return out
}

// hasData tells whether a button of the message carries this callback data.
func (m Message) hasData(data string) bool {
	for _, row := range m.Inline {
		for _, b := range row {
			if b.Data == data && data != "" {
				return true
			}
		}
	}
	return false
}

// media is the file the message shows, if any.
func (m Message) media() *File {
	switch {
	case m.Photo != nil:
		return m.Photo
	case m.Document != nil:
		return m.Document
	}
	return m.Sticker
}

// Contains matches messages of the bot whose text contains s.
func Contains(s string) func(Message) bool {
	return func(m Message) bool { return m.FromBot && strings.Contains(m.Text, s) }
}

// HasButton matches messages of the bot with an inline button whose label
// contains s.
func HasButton(s string) func(Message) bool {
	return func(m Message) bool {
		_, ok := m.Button(s)
		return m.FromBot && ok
	}
}

// Entity is a formatted or clickable part of a text, in UTF-16 units, as in the
// Bot API.
type Entity struct {
	Type        string `json:"type"`
	Offset      int    `json:"offset"`
	Length      int    `json:"length"`
	URL         string `json:"url,omitempty"`
	User        *User  `json:"user,omitempty"`
	Language    string `json:"language,omitempty"`
	CustomEmoji string `json:"custom_emoji_id,omitempty"`
	UnixTime    int64  `json:"unix_time,omitempty"`
	TimeFormat  string `json:"date_time_format,omitempty"`
}

// Button is one inline button. Exactly one of Data, URL, WebApp and Copy is
// set, or Inline for the kinds of button that lead to inline mode.
type Button struct {
	Text   string `json:"text"`
	Data   string `json:"data,omitempty"`
	URL    string `json:"url,omitempty"`
	WebApp string `json:"web_app,omitempty"`
	Copy   string `json:"copy,omitempty"`
	Style  string `json:"style,omitempty"`
	Inline bool   `json:"inline,omitempty"`
}

// ReplyKeyboard is what a message did to the keyboard below the input field.
type ReplyKeyboard struct {
	Rows       [][]Key `json:"rows,omitempty"`
	Remove     bool    `json:"remove,omitempty"`
	ForceReply bool    `json:"force_reply,omitempty"`
	Resize     bool    `json:"resize,omitempty"`
	OneTime    bool    `json:"one_time,omitempty"`
	Persistent bool    `json:"persistent,omitempty"`
	Hint       string  `json:"hint,omitempty"`
}

// Key is one key of a reply keyboard: pressing it sends its text, or the
// person's own contact.
type Key struct {
	Text           string `json:"text"`
	RequestContact bool   `json:"request_contact,omitempty"`
	WebApp         string `json:"web_app,omitempty"`
	Other          bool   `json:"other,omitempty"` // asks for something the sandbox's people do not have
}

// File is a stored file as a message shows it.
type File struct {
	ID     string `json:"id"`
	Unique string `json:"unique"`
	Name   string `json:"name,omitempty"`
	MIME   string `json:"mime,omitempty"`
	Size   int    `json:"size"`
	Width  int    `json:"width,omitempty"`
	Height int    `json:"height,omitempty"`
	Emoji  string `json:"emoji,omitempty"` // stickers
}

// Contact is a shared phone number.
type Contact struct {
	Phone  string `json:"phone"`
	First  string `json:"first"`
	Last   string `json:"last,omitempty"`
	UserID int64  `json:"user_id,omitempty"`
}
