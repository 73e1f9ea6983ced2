package scoring_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"pingyi/scoring"
	"pingyi/scoring/schemes"
)

// Whatever is done to a shipped scheme, reading, checking, showing and
// computing it never break down: there is a result or there are faults.
func TestMutatedSchemes(t *testing.T) {
	t.Parallel()
	token := regexp.MustCompile(`[A-Za-z_.0-9*%]+`)
	plainWords := func(string, map[string]any) string { return "" }
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.SampledFrom(schemes.Names()).Draw(t, "scheme")
		src, _ := schemes.Source(name)
		lines := strings.Split(string(src), "\n")
		var all []string
		for _, l := range lines {
			all = append(all, token.FindAllString(l, -1)...)
		}
		for range rapid.IntRange(1, 4).Draw(t, "changes") {
			i := rapid.IntRange(0, len(lines)-1).Draw(t, "line")
			switch rapid.IntRange(0, 3).Draw(t, "how") {
			case 0:
				lines[i] = ""
			case 1:
				lines[i] += "\n" + lines[rapid.IntRange(0, len(lines)-1).Draw(t, "copy")]
			default:
				found := token.FindAllStringIndex(lines[i], -1)
				if len(found) == 0 {
					continue
				}
				at := rapid.SampledFrom(found).Draw(t, "token")
				lines[i] = lines[i][:at[0]] + rapid.SampledFrom(all).Draw(t, "word") + lines[i][at[1]:]
			}
		}
		s, faults := scoring.ParseScheme("m.yaml", []byte(strings.Join(lines, "\n")))
		if (s == nil) != (len(faults.Errors()) > 0) {
			t.Fatalf("scheme %v with faults %v", s != nil, faults)
		}
		if s == nil {
			return
		}
		s.Show(plainWords, "en")
		for _, f := range s.Check() {
			if f.File != "m.yaml" || f.Code == "" {
				t.Fatalf("a fault without a place: %+v", f)
			}
		}
		d := exampleData(t, name)
		r, faults := scoring.Compute(s, d, nil)
		if (r == nil) != (len(faults) > 0) {
			t.Fatalf("result %v with faults %v", r != nil, faults)
		}
	})
}

func exampleData(t *rapid.T, name string) *scoring.Data {
	d, _, faults := scoring.ReadFolder(scoring.InMemory(exampleFiles(t, name)), nil)
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	return d
}

// exampleFiles are the data files of a shipped scheme's example, or two
// subjects where it has none.
func exampleFiles(t interface{ Fatal(...any) }, name string) map[string][]byte {
	files := map[string][]byte{"subjects.csv": []byte("code,kind,group\na,department,g\nb,department,g\n")}
	paths, err := filepath.Glob(filepath.Join("..", "deploy", "examples", name, "*.csv"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		if !strings.HasPrefix(filepath.Base(path), "golden") {
			if files[filepath.Base(path)], err = os.ReadFile(path); err != nil {
				t.Fatal(err)
			}
		}
	}
	return files
}
