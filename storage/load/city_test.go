package load

import (
	"testing"

	"pingyi/deploy/demo"
	"pingyi/storage"
)

func TestDemoCity(t *testing.T) {
	t.Parallel()
	store := newStore(t)
	files, faults := FS(demo.City())
	if err := faults.Err(); err != nil {
		t.Fatal(err)
	}
	plan, faults, err := Make(t.Context(), store, testNow, files)
	if err != nil {
		t.Fatal(err)
	}
	if err := faults.Err(); err != nil {
		t.Fatal(err)
	}
	for _, n := range plan.Notices() {
		t.Errorf("notice: %v", n)
	}
	if err := plan.Apply(t.Context(), testNow, storage.Cause{}); err != nil {
		t.Fatal(err)
	}
	again, faults, err := Make(t.Context(), store, testNow, files)
	if err != nil || len(faults) > 0 {
		t.Fatal(err, faults)
	}
	for _, c := range again.Changes() {
		t.Errorf("the second application would change %v", c)
	}
}
