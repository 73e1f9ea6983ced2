package storage

import (
	"errors"
	"fmt"
	"reflect"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"pingyi/survey"
)

// pressed reads a press that has to find a form.
func (c *city) pressed(account, request int64, answers int) *OpenForm {
	c.t.Helper()
	p, err := c.Pressed(c.t.Context(), testNow, account, request, answers)
	if err = errors.Join(err, p.Err); err != nil {
		c.t.Fatal(err)
	}
	return p.Form
}

// account is the Telegram account of a person.
func (c *city) account(person int64) int64 {
	c.t.Helper()
	return scalar[int64](c.t, c.Store, `SELECT telegram_id FROM person WHERE id = $1`, person)
}

// To answer, as much is read as answering takes, the first time and while it is remembered: saving enters
// what stands in the database.
func TestPressedToAnswer(t *testing.T) {
	t.Parallel()
	c := newCity(t, 2)
	c.open(residents)
	person, f := c.form("c001")
	account := c.account(person)
	if err := c.tap(person, f, f.Form.Asked[0].Subject, 3, "2"); err != nil {
		t.Fatal(err)
	}
	service := survey.Step{Assignment: f.Form.Asked[0].Assignment, Item: 1}
	speed := survey.Step{Assignment: service.Assignment, Item: 3}
	tap := Tap{PersonID: person, TelegramID: account, RequestID: f.RequestID, AssignmentID: service.Assignment, Item: 1}
	for i, value := range []string{"5", "4", "3"} {
		form := c.pressed(account, f.RequestID, 1)
		if !form.Blank() || len(form.Form.Answers) != 0 {
			t.Fatalf("press %d: what stands there was read before it is needed", i)
		}
		tap.UpdateID, tap.Value = int64(i+1), value
		if err := c.AnswerTo(t.Context(), testNow, form, tap); err != nil {
			t.Fatal(err)
		}
		if got := form.Form.Answers; form.Blank() || got[service] != value || got[speed] != "2" {
			t.Errorf("after the answer %s the form has %v, blank %v", value, got, form.Blank())
		}
	}
	other, err := c.Pressed(t.Context(), testNow, account+1, f.RequestID, 1)
	if err != nil || other.Form != nil {
		t.Errorf("somebody else's press: %v, form %v", err, other.Form)
	}
	want(t, "somebody else's press", other.Err, survey.ErrForbidden)
}

// Whatever needs to know what was answered finds it.
func TestPressedInFull(t *testing.T) {
	t.Parallel()
	c := newCity(t, 1)
	c.open(residents)
	person, f := c.form("c001")
	if err := c.tap(person, f, f.Form.Asked[0].Subject, 1, "2"); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second time it is remembered
		for what, item := range map[string]int{"something else": 0, "a question with a condition": 2, "no item": 9} {
			form := c.pressed(c.account(person), f.RequestID, item)
			if form.Blank() || len(form.Form.Answers) != 1 {
				t.Errorf("%s: answers %v, blank %v", what, form.Form.Answers, form.Blank())
			}
		}
	}
}

// Presses that wait are read together, and each gets its own.
func TestPressesReadTogether(t *testing.T) {
	t.Parallel()
	const people = 12
	c := newCity(t, people)
	c.open(residents)
	c.presses.mu.Lock()
	c.presses.running = true // others seem to be under way
	c.presses.mu.Unlock()
	var g errgroup.Group
	for i := range people {
		person, f := c.form(fmt.Sprintf("c%03d", i+1))
		account := c.account(person)
		g.Go(func() error {
			p, err := c.Pressed(t.Context(), testNow, account, f.RequestID, i%2)
			if err = errors.Join(err, p.Err); err != nil {
				return err
			}
			if p.Person.ID != person || p.Form.RequestID != f.RequestID || p.Form.Form.Asked[0].Assignment != f.Form.Asked[0].Assignment {
				return fmt.Errorf("press of %d got what is %d's", person, p.Person.ID)
			}
			return nil
		})
	}
	g.Go(func() error {
		_, err := c.Pressed(t.Context(), testNow, 999, 1, 0)
		want(t, "press of a stranger", err, survey.ErrNotFound)
		return nil
	})
	g.Go(func() error {
		p, err := c.Pressed(t.Context(), testNow, 1001, 1<<40, 0)
		want(t, "press on what is not there", p.Err, survey.ErrNotFound)
		return err
	})
	for waiting := 0; waiting < people+2; {
		time.Sleep(time.Millisecond)
		c.presses.mu.Lock()
		waiting = len(c.presses.waiting)
		c.presses.mu.Unlock()
	}
	c.presses.run()
	if err := g.Wait(); err != nil {
		t.Fatal(err)
	}
}

// Forms that are remembered by the thousand keep one copy of what is the same in all, as long as it is.
func TestFormsShareTexts(t *testing.T) {
	t.Parallel()
	c := newCity(t, 2)
	c.open(residents)
	_, one := c.form("c001")
	person, two := c.form("c002")
	same := func(a, b survey.Text) bool { return reflect.ValueOf(a).Pointer() == reflect.ValueOf(b).Pointer() }
	if !same(one.Round.Title, two.Round.Title) || !same(one.Panel.Title, two.Panel.Title) ||
		!same(one.Form.Asked[0].Name, two.Form.Asked[0].Name) {
		t.Error("every form has texts of its own")
	}
	exec(t, c.Store, `UPDATE subject SET name = '{"":"renamed"}' WHERE code = $1`, two.Form.Asked[0].Subject)
	again, err := c.FormToAnswer(t.Context(), person, two.RequestID)
	if err != nil {
		t.Fatal(err)
	}
	if got := again.Form.Asked[0].Name.In(survey.ZhHans); got != "renamed" {
		t.Errorf("the subject is still called %s", got)
	}
}

// What was read with the press holds for writing it at once; who has had to wait is looked up again.
func TestAnswerAfterWaiting(t *testing.T) {
	t.Parallel()
	c := newCity(t, 1)
	c.open(residents)
	person, f := c.form("c001")
	form := c.pressed(c.account(person), f.RequestID, 1)
	tx, err := c.pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback(t.Context()) }()
	if _, err := tx.Exec(t.Context(), `UPDATE round SET title = title WHERE id = $1`, c.round); err != nil {
		t.Fatal(err)
	}
	answered := make(chan error, 1)
	go func() {
		answered <- c.AnswerTo(t.Context(), testNow, form, Tap{UpdateID: 1, PersonID: person, RequestID: f.RequestID,
			AssignmentID: f.Form.Asked[0].Assignment, Item: 1, Value: "4"})
	}()
	select {
	case err := <-answered:
		t.Fatal("written while the round was held:", err)
	case <-time.After(3 * busyPause):
	}
	exec(t, c.Store, `UPDATE request SET state = 'done' WHERE id = $1`, f.RequestID)
	time.Sleep(5 * busyPause) // whoever looked it up before has met the round held again
	if err := tx.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	want(t, "answer to what was submitted meanwhile", <-answered, survey.ErrStale)
}
