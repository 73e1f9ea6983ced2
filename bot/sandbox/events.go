package sandbox

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
)

// EventKind says what an [Event] reports.
type EventKind string

// Kinds of events.
const (
	EventMessage EventKind = "message" // a new message
	EventEdit    EventKind = "edit"    // a message changed
	EventDelete  EventKind = "delete"  // a message is gone
	EventPin     EventKind = "pin"     // the pinned message changed; Message is nil when none
	EventAnswer  EventKind = "answer"  // a press was answered
	EventAction  EventKind = "action"  // "typing" and the like
	EventPerson  EventKind = "person"  // started, blocked, unblocked, deactivated
	EventRead    EventKind = "read"    // the unread messages were read
	EventProfile EventKind = "profile" // the bot's commands, menu or texts changed
	EventGap     EventKind = "gap"     // the follower was too slow; read the state anew
)

// Event is one thing that happened in a chat.
type Event struct {
	Kind    EventKind `json:"kind"`
	Chat    int64     `json:"chat"`
	Message *Message  `json:"message,omitempty"`
	Answer  *Answer   `json:"answer,omitempty"`
	Action  string    `json:"action,omitempty"`
}

// Answer is what a person saw of an answerCallbackQuery.
type Answer struct {
	Callback  string `json:"callback"`
	MessageID int    `json:"message_id"`
	Text      string `json:"text,omitempty"`
	Alert     bool   `json:"alert,omitempty"`
	URL       string `json:"url,omitempty"`
	Changed   uint64 `json:"changed"`
}

// Act is what a person just did, as far as the bot can answer to it.
type Act struct {
	Person    int64  `json:"person"`
	Chat      int64  `json:"chat"`
	MessageID int    `json:"message_id"`         // sent, pressed or edited
	Callback  string `json:"callback,omitempty"` // of a press
	Mark      uint64 `json:"mark"`               // changes up to here came before
}

// After narrows a condition to messages that were sent or edited after the act.
func (a Act) After(match func(Message) bool) func(Message) bool {
	return func(m Message) bool { return m.Changed > a.Mark && match(m) }
}

// Mark is the present position in the order of changes: a message with a
// greater Changed was sent or edited later.
func (s *Sandbox) Mark() uint64 { return s.seq.Load() }

// follower receives events; it never holds up the sandbox.
type follower struct {
	mu     sync.Mutex
	ch     chan Event
	lagged bool
	closed bool
}

func (f *follower) push(e Event) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		return
	}
	if f.lagged {
		if len(f.ch) > cap(f.ch)/2 {
			return
		}
		f.ch <- Event{Kind: EventGap, Chat: e.Chat}
		f.lagged = false
	}
	select {
	case f.ch <- e:
	default:
		f.lagged = true
	}
}

func (f *follower) close() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.closed {
		f.closed = true
		close(f.ch)
	}
}

// hub holds those who follow all chats.
type hub struct {
	mu  sync.Mutex
	all atomic.Pointer[[]*follower]
}

func (h *hub) add(f *follower) {
	h.mu.Lock()
	defer h.mu.Unlock()
	var list []*follower
	if p := h.all.Load(); p != nil {
		list = slices.Clone(*p)
	}
	list = append(list, f)
	h.all.Store(&list)
}

func (h *hub) remove(f *follower) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if p := h.all.Load(); p != nil {
		list := slices.DeleteFunc(slices.Clone(*p), func(x *follower) bool { return x == f })
		h.all.Store(&list)
	}
}

func (h *hub) close() {
	if p := h.all.Load(); p != nil {
		for _, f := range *p {
			f.close()
		}
	}
}

// publish hands an event to the chat's followers and to those of all chats.
// The caller holds c.mu, so a follower sees a chat's events in order.
func (s *Sandbox) publish(c *chat, e Event) {
	e.Chat = c.id
	c.events++
	for _, f := range c.subs {
		f.push(e)
	}
	if p := s.hub.all.Load(); p != nil {
		for _, f := range *p {
			f.push(e)
		}
	}
}

// Follow streams what happens in the named chats from now on; without ids, in
// all chats. The channel is closed when ctx ends or the sandbox closes. A
// follower that falls behind by more than 1024 events loses some and gets an
// [EventGap] in their place.
func (s *Sandbox) Follow(ctx context.Context, ids ...int64) (<-chan Event, error) {
	f := &follower{ch: make(chan Event, 1024)}
	var chats []*chat
	for _, id := range ids {
		c, err := s.chat(id)
		if err != nil {
			return nil, err
		}
		chats = append(chats, c)
	}
	if len(ids) == 0 {
		s.hub.add(f)
	}
	for _, c := range chats {
		c.subscribe(f)
	}
	end := func() {
		s.hub.remove(f)
		for _, c := range chats {
			c.unsubscribe(f)
		}
		f.close()
	}
	forget := context.AfterFunc(s.ctx, end)
	context.AfterFunc(ctx, func() { forget(); end() })
	return f.ch, nil
}

func (c *chat) subscribe(f *follower) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.subs = append(c.subs, f)
}

func (c *chat) unsubscribe(f *follower) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.subs = slices.DeleteFunc(c.subs, func(x *follower) bool { return x == f })
}

// Messages lists a chat, oldest first.
func (s *Sandbox) Messages(chat int64) []Message {
	c, err := s.chat(chat)
	if err != nil {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.msgs)
}

// Message finds one message of a chat.
func (s *Sandbox) Message(chat int64, id int) (Message, bool) {
	c, err := s.chat(chat)
	if err != nil {
		return Message{}, false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.find(id)
}

// Last is the newest message of the bot in a chat.
func (s *Sandbox) Last(chat int64) (Message, bool) {
	c, err := s.chat(chat)
	if err != nil {
		return Message{}, false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for i := len(c.msgs) - 1; i >= 0; i-- {
		if c.msgs[i].FromBot && c.msgs[i].Service == "" {
			return c.msgs[i], true
		}
	}
	return Message{}, false
}

// WaitFor returns the newest message of the chat that matches, waiting for one
// to be sent or edited until ctx ends. The error tells what the chat showed
// instead. See [Act.After] for leaving out what was there before.
func (s *Sandbox) WaitFor(ctx context.Context, chat int64, match func(Message) bool) (Message, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	events, err := s.Follow(ctx, chat)
	if err != nil {
		return Message{}, err
	}
	if m, ok := s.newest(chat, match); ok {
		return m, nil
	}
	for e := range events {
		switch {
		case e.Kind == EventGap:
			if m, ok := s.newest(chat, match); ok {
				return m, nil
			}
		case e.Message != nil && (e.Kind == EventMessage || e.Kind == EventEdit) && match(*e.Message):
			return *e.Message, nil
		}
	}
	return Message{}, fmt.Errorf("sandbox: the awaited message did not come to chat %d; it ends with %s", chat, s.tail(chat))
}

func (s *Sandbox) newest(chat int64, match func(Message) bool) (Message, bool) {
	for _, m := range slices.Backward(s.Messages(chat)) {
		if match(m) {
			return m, true
		}
	}
	return Message{}, false
}

// tail describes the end of a chat for the message of a failed test.
func (s *Sandbox) tail(chat int64) string {
	all := s.Messages(chat)
	var b strings.Builder
	for _, m := range all[max(0, len(all)-3):] {
		fmt.Fprintf(&b, "\n  #%d from %d: %q %v", m.ID, m.From, m.Text, m.Labels())
	}
	if b.Len() == 0 {
		return "nothing"
	}
	return b.String()
}

// WaitAnswer waits until the press of the act is answered and returns what the
// person saw; an answer without text is one too.
func (s *Sandbox) WaitAnswer(ctx context.Context, act Act) (Answer, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	events, err := s.Follow(ctx, act.Person)
	if err != nil {
		return Answer{}, err
	}
	for {
		for _, a := range s.Answers(act.Person) {
			if a.Callback == act.Callback {
				return a, nil
			}
		}
		if _, open := <-events; !open {
			return Answer{}, fmt.Errorf("sandbox: press %s of person %d was not answered", act.Callback, act.Person)
		}
	}
}

// Answers lists the last answers to presses that a person saw, oldest first.
func (s *Sandbox) Answers(person int64) []Answer {
	c, err := s.person(person)
	if err != nil {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.answers)
}
