package bot

import (
	"testing"
	"time"
)

// When a call arrived is told by what it took beyond the shortest way of late.
func TestPathTellsWhenACallArrived(t *testing.T) {
	t.Parallel()
	var p path
	began := time.Now()
	for _, c := range []struct {
		after, took, late time.Duration
	}{
		{0, 80 * time.Millisecond, 80 * time.Millisecond}, // nobody knows yet
		{time.Second, 50 * time.Millisecond, 50 * time.Millisecond},
		{2 * pathTrial, 350 * time.Millisecond, 300 * time.Millisecond},
		{pathMemory + 10*time.Second, 90 * time.Millisecond, 40 * time.Millisecond}, // what was shorter is still known
		{2*pathMemory + 20*time.Second, 95 * time.Millisecond, 5 * time.Millisecond},
		{2*pathMemory + 30*time.Second, 40 * time.Millisecond, 0},
	} {
		begun := began.Add(c.after)
		if got := p.arrived(begun, begun.Add(c.took)).Sub(begun); got != c.late {
			t.Errorf("a call of %v at %v arrived %v late at most, want %v", c.took, c.after, got, c.late)
		}
	}
}
