package sandbox

import "slices"

// editing finds the bot's own message to edit, its chat locked.
func (s *Sandbox) editing(c *call) (*chat, Message, error) {
	if !c.has("chat_id") || c.num("message_id") <= 0 {
		return nil, Message{}, badForm("message identifier is not specified")
	}
	ch, err := s.target(c)
	if err != nil {
		return nil, Message{}, err
	}
	m, ok := ch.find(int(c.num("message_id")))
	switch {
	case !ok:
		err = badState("message to edit not found")
	case !m.FromBot || m.Service != "":
		err = badState("message can't be edited")
	case m.Keyboard != nil:
		err = badState("message can't be edited: it brought a reply keyboard")
	}
	if err != nil {
		ch.mu.Unlock()
		return nil, Message{}, err
	}
	return ch, m, nil
}

// edited stores the new state, or says that it is the old one.
func (s *Sandbox) edited(ch *chat, old, m Message) (any, error) {
	if same(old, m) {
		return nil, badState("message is not modified: specified new message content and reply markup are exactly the same as a current content and reply markup of the message")
	}
	if !sameContent(old, m) {
		m.Edited = s.cfg.Now().Unix()
	}
	m = ch.replace(s, m, EventEdit)
	return s.wire(ch, m), nil
}

func same(a, b Message) bool {
	return sameContent(a, b) && slices.EqualFunc(a.Inline, b.Inline, slices.Equal[[]Button])
}

// sameContent compares what a message shows above its buttons.
func sameContent(a, b Message) bool {
	unique := func(m Message) string {
		if f := m.media(); f != nil {
			return f.Unique
		}
		return ""
	}
	return a.Text == b.Text && slices.EqualFunc(a.Entities, b.Entities, sameEntity) && unique(a) == unique(b) &&
		a.Spoiler == b.Spoiler && a.CaptionAbove == b.CaptionAbove && a.NoPreview == b.NoPreview
}

func sameEntity(a, b Entity) bool {
	if a.User != nil && b.User != nil {
		if a.User.ID != b.User.ID {
			return false
		}
		a.User, b.User = nil, nil
	}
	return a == b
}

// editShared checks the keyboard of an edit and that no file is left over.
func (s *Sandbox) editShared(c *call) ([][]Button, error) {
	if name, has := c.leftover(); has {
		return nil, badForm("file " + quoted(name) + " is not referred to")
	}
	if !c.has("chat_id") {
		return nil, badForm("message identifier is not specified")
	}
	look, err := s.lookup(c)
	if err != nil {
		return nil, err
	}
	return s.inlineKeyboard(c, look)
}

func (s *Sandbox) editMessageText(c *call) (any, error) {
	text, ents, err := c.text("text", "entities", 1, maxText, "message text")
	if err != nil {
		return nil, err
	}
	off, err := c.preview()
	if err != nil {
		return nil, err
	}
	rows, err := s.editShared(c)
	if err != nil {
		return nil, err
	}
	ch, old, err := s.editing(c)
	if err != nil {
		return nil, err
	}
	defer ch.mu.Unlock()
	if old.media() != nil || old.Contact != nil {
		return nil, badState("there is no text in the message to edit")
	}
	m := old
	m.Text, m.Entities, m.Inline, m.NoPreview = text, ents, rows, off
	return s.edited(ch, old, m)
}

func (s *Sandbox) editMessageCaption(c *call) (any, error) {
	text, ents, err := c.caption()
	if err != nil {
		return nil, err
	}
	rows, err := s.editShared(c)
	if err != nil {
		return nil, err
	}
	ch, old, err := s.editing(c)
	if err != nil {
		return nil, err
	}
	defer ch.mu.Unlock()
	if old.media() == nil {
		return nil, badState("there is no caption in the message to edit")
	}
	m := old
	m.Text, m.Entities, m.Inline, m.CaptionAbove = text, ents, rows, c.flag("show_caption_above_media")
	return s.edited(ch, old, m)
}

func (s *Sandbox) editMessageReplyMarkup(c *call) (any, error) {
	rows, err := s.editShared(c)
	if err != nil {
		return nil, err
	}
	ch, old, err := s.editing(c)
	if err != nil {
		return nil, err
	}
	defer ch.mu.Unlock()
	m := old
	m.Inline = rows
	return s.edited(ch, old, m)
}

func (s *Sandbox) editMessageMedia(c *call) (any, error) {
	var in struct {
		Type     string   `json:"type"`
		Media    string   `json:"media"`
		Thumb    string   `json:"thumbnail"`
		Caption  string   `json:"caption"`
		Mode     string   `json:"parse_mode"`
		Entities []Entity `json:"caption_entities"`
		Above    bool     `json:"show_caption_above_media"`
		Spoiler  bool     `json:"has_spoiler"`
	}
	if err := c.into("media", &in); err != nil {
		return nil, err
	}
	text, ents, err := formatted(in.Caption, in.Mode, in.Entities)
	if err != nil {
		return nil, err
	}
	if utf16Len(text) > maxCaption {
		return nil, badForm("message caption is too long")
	}
	if in.Thumb != "" {
		if _, err := s.incoming(c.params, "", in.Thumb, true); err != nil {
			return nil, err
		}
	}
	file, err := s.incoming(c.params, "", in.Media, in.Type == "photo")
	if err != nil {
		return nil, err
	}
	rows, err := s.editShared(c)
	if err != nil {
		return nil, err
	}
	ch, old, err := s.editing(c)
	if err != nil {
		return nil, err
	}
	defer ch.mu.Unlock()
	m := old
	m.Photo, m.Document, m.Sticker = nil, nil, nil
	if in.Type == "photo" {
		m.Photo = file
	} else {
		m.Document = file
	}
	m.Text, m.Entities, m.Inline, m.CaptionAbove, m.Spoiler = text, ents, rows, in.Above, in.Spoiler
	return s.edited(ch, old, m)
}

func (s *Sandbox) deleteMessage(c *call) (any, error) {
	ch, err := s.target(c)
	if err != nil {
		return nil, err
	}
	defer ch.mu.Unlock()
	return s.deleteOne(ch, int(c.num("message_id")))
}

// deletable is how long a message can be deleted by the bot, in seconds.
const deletable = 48 * 3600

func (s *Sandbox) deleteOne(ch *chat, id int) (any, error) {
	m, ok := ch.find(id)
	switch {
	case !ok:
		return nil, badState("message to delete not found")
	case s.cfg.Now().Unix()-m.Date > deletable, ch.kind != kindPrivate && !m.FromBot:
		return nil, badState("message can't be deleted")
	}
	ch.remove(s, id)
	return true, nil
}

func (s *Sandbox) deleteMessages(c *call) (any, error) {
	var ids []int
	if err := c.into("message_ids", &ids); err != nil {
		return nil, err
	}
	if len(ids) < 1 || len(ids) > 100 {
		return nil, badForm("message_ids must be 1 to 100")
	}
	ch, err := s.target(c)
	if err != nil {
		return nil, err
	}
	defer ch.mu.Unlock()
	for _, id := range ids {
		// Those that cannot be deleted are skipped, as documented.
		_, _ = s.deleteOne(ch, id)
	}
	return true, nil
}
