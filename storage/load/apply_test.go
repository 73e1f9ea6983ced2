package load

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"pingyi/storage"
	"pingyi/survey"
)

// standingFolder loads the small project of the cases.
func standingFolder(t testing.TB) *storage.Store {
	t.Helper()
	store := newStore(t)
	mustApply(t, mustPlan(t, store, FS(folder(nil))))
	return store
}

// only is a folder with these files alone.
func only(files map[string]string) Files {
	all := fstest.MapFS{}
	for name, text := range files {
		all[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return FS(all)
}

// lines writes changes for comparison: + kind code, ~ kind code field: before → after.
func lines(changes []Change) []string {
	var out []string
	for _, c := range changes {
		if c.Added {
			out = append(out, fmt.Sprintf("+ %s %s", c.Kind, c.Code))
			continue
		}
		for _, f := range c.Fields {
			if f.Private {
				out = append(out, fmt.Sprintf("~ %s %s %s", c.Kind, c.Code, f.Name))
				continue
			}
			out = append(out, fmt.Sprintf("~ %s %s %s: %s → %s", c.Kind, c.Code, f.Name, f.Before, f.After))
		}
	}
	return out
}

// TestChanges: what a second folder changes in the first, said before it is
// done; what its files do not name stays.
func TestChanges(t *testing.T) {
	t.Parallel()
	base := folder(nil)
	tests := map[string]struct {
		first map[string]string // beside the small project
		files map[string]string
		want  []string
	}{
		"a name in two languages, an attribute": {
			first: map[string]string{"units.csv": "code,name,name:en,windows,parent\ncity,市,City,3,\npolice,公安局,Police,4,city\n"},
			files: map[string]string{"units.csv": "code,name,windows,floors\npolice,市公安局,,9\n"},
			want:  []string{"~ units police name: 公安局 → 市公安局", "~ units police floors:  → 9", "~ units police windows: 4 → "},
		},
		"a person gets a second capacity, a phone and a role": {
			files: map[string]string{"people.csv": "code,name,kind,unit,manager,post,phone,role\n" +
				"clerk,乙,staff,police,boss,科员,138 0013 8000,organiser@police|contact\nclerk,,citizen,,,,,\n"},
			want: []string{"~ people clerk phone",
				"~ people clerk memberships: staff police ↑boss → citizen; staff police 科员 ↑boss",
				"~ people clerk roles:  → contact@police|organiser@police"},
		},
		"columns that are not there are left alone": {
			first: map[string]string{"people.csv": "code,name,kind,unit,manager,post,role,district,from\nboss,甲,leader,city,,,,,\nclerk,乙,staff,police,boss,科员,admin,north,2026-01-01\n"},
			files: map[string]string{"people.csv": "code,name,kind\nclerk,乙丙,staff\n"},
			want:  []string{"~ people clerk name: 乙 → 乙丙"},
		},
		"a membership is taken out, a role too": {
			first: map[string]string{"people.csv": "code,name,kind,unit,manager,role\nboss,甲,leader,city,,\nclerk,乙,staff,police,boss,auditor\nclerk,乙,citizen,,,\n"},
			files: map[string]string{"people.csv": "code,name,kind,unit,role\nclerk,乙,staff,police,\n"},
			want: []string{"~ people clerk memberships: citizen; staff police ↑boss → staff police ↑boss",
				"~ people clerk roles: auditor → "},
		},
		"a subject retires and another comes": {
			files: map[string]string{"subjects.csv": "code,name,kind,active\npolice,公安局,department,no\nfire,消防,department,\n"},
			want:  []string{"~ subjects police active: yes → no", "+ subjects fire"},
		},
		"figures": {
			first: map[string]string{
				"values.csv": "subject,indicator,period,value,target\npolice,key.a,2026-Q3,5,6\npolice,key.b,2026-Q3,1,\n",
				"ledger.csv": "id,subject,kind,points,approved,reason\n1,police,bonus,2,yes,好\n"},
			files: map[string]string{
				"values.csv":   "subject,indicator,period,value\npolice,key.a,2026-Q3,5.5\npolice,key.b,2026-Q3,\npolice,key.a,2026-Q4,5\n",
				"ledger.csv":   "id,subject,kind,approved\n1,police,bonus,no\n",
				"calendar.csv": "date,working\n2026-10-01,no\n"},
			want: []string{"+ calendar 2026-10-01", "~ values police,key.a,2026-Q3 value: 5 → 5.5",
				"~ values police,key.b,2026-Q3 value: 1 → ", "+ values police,key.a,2026-Q4", "~ ledger 1 approved: yes → no"},
		},
		"versions": {
			files: map[string]string{
				"q.yaml":  "# only a comment\n" + string(base["q.yaml"].Data),
				"q2.yaml": "questionnaire: q2\ntitle: 问\nitems:\n  - {code: ok, kind: yesno, text: 好吗}\n",
				"s.yaml":  strings.Replace(string(base["s.yaml"].Data), "cap: 5", "cap: 6", 1)},
			want: []string{"+ questionnaire q2", "~ scheme s version: v1 → v2"},
		},
		"the project": {
			files: map[string]string{"project.yaml": strings.Replace(string(base["project.yaml"].Data), "open: true", "open: false", 1)},
			want: []string{`~ project p enrolment: {"open":true,"districts":[{"code":"north","name":{"":"城北"}},{"code":"south","name":{"":"城南"}}],"ages":[{"code":"young","name":{"":"青年"}}]} → ` +
				`{"open":false,"districts":[{"code":"north","name":{"":"城北"}},{"code":"south","name":{"":"城南"}}],"ages":[{"code":"young","name":{"":"青年"}}]}`},
		},
		"a draft round gets a date": {
			files: map[string]string{"r.yaml": strings.Replace(string(base["r.yaml"].Data), "title: 轮", "title: 新轮\nopens: 2026-12-01T09:00", 1)},
			want:  []string{"~ round r title: 轮 → 新轮", "~ round r opens:  → 2026-12-01 09:00", "~ round r file"},
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			store := newStore(t)
			mustApply(t, mustPlan(t, store, FS(folder(tc.first))))
			plan := mustPlan(t, store, only(tc.files))
			got := lines(plan.Changes())
			for i, line := range got { // digests of files are of no interest
				if before, _, is := strings.Cut(line, " file: "); is {
					got[i] = before + " file"
				}
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Fatalf("changes (-want +got):\n%s", diff)
			}
			before := house(t, store)
			mustApply(t, plan)
			if again := mustPlan(t, store, only(tc.files)).Changes(); len(again) > 0 {
				t.Errorf("a second application would change %v", lines(again))
			}
			after := house(t, store)
			if len(after.People) < len(before.People) || len(after.Subjects) < len(before.Subjects) || len(after.Units) < len(before.Units) {
				t.Error("something was deleted that the files do not name")
			}
		})
	}
}

func house(t testing.TB, store *storage.Store) *storage.House {
	t.Helper()
	h, err := store.House(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// TestAllOrNothing: one fault in one file, and nothing of the others is applied.
func TestAllOrNothing(t *testing.T) {
	t.Parallel()
	store := newStore(t)
	files := FS(folder(map[string]string{"ledger.csv": "id,subject,kind\n1,nobody,bonus\n"}))
	plan, faults, err := Make(t.Context(), store, testNow, files)
	if err != nil || plan != nil {
		t.Fatal(plan, err)
	}
	if want := "ledger.csv:2:3: load.subject_unknown Got=nobody Near="; faults.Error() != want {
		t.Errorf("faults %q, want %q", faults.Error(), want)
	}
	if diff := cmp.Diff(&storage.House{}, house(t, store), cmpEmpty()); diff != "" {
		t.Errorf("something was applied:\n%s", diff)
	}
	if n := auditLength(t, store); n != 0 {
		t.Errorf("%d entries in the log", n)
	}
}

func cmpEmpty() cmp.Option {
	return cmp.FilterValues(func(a, b any) bool { return fmt.Sprint(a) == fmt.Sprint(b) }, cmp.Ignore())
}

// TestStale: a plan holds for what it has seen. Where the database moves on,
// applying changes nothing and says so.
func TestStale(t *testing.T) {
	t.Parallel()
	base := string(folder(nil)["r.yaml"].Data)
	changed := strings.Replace(base, "title: 轮", "title: 新轮", 1)
	tests := map[string]struct {
		files   map[string]string
		between func(t *testing.T, s *storage.Store)
	}{
		"the same row": {
			files: map[string]string{"units.csv": "code,name\npolice,甲局\n"},
			between: func(t *testing.T, s *storage.Store) {
				mustApply(t, mustPlan(t, s, only(map[string]string{"units.csv": "code,name\npolice,乙局\n"})))
			},
		},
		"the round opens": {
			files: map[string]string{"r.yaml": changed, "units.csv": "code,name\nnew,新\n"},
			between: func(t *testing.T, s *storage.Store) {
				if err := s.OpenRound(t.Context(), testNow, storage.Cause{}, "r"); err != nil {
					t.Fatal(err)
				}
			},
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			store := standingFolder(t)
			plan := mustPlan(t, store, only(tc.files))
			tc.between(t, store)
			before := house(t, store)
			if err := plan.Apply(t.Context(), testNow, storage.Cause{}); !errors.Is(err, survey.ErrStale) {
				t.Errorf("applying a plan that is out of date: %v", err)
			}
			if diff := cmp.Diff(before, house(t, store), sorted()); diff != "" {
				t.Errorf("something was applied:\n%s", diff)
			}
		})
	}
}

// sorted compares houses by what they hold: rows come in no order.
func sorted() cmp.Option {
	return cmp.Options{
		cmp.Transformer("units", func(rows []storage.UnitRow) map[string]storage.UnitRow {
			return byKey(rows, func(r storage.UnitRow) string { return r.Code })
		}),
		cmp.Transformer("people", func(rows []storage.PersonRow) map[string]storage.PersonRow {
			return byKey(rows, func(r storage.PersonRow) string { return r.Code })
		}),
	}
}

// TestOpenRound: a round under way cannot be changed by its file, and the file
// it was opened with still applies.
func TestOpenRound(t *testing.T) {
	t.Parallel()
	store := standingFolder(t)
	if err := store.OpenRound(t.Context(), testNow, storage.Cause{}, "r"); err != nil {
		t.Fatal(err)
	}
	if changes := mustPlan(t, store, FS(folder(nil))).Changes(); len(changes) > 0 {
		t.Errorf("the folder it was opened from would change %v", lines(changes))
	}
	file := strings.Replace(string(folder(nil)["r.yaml"].Data), "duration: 7d", "duration: 9d", 1)
	_, faults, err := Make(t.Context(), store, testNow, only(map[string]string{"r.yaml": file}))
	if err != nil {
		t.Fatal(err)
	}
	if want := "r.yaml:1:1: load.round_open Code=r"; faults.Error() != want {
		t.Errorf("faults %q, want %q", faults.Error(), want)
	}
}

// TestScheduling: a date in the file schedules the round, taking it out makes
// it a draft again, and a date set by an admin survives other changes.
func TestScheduling(t *testing.T) {
	t.Parallel()
	base := string(folder(nil)["r.yaml"].Data)
	dated := strings.Replace(base, "duration:", "opens: 2026-12-01T09:00\nduration:", 1)
	store := standingFolder(t)
	apply := func(text string) storage.Round {
		t.Helper()
		mustApply(t, mustPlan(t, store, only(map[string]string{"r.yaml": text})))
		r, err := store.Round(t.Context(), "r")
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	at := time.Date(2026, 12, 1, 9, 0, 0, 0, shanghai())
	if r := apply(dated); r.State != survey.RoundScheduled || r.OpensAt == nil || !r.OpensAt.Equal(at) {
		t.Errorf("with a date: %s at %v", r.State, r.OpensAt)
	}
	if r := apply(base); r.State != survey.RoundDraft || r.OpensAt != nil {
		t.Errorf("without its date: %s at %v", r.State, r.OpensAt)
	}
	if err := store.ScheduleRound(t.Context(), testNow, storage.Cause{}, "r", at.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	r := apply(strings.Replace(base, "title: 轮", "title: 新轮", 1))
	if r.State != survey.RoundScheduled || r.OpensAt == nil || !r.OpensAt.Equal(at.Add(time.Hour)) {
		t.Errorf("scheduled by an admin: %s at %v", r.State, r.OpensAt)
	}
}

// TestPeopleDecide: what people have decided in chat outlives the file.
func TestPeopleDecide(t *testing.T) {
	t.Parallel()
	store := newStore(t)
	csv := "code,name,kind,unit,telegram,language,role\nclerk,乙,staff,police,77,zh-Hans,\nfree,丙,staff,police,,,\n"
	files := map[string]string{"people.csv": csv}
	mustApply(t, mustPlan(t, store, FS(folder(files))))
	clerk, err := store.PersonByTelegram(t.Context(), 77)
	if err != nil {
		t.Fatal(err)
	}
	if err := store.SetLanguage(t.Context(), testNow, storage.Cause{Actor: clerk.ID}, clerk.ID, survey.En); err != nil {
		t.Fatal(err)
	}
	if err := store.EnsureAdmins(t.Context(), testNow, []int64{77, 78}); err != nil {
		t.Fatal(err)
	}
	if changes := mustPlan(t, store, only(files)).Changes(); len(changes) > 0 {
		t.Errorf("the file would change %v", lines(changes))
	}
	// The admin who came by account 78 is on the roster as well.
	files["people.csv"] = strings.Replace(csv, "free,丙,staff,police,,", "free,丙,staff,police,78,", 1)
	mustApply(t, mustPlan(t, store, only(files)))
	free, err := store.PersonByTelegram(t.Context(), 78)
	if err != nil {
		t.Fatal(err)
	}
	if free.Code != "free" || !free.Has(storage.Admin) || free.Enrolled {
		t.Errorf("account 78 is %s, admin %t, enrolled %t", free.Code, free.Has(storage.Admin), free.Enrolled)
	}
	if clerk, err = store.Person(t.Context(), clerk.ID); err != nil || !clerk.Has(storage.Admin) || clerk.Language != survey.En {
		t.Errorf("the clerk: %+v, %v", clerk, err)
	}
	if changes := mustPlan(t, store, only(files)).Changes(); len(changes) > 0 {
		t.Errorf("the file would change %v", lines(changes))
	}
}

// TestReleased: who says "this isn't me", or asks to be forgotten, is not
// linked again by the same file; a new invite still works.
func TestReleased(t *testing.T) {
	t.Parallel()
	leave := map[string]func(s *storage.Store, person int64) error{
		"not me": func(s *storage.Store, person int64) error {
			return s.NotMe(t.Context(), testNow, storage.Cause{Actor: person}, person)
		},
		"forget": func(s *storage.Store, person int64) error {
			return s.Forget(t.Context(), testNow, storage.Cause{Actor: person}, person)
		},
	}
	for name, leave := range leave {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			store := newStore(t)
			files := map[string]string{"people.csv": "code,name,kind,telegram\nclerk,乙,staff,77\n"}
			mustApply(t, mustPlan(t, store, FS(folder(files))))
			clerk, err := store.PersonByTelegram(t.Context(), 77)
			if err != nil {
				t.Fatal(err)
			}
			if err := leave(store, clerk.ID); err != nil {
				t.Fatal(err)
			}
			plan := mustPlan(t, store, only(files))
			if len(plan.Changes()) > 0 {
				t.Errorf("the file would change %v", lines(plan.Changes()))
			}
			if got := fmt.Sprint(plan.Notices()); !strings.Contains(got, "load.telegram_released Code=clerk") {
				t.Errorf("notices: %s", got)
			}
			files["people.csv"] += "clerk,,citizen,\n"
			mustApply(t, mustPlan(t, store, only(files)))
			if p, err := store.PersonByTelegram(t.Context(), 77); !errors.Is(err, survey.ErrNotFound) {
				t.Errorf("the account is linked again to %s, %v", p.Code, err)
			}
			invites, err := store.CreateInvites(t.Context(), testNow, storage.Cause{}, []string{"clerk"})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := store.RedeemInvite(t.Context(), testNow, storage.Cause{}, invites[0].Token, 77, survey.ZhHans); err != nil {
				t.Errorf("joining by a new invite: %v", err)
			}
		})
	}
}

// TestPhonesMove: two people exchange their numbers in one file.
func TestPhonesMove(t *testing.T) {
	t.Parallel()
	store := newStore(t)
	csv := func(a, b string) map[string]string {
		return map[string]string{"people.csv": "code,name,kind,phone\na,甲,staff," + a + "\nb,乙,staff," + b + "\n"}
	}
	mustApply(t, mustPlan(t, store, FS(folder(csv("13800138000", "13800138001")))))
	mustApply(t, mustPlan(t, store, only(csv("13800138001", "13800138000"))))
	got := map[string]string{}
	for _, p := range house(t, store).People {
		got[p.Code] = string(p.PhoneHash)
	}
	want := map[string]string{}
	for code, phone := range map[string]string{"a": "13800138001", "b": "13800138000"} {
		hash, err := store.PhoneHash(phone)
		if err != nil {
			t.Fatal(err)
		}
		want[code] = string(hash)
	}
	if !maps.Equal(want, got) {
		t.Error("the numbers were not exchanged")
	}
}

// TestNewcomersAreAsked: people who get an account while a round is open are
// asked at once, those who only stand on the roster are not written to.
func TestNewcomersAreAsked(t *testing.T) {
	t.Parallel()
	store := standingFolder(t)
	if err := store.OpenRound(t.Context(), testNow, storage.Cause{}, "r"); err != nil {
		t.Fatal(err)
	}
	for _, n := range []int{3, 150} { // one by one, and as a set
		var csv strings.Builder
		csv.WriteString("code,name,kind,telegram\n")
		for i := range n {
			fmt.Fprintf(&csv, "c%d-%d,民,citizen,%d\n", n, i, 1000*n+i)
		}
		fmt.Fprintf(&csv, "later%d,民,citizen,\n", n)
		mustApply(t, mustPlan(t, store, only(map[string]string{"people.csv": csv.String()})))
		spans, err := store.Lease(t.Context(), testNow.Add(time.Minute), storage.Claim{Worker: "w", Most: 1000, TTL: time.Minute})
		if err != nil {
			t.Fatal(err)
		}
		var picks []storage.Pick
		for _, s := range spans {
			picks = append(picks, s.Picks()...)
		}
		asked, err := store.Outgoing(t.Context(), "w", picks)
		if err != nil {
			t.Fatal(err)
		}
		if len(asked) != n {
			t.Errorf("%d people are invited, want %d", len(asked), n)
		}
		for _, d := range asked {
			if d.Kind != storage.DeliverInvitation {
				t.Errorf("delivery %d is a %s", d.ID, d.Kind)
			}
		}
	}
}

// TestAudit: an application is one entry of the log, which names what changed,
// but of people no values.
func TestAudit(t *testing.T) {
	t.Parallel()
	store := standingFolder(t)
	plan := mustPlan(t, store, only(map[string]string{
		"units.csv":  "code,name\npolice,市公安局\n",
		"people.csv": "code,name,kind,phone\nclerk,王小明,staff,13800138000\n"}))
	if err := plan.Apply(t.Context(), testNow, storage.Cause{Actor: 5}); err != nil {
		t.Fatal(err)
	}
	log, err := store.AuditLog(t.Context(), 0, 1)
	if err != nil {
		t.Fatal(err)
	}
	e := log[0]
	if e.Action != "apply" || e.Actor != 5 {
		t.Errorf("the entry is %s by %d", e.Action, e.Actor)
	}
	for _, want := range []string{`"公安局"`, `"市公安局"`, `"code":"clerk"`, `"phone"`, `"units.csv"`} {
		if !strings.Contains(e.Detail, want) {
			t.Errorf("%s is not in the entry %s", want, e.Detail)
		}
	}
	for _, secret := range []string{"王小明", "8000"} {
		if strings.Contains(e.Detail, secret) {
			t.Errorf("%s stands in the entry %s", secret, e.Detail)
		}
	}
}

// TestSubjectsKeepTheirOrder: subjects are asked about in the order of the file.
func TestSubjectsKeepTheirOrder(t *testing.T) {
	t.Parallel()
	store := newStore(t)
	want := []string{"police", "zoo", "alpha", "mid"}
	csv := "code,name,kind\n"
	for _, code := range want {
		csv += code + ",名,department\n"
	}
	mustApply(t, mustPlan(t, store, FS(folder(map[string]string{"subjects.csv": csv}))))
	var got []string
	for _, x := range house(t, store).Subjects {
		got = append(got, x.Code)
	}
	if !slices.Equal(want, got) {
		t.Errorf("subjects in the order %v, want %v", got, want)
	}
}
