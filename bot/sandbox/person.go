package sandbox

import (
	"fmt"
	"strings"
)

// Person is somebody who may talk to the bot.
type Person struct {
	ID       int64  `json:"id"`
	First    string `json:"first"`
	Last     string `json:"last,omitempty"`
	Username string `json:"username,omitempty"` // without @
	Language string `json:"language,omitempty"` // language_code the bot sees
	Phone    string `json:"phone,omitempty"`    // what ShareContact shares
	// Role groups people on the page: resident, clerk, leader, admin, or any
	// other word, which is then shown as it is.
	Role string `json:"role,omitempty"`
	// Label is a second line on the page, such as the person's post.
	Label string `json:"label,omitempty"`
	// Invite is the payload that the page's START button sends, as if the
	// person had opened an invitation link.
	Invite string `json:"invite,omitempty"`
}

// Kinds of chat in the Bot API's words.
const (
	kindPrivate    = "private"
	kindGroup      = "group"
	kindSupergroup = "supergroup"
	kindChannel    = "channel"
)

// Group is a group chat or channel that the bot is a member of.
type Group struct {
	ID       int64   // negative
	Title    string  //
	Username string  // of a public group, without @
	Kind     string  // "group" (default), "supergroup" or "channel"
	Members  []int64 // ids of persons; the first one added the bot
}

// AddPerson makes a person known. Adding an id again replaces what is known of
// the person and keeps the chat. It fails on an id that is not positive, on an
// empty first name and on a username that is taken.
func (s *Sandbox) AddPerson(p Person) error {
	if p.ID <= 0 || p.ID >= 1<<52 || p.ID == s.bot.ID || p.First == "" {
		return fmt.Errorf("person %d: id must be 1..2^52-1 and the first name not empty: %w", p.ID, ErrBadInput)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.claimName(p.Username, p.ID); err != nil {
		return err
	}
	c, known := s.chats[p.ID]
	if !known {
		c = &chat{id: p.ID, kind: kindPrivate}
		s.chats[p.ID] = c
		s.order = append(s.order, p.ID)
	} else if old := c.who.Load(); !strings.EqualFold(old.Username, p.Username) {
		delete(s.names, strings.ToLower(old.Username))
	}
	c.who.Store(&p)
	return nil
}

// AddGroup makes a group known, with the bot in it: the bot gets the
// my_chat_member update of being added by the first member.
func (s *Sandbox) AddGroup(g Group) error {
	if g.Kind == "" {
		g.Kind = kindGroup
	}
	if g.ID >= 0 || len(g.Members) == 0 || g.Title == "" {
		return fmt.Errorf("group %d: needs a negative id, a title and members: %w", g.ID, ErrBadInput)
	}
	for _, id := range g.Members {
		if _, err := s.person(id); err != nil {
			return err
		}
	}
	s.mu.Lock()
	if _, known := s.chats[g.ID]; known {
		s.mu.Unlock()
		return fmt.Errorf("group %d exists: %w", g.ID, ErrBadInput)
	}
	if err := s.claimName(g.Username, g.ID); err != nil {
		s.mu.Unlock()
		return err
	}
	c := &chat{id: g.ID, kind: g.Kind, title: g.Title, username: g.Username, members: map[int64]bool{}}
	for _, id := range g.Members {
		c.members[id] = true
	}
	s.chats[g.ID] = c
	s.groups = append(s.groups, g.ID)
	s.mu.Unlock()
	s.setBotStatus(c, g.Members[0], joinedStatus(g.Kind))
	return nil
}

func joinedStatus(kind string) string {
	if kind == kindChannel {
		return "administrator"
	}
	return "member"
}

// claimName reserves a username; the caller holds s.mu.
func (s *Sandbox) claimName(name string, id int64) error {
	if name == "" {
		return nil
	}
	key := strings.ToLower(name)
	if owner, taken := s.names[key]; taken && owner != id || strings.EqualFold(name, s.cfg.Username) {
		return fmt.Errorf("username %s is taken: %w", name, ErrBadInput)
	}
	s.names[key] = id
	return nil
}

// People lists everybody in the order they were added.
func (s *Sandbox) People() []Person {
	s.mu.RLock()
	defer s.mu.RUnlock()
	out := make([]Person, len(s.order))
	for i, id := range s.order {
		out[i] = *s.chats[id].who.Load()
	}
	return out
}

// Started tells whether the person has started the bot and not blocked it
// since.
func (s *Sandbox) Started(person int64) bool {
	c, err := s.person(person)
	if err != nil {
		return false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.started && !c.blocked && !c.gone
}

// Block makes the person block the bot: sending to them is answered by 403,
// and the bot gets a my_chat_member update.
func (s *Sandbox) Block(person int64) error { return s.setBlocked(person, true) }

// Unblock takes a block back. The person can be written to again.
func (s *Sandbox) Unblock(person int64) error { return s.setBlocked(person, false) }

func (s *Sandbox) setBlocked(person int64, blocked bool) error {
	c, err := s.person(person)
	if err != nil {
		return err
	}
	c.mu.Lock()
	same := c.blocked == blocked || !c.started
	c.mu.Unlock()
	if same {
		return nil
	}
	status := "member"
	if blocked {
		status = "kicked"
	}
	s.setBotStatus(c, person, status)
	return nil
}

// Deactivate deletes the person's account: the bot gets 403 and no update.
func (s *Sandbox) Deactivate(person int64) error {
	c, err := s.person(person)
	if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.gone = true
	s.publish(c, Event{Kind: EventPerson})
	return nil
}

// setBotStatus changes what the bot is in a chat and tells it so.
func (s *Sandbox) setBotStatus(c *chat, by int64, status string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	old := c.status
	if old == "" {
		old = "left"
		if c.kind == kindPrivate {
			old = "member"
		}
	}
	c.status = status
	if c.kind == kindPrivate {
		c.blocked = status == "kicked"
	}
	s.publish(c, Event{Kind: EventPerson})
	s.enqueue("my_chat_member", c.id, by, &wireMemberUpdate{
		Chat: c.wire(), From: s.user(by), Date: s.cfg.Now().Unix(),
		Old: s.botMember(old), New: s.botMember(status),
	})
}

func (s *Sandbox) botMember(status string) wireMember {
	m := wireMember{Status: status, User: s.bot}
	if status == "kicked" {
		m.Until = new(int64)
	}
	return m
}

// chat finds a chat of any kind.
func (s *Sandbox) chat(id int64) (*chat, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	c, ok := s.chats[id]
	if !ok {
		return nil, fmt.Errorf("%d: %w", id, ErrUnknownPerson)
	}
	return c, nil
}

// person finds a person's private chat.
func (s *Sandbox) person(id int64) (*chat, error) {
	c, err := s.chat(id)
	if err != nil || c.kind != kindPrivate {
		return nil, fmt.Errorf("person %d: %w", id, ErrUnknownPerson)
	}
	return c, nil
}

// user is the Bot API's view of a person or of the bot itself.
func (s *Sandbox) user(id int64) User {
	if id == s.bot.ID {
		return s.bot
	}
	c, err := s.person(id)
	if err != nil {
		return User{ID: id, FirstName: "Unknown"}
	}
	p := c.who.Load()
	return User{ID: id, FirstName: p.First, LastName: p.Last, Username: p.Username, Language: p.Language}
}
