//go:build crash

package main

import (
	"context"
	"math/rand/v2"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"pingyi/bot/sandbox"
)

// presser is a simulated person of the crash suite: one who changes their mind, presses faster than
// the bot answers, and remembers what was pressed and what was acknowledged.
type presser struct {
	id     int64
	sb     *sandbox.Sandbox
	dice   *rand.Rand
	ticket <-chan time.Time
	calm   *atomic.Bool // no more changes of mind: come to an end
	rounds int          // how many rounds ask this person
	steady int          // presses that lead on for each that goes back or changes something

	beliefs  map[pressedKey]belief
	reopened map[string]bool // requests opened again and not known to be handed in since
	acked    int
}

// belief is what may stand in the database as the answer to a question: the label that was
// acknowledged last, or one that was pressed since and never acknowledged.
type belief struct {
	sure  string
	maybe []string
}

func (b belief) allows(label string) bool {
	if label == b.sure || slices.Contains(b.maybe, label) {
		return true
	}
	return label == "" && b.sure == ""
}

// Beginnings of callback data that only the pressers use.
const (
	tapBefore = "k."
	tapRevise = "w."
)

const ackPatience = 6 * time.Second

// join starts the bot until it says something.
func (p *presser) join(ctx context.Context, payload string) {
	for ctx.Err() == nil {
		act, err := p.sb.Start(p.id, payload)
		if err != nil {
			return
		}
		wait, cancel := context.WithTimeout(ctx, ackPatience)
		_, err = p.sb.WaitFor(wait, p.id, act.After(func(m sandbox.Message) bool { return m.FromBot }))
		cancel()
		if err == nil {
			return
		}
	}
}

// live presses buttons until everything is handed in after calm has come, or ctx ends; it reports
// whether it came to the end.
func (p *presser) live(ctx context.Context) bool {
	p.join(ctx, "join")
	idle := 0
	for ctx.Err() == nil {
		if p.calm.Load() && p.handedIn() >= p.rounds {
			return true
		}
		m, b, ok := p.choose()
		if !ok {
			idle++
			p.await(ctx, time.Second)
			if idle%8 == 0 {
				_, _ = p.sb.Send(p.id, "/todo") // somebody who does not see how to go on
			}
			continue
		}
		select {
		case <-ctx.Done():
			return false
		case <-p.ticket:
		}
		if !p.calm.Load() && strings.HasPrefix(b.Data, tapAnswer) && p.dice.IntN(6) == 0 {
			p.flurry(ctx, m)
			continue
		}
		p.press(ctx, m, b)
	}
	return false
}

// handedIn counts the requests that the chat shows as handed in.
func (p *presser) handedIn() int {
	done := map[string]bool{}
	for _, m := range p.sb.Messages(p.id) {
		for _, b := range buttons(m) {
			if request, ok := strings.CutPrefix(b.Data, tapChange); ok && !p.reopened[request] {
				done[request] = true
			}
		}
	}
	return len(done)
}

func buttons(m sandbox.Message) []sandbox.Button { return slices.Concat(m.Inline...) }

// choose picks a button of one of the newest messages.
func (p *presser) choose() (sandbox.Message, sandbox.Button, bool) {
	messages := p.sb.Messages(p.id)
	newest := messages[max(0, len(messages)-6):]
	p.dice.Shuffle(len(newest), func(i, j int) { newest[i], newest[j] = newest[j], newest[i] })
	for _, m := range newest {
		if b, ok := p.pick(m); ok {
			return m, b, true
		}
	}
	return sandbox.Message{}, sandbox.Button{}, false
}

func (p *presser) pick(m sandbox.Message) (sandbox.Button, bool) {
	by := map[string][]sandbox.Button{}
	for _, b := range buttons(m) {
		if at := strings.IndexByte(b.Data, '.'); at >= 0 {
			by[b.Data[:at+1]] = append(by[b.Data[:at+1]], b)
		}
	}
	for _, b := range by[tapChange] {
		if request, _ := strings.CutPrefix(b.Data, tapChange); p.reopened[request] {
			return b, true // it was pressed, and what it did was never shown
		}
	}
	wavers := !p.calm.Load() && p.dice.IntN(p.steady+1) == 0
	if wavers {
		for _, tap := range []string{tapRevise, tapBefore, tapChange} {
			if n := len(by[tap]); n > 0 {
				return by[tap][p.dice.IntN(n)], true
			}
		}
	}
	for _, tap := range []string{tapSubmit, tapBegin, tapAnswer, tapConsent, tapDistrict, tapAge, tapStep, tapOpen} {
		if n := len(by[tap]); n > 0 {
			return by[tap][p.dice.IntN(n)], true
		}
	}
	return sandbox.Button{}, false
}

// press presses one button and waits for the acknowledgement.
func (p *presser) press(ctx context.Context, m sandbox.Message, b sandbox.Button) {
	key, isAnswer := answerKey(b.Data)
	if isAnswer {
		p.doubt(key, labelled(b))
	}
	if request, ok := strings.CutPrefix(b.Data, tapChange); ok {
		p.reopened[request] = true
	}
	act, err := p.sb.Press(p.id, m.ID, b.Data)
	if err != nil {
		return // the message was edited meanwhile; the doubt does no harm
	}
	acknowledged := p.acknowledged(ctx, act)
	if acknowledged && isAnswer {
		p.beliefs[key] = belief{sure: labelled(b)}
	}
	if request, ok := strings.CutPrefix(b.Data, tapSubmit); ok && acknowledged {
		delete(p.reopened, request)
	}
	p.await(ctx, 500*time.Millisecond)
}

// labelled is what a button says, without the mark of the present answer.
func labelled(b sandbox.Button) string { return strings.TrimPrefix(b.Text, "✓ ") }

func (p *presser) doubt(key pressedKey, label string) {
	b := p.beliefs[key]
	b.maybe = append(slices.Clone(b.maybe), label)
	p.beliefs[key] = b
}

// acknowledged waits for the answer to a press; one with a text is a refusal, with its reason.
func (p *presser) acknowledged(ctx context.Context, act sandbox.Act) bool {
	wait, cancel := context.WithTimeout(ctx, ackPatience)
	defer cancel()
	answer, err := p.sb.WaitAnswer(wait, act)
	if err != nil || answer.Text != "" {
		return false
	}
	p.acked++
	return true
}

// flurry presses several answers of one question before the bot hears of any; they arrive late, in
// either order, and the last one perhaps twice. The last to arrive is the one that counts.
func (p *presser) flurry(ctx context.Context, m sandbox.Message) {
	var answers []sandbox.Button
	for _, b := range buttons(m) {
		if strings.HasPrefix(b.Data, tapAnswer) {
			answers = append(answers, b)
		}
	}
	p.sb.Hold(p.id)
	var acts []sandbox.Act
	var pressed []sandbox.Button
	for range 2 + p.dice.IntN(2) {
		b := answers[p.dice.IntN(len(answers))]
		key, _ := answerKey(b.Data)
		p.doubt(key, labelled(b))
		act, err := p.sb.Press(p.id, m.ID, b.Data)
		if err != nil {
			break
		}
		acts, pressed = append(acts, act), append(pressed, b)
	}
	reversed := p.dice.IntN(2) == 0
	p.sb.Release(p.id, reversed)
	if len(acts) == 0 {
		return
	}
	if reversed {
		slices.Reverse(acts)
		slices.Reverse(pressed)
	}
	last := len(acts) - 1
	for i, act := range acts {
		if ok := p.acknowledged(ctx, act); ok && i == last {
			key, _ := answerKey(pressed[last].Data)
			p.beliefs[key] = belief{sure: labelled(pressed[last])}
		}
	}
	p.await(ctx, 500*time.Millisecond)
}

// await waits for the next change of the chat, or for a while.
func (p *presser) await(ctx context.Context, d time.Duration) {
	wait, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	mark := p.sb.Mark()
	_, _ = p.sb.WaitFor(wait, p.id, func(m sandbox.Message) bool { return m.Changed > mark && m.FromBot })
}
