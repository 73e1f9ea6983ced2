package scoring_test

import (
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files")

// Schemes as people read them, in each language.
func TestShow(t *testing.T) {
	t.Parallel()
	for name, lang := range map[string]string{"jingzhou": "zh-Hans", "ganxi-village": "zh-Hant", "tengzhou": "en", "yunhe-school": "zh-Hans"} {
		got := shipped(t, name).Show(words(t, lang), lang)
		file := filepath.Join("testdata", "show-"+name+"."+lang+".txt")
		if *update {
			if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), got); diff != "" {
			t.Errorf("%s (run with -update to accept):\n%s", file, diff)
		}
	}
}
