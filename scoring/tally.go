package scoring

import (
	"fmt"
	"maps"
	"math/big"
	"slices"
	"strings"
)

// tally counts how often each number of points was given.
type tally map[string]*tallied

type tallied struct {
	points *big.Rat
	n      int64
}

func (t tally) add(points *big.Rat, n int64) {
	key := points.RatString()
	if t[key] == nil {
		t[key] = &tallied{points: points}
	}
	t[key].n += n
}

// mean is the mean of what was counted, nil where there is nothing; the step
// lists it by rising points.
func (t tally) mean(cell *Cell, code string) *big.Rat {
	list := slices.SortedFunc(maps.Values(t), func(a, b *tallied) int { return a.points.Cmp(b.points) })
	total, n, terms := new(big.Rat), int64(0), make([]string, len(list))
	for i, x := range list {
		total.Add(total, new(big.Rat).Mul(x.points, rat(x.n)))
		n += x.n
		terms[i] = fmt.Sprintf("%d × %s", x.n, keyed(x.points))
	}
	if n == 0 {
		return nil
	}
	written := ""
	if len(terms) <= maxListed {
		written = strings.Join(terms, " + ")
	}
	mean := new(big.Rat).Quo(total, rat(n))
	cell.line(code, "Terms", written, "Sum", total, "Count", n, "Value", mean)
	return mean
}
