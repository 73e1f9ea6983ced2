package storage

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sync/errgroup"

	"pingyi/survey"
)

// stored lists the open answers of a round: item and value, sorted.
const stored = `SELECT item || '=' || value FROM open_answer WHERE round_id = $1 ORDER BY 1`

func TestTapsAreChecked(t *testing.T) {
	t.Parallel()
	c := newCity(t, 2)
	code := c.open(residents)
	me, mine := c.form("c001")
	other, theirs := c.form("c002")
	tap := Tap{PersonID: me, RequestID: mine.RequestID, AssignmentID: mine.Form.Asked[0].Assignment, Item: 1, Value: "5"}
	with := func(change func(*Tap)) Tap {
		forged := tap
		change(&forged)
		return forged
	}
	long := string(slices.Repeat([]byte("x"), 1200))
	for _, test := range []struct {
		name string
		tap  Tap
		want error
	}{
		{"somebody else's request", with(func(f *Tap) { f.RequestID = theirs.RequestID }), survey.ErrForbidden},
		{"somebody else's assignment", with(func(f *Tap) { f.AssignmentID = theirs.Form.Asked[0].Assignment }), survey.ErrForbidden},
		{"as somebody else", with(func(f *Tap) { f.PersonID = other }), survey.ErrForbidden},
		{"no such request", with(func(f *Tap) { f.RequestID = 999999 }), survey.ErrNotFound},
		{"no such assignment", with(func(f *Tap) { f.AssignmentID = 999999 }), survey.ErrNotFound},
		{"no such item", with(func(f *Tap) { f.Item = 99 }), survey.ErrInvalid},
		{"item zero", with(func(f *Tap) { f.Item = 0 }), survey.ErrInvalid},
		{"item beyond a smallint", with(func(f *Tap) { f.Item = 1 << 17 }), survey.ErrInvalid},
		{"no such level", with(func(f *Tap) { f.Value = "6" }), survey.ErrInvalid},
		{"garbage", with(func(f *Tap) { f.Value = "\x00\xff'; DROP TABLE ballot" }), survey.ErrInvalid},
		{"skipping what is required", with(func(f *Tap) { f.Value = "" }), survey.ErrInvalid},
		{"don't know where it is not offered", with(func(f *Tap) { f.Item, f.Value = 3, "0" }), survey.ErrInvalid},
		{"an option that does not exist", with(func(f *Tap) { f.Item, f.Value = 4, "app|fax" }), survey.ErrInvalid},
		{"a comment where none is taken", with(func(f *Tap) { f.Item, f.Comment = 3, &long }), survey.ErrInvalid},
		{"a comment too long", with(func(f *Tap) { f.Comment = &long }), survey.ErrInvalid},
		{"a text too long", with(func(f *Tap) { f.Item, f.Value = 2, long }), survey.ErrInvalid},
	} {
		want(t, test.name, c.Answer(t.Context(), testNow, test.tap), test.want)
	}
	if got := listed[string](t, c.Store, stored, c.round); len(got) > 0 {
		t.Errorf("refused taps left %v", got)
	}
	for _, action := range []struct {
		name string
		do   func() error
		want error
	}{
		{"paused", func() error { return c.PauseRound(t.Context(), testNow, Cause{}, code) }, survey.ErrPaused},
		{"resumed", func() error { return c.ResumeRound(t.Context(), testNow, Cause{}, code) }, nil},
		{"declined", func() error { return c.Decline(t.Context(), testNow, Cause{}, me, mine.RequestID) }, survey.ErrStale},
		{"begun again", func() error { return c.Open(t.Context(), testNow, Cause{}, me, mine.RequestID) }, nil},
		{"closed", func() error { return c.CloseRound(t.Context(), testNow, Cause{}, code) }, survey.ErrClosed},
	} {
		if err := action.do(); err != nil {
			t.Fatalf("%s: %v", action.name, err)
		}
		want(t, "a tap once "+action.name, c.Answer(t.Context(), testNow, tap), action.want)
	}
}

func TestAnswersOfEveryKind(t *testing.T) {
	t.Parallel()
	c := newCity(t, 1)
	c.open(residents)
	person, f := c.form("c001")
	comment, none, dirty := "  好 <&_* 👍\u202eabc\x00 ", "", "a\x00b\xffc"
	first, second := f.Form.Asked[0].Assignment, f.Form.Asked[1].Assignment
	for _, tap := range []Tap{
		{AssignmentID: first, Item: 1, Value: "2"},
		{AssignmentID: first, Item: 1, Comment: &comment},
		{AssignmentID: first, Item: 2, Value: dirty},
		{AssignmentID: first, Item: 3, Value: ""},
		{AssignmentID: first, Item: 4, Value: "app|phone"},
		{AssignmentID: second, Item: 1, Value: "0"},
		{AssignmentID: second, Item: 1, Comment: &comment},
		{AssignmentID: second, Item: 1, Comment: &none},
		{AssignmentID: second, Item: 2, Comment: &dirty}, // a text may come as a comment too
		{AssignmentID: second, Item: 2, Value: ""},
		{AssignmentID: second, Item: 4, Value: "hall"},
	} {
		tap.PersonID, tap.RequestID = person, f.RequestID
		if err := c.Answer(t.Context(), testNow, tap); err != nil {
			t.Fatalf("%+v: %v", tap, err)
		}
	}
	got, err := c.Form(t.Context(), testNow, person, f.RequestID)
	if err != nil {
		t.Fatal(err)
	}
	answers := map[survey.Key]string{{Assignment: first, Item: 1}: "2", {Assignment: first, Item: 2}: "abc",
		{Assignment: first, Item: 3}: "", {Assignment: first, Item: 4}: "app|phone",
		{Assignment: second, Item: 1}: "0", {Assignment: second, Item: 2}: "", {Assignment: second, Item: 4}: "hall"}
	if diff := cmp.Diff(answers, got.Form.Answers); diff != "" {
		t.Errorf("answers (-want +got):\n%s", diff)
	}
	comments := map[survey.Key]string{{Assignment: first, Item: 1}: "好 <&_* 👍\u202eabc"}
	if diff := cmp.Diff(comments, got.Form.Comments); diff != "" {
		t.Errorf("comments (-want +got):\n%s", diff)
	}
}

func TestUpdateTakesEffectOnce(t *testing.T) {
	t.Parallel()
	c := newCity(t, 1)
	c.open(residents)
	person, f := c.form("c001")
	tap := Tap{UpdateID: 77, PersonID: person, RequestID: f.RequestID, AssignmentID: f.Form.Asked[0].Assignment, Item: 1, Value: "5"}
	var saved, handled atomic.Int32
	var g errgroup.Group
	for range 24 {
		g.Go(func() error {
			switch err := c.Answer(t.Context(), testNow, tap); {
			case err == nil:
				saved.Add(1)
			case errors.Is(err, survey.ErrHandled):
				handled.Add(1)
			default:
				return err
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		t.Fatal(err)
	}
	if saved.Load() != 1 || handled.Load() != 23 {
		t.Errorf("saved %d times, handled before %d times", saved.Load(), handled.Load())
	}
	if yes, err := c.Handled(t.Context(), 77); err != nil || !yes {
		t.Errorf("the update is not recorded: %v %v", yes, err)
	}
	tap.Value = "1"
	want(t, "the same update with another value", c.Answer(t.Context(), testNow, tap), survey.ErrHandled)
	if got := listed[string](t, c.Store, stored, c.round); !slices.Equal(got, []string{"1=5"}) {
		t.Errorf("stored %v", got)
	}
}

// queued returns taps as they wait for a batch, their values unchecked.
func (c *city) queued(person int64, f *OpenForm, values ...string) []*tapWrite {
	c.t.Helper()
	key, err := c.roundKey(scalar[[]byte](c.t, c.Store, `SELECT salt FROM round WHERE id = $1`, c.round))
	if err != nil {
		c.t.Fatal(err)
	}
	var batch []*tapWrite
	for _, value := range values {
		tap := Tap{PersonID: person, RequestID: f.RequestID, AssignmentID: f.Form.Asked[0].Assignment}
		batch = append(batch, &tapWrite{tap: tap, day: testNow, round: c.round, ballot: ballotID(key, f.Form.Asked[0].Assignment),
			panel: f.Panel.ID, subject: 1, item: 1, value: &value})
	}
	return batch
}

func TestBatchHoldsAKeyOnce(t *testing.T) {
	t.Parallel()
	c := newCity(t, 1)
	c.open(residents)
	person, f := c.form("c001")
	batch := c.queued(person, f, "1", "2", "3", "4")
	batch[3].tap.UpdateID = 9
	if err := c.MarkHandled(t.Context(), testNow, 9); err != nil {
		t.Fatal(err)
	}
	verdicts := c.taps.settle(batch)
	for i, sentinel := range []error{nil, nil, nil, survey.ErrHandled} {
		want(t, "verdict "+strconv.Itoa(i), verdicts[i], sentinel)
	}
	if got := listed[string](t, c.Store, stored, c.round); !slices.Equal(got, []string{"1=3"}) {
		t.Errorf("stored %v, want the last one that was not handled before", got)
	}
}

func TestBadRowFailsAlone(t *testing.T) {
	t.Parallel()
	c := newCity(t, 1)
	c.open(residents)
	person, f := c.form("c001")
	batch := c.queued(person, f, "1", "bad\x00", "3")
	batch[2].item = 3
	verdicts := c.taps.settle(batch)
	for i, sentinel := range []error{nil, survey.ErrInvalid, nil} {
		want(t, "verdict "+strconv.Itoa(i), verdicts[i], sentinel)
	}
	if got := listed[string](t, c.Store, stored, c.round); !slices.Equal(got, []string{"1=1", "3=3"}) {
		t.Errorf("stored %v", got)
	}
}

// TestWaitingTapsShareACommit lets taps pile up, as they do while the commit
// before them is under way: one statement then writes them all.
func TestWaitingTapsShareACommit(t *testing.T) {
	t.Parallel()
	const people = 12
	c := newCity(t, people)
	c.open(residents)
	c.taps.mu.Lock()
	c.taps.running = true // a commit seems to be under way
	c.taps.mu.Unlock()
	var g errgroup.Group
	for i := range people {
		person, f := c.form(fmt.Sprintf("c%03d", i+1))
		g.Go(func() error { return c.tap(person, f, "police", 1, "4") })
	}
	for waiting := 0; waiting < people; {
		time.Sleep(time.Millisecond)
		c.taps.mu.Lock()
		waiting = len(c.taps.waiting)
		c.taps.mu.Unlock()
	}
	c.taps.run()
	if err := g.Wait(); err != nil {
		t.Fatal(err)
	}
	got := scalar[string](t, c.Store, `SELECT count(*) || ' ' || count(DISTINCT xmin::text) FROM open_answer WHERE round_id = $1`, c.round)
	if got != fmt.Sprintf("%d 1", people) {
		t.Errorf("answers and transactions: %s, want %d in one", got, people)
	}
}

// TestTapsFromTwoReplicas presses from many people at once, each against two
// replicas in turn, and finds every answer there.
func TestTapsFromTwoReplicas(t *testing.T) {
	t.Parallel()
	const people, presses = 40, 6
	c := newCity(t, people)
	c.open(residents)
	replicas := []*Store{c.Store, openStore(t, c.pool.Config().ConnString())}
	var g errgroup.Group
	for i := range people {
		person, f := c.form(fmt.Sprintf("c%03d", i+1))
		g.Go(func() error {
			for press := range presses {
				err := replicas[(i+press)%2].Answer(t.Context(), testNow, Tap{UpdateID: int64(1000*i + press + 1), PersonID: person,
					RequestID: f.RequestID, AssignmentID: f.Form.Asked[press/2].Assignment, Item: 1 + 2*(press%2), Value: "4"})
				if err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		t.Fatal(err)
	}
	answers := scalar[int](t, c.Store, `SELECT count(*) FROM open_answer WHERE round_id = $1 AND value = '4'`, c.round)
	updates := scalar[int](t, c.Store, `SELECT count(*) FROM handled_update`)
	if answers != people*presses || updates != people*presses {
		t.Errorf("%d answers, %d updates, want %d of each", answers, updates, people*presses)
	}
}

// TestTapsAgainstClosing presses while the round closes: every tap that was
// accepted is in the sealed ballots, every other was refused.
func TestTapsAgainstClosing(t *testing.T) {
	t.Parallel()
	const people = 30
	c := newCity(t, people)
	code := c.open(residents)
	type respondent struct {
		person int64
		form   *OpenForm
	}
	var all []respondent
	for i := range people {
		person, f := c.form(fmt.Sprintf("c%03d", i+1))
		all = append(all, respondent{person, f})
	}
	var accepted, refused atomic.Int32
	var g errgroup.Group
	for _, r := range all {
		g.Go(func() error {
			for _, item := range []int{1, 3} {
				for _, a := range r.form.Form.Asked {
					err := c.Answer(t.Context(), testNow, Tap{PersonID: r.person, RequestID: r.form.RequestID,
						AssignmentID: a.Assignment, Item: item, Value: "3"})
					switch {
					case err == nil:
						accepted.Add(1)
					case errors.Is(err, survey.ErrClosed):
						refused.Add(1)
					default:
						return err
					}
				}
			}
			return nil
		})
	}
	g.Go(func() error {
		for accepted.Load() < people { // in the midst of it
			time.Sleep(time.Millisecond)
		}
		return c.CloseRound(t.Context(), testNow, Cause{}, code)
	})
	if err := g.Wait(); err != nil {
		t.Fatal(err)
	}
	kept := scalar[int](t, c.Store, `SELECT count(*) FROM answer WHERE round_id = $1`, c.round)
	if kept != int(accepted.Load()) {
		t.Errorf("%d taps were accepted, %d answers are kept", accepted.Load(), kept)
	}
	if total := accepted.Load() + refused.Load(); total != people*6 || refused.Load() == 0 {
		t.Errorf("accepted %d, refused %d of %d", accepted.Load(), refused.Load(), people*6)
	}
}

// TestPausingGetsThrough pauses a round while three replicas press without a
// break: whoever changes a round must not starve behind those who share it.
func TestPausingGetsThrough(t *testing.T) {
	t.Parallel()
	const people = 24
	c := newCity(t, people)
	code := c.open(residents)
	url := c.pool.Config().ConnString()
	replicas := []*Store{c.Store, openStore(t, url), openStore(t, url)}
	var taps atomic.Int32
	var g errgroup.Group
	for i := range people {
		person, f := c.form(fmt.Sprintf("c%03d", i+1))
		g.Go(func() error {
			for {
				err := replicas[i%3].Answer(t.Context(), testNow, Tap{PersonID: person, RequestID: f.RequestID,
					AssignmentID: f.Form.Asked[0].Assignment, Item: 1, Value: "5"})
				if errors.Is(err, survey.ErrPaused) {
					return nil
				}
				if err != nil {
					return err
				}
				taps.Add(1)
			}
		})
	}
	for taps.Load() < 10*people {
		time.Sleep(time.Millisecond)
	}
	begun := time.Now()
	if err := c.PauseRound(t.Context(), testNow, Cause{}, code); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(begun); took > 10*time.Second {
		t.Errorf("pausing took %v", took)
	}
	if err := g.Wait(); err != nil {
		t.Error(err)
	}
}

// BenchmarkAnswer presses from 64 people at once.
func BenchmarkAnswer(b *testing.B) {
	const people = 64
	c := newCity(b, people)
	c.open(residents)
	type respondent struct {
		person int64
		form   *OpenForm
	}
	all := make(chan respondent, people)
	for i := range people {
		person, f := c.form(fmt.Sprintf("c%03d", i+1))
		all <- respondent{person, f}
	}
	var update atomic.Int64
	b.SetParallelism(people / 2)
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		r := <-all
		defer func() { all <- r }()
		for pb.Next() {
			n := update.Add(1)
			err := c.Answer(b.Context(), testNow, Tap{UpdateID: n, PersonID: r.person, RequestID: r.form.RequestID,
				AssignmentID: r.form.Form.Asked[n%3].Assignment, Item: 1, Value: strconv.Itoa(int(1 + n%5))})
			if err != nil {
				b.Error(err)
				return
			}
		}
	})
}
