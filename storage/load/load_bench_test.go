package load

import (
	"fmt"
	"strings"
	"testing"

	"pingyi/storage"
)

// BenchmarkRoster plans and applies a roster of 100 000 people with units,
// managers and phones: first into an empty database, then with every post changed.
func BenchmarkRoster(b *testing.B) {
	const people = 100_000
	roster := func(post string) Files {
		var csv strings.Builder
		csv.WriteString("code,name,kind,unit,manager,post,phone\n")
		for i := range people {
			manager := ""
			if i > 0 {
				manager = fmt.Sprintf("p%d", i/10)
			}
			fmt.Fprintf(&csv, "p%d,张三,staff,u%d,%s,%s,139%08d\n", i, i%500, manager, post, i)
		}
		return Bytes("people.csv", []byte(csv.String()))
	}
	var units strings.Builder
	units.WriteString("code,name\n")
	for i := range 500 {
		fmt.Fprintf(&units, "u%d,单位\n", i)
	}
	for b.Loop() {
		b.StopTimer()
		store := newStore(b)
		apply(b, store, Bytes("units.csv", []byte(units.String())))
		b.StartTimer()
		apply(b, store, roster("科员"))
		apply(b, store, roster("科长"))
	}
}

func apply(b *testing.B, store *storage.Store, files Files) {
	b.Helper()
	plan, faults, err := Make(b.Context(), store, testNow, files)
	if err != nil || len(faults) > 0 {
		b.Fatal(err, faults)
	}
	if err := plan.Apply(b.Context(), testNow, storage.Cause{}); err != nil {
		b.Fatal(err)
	}
}
