package storage

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/jackc/pgx/v5"

	"pingyi/survey"
)

// life is a town in which things happen to people in any order: they join in
// every way, answer, take each other's invites, deny being who they are linked
// to, block, stop, come back and are forgotten.
type life struct {
	*city
	chance *rand.Rand
}

// What can happen. Each returns the error of the store.
var happenings = map[string]func(l *life, account int64) error{
	"enrol": func(l *life, account int64) error {
		_, err := l.EnrolCitizen(l.t.Context(), testNow, Cause{}, account, survey.En,
			Enrolment{District: "north", AgeBand: "30", NoticeVersion: "v2"})
		return err
	},
	"redeem": func(l *life, account int64) error {
		code := []string{"ann", "bob", "eve"}[l.chance.IntN(3)]
		_, err := l.redeem(l.invited(code), account)
		return err
	},
	"decide": func(l *life, _ int64) error {
		relinks, err := l.PendingRelinks(l.t.Context())
		if err != nil || len(relinks) == 0 {
			return err
		}
		if l.chance.IntN(3) == 0 {
			return l.RejectRelink(l.t.Context(), testNow, Cause{}, relinks[0].ID)
		}
		return l.ApproveRelink(l.t.Context(), testNow, Cause{}, relinks[0].ID)
	},
	"not me": func(l *life, account int64) error {
		return l.as(account, func(p Person) error { return l.NotMe(l.t.Context(), testNow, Cause{}, p.ID) })
	},
	"answer": func(l *life, account int64) error {
		return l.as(account, func(p Person) error { return l.answerAll(p.ID) })
	},
	"stop": func(l *life, account int64) error {
		return l.as(account, func(p Person) error { return l.Stop(l.t.Context(), testNow, Cause{}, p.ID) })
	},
	"resume": func(l *life, account int64) error {
		return l.as(account, func(p Person) error { return l.Resume(l.t.Context(), testNow, Cause{}, p.ID) })
	},
	"block":   func(l *life, account int64) error { return l.Unreachable(l.t.Context(), testNow, account) },
	"unblock": func(l *life, account int64) error { return l.Reachable(l.t.Context(), testNow, account) },
	"forget": func(l *life, account int64) error {
		return l.as(account, func(p Person) error { return l.Forget(l.t.Context(), testNow, Cause{Actor: p.ID}, p.ID) })
	},
	"admins": func(l *life, account int64) error {
		return l.EnsureAdmins(l.t.Context(), testNow, []int64{21, account})
	},
}

// as does something as the person who holds an account, if there is one.
func (l *life) as(account int64, do func(p Person) error) error {
	p, err := l.PersonByTelegram(l.t.Context(), account)
	if err != nil {
		return err
	}
	return do(p)
}

// answerAll answers every form of a person, and submits most of them.
func (l *life) answerAll(person int64) error {
	items, err := l.Todo(l.t.Context(), person)
	if err != nil {
		return err
	}
	for _, it := range items {
		if err := l.Open(l.t.Context(), testNow, Cause{}, person, it.RequestID); err != nil {
			return err
		}
		f, err := l.Form(l.t.Context(), testNow, person, it.RequestID)
		if err != nil {
			return err
		}
		for _, a := range f.Form.Asked {
			if err := l.tap(person, f, a.Subject, 1, "4"); err != nil {
				return err
			}
		}
		if l.chance.IntN(4) == 0 {
			continue
		}
		if _, err := l.Submit(l.t.Context(), testNow, Cause{}, person, it.RequestID); err != nil {
			return err
		}
	}
	return nil
}

// What holds whatever happened: each query lists the rows that break it.
var holds = map[string]string{
	"an assignment belongs to whom its request belongs": `
		SELECT a.id FROM assignment a JOIN request q ON q.id = a.request_id WHERE a.person_id <> q.person_id`,
	"nothing is left of what is gone": `
		SELECT q.id FROM request q WHERE NOT EXISTS (SELECT FROM person p WHERE p.id = q.person_id)
		UNION ALL SELECT a.id FROM assignment a WHERE NOT EXISTS (SELECT FROM request q WHERE q.id = a.request_id AND q.round_id = a.round_id)
		UNION ALL SELECT d.id FROM delivery d WHERE NOT EXISTS (SELECT FROM person p WHERE p.id = d.person_id)
		UNION ALL SELECT d.id FROM delivery d WHERE request_id IS NOT NULL AND NOT EXISTS (SELECT FROM request q WHERE q.id = d.request_id)`,
	"a request asks about something": `
		SELECT q.id FROM request q WHERE q.state <> 'expired' AND NOT EXISTS (SELECT FROM assignment a WHERE a.request_id = q.id)`,
	"whoever can be written to is invited to what waits": `
		SELECT q.id FROM request q JOIN person p ON p.id = q.person_id
		WHERE q.state IN ('pending', 'unreachable') AND p.telegram_id IS NOT NULL AND p.stopped_at IS NULL AND p.unreachable_at IS NULL
		  AND (SELECT count(*) FROM delivery d WHERE d.request_id = q.id AND d.person_id = p.id AND d.state = 'pending') <> 1`,
	"whoever has no account is sent nothing": `
		SELECT d.id FROM delivery d JOIN person p ON p.id = d.person_id WHERE p.telegram_id IS NULL AND d.state = 'pending'`,
	"everybody with an account is asked": `
		SELECT p.id FROM person p WHERE telegram_id IS NOT NULL AND EXISTS (SELECT FROM membership m WHERE m.person_id = p.id AND kind <> 'leader')
		  AND NOT EXISTS (SELECT FROM request q WHERE q.person_id = p.id)`,
	"who joined by the public link is a citizen, who is an admin has the role": `
		SELECT p.id FROM person p WHERE enrolled AND NOT EXISTS (SELECT FROM membership m WHERE m.person_id = p.id AND m.enrolled)
		  AND NOT EXISTS (SELECT FROM setting WHERE key = 'admins' AND value @> to_jsonb(p.id)) AND code NOT LIKE 'admin-%'`,
	"citizens have agreed to the notice": `
		SELECT m.id FROM membership m WHERE enrolled AND NOT EXISTS (SELECT FROM consent c WHERE c.person_id = m.person_id)`,
	"the roster stays": `SELECT 1 FROM person WHERE NOT enrolled HAVING count(*) <> 5`,
}

func TestWhateverHappensToPeople(t *testing.T) {
	t.Parallel()
	names := []string{"enrol", "redeem", "redeem", "decide", "not me", "answer", "answer", "stop", "resume",
		"block", "unblock", "forget", "admins"}
	for seed := range uint64(8) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			l := &life{city: newTown(t, 0), chance: rand.New(rand.NewPCG(seed, 1))}
			code := l.open(bothPanels)
			var story []string
			for range 40 {
				name, account := names[l.chance.IntN(len(names))], int64(900+l.chance.IntN(4))
				err := happenings[name](l, account)
				story = append(story, fmt.Sprintf("%s by %d: %v", name, account, err))
				if err != nil && !expected(err) {
					t.Fatalf("unexpected: %v\n%q", err, story)
				}
				if !l.check(story) {
					return
				}
			}
			submitted := scalar[int](t, l.Store, `SELECT count(*) FROM assignment WHERE state = 'answered'`)
			l.close(code)
			same(t, "ballots that count", submitted, scalar[int](t, l.Store, `SELECT count(*) FROM ballot WHERE status = 'valid'`))
			report, err := l.VerifyAudit(t.Context())
			if err != nil || len(report.Faults) > 0 {
				t.Errorf("audit: %+v, %v", report, err)
			}
		})
	}
}

// expected says whether an error is one that people can cause.
func expected(err error) bool {
	for _, sentinel := range []error{survey.ErrNotFound, survey.ErrNeedsApproval, survey.ErrForbidden,
		survey.ErrInvalid, survey.ErrStale} {
		if errors.Is(err, sentinel) {
			return true
		}
	}
	return false
}

// check makes sure of what holds, and that every submitted assignment still
// finds its ballot.
func (l *life) check(story []string) bool {
	l.t.Helper()
	fine := true
	for what, sql := range holds {
		if broken := listed[int64](l.t, l.Store, sql); len(broken) > 0 {
			l.t.Errorf("%s: not %v", what, broken)
			fine = false
		}
	}
	salt := scalar[[]byte](l.t, l.Store, `SELECT salt FROM round`)
	key, err := l.roundKey(salt)
	if err != nil {
		l.t.Fatal(err)
	}
	for _, id := range listed[int64](l.t, l.Store, `SELECT id FROM assignment WHERE state = 'answered'`) {
		var n int
		err := l.pool.QueryRow(l.t.Context(), `SELECT count(*) FROM open_ballot WHERE id = @ballot`,
			pgx.NamedArgs{"ballot": ballotID(key, id)}).Scan(&n)
		if err != nil || n != 1 {
			l.t.Errorf("assignment %d is answered and has %d ballots, %v", id, n, err)
			fine = false
		}
	}
	if !fine {
		l.t.Logf("story: %q", story)
	}
	return fine
}
