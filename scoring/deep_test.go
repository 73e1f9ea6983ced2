package scoring_test

import (
	"strings"
	"testing"

	"pingyi/scoring"
)

// A file of nothing but brackets is refused, not parsed until the stack ends.
func TestDeepNesting(t *testing.T) {
	t.Parallel()
	for name, src := range map[string]string{
		"lists": "scheme: x\nkinds: " + strings.Repeat("[", 300_000),
		"maps":  "scheme: x\nkinds: " + strings.Repeat("{a: ", 200_000),
		"block": "scheme: x\nkinds:\n" + nestedBlock(900),
		"items": "scheme: x\nkinds:\n  " + strings.Repeat("- ", 200_000),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if s, faults := scoring.ParseScheme("deep.yaml", []byte(src)); s != nil || len(faults.Errors()) == 0 {
				t.Errorf("it is read: %v", faults)
			}
		})
	}
}

func nestedBlock(depth int) string {
	var b strings.Builder
	for i := range depth {
		b.WriteString(strings.Repeat(" ", i+1) + "a:\n")
	}
	return b.String()
}
