package scoring_test

import (
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"text/template"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"

	"pingyi/scoring"
)

func messages(t *testing.T, lang string) map[string]string {
	t.Helper()
	src, err := fs.ReadFile(scoring.Locales(), "locales/scoring."+lang+".yaml")
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	if err := yaml.Unmarshal(src, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// words is a printer for tests; a code without a text shows as itself.
func words(t *testing.T, lang string) scoring.Words {
	t.Helper()
	texts := messages(t, lang)
	return func(code string, args map[string]any) string {
		text, ok := texts[code]
		if !ok {
			t.Errorf("%s has no text for %s", lang, code)
			return code
		}
		var b strings.Builder
		if err := template.Must(template.New(code).Parse(text)).Execute(&b, args); err != nil {
			t.Errorf("%s: %v", code, err)
		}
		if strings.Contains(b.String(), "<no value>") {
			t.Errorf("%s lacks an argument: %s %v", code, b.String(), args)
		}
		return b.String()
	}
}

// codesInSource finds the codes the sources use, whole or through the helpers
// that put their prefix before them.
func codesInSource(t *testing.T) []string {
	t.Helper()
	helpers := map[string]string{
		`\b(?:b\.(?:fault|warn|unknown)|c\.(?:schemeFault|fault))\((?:[^"\n]|\("[a-z_]+"\))*?, "([a-z_]+)"`: "fault.",
		`\.notice\([^"\n]*"([a-z_]+)"`:                                         "notice.",
		`(?:cell|out\[i\]|into|stats\[key\])\.line\("([a-z_]+)"`:               "trace.",
		`\bt\.note\(i, "([a-z_]+)"`:                                            "trace.",
		`\bp\.note\(i, "([a-z_]+)"`:                                            "trace.",
		`Line\{"([a-z_]+)", map`:                                               "trace.",
		`\bo\.(?:say|head)\("([a-z_]+)"`:                                       "show.",
		`return nil, fault\("([a-z_]+)"`:                                       "fault.",
		`"scoring\.((?:fault|notice|trace|table|card|show|compare)\.[a-z_]+)"`: "",
		`flag[A-Z]\w+ += "([a-z_]+)"`:                                          "flag.",
	}
	found := map[string]bool{}
	for _, dir := range []string{".", "report", "disclosure", "workbook"} {
		files, err := filepath.Glob(filepath.Join(dir, "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			if strings.HasSuffix(file, "_test.go") {
				continue
			}
			src, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			for pattern, prefix := range helpers {
				for _, m := range regexp.MustCompile(pattern).FindAllStringSubmatch(string(src), -1) {
					if !strings.HasSuffix(m[1], "_") {
						found["scoring."+prefix+m[1]] = true
					}
				}
			}
		}
	}
	return slices.Sorted(maps.Keys(found))
}

func TestEveryCodeHasItsWords(t *testing.T) {
	t.Parallel()
	codes := codesInSource(t)
	if len(codes) < 200 {
		t.Fatalf("only %d codes found in the sources", len(codes))
	}
	for _, lang := range []string{"zh-Hans", "zh-Hant", "en"} {
		texts := messages(t, lang)
		for _, code := range codes {
			if texts[code] == "" {
				t.Errorf("%s has no text for %s", lang, code)
			}
		}
	}
}

func TestLanguagesAgree(t *testing.T) {
	t.Parallel()
	argument := regexp.MustCompile(`\.[A-Z][A-Za-z]+`)
	shape := func(lang string) map[string][]string {
		out := map[string][]string{}
		for key, text := range messages(t, lang) {
			if _, err := template.New(key).Parse(text); err != nil {
				t.Errorf("%s %s: %v", lang, key, err)
			}
			args := argument.FindAllString(text, -1)
			slices.Sort(args)
			out[key] = slices.Compact(args)
		}
		return out
	}
	want := shape("zh-Hans")
	for _, lang := range []string{"zh-Hant", "en"} {
		if diff := cmp.Diff(want, shape(lang)); diff != "" {
			t.Errorf("%s differs in keys or arguments:\n%s", lang, diff)
		}
	}
}
