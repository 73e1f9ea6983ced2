package main

import (
	"context"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"pingyi/storage"
	"pingyi/survey"
)

// history makes up a round of the past, by the very calls the bot makes: it opens, people answer and
// submit, it closes.
type history struct {
	store    *storage.Store
	telegram []int64 // who may have taken part, by Telegram id
	turnout  float64 // the share that did
	seed     uint64
}

const historyWorkers = 48

// run plays the round with the code from its opening to its end.
func (h history) run(ctx context.Context, code string, opened, closed time.Time) error {
	if err := h.store.OpenRound(ctx, opened, storage.Cause{}, code); err != nil {
		return err
	}
	group, inner := errgroup.WithContext(ctx)
	group.SetLimit(historyWorkers)
	for i, id := range h.telegram {
		dice := rand.New(rand.NewPCG(h.seed, uint64(i)))
		if dice.Float64() > h.turnout {
			continue
		}
		at := opened.Add(time.Duration(dice.Int64N(int64(closed.Sub(opened)))))
		group.Go(func() error { return h.answer(inner, code, id, at, dice) })
	}
	if err := group.Wait(); err != nil {
		return fmt.Errorf("making up round %s: %w", code, err)
	}
	return h.store.CloseRound(ctx, closed, storage.Cause{}, code)
}

// answer lets one person answer all that the round asks of them.
func (h history) answer(ctx context.Context, code string, telegram int64, at time.Time, dice *rand.Rand) error {
	person, err := h.store.PersonByTelegram(ctx, telegram)
	if err != nil {
		return err
	}
	waiting, err := h.store.Todo(ctx, person.ID)
	if err != nil {
		return err
	}
	for _, item := range waiting {
		f, err := h.store.Form(ctx, at, person.ID, item.RequestID)
		if err != nil {
			return err
		}
		if f.Round.Code != code {
			continue
		}
		if err := h.fill(ctx, person.ID, f, at, dice); err != nil {
			return err
		}
	}
	return nil
}

func (h history) fill(ctx context.Context, person int64, f *storage.OpenForm, at time.Time, dice *rand.Rand) error {
	if err := h.store.Open(ctx, at, storage.Cause{Actor: person}, person, f.RequestID); err != nil {
		return err
	}
	if len(f.Choosable) > 0 {
		for _, i := range dice.Perm(len(f.Choosable))[:min(max(f.Panel.Asks.Min, 2), f.Panel.Asks.Max, len(f.Choosable))] {
			if err := h.store.Choose(ctx, at, storage.Cause{Actor: person}, person, f.RequestID, f.Choosable[i].ID, true); err != nil {
				return err
			}
		}
		var err error
		if f, err = h.store.Form(ctx, at, person, f.RequestID); err != nil {
			return err
		}
	}
	for {
		step, more := f.Form.First()
		if !more {
			break
		}
		value := h.value(f.Form, step, dice)
		err := h.store.Answer(ctx, at, storage.Tap{
			PersonID: person, RequestID: f.RequestID, AssignmentID: step.Assignment, Item: step.Item, Value: value,
		})
		if err != nil {
			return err
		}
		f.Form.Answers[step] = value
	}
	_, err := h.store.Submit(ctx, at, storage.Cause{Actor: person}, person, f.RequestID)
	return err
}

// value makes up an answer: by how the subject is liked, and by mood.
func (h history) value(f *survey.Form, step survey.Step, dice *rand.Rand) string {
	it, _ := f.Questionnaire.Item(step.Item)
	best := func(n int) int { return leaning(subjectOf(f, step), n, dice) }
	switch it.AnswerKind() {
	case survey.Rating:
		if it.DontKnow && dice.IntN(25) == 0 {
			return it.Unknown()
		}
		return fmt.Sprint(it.Levels[best(len(it.Levels))].Value)
	case survey.Score:
		return fmt.Sprint(10 - best(11))
	case survey.YesNo:
		return []string{"yes", "no"}[dice.IntN(2)]
	case survey.Single:
		return it.Options[dice.IntN(len(it.Options))].Code
	case survey.Multiple:
		n := min(max(it.MinChoices, 1), len(it.Options))
		codes := make([]string, 0, n)
		for _, o := range it.Options[:n] {
			codes = append(codes, o.Code)
		}
		return strings.Join(codes, "|")
	case survey.Number:
		if it.Min != nil {
			return it.Min.FloatString(it.Decimals)
		}
		return "1"
	}
	return "" // short texts are skipped
}

func subjectOf(f *survey.Form, step survey.Step) string {
	for _, asked := range f.Asked {
		if asked.Assignment == step.Assignment {
			return asked.Subject
		}
	}
	return ""
}

// leaning is which of n answers, best first, somebody gives: it depends on who is spoken of, so that
// some fare better than others, and on mood.
func leaning(of string, n int, dice *rand.Rand) int {
	h := fnv.New32a()
	_, _ = h.Write([]byte(of))
	liking := 0.25 + float64(h.Sum32()%100)/160 // 0.25 (good) … 0.87 (poor)
	return min(int(dice.ExpFloat64()*liking*float64(n)/2.2), n-1)
}
