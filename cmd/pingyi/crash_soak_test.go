//go:build crash

package main

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"
)

// TestSoak lets people press at two replicas without any trouble for LENGTH (`make soak`: 30 minutes)
// and looks whether memory and connections stay flat: the last third against the one before.
func TestSoak(t *testing.T) {
	length := crashLength(t)
	s := newStage(t, scene{replicas: 2})
	ctx, stop := context.WithCancel(t.Context())
	watched := make(chan []use)
	go func() { watched <- s.watchUse(ctx, length/60) }()
	quiet := trouble{after: length / 8, kind: "peace"}
	s.run(crashSeed(t), []trouble{quiet, quiet, quiet, quiet, quiet, quiet, quiet, quiet}, length)
	stop()
	uses := <-watched
	if len(uses) < 30 {
		t.Fatalf("only %d samples were taken", len(uses))
	}
	before, after := mean(uses[len(uses)/3:2*len(uses)/3]), mean(uses[2*len(uses)/3:])
	t.Logf("over both replicas: before %v, after %v", before, after)
	if after.kilobytes > before.kilobytes*5/4 {
		t.Errorf("memory grows: %d kB, then %d kB", before.kilobytes, after.kilobytes)
	}
	if after.files > before.files+before.files/4+8 {
		t.Errorf("connections grow: %d, then %d", before.files, after.files)
	}
}

// use is what all replicas together hold.
type use struct{ kilobytes, files int }

func (u use) String() string { return fmt.Sprintf("%d kB and %d files", u.kilobytes, u.files) }

func mean(uses []use) use {
	var sum use
	for _, u := range uses {
		sum.kilobytes += u.kilobytes
		sum.files += u.files
	}
	return use{sum.kilobytes / len(uses), sum.files / len(uses)}
}

// watchUse takes samples while people press, as /proc tells (man 5 proc).
func (s *stage) watchUse(ctx context.Context, every time.Duration) []use {
	var uses []use
	for ctx.Err() == nil && !s.calm.Load() {
		time.Sleep(every)
		var now use
		for _, r := range s.replicas {
			pid := r.pid()
			status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
			if err != nil {
				continue
			}
			_, rest, _ := strings.Cut(string(status), "VmRSS:")
			kilobytes, _ := strconv.Atoi(strings.TrimSpace(strings.TrimSuffix(strings.SplitN(rest, "\n", 2)[0], "kB")))
			files, _ := os.ReadDir(fmt.Sprintf("/proc/%d/fd", pid))
			now.kilobytes += kilobytes
			now.files += len(files)
		}
		uses = append(uses, now)
	}
	return uses
}
