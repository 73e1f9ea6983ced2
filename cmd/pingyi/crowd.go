package main

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"pingyi/bot/sandbox"
)

// crowd are simulated people of the demo: they read what the bot sends them and press its buttons, as
// slowly as people do. They know no more than the buttons say.
type crowd struct {
	sandbox *sandbox.Sandbox
	pace    time.Duration // the mean pause before a press
	spread  time.Duration // over which they take out their phones
	seed    uint64
	log     *slog.Logger
}

// The beginnings of callback data that the crowd tells apart; everything else it leaves alone.
const (
	tapOpen    = "o."
	tapBegin   = "b."
	tapDecline = "d."
	tapPick    = "x."
	tapChosen  = "f."
	tapAnswer  = "a."
	tapStep    = "v."
	tapSubmit  = "s."
)

// markedOption is how the label of a chosen option among several begins.
const markedOption = "☑"

// patiencePauses is after how many usual pauses people press again where nothing came of a press.
const patiencePauses = 8

// live lets the people with these ids answer what comes until ctx ends.
func (c *crowd) live(ctx context.Context, ids []int64) {
	for i, id := range ids {
		events, err := c.sandbox.Follow(ctx, id)
		if err != nil {
			c.log.ErrorContext(ctx, "crowd: nobody to follow", "person", id, "error", err)
			continue
		}
		p := &dweller{crowd: c, id: id, dice: rand.New(rand.NewPCG(c.seed, uint64(i)))}
		p.wakes = time.Now().Add(time.Duration(p.dice.Int64N(int64(c.spread) + 1)))
		go p.live(ctx, events)
	}
}

// dweller is one simulated person.
type dweller struct {
	*crowd
	id     int64
	dice   *rand.Rand
	wakes  time.Time // when the phone is taken out, whatever came before
	picked int       // subjects chosen so far
	weary  bool      // gave up in the middle
}

func (p *dweller) live(ctx context.Context, events <-chan sandbox.Event) {
	var due <-chan time.Time
	for {
		select {
		case <-ctx.Done():
			return
		case e, open := <-events:
			if !open {
				return
			}
			if e.Message != nil && e.Message.FromBot && len(e.Message.Inline) > 0 {
				due = time.After(p.pause())
			}
		case <-due:
			due = nil
			message, data, ok := p.next()
			if !ok || p.weary {
				continue // until something comes
			}
			if _, err := p.sandbox.Press(p.id, message, data); err != nil {
				p.log.DebugContext(ctx, "crowd: press refused", "person", p.id, "error", err)
			}
			due = time.After(patiencePauses * p.pace) // where nothing came of it
		}
	}
}

// next is what to press, and on which message: the newest where there is something to do.
func (p *dweller) next() (message int, data string, ok bool) {
	messages := p.sandbox.Messages(p.id)
	for _, m := range slices.Backward(messages) {
		if !m.FromBot {
			continue
		}
		if data, ok := p.choose(m); ok {
			return m.ID, data, true
		}
	}
	return 0, "", false
}

// pause is how long the person takes to read and press: most are quick, some slow.
func (p *dweller) pause() time.Duration {
	read := time.Duration((0.4 + p.dice.ExpFloat64()*0.6) * float64(p.pace))
	return max(time.Until(p.wakes), 0) + read
}

// choose picks a button, or none.
func (p *dweller) choose(m sandbox.Message) (string, bool) {
	by := map[string][]string{}
	marked := false // one of several options is chosen
	for _, row := range m.Inline {
		for _, b := range row {
			if at := strings.IndexByte(b.Data, '.'); at >= 0 {
				by[b.Data[:at+1]] = append(by[b.Data[:at+1]], b.Data)
			}
			marked = marked || strings.HasPrefix(b.Text, markedOption)
		}
	}
	first := func(tap string) (string, bool) { return by[tap][0], true }
	switch {
	case len(by[tapSubmit]) > 0:
		return first(tapSubmit)
	case len(by[tapBegin]) > 0:
		if p.dice.IntN(100) < 4 && len(by[tapDecline]) > 0 {
			return first(tapDecline)
		}
		return first(tapBegin)
	case len(by[tapPick]) > 0 && p.picked < 2:
		p.picked++
		return by[tapPick][p.dice.IntN(len(by[tapPick]))], true
	case len(by[tapChosen]) > 0:
		return first(tapChosen)
	case marked && len(by[tapStep]) > 0 && p.dice.IntN(2) == 0:
		return first(tapStep)
	case len(by[tapAnswer]) > 0:
		if p.dice.IntN(300) == 0 {
			p.weary = true
		}
		return by[tapAnswer][p.inclination(m.Text, len(by[tapAnswer]))], true
	case len(by[tapStep]) > 0:
		return first(tapStep)
	case len(by[tapOpen]) == 1: // going on after a pause; of a list of several nothing is chosen
		return first(tapOpen)
	}
	return "", false
}

// inclination is which of n answers, best first, the person gives. Who is spoken of stands in the
// first line, before the progress.
func (p *dweller) inclination(text string, n int) int {
	of, _, _ := strings.Cut(text, "·")
	return leaning(strings.TrimSpace(of), n, p.dice)
}
