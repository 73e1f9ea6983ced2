package sandbox

import (
	"fmt"
	"strings"
)

// Press presses the inline button with this callback data on a message of the
// person's own chat. It fails where the message has no such button now.
func (s *Sandbox) Press(person int64, message int, data string) (Act, error) {
	return s.pressIn(person, person, message, data, false)
}

// PressIn presses a button in a group.
func (s *Sandbox) PressIn(person, chat int64, message int, data string) (Act, error) {
	return s.pressIn(person, chat, message, data, false)
}

// ForgePress sends a callback query with any data of up to 64 bytes, as a
// modified client can: the data need not be on the message.
func (s *Sandbox) ForgePress(person int64, message int, data string) (Act, error) {
	return s.pressIn(person, person, message, data, true)
}

func (s *Sandbox) pressIn(person, chat int64, message int, data string, forged bool) (Act, error) {
	if len(data) > maxCallbackData {
		return Act{}, fmt.Errorf("callback data has at most %d bytes: %w", maxCallbackData, ErrBadInput)
	}
	c, err := s.mayWrite(person, chat)
	if err != nil {
		return Act{}, err
	}
	m, ok := c.find(message)
	body := s.pressedMessage(c, m, ok)
	c.mu.Unlock()
	switch {
	case !ok && !forged:
		return Act{}, ErrUnknownMessage
	case !forged && !m.hasData(data):
		return Act{}, fmt.Errorf("message %d: %w", message, ErrNoButton)
	}
	if !ok {
		body = wireInaccessible{Chat: c.wire(), ID: message}
	}
	return s.pressed(person, c, message, data, body)
}

// pressedMessage is what a callback query says of its message.
func (s *Sandbox) pressedMessage(c *chat, m Message, ok bool) any {
	if !ok || m.inaccessible {
		return wireInaccessible{Chat: c.wire(), ID: m.ID}
	}
	return s.wire(c, m)
}

// pressed remembers the press with the person who made it and tells the bot.
func (s *Sandbox) pressed(person int64, c *chat, message int, data string, body any) (Act, error) {
	own, err := s.person(person)
	if err != nil {
		return Act{}, err
	}
	own.mu.Lock()
	defer own.mu.Unlock()
	own.pressSeq++
	p := &press{id: pressID(person, own.pressSeq), chat: c.id, message: message, data: data, at: s.cfg.Now()}
	own.addPress(p)
	s.judge.pressed()
	act := Act{Person: person, Chat: c.id, MessageID: message, Callback: p.id, Mark: s.seq.Load()}
	s.enqueue("callback_query", person, person, wireCallback{
		ID: p.id, From: s.user(person), Message: body, Instance: fmt.Sprint(c.id), Data: data,
	})
	return act, nil
}

// Tap presses what the person sees under this label: the first inline button
// containing it on the newest message that has one, else the key of the reply
// keyboard. Buttons with a deep link to the bot start it; other links fail.
func (s *Sandbox) Tap(person int64, label string) (Act, error) {
	m, ok := s.newest(person, HasButton(label))
	if !ok {
		return s.tapKey(person, label)
	}
	b, _ := m.Button(label)
	if b.URL != "" {
		return s.OpenLink(person, b.URL)
	}
	return s.Press(person, m.ID, b.Data)
}

func (s *Sandbox) tapKey(person int64, label string) (Act, error) {
	c, err := s.person(person)
	if err != nil {
		return Act{}, err
	}
	c.mu.Lock()
	kb := c.keyboard
	c.mu.Unlock()
	if kb != nil {
		for _, row := range kb.Rows {
			for _, k := range row {
				if !strings.Contains(k.Text, label) {
					continue
				}
				if k.RequestContact {
					return s.ShareContact(person, person)
				}
				return s.Send(person, k.Text)
			}
		}
	}
	return Act{}, fmt.Errorf("%q in chat %d: %w", label, person, ErrNoButton)
}
