package main

import (
	"context"
	"net/http/httptest"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"pingyi/bot/sandbox"
	"pingyi/survey"
)

// town is a project of four departments that residents of two districts rate.
func town(t *testing.T) string {
	return write(t, map[string]string{
		"project.yaml": `project: town
name: Riverside Town
language: en
notice: {version: "1", text: We keep your answers until the round is over.}
enrolment:
  open: true
  districts: [{code: north, name: North}, {code: south, name: South}]
  ages: [{code: young, name: under 40}, {code: old, name: 40 and over}]
`,
		"subjects.csv": "code,name,kind,group\npolice,Police,department,\nhealth,Health,department,\nwater,Water,department,\nroads,Roads & <Bridges>,department,\n",
		"questionnaires/visit.yaml": `questionnaire: visit
title: Your visit
items:
  - {code: overall, kind: rating, text: How satisfied are you?, required: true, levels: [
      {value: 5, label: Very satisfied, points: 100}, {value: 4, label: Satisfied, points: 80}, {value: 3, label: Fair, points: 60},
      {value: 2, label: Dissatisfied, points: 40}, {value: 1, label: Very dissatisfied, points: 20}]}
  - {code: again, kind: yesno, text: Would you come again?, dont_know: true}
  - {code: likely, kind: score, text: Would you recommend it?}
  - {code: where, kind: single, text: Where were you?, options: [{code: desk, label: At the counter}, {code: web, label: On the web}]}
`,
		"rounds/now.yaml": `round: now
title: How are we doing?
questionnaire: visit
subjects: all
duration: 14d
panels:
  - panel: residents
    title: Residents
    who: {kind: citizen}
    identity: anonymous
    minimum: 5
    asks: {draw: 2}
`,
	})
}

const botToken = "777000:end-to-end-test-token"

// telegram is the sandbox with an address.
func telegram(t *testing.T) (*sandbox.Sandbox, string) {
	t.Helper()
	sb := sandbox.New(sandbox.Config{Token: botToken, Username: "town_bot", CallbackLife: 10 * time.Minute})
	server := httptest.NewServer(sb.Handler())
	t.Cleanup(server.Close)
	t.Cleanup(sb.Close)
	return sb, server.URL
}

// openTown loads the town, opens its round and returns the environment of its replicas.
func openTown(t *testing.T, api string) at {
	t.Helper()
	env := withStores(t)
	env = append(env, "PINGYI_TELEGRAM_TOKEN="+botToken, "PINGYI_TELEGRAM_API="+api, "PINGYI_SEND_RATE=500", "PINGYI_ADMINS=900001")
	env.must(t, "migrate")
	env.must(t, "apply", town(t))
	env.must(t, "round", "open", "now")
	return env
}

// people is how many walk in the end-to-end tests; more by PINGYI_TEST_PEOPLE.
func people(t *testing.T) int {
	t.Helper()
	if n, err := strconv.Atoi(os.Getenv("PINGYI_TEST_PEOPLE")); err == nil {
		return n
	}
	return 60
}

// TestServePolling lets people join and answer through a replica that is killed three times, with
// Redis emptied once: every answer that was acknowledged stands there, once, as pressed.
func TestServePolling(t *testing.T) {
	t.Parallel()
	sb, api := telegram(t)
	env := openTown(t, api)
	r := serve(t, env)
	ctx, done := context.WithCancel(t.Context())
	disturbed := make(chan struct{})
	go func() {
		defer close(disturbed)
		disturb(ctx, t, env, r)
	}()
	walkers := walkAll(t, sb, people(t), 100, 4*time.Minute)
	done()
	<-disturbed
	checkAnswers(t, env, walkers)
	checkConduct(t, sb)
}

// disturb kills the replica three times, and empties Redis once.
func disturb(ctx context.Context, t *testing.T, env at, r *replica) {
	opts, err := redis.ParseURL(environment(env, "PINGYI_REDIS_URL"))
	if err != nil {
		t.Error(err)
		return
	}
	client := redis.NewClient(opts)
	defer func() { _ = client.Close() }()
	for i := range 3 {
		select {
		case <-ctx.Done():
			t.Errorf("everybody was done before kill %d", i+1)
			return
		case <-time.After(2500 * time.Millisecond):
		}
		r.kill()
		if i == 1 {
			if err := client.FlushDB(context.WithoutCancel(ctx)).Err(); err != nil {
				t.Error(err)
			}
		}
		r.start(t)
	}
}

// TestServeWebhook is the same by webhook, without disturbance.
func TestServeWebhook(t *testing.T) {
	t.Parallel()
	sb, api := telegram(t)
	env := openTown(t, api)
	listen := freePort(t)
	env = append(env, "PINGYI_PUBLIC_URL=http://"+listen, "PINGYI_WEBHOOK_SECRET=hook-secret")
	r := serveAt(t, env, listen)
	walkers := walkAll(t, sb, people(t), 100, 2*time.Minute)
	checkAnswers(t, env, walkers)
	checkConduct(t, sb)
	if err := r.stop(); err != nil {
		t.Errorf("the replica did not end well: %v\n%s", err, r.log)
	}
}

// checkAnswers compares what was pressed and acknowledged with what stands in Postgres.
func checkAnswers(t *testing.T, env at, walkers []*walker) {
	t.Helper()
	store := env.store(t)
	now, err := store.Now(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var latencies []time.Duration
	pressed := 0
	for _, w := range walkers {
		latencies = append(latencies, w.latencies...)
		pressed += len(w.answers)
		person, err := store.PersonByTelegram(t.Context(), w.id)
		if err != nil {
			t.Error(err)
			continue
		}
		todo, err := store.Todo(t.Context(), person.ID)
		if err != nil || len(todo) != 1 {
			t.Errorf("person %d has %d requests, want 1 (%v)", w.id, len(todo), err)
			continue
		}
		if todo[0].State != survey.RequestDone {
			t.Errorf("person %d: the request is %s, want done", w.id, todo[0].State)
		}
		f, err := store.Form(t.Context(), now, person.ID, todo[0].RequestID)
		if err != nil {
			t.Error(err)
			continue
		}
		checkForm(t, w, f.Form)
	}
	if pressed < len(walkers)*8 {
		t.Errorf("only %d answers were acknowledged, too few for %d people: the check is too weak", pressed, len(walkers))
	}
	slices.Sort(latencies)
	if n := len(latencies); n > 0 {
		t.Logf("%d presses, median %v, p99 %v", n, latencies[n/2], latencies[n*99/100])
	}
}

func checkForm(t *testing.T, w *walker, f *survey.Form) {
	t.Helper()
	if got, want := len(f.Answers), 8; got != want {
		t.Errorf("person %d: %d answers stand, want %d", w.id, got, want)
	}
	for key, label := range w.answers {
		if _, again := w.unsure[key]; again {
			continue // pressed again later, and nobody knows whether that came through
		}
		value := f.Answers[survey.Key{Assignment: key.assignment, Item: key.item}]
		it, ok := f.Questionnaire.Item(key.item)
		if !ok {
			t.Errorf("person %d: no item %d", w.id, key.item)
			continue
		}
		if got := labelOf(it, value); got != label {
			t.Errorf("person %d, item %s: pressed %q, %q stands (%q)", w.id, it.Code, label, got, value)
		}
	}
}

// labelOf is how a value reads on its button.
func labelOf(it *survey.Item, value string) string {
	words := map[string]string{survey.Yes: "Yes", survey.No: "No", survey.DontKnow: "Don’t know", survey.Skipped: "Skip ›"}
	for _, c := range it.Choices() {
		if c.Value == value && len(c.Label) > 0 {
			return c.Label.In(survey.En)
		}
	}
	if label, ok := words[value]; ok {
		return label
	}
	return value
}

// checkConduct asks the sandbox whether the bot kept to the Bot API.
func checkConduct(t *testing.T, sb *sandbox.Sandbox) {
	t.Helper()
	for _, v := range sb.Violations() {
		t.Errorf("refused for its form: %+v", v)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if err := sb.Settle(ctx); err != nil {
		t.Error(err)
	}
	if open := sb.Unanswered(0); len(open) > 0 {
		t.Errorf("%d presses were never answered, the first %+v", len(open), open[0])
	}
}

// TestServeRefusesAnotherSecret keeps people from voting twice under a new secret.
func TestServeRefusesAnotherSecret(t *testing.T) {
	t.Parallel()
	env := withStores(t)
	env.must(t, "migrate")
	env.store(t)
	other := append(slices.Clone(env), "PINGYI_SECRET=ffffffffffffffffffffffffffffffff", "PINGYI_TELEGRAM_TOKEN="+botToken)
	code, _, stderr := other.runs(t, "serve")
	if code != exitFailed || stderr == "" {
		t.Errorf("exit %d with %q, want a refusal", code, stderr)
	}
}
