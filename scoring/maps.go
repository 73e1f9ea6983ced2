package scoring

import (
	"cmp"
	"maps"
	"slices"
)

// keys returns a map's keys in order, so that nothing depends on the order of
// a map.
func keys[K cmp.Ordered, V any](m map[K]V) []K { return slices.Sorted(maps.Keys(m)) }
