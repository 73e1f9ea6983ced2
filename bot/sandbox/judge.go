package sandbox

import (
	"slices"
	"sync"
	"time"
)

// Violation is a request that was refused for its form: the bot that sent it
// has a fault.
type Violation struct {
	At          time.Time `json:"at"`
	Method      string    `json:"method"`
	Chat        int64     `json:"chat,omitempty"`
	Description string    `json:"description"`
	Request     any       `json:"request,omitempty"`
}

// Stats counts what the bot did.
type Stats struct {
	Methods    map[string]int `json:"methods"`     // calls per method
	Refusals   map[string]int `json:"refusals"`    // by "method: code description", circumstances only
	Violations int            `json:"violations"`  // all, also those no longer listed
	Presses    int            `json:"presses"`     // callback queries sent to the bot
	Answered   int            `json:"answered"`    // of these, answered in time
	LateAnswer int            `json:"late_answer"` // answers that came too late or twice
	Pending    int            `json:"pending"`     // updates not yet confirmed
}

const (
	keepViolations = 1000
	keepRefusals   = 1000 // different texts
)

// judge keeps the books on the bot.
type judge struct {
	mu         sync.Mutex
	stats      Stats
	violations []Violation
}

func newJudge() *judge {
	return &judge{stats: Stats{Methods: map[string]int{}, Refusals: map[string]int{}}}
}

func (j *judge) count(method string, out reply, form bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if len(j.stats.Methods) < keepRefusals || j.stats.Methods[method] > 0 {
		j.stats.Methods[method]++
	}
	if out.OK || form {
		return
	}
	key := method + ": " + itoa(out.Code) + " " + out.Description
	if len(j.stats.Refusals) < keepRefusals || j.stats.Refusals[key] > 0 {
		j.stats.Refusals[key]++
	}
}

func (j *judge) violation(v Violation) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.stats.Violations++
	if len(j.violations) < keepViolations {
		j.violations = append(j.violations, v)
	}
}

func (j *judge) pressed()  { j.mu.Lock(); j.stats.Presses++; j.mu.Unlock() }
func (j *judge) answered() { j.mu.Lock(); j.stats.Answered++; j.mu.Unlock() }
func (j *judge) late()     { j.mu.Lock(); j.stats.LateAnswer++; j.mu.Unlock() }

// Violations lists the requests refused for their form, oldest first, at most
// the first thousand. Empty is what a bot's test wants to see.
func (s *Sandbox) Violations() []Violation {
	s.judge.mu.Lock()
	defer s.judge.mu.Unlock()
	return slices.Clone(s.judge.violations)
}

// Stats counts calls, refusals and presses so far.
func (s *Sandbox) Stats() Stats {
	pending := s.queue.count()
	s.judge.mu.Lock()
	defer s.judge.mu.Unlock()
	out := s.judge.stats
	out.Methods, out.Refusals = map[string]int{}, map[string]int{}
	for k, n := range s.judge.stats.Methods {
		out.Methods[k] = n
	}
	for k, n := range s.judge.stats.Refusals {
		out.Refusals[k] = n
	}
	out.Pending = pending
	return out
}

// Unanswered lists the presses that the bot has not answered and that are older
// than the given time, of those remembered (the last 128 per person).
func (s *Sandbox) Unanswered(olderThan time.Duration) []Act {
	s.mu.RLock()
	people := slices.Clone(s.order)
	s.mu.RUnlock()
	var out []Act
	before := s.cfg.Now().Add(-olderThan)
	for _, id := range people {
		c, err := s.person(id)
		if err != nil {
			continue
		}
		c.mu.Lock()
		for _, p := range c.presses {
			if !p.answered && !p.at.After(before) {
				out = append(out, Act{Person: id, Chat: p.chat, MessageID: p.message, Callback: p.id})
			}
		}
		c.mu.Unlock()
	}
	return out
}
