package locales_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"pingyi/survey"
)

// keyLike is what a key looks like in the sources; one that ends in a point or an underscore is the
// beginning of keys that are put together.
var keyLike = regexp.MustCompile(`^[a-z]+\.[a-z0-9_.]*$`)

// TestUsedKeysExist: every literal in the bot and the command line that looks like a key of one of
// our areas is one, or begins one. A literal that is no key but looks like one (an action of
// the audit log) has to look different; names of files do.
func TestUsedKeysExist(t *testing.T) {
	t.Parallel()
	keys := make(map[string]bool)
	prefixes := map[string]bool{"load.": true, "survey.": true}
	for _, folder := range folders {
		for _, languages := range messages(t, folder) {
			for key := range languages[survey.ZhHans] {
				keys[key] = true
				area, _, _ := strings.Cut(key, ".")
				prefixes[area+"."] = true
			}
		}
	}
	used := 0
	for _, root := range []string{"../../bot", "../../cmd", "../../storage/load"} {
		for place, literal := range literals(t, root) {
			area, _, found := strings.Cut(literal, ".")
			file := slices.Contains([]string{".csv", ".yaml", ".json", ".html"}, filepath.Ext(literal))
			if !found || file || !prefixes[area+"."] || !keyLike.MatchString(literal) {
				continue
			}
			used++
			if !keys[literal] && !begins(literal, keys) {
				t.Errorf("%s: there are no words for %q", place, literal)
			}
		}
	}
	if used == 0 {
		t.Error("no literal looks like a key: the test looks in the wrong place")
	}
}

func begins(literal string, keys map[string]bool) bool {
	if !strings.HasSuffix(literal, ".") && !strings.HasSuffix(literal, "_") {
		return false
	}
	for key := range keys {
		if strings.HasPrefix(key, literal) {
			return true
		}
	}
	return false
}

// literals returns the string literals of the Go sources below a folder, tests left out, by place.
func literals(t *testing.T, root string) map[string]string {
	t.Helper()
	all := make(map[string]string)
	files := token.NewFileSet()
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		file, err := parser.ParseFile(files, path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
				if s, err := strconv.Unquote(lit.Value); err == nil {
					all[files.Position(lit.Pos()).String()] = s
				}
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// faultCall is how survey reports a fault: the code is the first literal after the place.
var faultCall = regexp.MustCompile(`\.fault\([^"\n]*, "([a-z_]+)"`)

// TestFaultsHaveWords: every fault that survey can report has words, and every word is about a fault
// that survey can report.
func TestFaultsHaveWords(t *testing.T) {
	t.Parallel()
	codes := make(map[string]bool)
	files, err := filepath.Glob("../../survey/*.go")
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
		for _, m := range faultCall.FindAllSubmatch(src, -1) {
			codes["survey."+string(m[1])] = true
		}
	}
	words := messages(t, ".")["survey"][survey.En]
	for code := range codes {
		if _, ok := words[code]; !ok {
			t.Errorf("there are no words for %s", code)
		}
	}
	for key := range words {
		if !codes[key] {
			t.Errorf("no fault is called %s", key)
		}
	}
	for _, identity := range []survey.Identity{survey.Anonymous, survey.Confidential, survey.Named} {
		for _, minimum := range []int{1, 5} {
			code := survey.PromiseOf(identity, minimum).Code
			if !slices.Contains(promises(t), code) {
				t.Errorf("there are no words for %s", code)
			}
		}
	}
}

func promises(t *testing.T) []string {
	t.Helper()
	var keys []string
	for key := range messages(t, ".")["promise"][survey.En] {
		keys = append(keys, key)
	}
	return keys
}
