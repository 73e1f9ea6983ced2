package main

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"pingyi/bot/sandbox"
	"pingyi/storage/local"
)

// Postgres goes down under a replica that polls. Whoever presses meanwhile is told, /readyz says so, and
// Telegram keeps the press; once a standby has taken the place, all goes on by itself: the press is
// saved, and what is announced in the new database is heard.
func TestPostgresGoesDownAndAStandbyTakesOver(t *testing.T) {
	t.Parallel()
	primary, err := local.StartPostgres(t.Context(), local.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = primary.Stop() })
	standby, err := local.StartStandby(t.Context(), primary)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = standby.Stop() })
	sb, api := telegram(t)
	env := append(withStores(t), "PINGYI_DATABASE_URL="+several([]string{primary.URL("postgres"), standby.URL("postgres")}),
		"PINGYI_TELEGRAM_TOKEN="+botToken, "PINGYI_TELEGRAM_API="+api, "PINGYI_ADMINS=900001")
	env.must(t, "migrate")
	env.must(t, "apply", town(t))
	env.must(t, "apply", write(t, map[string]string{"rounds/later.yaml": `round: later
title: And once more
questionnaire: visit
subjects: all
duration: 14d
panels:
  - {panel: residents, title: Residents, who: {kind: citizen}, identity: anonymous, minimum: 5, asks: {draw: 2}}
`}))
	env.must(t, "round", "open", "now")
	r := serve(t, env)
	w := newWalker(sb, 500000, time.NewTicker(time.Millisecond).C)
	if err := sb.AddPerson(sandbox.Person{ID: w.id, First: "Resident", Language: "en"}); err != nil {
		t.Fatal(err)
	}
	if _, err := sb.Start(w.id, "join"); err != nil {
		t.Fatal(err)
	}
	message, button := reachQuestion(t, w)

	if err := primary.Kill(); err != nil {
		t.Fatal(err)
	}
	soon(t, "/readyz says that there is no database", func() bool {
		status, text := r.readyz(t)
		return status == http.StatusServiceUnavailable && strings.Contains(text, "no database")
	})
	act, err := sb.Press(w.id, message.ID, button.Data)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := sb.WaitAnswer(t.Context(), act)
	if err != nil || !strings.HasPrefix(answer.Text, "Not saved yet") {
		t.Errorf("answered %q, %v", answer.Text, err)
	}
	if sb.Stats().Pending == 0 {
		t.Error("the press was confirmed to Telegram, and nowhere saved")
	}

	if err := standby.Promote(t.Context()); err != nil {
		t.Fatal(err)
	}
	soon(t, "the press is saved and the next question shown", func() bool {
		m, b, ok := w.latest()
		return ok && m.ID == message.ID && b.Data != button.Data && sb.Stats().Pending == 0
	})
	if status, text := r.readyz(t); status != http.StatusOK {
		t.Errorf("/readyz says %d %s", status, text)
	}
	env.must(t, "round", "open", "later")
	soon(t, "the new round's invitation is sent", func() bool {
		m, b, ok := w.latest()
		return ok && m.ID != message.ID && strings.HasPrefix(b.Data, tapBegin)
	})
	checkConduct(t, sb)
	if err := r.stop(); err != nil {
		t.Errorf("the replica did not end well: %v\n%s", err, r.log)
	}
}

// several is the address of whichever of several servers takes writes.
func several(urls []string) string {
	if len(urls) == 1 {
		return urls[0]
	}
	first, _ := url.Parse(urls[0]) // our own
	var hosts []string
	for _, text := range urls {
		u, _ := url.Parse(text)
		hosts = append(hosts, u.Host)
	}
	first.Host = strings.Join(hosts, ",")
	first.RawQuery += "&target_session_attrs=read-write"
	return first.String()
}

// reachQuestion presses on until a question waits for an answer, and returns one of its buttons.
func reachQuestion(t *testing.T, w *walker) (sandbox.Message, sandbox.Button) {
	t.Helper()
	var message sandbox.Message
	var button sandbox.Button
	soon(t, "a question is reached", func() bool {
		m, b, ok := w.latest()
		if ok && strings.HasPrefix(b.Data, tapAnswer) {
			message, button = m, b
			return true
		}
		if ok {
			w.press(t.Context(), m, b)
		}
		return false
	})
	return message, button
}

// soon waits until something holds.
func soon(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for began := time.Now(); !holds(); time.Sleep(20 * time.Millisecond) {
		if time.Since(began) > time.Minute {
			t.Fatalf("after a minute still not: %s", what)
		}
	}
}

// A replica that alone has no Redis says that others send; that it sends, once there is no other.
func TestReadyTellsWhoSendsWithoutRedis(t *testing.T) {
	t.Parallel()
	_, api := telegram(t)
	env := append(withStores(t), "PINGYI_TELEGRAM_TOKEN="+botToken, "PINGYI_TELEGRAM_API="+api,
		"PINGYI_PUBLIC_URL=https://pingyi.example", "PINGYI_WEBHOOK_SECRET=hook-secret")
	env.must(t, "migrate")
	env.must(t, "apply", town(t))
	with := serve(t, env)
	without := serve(t, append(append(at{}, env...), "PINGYI_REDIS_URL=redis://127.0.0.1:1"))
	says := func(want string) {
		t.Helper()
		soon(t, "/readyz says that it "+want, func() bool {
			status, text := without.readyz(t)
			return status == http.StatusOK && strings.Contains(text, "degraded: no Redis") && strings.Contains(text, want)
		})
	}
	says("leaves sending to the others")
	with.kill()
	says("sends alone")
}
