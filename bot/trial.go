package bot

import (
	"context"
	"fmt"
	"maps"

	"pingyi/storage"
	"pingyi/survey"
)

// A trial has as many made-up subjects as it takes to see how a matrix and a change of subject look.
const trialSubjects = 2

// trialForm builds the form of a questionnaire being tried. Nothing of it reaches the database; its
// answers stand in the session and are lost with it.
func (t *turn) trialForm(ctx context.Context, tr *trial) (*storage.OpenForm, error) {
	if tr == nil || !t.organises() {
		return nil, fmt.Errorf("bot: no questionnaire is being tried: %w", survey.ErrForbidden)
	}
	q, err := t.store.Questionnaire(ctx, tr.Questionnaire)
	if err != nil {
		return nil, err
	}
	form := &survey.Form{
		Questionnaire: q, Answers: map[survey.Key]string{}, Comments: map[survey.Key]string{},
	}
	for i, key := range [trialSubjects]string{"form.try_name", "form.try_other"} {
		form.Asked = append(form.Asked, survey.Asked{
			Assignment: int64(i + 1), Subject: key, Name: survey.Plain(t.plain(key, nil)),
		})
	}
	fill(form.Answers, tr.Answers)
	fill(form.Comments, tr.Comments)
	return &storage.OpenForm{
		State: survey.RequestOpened,
		Round: storage.FormRound{Title: q.Title, State: survey.RoundOpen},
		Panel: storage.FormPanel{Identity: survey.Named},
		Form:  form,
	}, nil
}

// keep takes the answers of the form over into the session.
func (tr *trial) keep(f *survey.Form) {
	tr.Answers, tr.Comments = map[string]string{}, map[string]string{}
	for k, v := range f.Answers {
		tr.Answers[trialKey(k)] = v
	}
	for k, v := range f.Comments {
		tr.Comments[trialKey(k)] = v
	}
}

func trialKey(k survey.Key) string { return fmt.Sprintf("%d.%d", k.Assignment, k.Item) }

func fill(to map[survey.Key]string, from map[string]string) {
	for raw := range maps.Keys(from) {
		var k survey.Key
		if _, err := fmt.Sscanf(raw, "%d.%d", &k.Assignment, &k.Item); err == nil {
			to[k] = from[raw]
		}
	}
}

// try begins a trial in the message pressed.
func (t *turn) try(ctx context.Context, questionnaire int64) error {
	c := &conversation{session: session{Trial: &trial{Questionnaire: questionnaire}}}
	var err error
	if c.OpenForm, err = t.trialForm(ctx, c.session.Trial); err != nil {
		return err
	}
	c.position = survey.Position{Screen: survey.ScreenInvitation}
	c.State = survey.RequestSent
	t.draw(ctx, c)
	return nil
}
