package sandbox

import "encoding/json"

// User is a user or bot in the Bot API's form.
type User struct {
	ID        int64  `json:"id"`
	IsBot     bool   `json:"is_bot"`
	FirstName string `json:"first_name"`
	LastName  string `json:"last_name,omitempty"`
	Username  string `json:"username,omitempty"`
	Language  string `json:"language_code,omitempty"`
}

type wireChat struct {
	ID        int64  `json:"id"`
	Type      string `json:"type"`
	Title     string `json:"title,omitempty"`
	Username  string `json:"username,omitempty"`
	FirstName string `json:"first_name,omitempty"`
	LastName  string `json:"last_name,omitempty"`
}

type wireMessage struct {
	ID              int              `json:"message_id"`
	From            *User            `json:"from,omitempty"`
	SenderChat      *wireChat        `json:"sender_chat,omitempty"`
	Chat            wireChat         `json:"chat"`
	Date            int64            `json:"date"`
	EditDate        int64            `json:"edit_date,omitempty"`
	ReplyTo         *wireMessage     `json:"reply_to_message,omitempty"`
	Text            string           `json:"text,omitempty"`
	Entities        []Entity         `json:"entities,omitempty"`
	Caption         string           `json:"caption,omitempty"`
	CaptionEntities []Entity         `json:"caption_entities,omitempty"`
	Photo           []wireFile       `json:"photo,omitempty"`
	Document        *wireFile        `json:"document,omitempty"`
	Sticker         *wireSticker     `json:"sticker,omitempty"`
	Contact         *wireContact     `json:"contact,omitempty"`
	Pinned          *wireMessage     `json:"pinned_message,omitempty"`
	NewMembers      []User           `json:"new_chat_members,omitempty"`
	Protected       bool             `json:"has_protected_content,omitempty"`
	Spoiler         bool             `json:"has_media_spoiler,omitempty"`
	CaptionAbove    bool             `json:"show_caption_above_media,omitempty"`
	Preview         *wireLinkPreview `json:"link_preview_options,omitempty"`
	Markup          *wireInline      `json:"reply_markup,omitempty"`
}

type wireFile struct {
	ID     string `json:"file_id"`
	Unique string `json:"file_unique_id"`
	Width  int    `json:"width,omitempty"`
	Height int    `json:"height,omitempty"`
	Size   int    `json:"file_size,omitempty"`
	Name   string `json:"file_name,omitempty"`
	MIME   string `json:"mime_type,omitempty"`
	Path   string `json:"file_path,omitempty"`
}

type wireSticker struct {
	ID         string `json:"file_id"`
	Unique     string `json:"file_unique_id"`
	Type       string `json:"type"`
	Width      int    `json:"width"`
	Height     int    `json:"height"`
	IsAnimated bool   `json:"is_animated"`
	IsVideo    bool   `json:"is_video"`
	Emoji      string `json:"emoji,omitempty"`
	Size       int    `json:"file_size,omitempty"`
}

type wireContact struct {
	Phone  string `json:"phone_number"`
	First  string `json:"first_name"`
	Last   string `json:"last_name,omitempty"`
	UserID int64  `json:"user_id,omitempty"`
}

type wireLinkPreview struct {
	Disabled bool `json:"is_disabled"`
}

type wireInline struct {
	Rows [][]wireButton `json:"inline_keyboard"`
}

// wireButton is an inline button as a request brings it and an answer shows it.
type wireButton struct {
	Text    string          `json:"text"`
	Icon    string          `json:"icon_custom_emoji_id,omitempty"`
	Style   string          `json:"style,omitempty"`
	URL     string          `json:"url,omitempty"`
	Data    *string         `json:"callback_data,omitempty"`
	WebApp  *wireURL        `json:"web_app,omitempty"`
	Login   *wireURL        `json:"login_url,omitempty"`
	Switch  *string         `json:"switch_inline_query,omitempty"`
	SwitchC *string         `json:"switch_inline_query_current_chat,omitempty"`
	SwitchP json.RawMessage `json:"switch_inline_query_chosen_chat,omitempty"`
	Copy    *wireCopy       `json:"copy_text,omitempty"`
	Game    json.RawMessage `json:"callback_game,omitempty"`
	Pay     bool            `json:"pay,omitempty"`
}

type wireURL struct {
	URL string `json:"url"`
}

type wireCopy struct {
	Text string `json:"text"`
}

type wireCallback struct {
	ID       string `json:"id"`
	From     User   `json:"from"`
	Message  any    `json:"message,omitempty"`
	Instance string `json:"chat_instance"`
	Data     string `json:"data"`
}

type wireInaccessible struct {
	Chat wireChat `json:"chat"`
	ID   int      `json:"message_id"`
	Date int64    `json:"date"`
}

type wireMember struct {
	Status string `json:"status"`
	User   User   `json:"user"`
	Until  *int64 `json:"until_date,omitempty"`
}

type wireMemberUpdate struct {
	Chat wireChat   `json:"chat"`
	From User       `json:"from"`
	Date int64      `json:"date"`
	Old  wireMember `json:"old_chat_member"`
	New  wireMember `json:"new_chat_member"`
}

// wire is the message in the Bot API's form. The caller holds c.mu, or c is nil
// safe because only immutable parts are read.
func (s *Sandbox) wire(c *chat, m Message) *wireMessage {
	w := s.wireShallow(c, m)
	if m.ReplyTo != 0 && m.Service == "" {
		if r, ok := c.find(m.ReplyTo); ok {
			w.ReplyTo = s.wireShallow(c, r)
		}
	}
	if m.Service == servicePinned {
		if r, ok := c.find(m.ReplyTo); ok {
			w.Pinned = s.wireShallow(c, r)
		}
	}
	return w
}

func (s *Sandbox) wireShallow(c *chat, m Message) *wireMessage {
	w := &wireMessage{
		ID: m.ID, Chat: c.wire(), Date: m.Date, EditDate: m.Edited,
		Protected: m.Protected, Spoiler: m.Spoiler, CaptionAbove: m.CaptionAbove,
	}
	if c.kind == kindChannel {
		sender := c.wire()
		w.SenderChat = &sender
	} else {
		from := s.user(m.From)
		w.From = &from
	}
	if m.media() != nil {
		w.Caption, w.CaptionEntities = m.Text, m.Entities
	} else {
		w.Text, w.Entities = m.Text, m.Entities
	}
	s.wireMedia(w, m)
	if m.NoPreview {
		w.Preview = &wireLinkPreview{Disabled: true}
	}
	if len(m.Inline) > 0 {
		w.Markup = wireMarkup(m.Inline)
	}
	return w
}

func (s *Sandbox) wireMedia(w *wireMessage, m Message) {
	switch {
	case m.Photo != nil:
		w.Photo = []wireFile{{ID: m.Photo.ID, Unique: m.Photo.Unique, Width: m.Photo.Width, Height: m.Photo.Height, Size: m.Photo.Size}}
	case m.Document != nil:
		d := m.Document
		w.Document = &wireFile{ID: d.ID, Unique: d.Unique, Size: d.Size, Name: d.Name, MIME: d.MIME}
	case m.Sticker != nil:
		k := m.Sticker
		w.Sticker = &wireSticker{ID: k.ID, Unique: k.Unique, Type: "regular", Width: 512, Height: 512, Emoji: k.Emoji, Size: k.Size}
	case m.Contact != nil:
		w.Contact = &wireContact{Phone: m.Contact.Phone, First: m.Contact.First, Last: m.Contact.Last, UserID: m.Contact.UserID}
	case m.Service == serviceJoined:
		w.NewMembers = []User{s.bot}
	}
}

func wireMarkup(rows [][]Button) *wireInline {
	out := &wireInline{Rows: make([][]wireButton, len(rows))}
	for i, row := range rows {
		for _, b := range row {
			wb := wireButton{Text: b.Text, URL: b.URL, Style: b.Style}
			switch {
			case b.Data != "":
				wb.Data = &b.Data
			case b.WebApp != "":
				wb.WebApp = &wireURL{b.WebApp}
			case b.Copy != "":
				wb.Copy = &wireCopy{b.Copy}
			}
			out.Rows[i] = append(out.Rows[i], wb)
		}
	}
	return out
}
