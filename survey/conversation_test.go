package survey_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pingyi/survey"
)

// The conversations are scripts: what happens, and after the arrow where that leads. After every
// line the position is marshalled and read again: what is not in it is not state.

var events = []survey.EventKind{
	survey.EventBegin, survey.EventLater, survey.EventDecline, survey.EventInvite, survey.EventChoose,
	survey.EventSearch, survey.EventFind, survey.EventChosen, survey.EventShow, survey.EventAnswered,
	survey.EventMarked, survey.EventSkipped, survey.EventDone, survey.EventBack, survey.EventComment,
	survey.EventCommented, survey.EventCancelTyping, survey.EventReview, survey.EventRevise,
	survey.EventSubmitted, survey.EventReopen,
}

func TestConversations(t *testing.T) {
	t.Parallel()
	scripts, err := filepath.Glob("testdata/conversations/*.txt")
	if err != nil || len(scripts) == 0 {
		t.Fatalf("no conversations: %v", err)
	}
	played := make(map[string]bool)
	for _, file := range scripts {
		t.Run(filepath.Base(file), func(t *testing.T) {
			c := conversation{t: t, form: &survey.Form{Answers: make(map[survey.Key]string)}}
			for n, line := range strings.Split(read(t, file), "\n") {
				if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
					c.place = fmt.Sprintf("%s:%d: %s", file, n+1, line)
					played[c.play(line)] = true
				}
			}
		})
	}
	for _, e := range events {
		if !played[string(e)] {
			t.Errorf("no conversation has the event %s", e)
		}
	}
}

type conversation struct {
	t        *testing.T
	place    string
	form     *survey.Form
	position survey.Position
}

// play carries out one line and returns its verb.
func (c *conversation) play(line string) string {
	c.t.Helper()
	do, want, checks := strings.Cut(line, "->")
	words := strings.Fields(do)
	verb, args := words[0], words[1:]
	got := ""
	switch verb {
	case "questionnaire:":
		c.form.Questionnaire = questionnaire(c.t, args[0])
	case "subjects:", "add":
		for _, code := range args {
			c.form.Asked = append(c.form.Asked, survey.Asked{
				Assignment: int64(100 + len(c.form.Asked)), Subject: code, Name: survey.Plain(code)})
		}
	case "asks:":
		c.form.Asks = survey.Asks{Mode: survey.AsksMode(args[0]), Min: number(c.t, args[1]), Max: number(c.t, args[2])}
	case "start":
		c.position = survey.Start(c.form, survey.RequestState(args[0]))
		got = c.where()
	case "missing":
		var steps []string
		for _, s := range c.form.Missing() {
			steps = append(steps, c.name(s))
		}
		got = strings.Join(steps, " ")
	default:
		c.happen(survey.Event{Kind: survey.EventKind(verb)}, args)
		got = c.where()
	}
	if checks {
		if diff := cmp.Diff(strings.TrimSpace(want), got); diff != "" {
			c.t.Fatalf("%s\n%s", c.place, diff)
		}
	}
	return verb
}

func (c *conversation) happen(e survey.Event, args []string) {
	c.t.Helper()
	if !slices.Contains(events, e.Kind) {
		c.t.Fatalf("%s: no such event", c.place)
	}
	switch {
	case len(args) > 1 && args[0] == "page":
		e.Page = number(c.t, args[1])
	case len(args) > 0 && strings.Contains(args[0], "."):
		e.Step = c.step(args[0])
		if len(args) > 1 {
			c.form.Answers[e.Step] = args[1]
		} else if e.Kind == survey.EventSkipped {
			c.form.Answers[e.Step] = survey.Skipped
		}
	default:
		e.Text = strings.Join(args, " ")
	}
	c.position = c.position.After(e, c.form)
	snapshot, err := json.Marshal(c.position)
	if err != nil {
		c.t.Fatal(err)
	}
	var again survey.Position
	if err := json.Unmarshal(snapshot, &again); err != nil {
		c.t.Fatal(err)
	}
	if diff := cmp.Diff(c.position, again); diff != "" {
		c.t.Fatalf("%s: not all of the position is kept\n%s", c.place, diff)
	}
	c.position = again
}

func (c *conversation) step(name string) survey.Step {
	subject, code, _ := strings.Cut(name, ".")
	var s survey.Step
	for _, a := range c.form.Asked {
		if a.Subject == subject {
			s.Assignment = a.Assignment
		}
	}
	for _, it := range c.form.Questionnaire.Items {
		if it.Code == code {
			s.Item = it.N
		}
	}
	return s
}

func (c *conversation) name(s survey.Step) string {
	it, asked, ok := c.form.Item(s)
	if !ok {
		return fmt.Sprintf("%d.%d", s.Assignment, s.Item)
	}
	return asked.Subject + "." + it.Code
}

func (c *conversation) where() string {
	p := c.position
	words := []string{string(p.Screen)}
	if p.Screen == survey.ScreenStep {
		words = append(words, c.name(p.Step))
	}
	if p.Awaiting != survey.AwaitingNothing {
		words = append(words, "typing", string(p.Awaiting))
	}
	if p.Revising {
		words = append(words, "revising")
	}
	if p.Page > 0 {
		words = append(words, "page", strconv.Itoa(p.Page))
	}
	if p.Search != "" {
		words = append(words, "search", p.Search)
	}
	return strings.Join(words, " ")
}

func questionnaire(t testing.TB, name string) *survey.Questionnaire {
	t.Helper()
	file := "testdata/questionnaires/" + name + ".yaml"
	q, faults := survey.ParseQuestionnaire(file, []byte(read(t, file)))
	if err := faults.Err(); err != nil {
		t.Fatal(err)
	}
	return q
}

func read(t testing.TB, file string) string {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func number(t testing.TB, s string) int {
	t.Helper()
	n, err := strconv.Atoi(s)
	if err != nil {
		t.Fatal(err)
	}
	return n
}
