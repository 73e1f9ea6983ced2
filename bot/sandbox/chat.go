package sandbox

import (
	"sort"
	"sync"
	"sync/atomic"
	"time"
)

const (
	servicePinned = "pinned"
	serviceJoined = "joined"
)

// chat is one conversation: a person's with the bot, or a group. Everything
// below mu is guarded by it. A chat's lock may be held while taking the
// sandbox's read lock or the queue's lock, never the other way round, and never
// together with another chat's.
type chat struct {
	id       int64
	kind     string
	title    string
	username string
	who      atomic.Pointer[Person] // private chats

	mu       sync.Mutex
	members  map[int64]bool // groups
	status   string         // of the bot in the chat
	started  bool           // private chats: the person pressed START
	blocked  bool
	gone     bool // the account is deactivated
	migrated int64

	lastID   int
	msgs     []Message // ascending ids, gaps where deleted
	pinned   int
	unread   int
	keyboard *ReplyKeyboard
	menu     *menuButton

	presses  []*press // the person's own, in any chat, oldest first
	pressSeq int
	answers  []Answer // last ones shown to the person

	second, minute bucket
	events         uint64 // published so far
	subs           []*follower
}

// wire is the chat in the Bot API's form.
func (c *chat) wire() wireChat {
	if p := c.who.Load(); p != nil {
		return wireChat{ID: c.id, Type: c.kind, FirstName: p.First, LastName: p.Last, Username: p.Username}
	}
	return wireChat{ID: c.id, Type: c.kind, Title: c.title, Username: c.username}
}

// add appends a message, giving it its id, and publishes it.
func (c *chat) add(s *Sandbox, m Message) Message {
	c.lastID++
	m.ID, m.ChatID = c.lastID, c.id
	m.Date = s.cfg.Now().Unix()
	m.Changed = s.seq.Add(1)
	if len(c.msgs) >= s.cfg.History {
		keep := s.cfg.History - s.cfg.History/8
		c.msgs = append([]Message(nil), c.msgs[len(c.msgs)-keep+1:]...)
	}
	c.msgs = append(c.msgs, m)
	if m.FromBot && m.Service == "" {
		c.unread++
		if m.Keyboard != nil {
			c.keyboard = m.Keyboard
		}
	}
	s.publish(c, Event{Kind: EventMessage, Message: &m})
	return m
}

// index finds a message's place.
func (c *chat) index(id int) (int, bool) {
	i := sort.Search(len(c.msgs), func(i int) bool { return c.msgs[i].ID >= id })
	return i, i < len(c.msgs) && c.msgs[i].ID == id
}

func (c *chat) find(id int) (Message, bool) {
	if i, ok := c.index(id); ok {
		return c.msgs[i], true
	}
	return Message{}, false
}

// replace puts the new state of a message in place and publishes it.
func (c *chat) replace(s *Sandbox, m Message, kind EventKind) Message {
	m.Changed = s.seq.Add(1)
	if i, ok := c.index(m.ID); ok {
		c.msgs[i] = m
	}
	s.publish(c, Event{Kind: kind, Message: &m})
	return m
}

func (c *chat) remove(s *Sandbox, id int) bool {
	i, ok := c.index(id)
	if !ok {
		return false
	}
	m := c.msgs[i]
	c.msgs = append(c.msgs[:i:i], c.msgs[i+1:]...)
	if c.pinned == id {
		c.pinned = 0
	}
	m.Changed = s.seq.Add(1)
	s.publish(c, Event{Kind: EventDelete, Message: &m})
	return true
}

// press is one callback query.
type press struct {
	id       string
	chat     int64
	message  int
	data     string
	at       time.Time
	answered bool
}

// keepPresses bounds what is remembered of a person's presses; one that falls
// out unanswered stays in the count of unanswered ones.
const keepPresses = 128

func (c *chat) addPress(p *press) {
	if len(c.presses) >= keepPresses {
		c.presses = append([]*press(nil), c.presses[keepPresses/4:]...)
	}
	c.presses = append(c.presses, p)
}

func (c *chat) findPress(id string) *press {
	for i := len(c.presses) - 1; i >= 0; i-- {
		if c.presses[i].id == id {
			return c.presses[i]
		}
	}
	return nil
}

// keepAnswers bounds the toasts and alerts remembered per person.
const keepAnswers = 64

func (c *chat) addAnswer(a Answer) {
	if len(c.answers) >= keepAnswers {
		c.answers = append([]Answer(nil), c.answers[keepAnswers/4:]...)
	}
	c.answers = append(c.answers, a)
}
