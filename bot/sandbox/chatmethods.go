package sandbox

import (
	"slices"
	"strings"
)

func (s *Sandbox) answerCallbackQuery(c *call) (any, error) {
	text, err := cleanText(c.str("text"))
	if err != nil {
		return nil, err
	}
	if n := utf16Len(text); n > maxAnswer {
		return nil, badForm("MESSAGE_TOO_LONG: the answer has " + itoa(n) + " characters, allowed are " + itoa(maxAnswer))
	}
	if link := c.str("url"); link != "" {
		if _, ok := s.startPayload(link); !ok {
			return nil, badForm("URL_INVALID: only links to the bot itself may be opened")
		}
	}
	if c.num("cache_time") < 0 {
		return nil, badForm("cache_time must not be negative")
	}
	id := c.str("callback_query_id")
	own, err := s.person(pressOwner(id))
	if err != nil {
		s.judge.late()
		return nil, staleQuery()
	}
	own.mu.Lock()
	defer own.mu.Unlock()
	p := own.findPress(id)
	if p == nil || p.answered || s.cfg.Now().Sub(p.at) > s.cfg.CallbackLife {
		s.judge.late()
		return nil, staleQuery()
	}
	p.answered = true
	s.judge.answered()
	a := Answer{
		Callback: id, MessageID: p.message, Text: text, Alert: c.flag("show_alert"), URL: c.str("url"),
		Changed: s.seq.Add(1),
	}
	own.addAnswer(a)
	s.publish(own, Event{Kind: EventAnswer, Answer: &a})
	return true, nil
}

func staleQuery() error {
	return badState("query is too old and response timeout expired or query ID is invalid")
}

var chatActions = []string{
	"typing", "upload_photo", "record_video", "upload_video", "record_voice", "upload_voice", "upload_document",
	"choose_sticker", "find_location", "record_video_note", "upload_video_note",
}

func (s *Sandbox) sendChatAction(c *call) (any, error) {
	if !slices.Contains(chatActions, c.str("action")) {
		return nil, badForm("wrong parameter action in request")
	}
	ch, err := s.target(c)
	if err != nil {
		return nil, err
	}
	defer ch.mu.Unlock()
	if ch.kind == kindChannel {
		return nil, badForm("chat actions cannot be sent to channels")
	}
	s.publish(ch, Event{Kind: EventAction, Action: c.str("action")})
	return true, nil
}

// reactionEmoji are those that messages can be given.
const reactionEmoji = `❤ 👍 👎 🔥 🥰 👏 😁 🤔 🤯 😱 🤬 😢 🎉 🤩 🤮 💩 🙏 👌 🕊 🤡 🥱 🥴 😍 🐳 ❤‍🔥 🌚 🌭 💯 🤣 ⚡ 🍌 🏆 💔 🤨 😐 🍓 🍾 💋 🖕 😈 😴 😭 🤓 👻 👨‍💻 👀 🎃 🙈 😇 😨 🤝 ✍ 🤗 🫡 🎅 🎄 ☃ 💅 🤪 🗿 🆒 💘 🙉 🦄 😘 💊 🙊 😎 👾 🤷‍♂ 🤷 🤷‍♀ 😡`

func (s *Sandbox) setMessageReaction(c *call) (any, error) {
	var list []struct {
		Type  string `json:"type"`
		Emoji string `json:"emoji"`
	}
	if err := c.into("reaction", &list); err != nil {
		return nil, err
	}
	if len(list) > 1 {
		return nil, badForm("REACTIONS_TOO_MANY: a bot sets one reaction")
	}
	emoji := ""
	if len(list) == 1 {
		emoji = strings.TrimSuffix(list[0].Emoji, "\ufe0f")
		if list[0].Type != "emoji" || !slices.Contains(strings.Fields(reactionEmoji), emoji) {
			return nil, badForm("REACTION_INVALID")
		}
	}
	ch, m, err := s.existing(c, "message to react not found")
	if err != nil {
		return nil, err
	}
	defer ch.mu.Unlock()
	if m.Reaction != emoji {
		m.Reaction = emoji
		ch.replace(s, m, EventEdit)
	}
	return true, nil
}

// existing finds a message of a chat, which it locks.
func (s *Sandbox) existing(c *call, missing string) (*chat, Message, error) {
	ch, err := s.target(c)
	if err != nil {
		return nil, Message{}, err
	}
	m, ok := ch.find(int(c.num("message_id")))
	if !ok {
		ch.mu.Unlock()
		return nil, Message{}, badState(missing)
	}
	return ch, m, nil
}

func (s *Sandbox) pinChatMessage(c *call) (any, error) {
	ch, m, err := s.existing(c, "message to pin not found")
	if err != nil {
		return nil, err
	}
	defer ch.mu.Unlock()
	if ch.pinned == m.ID {
		return nil, badState("CHAT_NOT_MODIFIED")
	}
	ch.pinned = m.ID
	s.publish(ch, Event{Kind: EventPin, Message: &m})
	line := ch.add(s, Message{From: s.bot.ID, FromBot: true, Service: servicePinned, ReplyTo: m.ID, Silent: true})
	s.enqueue("message", ch.id, ch.id, s.wire(ch, line))
	return true, nil
}

func (s *Sandbox) unpinChatMessage(c *call) (any, error) {
	ch, err := s.target(c)
	if err != nil {
		return nil, err
	}
	defer ch.mu.Unlock()
	if c.has("message_id") && int(c.num("message_id")) != ch.pinned {
		return nil, badState("message to unpin not found")
	}
	if ch.pinned != 0 {
		ch.pinned = 0
		s.publish(ch, Event{Kind: EventPin})
	}
	return true, nil
}

type wireFullChat struct {
	wireChat
	Accent    int          `json:"accent_color_id"`
	Reactions int          `json:"max_reaction_count"`
	Gifts     wireGifts    `json:"accepted_gift_types"`
	Pinned    *wireMessage `json:"pinned_message,omitempty"`
}

type wireGifts struct {
	Unlimited bool `json:"unlimited_gifts"`
	Limited   bool `json:"limited_gifts"`
	Unique    bool `json:"unique_gifts"`
	Premium   bool `json:"premium_subscription"`
	Channels  bool `json:"gifts_from_channels"`
}

func (s *Sandbox) getChat(c *call) (any, error) {
	ch, err := s.lookup(c)
	if err != nil {
		return nil, err
	}
	ch.mu.Lock()
	defer ch.mu.Unlock()
	if ch.kind == kindPrivate && !ch.started {
		return nil, badState("chat not found")
	}
	out := wireFullChat{wireChat: ch.wire(), Reactions: 11}
	if m, ok := ch.find(ch.pinned); ok {
		out.Pinned = s.wireShallow(ch, m)
	}
	return out, nil
}

func (s *Sandbox) getChatMember(c *call) (any, error) {
	ch, err := s.target(c)
	if err != nil {
		return nil, err
	}
	defer ch.mu.Unlock()
	id := c.num("user_id")
	switch {
	case id == s.bot.ID && ch.kind != kindPrivate:
		return wireMember{Status: ch.status, User: s.bot}, nil
	case id == s.bot.ID, ch.kind == kindPrivate && id == ch.id, ch.members[id]:
		return wireMember{Status: "member", User: s.user(id)}, nil
	}
	return nil, badState("PARTICIPANT_ID_INVALID")
}

func (s *Sandbox) leaveChat(c *call) (any, error) {
	ch, err := s.target(c)
	if err != nil {
		return nil, err
	}
	if ch.kind == kindPrivate {
		ch.mu.Unlock()
		return nil, badForm("chat member status can't be changed in private chats")
	}
	ch.mu.Unlock()
	s.setBotStatus(ch, s.bot.ID, "left")
	return true, nil
}

// UpgradeGroup turns a group into a supergroup with a new id: what the bot
// sends to the old one is answered by migrate_to_chat_id.
func (s *Sandbox) UpgradeGroup(id, newID int64) error {
	old, err := s.chat(id)
	if err != nil {
		return err
	}
	old.mu.Lock()
	g := Group{ID: newID, Title: old.title, Kind: kindSupergroup}
	for m := range old.members {
		g.Members = append(g.Members, m)
	}
	slices.Sort(g.Members)
	old.mu.Unlock()
	if err := s.AddGroup(g); err != nil {
		return err
	}
	old.mu.Lock()
	defer old.mu.Unlock()
	old.migrated = newID
	return nil
}
