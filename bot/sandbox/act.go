package sandbox

import (
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"unicode/utf8"
)

var payloadForm = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Za-z0-9_-]{0,64}$`) })

// Start presses START, with the payload of a deep link or an empty one. A
// person who had blocked the bot unblocks it by that.
func (s *Sandbox) Start(person int64, payload string) (Act, error) {
	if !payloadForm().MatchString(payload) {
		return Act{}, ErrBadPayload
	}
	c, err := s.person(person)
	if err != nil {
		return Act{}, err
	}
	if err := s.Unblock(person); err != nil {
		return Act{}, err
	}
	text := strings.TrimSpace("/start " + payload)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.gone {
		return Act{}, fmt.Errorf("person %d is deactivated: %w", person, ErrBlocked)
	}
	if !c.started {
		c.started = true
		s.publish(c, Event{Kind: EventPerson})
	}
	return s.say(c, person, Message{Text: text}), nil
}

// OpenLink follows a link as the person: t.me/<bot>?start=<payload> starts the
// bot with the payload; any other link is refused, for there is nothing behind
// it here.
func (s *Sandbox) OpenLink(person int64, link string) (Act, error) {
	payload, ok := s.startPayload(link)
	if !ok {
		return Act{}, fmt.Errorf("not a link to this bot: %w", ErrBadInput)
	}
	return s.Start(person, payload)
}

// startPayload takes the payload from a deep link to this bot.
func (s *Sandbox) startPayload(link string) (string, bool) {
	if !strings.Contains(link, "://") {
		link = "https://" + link
	}
	u, err := url.Parse(link)
	if err != nil {
		return "", false
	}
	switch {
	case u.Scheme == "tg" && u.Host == "resolve":
		if !strings.EqualFold(u.Query().Get("domain"), s.cfg.Username) {
			return "", false
		}
	case (u.Scheme == "https" || u.Scheme == "http") && (u.Host == "t.me" || u.Host == "telegram.me"):
		if !strings.EqualFold(strings.Trim(u.Path, "/"), s.cfg.Username) {
			return "", false
		}
	default:
		return "", false
	}
	return u.Query().Get("start"), true
}

// Send writes a text to the bot. "/start" is allowed before the person has
// pressed START and counts as that.
func (s *Sandbox) Send(person int64, text string) (Act, error) {
	return s.SendIn(person, person, text, 0)
}

// Reply writes a text as the answer to a message of the chat.
func (s *Sandbox) Reply(person int64, message int, text string) (Act, error) {
	return s.SendIn(person, person, text, message)
}

// SendIn writes a text in a chat the person is a member of, as a reply where
// replyTo is not 0. In groups the bot sees what its privacy mode lets through:
// commands for it and replies to its messages. In a channel it is a post.
func (s *Sandbox) SendIn(person, chat int64, text string, replyTo int) (Act, error) {
	text = strings.TrimSpace(text)
	if text == "" || !utf8.ValidString(text) || utf16Len(text) > maxText {
		return Act{}, fmt.Errorf("a text has 1 to %d characters: %w", maxText, ErrBadInput)
	}
	if payload, is := startCommand(text); is && chat == person {
		return s.Start(person, payload)
	}
	return s.post(person, chat, Message{Text: text, ReplyTo: replyTo})
}

func startCommand(text string) (payload string, is bool) {
	rest, is := strings.CutPrefix(text, "/start")
	if !is || rest != "" && rest[0] != ' ' {
		return "", false
	}
	payload = strings.TrimSpace(rest)
	return payload, payloadForm().MatchString(payload)
}

// post lets a person put a message into a chat.
func (s *Sandbox) post(person, chat int64, m Message) (Act, error) {
	c, err := s.mayWrite(person, chat)
	if err != nil {
		return Act{}, err
	}
	defer c.mu.Unlock()
	if m.ReplyTo != 0 {
		if _, ok := c.find(m.ReplyTo); !ok {
			return Act{}, ErrUnknownMessage
		}
	}
	return s.say(c, person, m), nil
}

// mayWrite returns the locked chat when the person can write there.
func (s *Sandbox) mayWrite(person, chat int64) (*chat, error) {
	if _, err := s.person(person); err != nil {
		return nil, err
	}
	c, err := s.chat(chat)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	switch {
	case c.kind == kindPrivate && chat != person, c.kind != kindPrivate && !c.members[person]:
		err = fmt.Errorf("person %d is not in chat %d: %w", person, chat, ErrUnknownPerson)
	case c.kind == kindPrivate && !c.started:
		err = ErrNotStarted
	case c.blocked || c.gone:
		err = ErrBlocked
	}
	if err != nil {
		c.mu.Unlock()
		return nil, err
	}
	return c, nil
}

// say stores a person's message and tells the bot; the caller holds c.mu.
func (s *Sandbox) say(c *chat, person int64, m Message) Act {
	m.From = person
	if m.Text != "" && m.Entities == nil {
		m.Entities = detectEntities(m.Text, nil)
	}
	m = c.add(s, m)
	act := Act{Person: person, Chat: c.id, MessageID: m.ID, Mark: s.seq.Load()}
	if kind := s.postKind(c, m); kind != "" {
		s.enqueue(kind, c.id, person, s.wire(c, m))
	}
	return act
}

// postKind is the kind of update a new message makes, or "" when the bot's
// privacy mode hides it.
func (s *Sandbox) postKind(c *chat, m Message) string {
	switch {
	case c.kind == kindPrivate:
		return "message"
	case c.status == "left" || c.status == "kicked" || c.status == "":
		return ""
	case c.kind == kindChannel:
		return "channel_post"
	case s.meantForBot(c, m):
		return "message"
	}
	return ""
}

func (s *Sandbox) meantForBot(c *chat, m Message) bool {
	if r, ok := c.find(m.ReplyTo); ok && r.FromBot {
		return true
	}
	for _, e := range m.Entities {
		if e.Type != "bot_command" || e.Offset != 0 {
			continue
		}
		_, at, named := strings.Cut(sliceUTF16(m.Text, e.Offset, e.Length), "@")
		return !named || strings.EqualFold(at, s.cfg.Username)
	}
	return false
}

// ShareContact sends a phone number: one's own, as the request_contact key
// does, or another person's from the address book.
func (s *Sandbox) ShareContact(person, of int64) (Act, error) {
	o, err := s.person(of)
	if err != nil {
		return Act{}, err
	}
	p := o.who.Load()
	return s.SendContact(person, Contact{Phone: p.Phone, First: p.First, Last: p.Last, UserID: of})
}

// SendContact sends any contact card, with or without a user id.
func (s *Sandbox) SendContact(person int64, card Contact) (Act, error) {
	if card.Phone == "" || card.First == "" {
		return Act{}, fmt.Errorf("a contact needs a phone number and a first name: %w", ErrBadInput)
	}
	return s.post(person, person, Message{Contact: &card})
}

// SendFile sends a document.
func (s *Sandbox) SendFile(person int64, name string, content []byte, caption string) (Act, error) {
	f, err := s.files.put(name, "", content)
	if err != nil {
		return Act{}, fmt.Errorf("%w: %w", err, ErrBadInput)
	}
	return s.post(person, person, Message{Document: f, Text: caption})
}

// SendPhoto sends a picture (PNG, JPEG or GIF).
func (s *Sandbox) SendPhoto(person int64, content []byte, caption string) (Act, error) {
	f, err := s.files.putPhoto("photo", content)
	if err != nil {
		return Act{}, fmt.Errorf("%w: %w", err, ErrBadInput)
	}
	return s.post(person, person, Message{Photo: f, Text: caption})
}

// SendSticker sends a sticker that stands for the emoji.
func (s *Sandbox) SendSticker(person int64, emoji string) (Act, error) {
	f, err := s.files.put("sticker.webp", "image/webp", []byte("sticker "+emoji))
	if err != nil {
		return Act{}, err
	}
	k := *f
	k.Emoji = emoji
	return s.post(person, person, Message{Sticker: &k})
}

// EditMessage changes a text the person sent.
func (s *Sandbox) EditMessage(person int64, message int, text string) (Act, error) {
	text = strings.TrimSpace(text)
	if text == "" || utf16Len(text) > maxText {
		return Act{}, fmt.Errorf("a text has 1 to %d characters: %w", maxText, ErrBadInput)
	}
	c, err := s.mayWrite(person, person)
	if err != nil {
		return Act{}, err
	}
	defer c.mu.Unlock()
	m, ok := c.find(message)
	if !ok || m.From != person {
		return Act{}, ErrUnknownMessage
	}
	m.Text, m.Entities, m.Edited = text, detectEntities(text, nil), s.cfg.Now().Unix()
	m = c.replace(s, m, EventEdit)
	s.enqueue("edited_message", person, person, s.wire(c, m))
	return Act{Person: person, Chat: person, MessageID: message, Mark: s.seq.Load()}, nil
}

// DeleteMessage deletes any message of the person's chat for both sides; the
// bot is not told, as in Telegram.
func (s *Sandbox) DeleteMessage(person int64, message int) error {
	c, err := s.person(person)
	if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.remove(s, message) {
		return ErrUnknownMessage
	}
	return nil
}

// MakeInaccessible makes presses on the message arrive as Telegram sends those
// on old messages: with the chat and the id only.
func (s *Sandbox) MakeInaccessible(chat int64, message int) error {
	c, err := s.chat(chat)
	if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	i, ok := c.index(message)
	if !ok {
		return ErrUnknownMessage
	}
	c.msgs[i].inaccessible = true
	return nil
}

// MarkRead sets the person's unread count to zero.
func (s *Sandbox) MarkRead(person int64) error {
	c, err := s.person(person)
	if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.unread != 0 {
		c.unread = 0
		s.publish(c, Event{Kind: EventRead})
	}
	return nil
}
