package bot

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"pingyi/bot/sandbox"
	"pingyi/storage"
	"pingyi/survey"
)

// People press any button they can see, old ones included, and type what comes to mind, in any order,
// while an admin does the same. Whatever they do, no request is refused for its form, every press is
// answered, nothing fails, and what is in the database can always be gone on with.
func TestRandomWalks(t *testing.T) {
	t.Parallel()
	for seed := range uint64(4) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			walk(t, seed, 150)
		})
	}
}

func walk(t *testing.T, seed uint64, steps int) {
	dice := rand.New(rand.NewPCG(seed, 1))
	w := newWorld(t, survey.Langs()[seed%3])
	leader := testHouse(t).People[1]
	leader.Memberships = []storage.MembershipRow{{Kind: survey.Leader, Unit: "city"}}
	w.apply(&storage.House{
		Questionnaires: []storage.VersionRow{version(t, "kinds.yaml")}, People: []storage.PersonRow{leader},
		Schemes: []storage.VersionRow{w.scheme("overall.yaml")},
	})
	w.open(residentsRound)
	w.open(choosingRound)
	w.open(scoredRound)
	w.open(kindsRound)
	people := []int64{resident, stranger, boss}
	for _, p := range people {
		w.as(p)
		w.start(joinPayload)
	}
	typed := []string{
		"7", "-1", "1e9", "１２．５", "", "police", "好", "/todo", "/start", "/start join", "/admin", "/privacy", "/help",
		"/language", "/stop", "/forget", "/notme", "<b>&", strings.Repeat("长", 1200), "\u202e反", "/invite clerk",
	}
	for step := range steps {
		w.as(people[dice.IntN(len(people))])
		switch dice.IntN(8) {
		case 0:
			if text := typed[dice.IntN(len(typed))]; text != "" {
				_, err := w.box.Send(w.me, text)
				w.must(err)
			} else {
				_, err := w.box.SendSticker(w.me, "👍")
				w.must(err)
			}
		case 1:
			w.deliver()
		default:
			w.pressAny(dice)
		}
		w.settle()
		if step%40 == 39 {
			w.box.DuplicateLast(w.me)
			w.must(w.redis.Sessions().Delete(t.Context(), w.me))
		}
	}
	w.settle()
	if drawn := strings.Count(w.script.String(), "~ #"); drawn < 50 {
		t.Errorf("only %d messages were redrawn: the walk went nowhere", drawn)
	}
	for _, bad := range []string{"level=ERROR", "panic", "refused"} {
		if strings.Contains(w.log.String(), bad) {
			t.Errorf("the log has %q", bad)
		}
	}
}

// pressAny presses some button, more likely one of the latest message.
func (w *world) pressAny(dice *rand.Rand) {
	w.t.Helper()
	type pressable struct {
		message int
		data    string
	}
	var all []pressable
	var latest sandbox.Message
	for _, m := range w.box.Messages(w.me) {
		for _, row := range m.Inline {
			for _, b := range row {
				all = append(all, pressable{m.ID, b.Data})
				latest = m
			}
		}
	}
	if len(all) == 0 {
		return
	}
	chosen := all[dice.IntN(len(all))]
	if dice.IntN(4) > 0 {
		row := latest.Inline[dice.IntN(len(latest.Inline))]
		chosen = pressable{latest.ID, row[dice.IntN(len(row))].Data}
	}
	_, err := w.box.Press(w.me, chosen.message, chosen.data)
	w.must(err)
}
