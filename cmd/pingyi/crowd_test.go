package main

import (
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"pingyi/bot/sandbox"
)

// choices lets a person choose on a message often, and counts the beginnings of what they press.
func choices(label ...string) map[string]int {
	m := sandbox.Message{FromBot: true, Text: "警察 · 3/8 ▓"}
	for _, l := range label {
		text, data, _ := strings.Cut(l, "=")
		m.Inline = append(m.Inline, []sandbox.Button{{Text: text, Data: data}})
	}
	p := &dweller{crowd: &crowd{}, dice: rand.New(rand.NewPCG(1, 1))}
	counts := map[string]int{}
	for range 200 {
		data, ok := p.choose(m)
		if !ok {
			data = "none."
		}
		verb, _, _ := strings.Cut(data, ".")
		counts[verb]++
	}
	return counts
}

// The crowd comes through every kind of question, and rests when it is done.
func TestCrowdGoesOn(t *testing.T) {
	t.Parallel()
	if got := choices("☐ Queues=a.1.1.4.1", "☐ Papers=a.1.1.4.2", "‹ Back=k.1.1.4"); got["a"] != 200 {
		t.Errorf("with nothing chosen people press %v, want options", got)
	}
	if got := choices("☑ Queues=a.1.1.4.0", "☐ Papers=a.1.1.4.3", "Done ›=v.1.1.4"); got["v"] < 50 || got["a"] < 50 {
		t.Errorf("with an option chosen people press %v, want them to choose another or to go on", got)
	}
	if got := choices("‹ Back=k.1.1.2", "Next ›=v.1.1.2"); got["v"] != 200 {
		t.Errorf("on what they typed before people press %v, want onward", got)
	}
	if got := choices("Change=h.1", "Waiting=t.0"); got["none"] != 200 {
		t.Errorf("after submitting people press %v, want nothing", got)
	}
	if got := choices("One=o.1", "Two=o.2"); got["none"] != 200 {
		t.Errorf("on a list people press %v, want nothing", got)
	}
}

// Who has several questionnaires takes up another when one is done.
func TestCrowdTakesUpTheNext(t *testing.T) {
	t.Parallel()
	sb, api := telegram(t)
	if err := sb.AddPerson(sandbox.Person{ID: 5, First: "Li"}); err != nil {
		t.Fatal(err)
	}
	if _, err := sb.Start(5, ""); err != nil {
		t.Fatal(err)
	}
	for _, data := range []string{"b.1.-", "h.2"} {
		post(t, api, url.Values{"chat_id": {"5"}, "text": {"?"},
			"reply_markup": {`{"inline_keyboard":[[{"text":"!","callback_data":"` + data + `"}]]}`}})
	}
	p := &dweller{crowd: &crowd{sandbox: sb}, id: 5, dice: rand.New(rand.NewPCG(1, 1))}
	message, data, ok := p.next()
	if m, found := sb.Message(5, message); !ok || data != "b.1.-" || !found || !m.FromBot {
		t.Errorf("next is %q on message %d (%v), want the invitation above what is done", data, message, ok)
	}
}

// However much arrives before, people begin over the whole spread.
func TestCrowdWakesOneByOne(t *testing.T) {
	t.Parallel()
	p := &dweller{crowd: &crowd{pace: time.Second}, dice: rand.New(rand.NewPCG(1, 1)), wakes: time.Now().Add(time.Hour)}
	for range 3 {
		if got := p.pause(); got < 59*time.Minute {
			t.Errorf("somebody asleep for an hour presses after %v", got)
		}
	}
	p.wakes = time.Now().Add(-time.Hour)
	if got := p.pause(); got <= 0 || got > time.Minute {
		t.Errorf("somebody awake presses after %v, want about a second", got)
	}
}

// post sends a message as the bot.
func post(t *testing.T, api string, form url.Values) {
	t.Helper()
	address := api + "/bot" + botToken + "/sendMessage"
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, address, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		t.Fatalf("sendMessage: %s", resp.Status)
	}
}
