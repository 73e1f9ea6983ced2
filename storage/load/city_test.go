package load

import (
	"io/fs"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pingyi/deploy/demo"
	"pingyi/deploy/example"
	"pingyi/storage"
)

// TestFolders: what ships with the program loads without faults or notices,
// and a second application changes nothing.
func TestFolders(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		files fs.FS
		added map[Kind]int
	}{
		"demo": {demo.City(), map[Kind]int{Project: 1, Units: 20, People: 692, Subjects: 48, Calendar: 39,
			Questionnaire: 4, Scheme: 3, Series: 1, Round: 3, Evaluation: 1, Values: 176, Ledger: 16}},
		"example": {example.Files(), map[Kind]int{Project: 1, Units: 4, People: 8, Subjects: 3, Calendar: 3,
			Questionnaire: 1, Scheme: 1, Series: 1, Round: 1, Evaluation: 1, Values: 6, Ledger: 2}},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			store := newStore(t)
			plan := mustPlan(t, store, FS(tc.files))
			added := map[Kind]int{}
			for _, c := range plan.Changes() {
				if !c.Added {
					t.Errorf("in an empty database %s %s is no addition", c.Kind, c.Code)
				}
				added[c.Kind]++
			}
			if diff := cmp.Diff(tc.added, added); diff != "" {
				t.Errorf("additions (-want +got):\n%s", diff)
			}
			if len(plan.Notices()) > 0 {
				t.Errorf("notices: %v", plan.Notices())
			}
			mustApply(t, plan)
			again := mustPlan(t, store, FS(tc.files))
			if len(again.Changes()) > 0 {
				t.Errorf("a second application would change %v", again.Changes())
			}
			delete(tc.added, Scheme) // a scheme that ships is not said again
			unchanged := again.Unchanged()
			delete(unchanged, Scheme)
			if diff := cmp.Diff(tc.added, unchanged); diff != "" {
				t.Errorf("unchanged (-want +got):\n%s", diff)
			}
			before := auditLength(t, store)
			mustApply(t, again)
			if after := auditLength(t, store); after != before {
				t.Errorf("applying nothing left %d entries in the log", after-before)
			}
		})
	}
}

func mustPlan(t testing.TB, store *storage.Store, files Files) *Plan {
	t.Helper()
	plan, faults, err := Make(t.Context(), store, testNow, files)
	if err != nil {
		t.Fatal(err)
	}
	if err := faults.Err(); err != nil {
		t.Fatal(err)
	}
	return plan
}

func mustApply(t testing.TB, plan *Plan) {
	t.Helper()
	if err := plan.Apply(t.Context(), testNow, storage.Cause{}); err != nil {
		t.Fatal(err)
	}
}

func auditLength(t testing.TB, store *storage.Store) int {
	t.Helper()
	log, err := store.AuditLog(t.Context(), 0, 1000)
	if err != nil {
		t.Fatal(err)
	}
	return len(log)
}
