package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"pingyi/bot/sandbox"
)

// walker is one simulated person of a test, who remembers what was pressed and acknowledged.
type walker struct {
	id     int64
	sb     *sandbox.Sandbox
	dice   *rand.Rand
	ticket <-chan time.Time // one for every press that may be made, over all walkers

	picked    int
	answers   map[pressedKey]string // labels pressed and acknowledged
	unsure    map[pressedKey]string // pressed, but the acknowledgement never came
	latencies []time.Duration
}

// pressedKey is what an answer is about, by the ids in the button's data.
type pressedKey struct {
	assignment int64
	item       int
}

func newWalker(sb *sandbox.Sandbox, id int64, ticket <-chan time.Time) *walker {
	return &walker{
		id: id, sb: sb, ticket: ticket, dice: rand.New(rand.NewPCG(7, uint64(id))),
		answers: map[pressedKey]string{}, unsure: map[pressedKey]string{},
	}
}

// The beginnings of callback data on the way from joining to the end, in the order of preference.
const (
	tapConsent  = "pn."
	tapDistrict = "pd."
	tapAge      = "pa."
)

// next chooses the button that leads on; false where the walk is over or nothing can be pressed.
func (w *walker) next(m sandbox.Message) (sandbox.Button, bool) {
	by := map[string][]sandbox.Button{}
	for _, row := range m.Inline {
		for _, b := range row {
			if at := strings.IndexByte(b.Data, '.'); at >= 0 {
				by[b.Data[:at+1]] = append(by[b.Data[:at+1]], b)
			}
		}
	}
	if len(by[tapPick]) > 0 && w.picked < 2 {
		w.picked++
		return by[tapPick][w.dice.IntN(len(by[tapPick]))], true
	}
	for _, tap := range []string{tapSubmit, tapBegin, tapChosen, tapAnswer, tapConsent, tapDistrict, tapAge, tapStep, tapOpen} {
		if n := len(by[tap]); n > 0 {
			if tap == tapAnswer || tap == tapDistrict || tap == tapAge {
				return by[tap][w.dice.IntN(n)], true
			}
			return by[tap][0], true
		}
	}
	return sandbox.Button{}, false
}

// over reports whether the chat shows that the ballot was handed in.
func (w *walker) over() bool {
	for _, m := range w.sb.Messages(w.id) {
		for _, row := range m.Inline {
			for _, b := range row {
				if strings.HasPrefix(b.Data, tapChange) {
					return true
				}
			}
		}
	}
	return false
}

// tapChange is the button of a ballot that was handed in.
const tapChange = "h."

// walk presses on until the ballot is handed in or ctx ends.
func (w *walker) walk(ctx context.Context) error {
	for !w.over() {
		m, b, ok := w.latest()
		if !ok {
			if err := w.await(ctx, w.sb.Mark(), 2*time.Second); err != nil {
				return fmt.Errorf("person %d: nothing to press: %w", w.id, err)
			}
			continue
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("person %d did not come to an end: %w", w.id, ctx.Err())
		case <-w.ticket:
		}
		w.press(ctx, m, b)
	}
	return nil
}

// latest is the newest message that has a button leading on.
func (w *walker) latest() (sandbox.Message, sandbox.Button, bool) {
	messages := w.sb.Messages(w.id)
	for i := len(messages) - 1; i >= 0; i-- {
		if b, ok := w.next(messages[i]); ok {
			return messages[i], b, true
		}
	}
	return sandbox.Message{}, sandbox.Button{}, false
}

func (w *walker) press(ctx context.Context, m sandbox.Message, b sandbox.Button) {
	began := time.Now()
	act, err := w.sb.Press(w.id, m.ID, b.Data)
	if err != nil {
		return // the message was edited meanwhile
	}
	wait, cancel := context.WithTimeout(ctx, 8*time.Second)
	defer cancel()
	answer, err := w.sb.WaitAnswer(wait, act)
	key, isAnswer := answerKey(b.Data)
	switch {
	case err != nil && isAnswer:
		w.unsure[key] = b.Text
		return
	case err != nil:
		return
	case answer.Text != "":
		return // refused, with a reason
	}
	if isAnswer {
		w.answers[key] = strings.TrimPrefix(b.Text, "✓ ") // it may show a moment before it is answered
		delete(w.unsure, key)
	}
	redrawn, cancelRedrawn := context.WithTimeout(ctx, 4*time.Second)
	defer cancelRedrawn()
	if _, err := w.sb.WaitFor(redrawn, w.id, act.After(func(m sandbox.Message) bool { return m.FromBot })); err == nil {
		w.latencies = append(w.latencies, time.Since(began))
	}
}

// await waits for a change of the chat after the mark, or for a while.
func (w *walker) await(ctx context.Context, mark uint64, d time.Duration) error {
	wait, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	_, _ = w.sb.WaitFor(wait, w.id, func(m sandbox.Message) bool { return m.Changed > mark })
	return ctx.Err()
}

// answerKey reads an answer's data: a.<request>.<assignment>.<item>.<pick>.
func answerKey(data string) (pressedKey, bool) {
	parts := strings.Split(data, ".")
	if len(parts) != 5 || parts[0]+"." != tapAnswer {
		return pressedKey{}, false
	}
	assignment, err1 := strconv.ParseInt(parts[2], 36, 64)
	item, err2 := strconv.ParseInt(parts[3], 36, 64)
	return pressedKey{assignment, int(item)}, err1 == nil && err2 == nil
}

// walkAll lets n people join by the public link and walk, at so many presses a second over all.
func walkAll(t *testing.T, sb *sandbox.Sandbox, n, perSecond int, patience time.Duration) []*walker {
	t.Helper()
	tick := time.NewTicker(time.Second / time.Duration(perSecond))
	t.Cleanup(tick.Stop)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	var all sync.WaitGroup
	walkers := make([]*walker, n)
	for i := range walkers {
		id := int64(500000 + i)
		if err := sb.AddPerson(sandbox.Person{ID: id, First: fmt.Sprintf("Resident %d", i), Language: "en"}); err != nil {
			t.Fatal(err)
		}
		walkers[i] = newWalker(sb, id, tick.C)
		all.Go(func() {
			<-tick.C
			if _, err := sb.Start(id, "join"); err != nil {
				t.Error(err)
				return
			}
			if err := walkers[i].walk(ctx); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	return walkers
}
