package sandbox

import (
	"fmt"
	"regexp"
)

// newMessage checks what all kinds of sending share and returns the locked chat
// with the message begun.
func (s *Sandbox) newMessage(c *call, body Message) (*chat, Message, error) {
	m := body
	m.From, m.FromBot = s.bot.ID, true
	m.Protected, m.Silent = c.flag("protect_content"), c.flag("disable_notification")
	look, err := s.lookup(c)
	if err != nil {
		return nil, m, err
	}
	if err := s.replyMarkup(c, look, &m); err != nil {
		return nil, m, err
	}
	if c.has("message_effect_id") && (look.kind != kindPrivate || !digits.MatchString(c.str("message_effect_id"))) {
		return nil, m, badForm("EFFECT_ID_INVALID")
	}
	var reply struct {
		ID      int    `json:"message_id"`
		Chat    any    `json:"chat_id"`
		Without bool   `json:"allow_sending_without_reply"`
		Quote   string `json:"quote"`
	}
	if err := c.into("reply_parameters", &reply); err != nil {
		return nil, m, err
	}
	if name, has := c.leftover(); has {
		return nil, m, badForm("file " + quoted(name) + " is not referred to")
	}
	ch, err := s.target(c)
	if err != nil {
		return nil, m, err
	}
	if reply.ID != 0 {
		if _, ok := ch.find(reply.ID); ok {
			m.ReplyTo = reply.ID
		} else if !reply.Without {
			ch.mu.Unlock()
			return nil, m, badState("message to be replied not found")
		}
	}
	return ch, m, nil
}

var digits = regexp.MustCompile(`^[0-9]+$`)

// finish stores the message and answers with it.
func (s *Sandbox) finish(ch *chat, m Message) (any, error) {
	m = ch.add(s, m)
	return s.wire(ch, m), nil
}

// text reads a text and its formatting.
func (c *call) text(name, entities string, least, most int, what string) (string, []Entity, error) {
	var explicit []Entity
	if err := c.into(entities, &explicit); err != nil {
		return "", nil, err
	}
	text, ents, err := formatted(c.str(name), c.str("parse_mode"), explicit)
	if err != nil {
		return "", nil, err
	}
	switch n := utf16Len(text); {
	case n < least:
		return "", nil, badForm(what + " is empty")
	case n > most:
		return "", nil, badForm(fmt.Sprintf("%s is too long: %d UTF-16 units, allowed are %d", what, n, most))
	}
	return text, ents, nil
}

func (c *call) caption() (string, []Entity, error) {
	return c.text("caption", "caption_entities", 0, maxCaption, "message caption")
}

// preview reads link_preview_options: whether previews are off.
func (c *call) preview() (off bool, err error) {
	var o struct {
		Disabled bool   `json:"is_disabled"`
		URL      string `json:"url"`
		Small    bool   `json:"prefer_small_media"`
		Large    bool   `json:"prefer_large_media"`
	}
	if err := c.into("link_preview_options", &o); err != nil {
		return false, err
	}
	if o.Small && o.Large || o.URL != "" && !linkable(o.URL) {
		return false, badForm("link_preview_options contradict themselves or name no valid address")
	}
	return o.Disabled, nil
}

func (s *Sandbox) sendMessage(c *call) (any, error) {
	text, ents, err := c.text("text", "entities", 1, maxText, "message text")
	if err != nil {
		return nil, err
	}
	off, err := c.preview()
	if err != nil {
		return nil, err
	}
	ch, m, err := s.newMessage(c, Message{Text: text, Entities: ents, NoPreview: off})
	if err != nil {
		return nil, err
	}
	defer ch.mu.Unlock()
	return s.finish(ch, m)
}

func (s *Sandbox) sendPhoto(c *call) (any, error) {
	text, ents, err := c.caption()
	if err != nil {
		return nil, err
	}
	photo, err := s.incoming(c.params, "photo", c.str("photo"), true)
	if err != nil {
		return nil, err
	}
	ch, m, err := s.newMessage(c, Message{
		Photo: photo, Text: text, Entities: ents,
		Spoiler: c.flag("has_spoiler"), CaptionAbove: c.flag("show_caption_above_media"),
	})
	if err != nil {
		return nil, err
	}
	defer ch.mu.Unlock()
	return s.finish(ch, m)
}

func (s *Sandbox) sendDocument(c *call) (any, error) {
	text, ents, err := c.caption()
	if err != nil {
		return nil, err
	}
	if c.has("thumbnail") {
		if _, err := s.incoming(c.params, "thumbnail", c.str("thumbnail"), true); err != nil {
			return nil, err
		}
	}
	doc, err := s.incoming(c.params, "document", c.str("document"), false)
	if err != nil {
		return nil, err
	}
	ch, m, err := s.newMessage(c, Message{Document: doc, Text: text, Entities: ents})
	if err != nil {
		return nil, err
	}
	defer ch.mu.Unlock()
	return s.finish(ch, m)
}
