//go:build crash

package main

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"pingyi/bot/sandbox"
	"pingyi/storage"
	"pingyi/survey"
)

// invitations notes when which request was asked for in a message of its own.
type invitations struct {
	mu  sync.Mutex
	at  map[string][]time.Time // by request, as the buttons name it
	who map[string]int64
}

func watchInvitations(t *testing.T, sb *sandbox.Sandbox) *invitations {
	t.Helper()
	seen := &invitations{at: map[string][]time.Time{}, who: map[string]int64{}}
	events, err := sb.Follow(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		for e := range events {
			if e.Kind == sandbox.EventGap {
				t.Error("the checker fell behind the chats: it may have missed a message")
			}
			if e.Kind == sandbox.EventMessage && e.Message != nil && e.Message.FromBot {
				seen.note(*e.Message)
			}
		}
	}()
	return seen
}

func (v *invitations) note(m sandbox.Message) {
	for _, b := range buttons(m) {
		if rest, ok := strings.CutPrefix(b.Data, tapBegin); ok {
			request, _, _ := strings.Cut(rest, ".")
			v.mu.Lock()
			v.at[request] = append(v.at[request], time.Now())
			v.who[request] = m.ChatID
			v.mu.Unlock()
		}
	}
}

// watchLeases lets the database itself note each span of deliveries that passes from one process to another.
func (s *stage) watchLeases() {
	s.exec(`CREATE TABLE crash_takeover (span bigint);
		CREATE FUNCTION crash_note() RETURNS trigger LANGUAGE plpgsql AS
		'BEGIN INSERT INTO crash_takeover VALUES (new.id); RETURN NULL; END';
		CREATE TRIGGER crash_note AFTER UPDATE ON span FOR EACH ROW
		WHEN (old.leased_by <> new.leased_by) EXECUTE FUNCTION crash_note()`)
}

func (s *stage) connect() *pgx.Conn {
	s.t.Helper()
	conn, err := pgx.Connect(context.Background(), environment(s.direct, "PINGYI_DATABASE_URL"))
	if err != nil {
		s.t.Fatal(err)
	}
	return conn
}

func (s *stage) exec(sql string) {
	s.t.Helper()
	conn := s.connect()
	defer func() { _ = conn.Close(context.Background()) }()
	if _, err := conn.Exec(context.Background(), sql); err != nil {
		s.t.Fatal(err)
	}
}

func (s *stage) count(sql string) int {
	s.t.Helper()
	conn := s.connect()
	defer func() { _ = conn.Close(context.Background()) }()
	var n int
	if err := conn.QueryRow(context.Background(), sql).Scan(&n); err != nil {
		s.t.Fatal(err)
	}
	return n
}

// check waits until nothing is under way any more and compares.
func (s *stage) check(ctx context.Context) {
	s.t.Helper()
	settled := time.Now().Add(3 * time.Minute)
	for s.count(`SELECT count(*) FROM delivery WHERE state = 'pending'`) > 0 {
		if time.Now().After(settled) {
			s.t.Fatal("deliveries are still waiting")
		}
		time.Sleep(200 * time.Millisecond)
	}
	wait, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	if err := s.sb.Settle(wait); err != nil {
		s.t.Errorf("%v: %d updates wait", err, s.sb.Stats().Pending)
		for _, r := range s.replicas {
			text := r.log.String()
			s.t.Logf("replica %d says in the end:\n%s", r.n, text[max(0, len(text)-3000):])
		}
	}
	s.checkConduct()
	s.checkInvitations()
	answers := s.checkBeliefs()
	s.checkClosed(answers)
}

// checkConduct looks at how the processes behaved.
func (s *stage) checkConduct() {
	for _, v := range s.sb.Violations() {
		s.t.Errorf("refused for its form: %+v", v)
	}
	for _, r := range s.replicas {
		for _, q := range r.quits {
			s.t.Errorf("replica %d ended by itself:\n%s", r.n, q)
		}
		for _, word := range []string{"panic", "update set aside", "DATA RACE"} {
			if at := strings.Index(r.log.String(), word); at >= 0 {
				text := r.log.String()
				s.t.Errorf("replica %d: %s:\n%s", r.n, word, text[max(0, at-3000):min(len(text), at+2000)])
			}
		}
	}
}

// inFlight is how long before trouble begins something may have been sent that was not yet recorded.
const inFlight = 2 * time.Second

// checkInvitations: everybody asked was asked, and nobody twice but where a crash leaves no choice.
func (s *stage) checkInvitations() {
	v := s.invitations
	v.mu.Lock()
	defer v.mu.Unlock()
	asked := map[int64]bool{}
	for _, chat := range v.who {
		asked[chat] = true
	}
	for i := range listenersOfARun {
		if id := firstListener + int64(i); !asked[id] {
			s.t.Errorf("person %d was not asked: %s%s", id, s.deliveriesOf(id), s.chat(id))
		}
	}
	doubled := 0
	for request, times := range v.at {
		for i := range len(times) - 1 {
			doubled++
			if !s.unsafe.near(times[i], inFlight) {
				s.t.Errorf("request %s of person %d was asked for twice, at %v and %v, and nothing had crashed",
					request, v.who[request], times[i], times[i+1])
			}
		}
	}
	s.t.Logf("%d requests asked for, %d messages doubled in flight", len(v.at), doubled)
}

// deliveriesOf tells what became of what was to be sent to a person.
func (s *stage) deliveriesOf(telegram int64) string {
	s.t.Helper()
	conn := s.connect()
	defer func() { _ = conn.Close(context.Background()) }()
	rows, _ := conn.Query(context.Background(), `
		SELECT format('%s %s attempts=%s %s, request %s', d.kind, d.state, d.attempts, d.error, q.state)
		FROM person p JOIN delivery d ON d.person_id = p.id LEFT JOIN request q ON q.id = d.request_id
		WHERE p.telegram_id = $1`, telegram)
	lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		s.t.Fatal(err)
	}
	return strings.Join(lines, "; ")
}

// checkBeliefs compares what everybody pressed with what stands, and returns how many answers stand.
func (s *stage) checkBeliefs() (answers int) {
	store := s.direct.store(s.t)
	now, err := store.Now(s.t.Context())
	if err != nil {
		s.t.Fatal(err)
	}
	for _, p := range s.people {
		person, err := store.PersonByTelegram(s.t.Context(), p.id)
		if err != nil {
			s.t.Errorf("person %d: %v", p.id, err)
			continue
		}
		todo, err := store.Todo(s.t.Context(), person.ID)
		if err != nil || len(todo) != 2 {
			s.t.Errorf("person %d has %d requests, want 2 (%v)", p.id, len(todo), err)
		}
		for _, item := range todo {
			if item.State != survey.RequestDone {
				s.t.Errorf("person %d: request %d is %s, want done", p.id, item.RequestID, item.State)
			}
			f, err := store.Form(s.t.Context(), now, person.ID, item.RequestID)
			if err != nil {
				s.t.Error(err)
				continue
			}
			answers += s.checkForm(p, f)
		}
	}
	return answers
}

func (s *stage) checkForm(p *presser, f *storage.OpenForm) int {
	for _, asked := range f.Form.Asked {
		for _, it := range f.Form.Questionnaire.Items {
			value, stands := f.Form.Answers[survey.Key{Assignment: asked.Assignment, Item: it.N}]
			label := ""
			if stands {
				label = labelOf(&it, value)
			}
			if b := p.beliefs[pressedKey{asked.Assignment, it.N}]; !b.allows(label) {
				s.t.Errorf("person %d, assignment %d, item %s: %q stands; acknowledged %q, since then pressed %q",
					p.id, asked.Assignment, it.Code, label, b.sure, b.maybe)
			}
		}
	}
	return len(f.Form.Answers)
}

// checkClosed counts ballots while they are open and once they are sealed: each answer once.
func (s *stage) checkClosed(answers int) {
	ballots := 2 * 2 * len(s.people) // two rounds, two subjects each
	for _, c := range []struct {
		what, sql string
		want      int
	}{
		{"open ballots", `SELECT count(*) FROM open_ballot`, ballots},
		{"open answers", `SELECT count(*) FROM open_answer`, answers},
	} {
		if got := s.count(c.sql); got != c.want {
			s.t.Errorf("%d %s, want %d", got, c.what, c.want)
		}
	}
	s.direct.must(s.t, "round", "close", "now")
	s.direct.must(s.t, "round", "close", "later")
	for _, c := range []struct {
		what, sql string
		want      int
	}{
		{"sealed ballots", `SELECT count(*) FROM ballot`, ballots},
		{"sealed answers", `SELECT count(*) FROM answer`, answers},
		{"leftovers", `SELECT count(*) FROM open_answer`, 0},
	} {
		if got := s.count(c.sql); got != c.want {
			s.t.Errorf("%d %s, want %d", got, c.what, c.want)
		}
	}
}

// checkStrength refuses a run in which too little happened.
func (s *stage) checkStrength() {
	acked := 0
	for _, p := range s.people {
		acked += p.acked
	}
	leases := s.count(`SELECT count(*) FROM crash_takeover`)
	polls, kills := -1, 0 // the first to poll took nothing over
	for _, r := range s.replicas {
		polls += r.took()
		kills += r.kills
	}
	takeOvers := leases + max(0, polls)
	s.t.Logf("%d presses acknowledged, %d duplicates, %d leases and %d pollers taken over, %d replicas killed, %d servers promoted",
		acked, s.duplicates.Load(), leases, max(0, polls), kills, s.databases.promotions)
	if acked < enoughPresses || s.duplicates.Load() < enoughDuplicates || takeOvers < enoughTakeOvers {
		s.t.Errorf("too weak to prove anything: %d presses of %d, %d duplicates of %d, %d take-overs of %d",
			acked, enoughPresses, s.duplicates.Load(), enoughDuplicates, takeOvers, enoughTakeOvers)
	}
	if s.scene.full && kills < enoughKills {
		s.t.Errorf("too weak to prove anything: %d kills of %d", kills, enoughKills)
	}
	if s.scene.standbys > 0 && s.databases.promotions == 0 {
		s.t.Error("too weak to prove anything: no standby was promoted")
	}
}
