package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestInitIsAProjectThatWorks takes the example through all commands an admin needs.
func TestInitIsAProjectThatWorks(t *testing.T) {
	t.Parallel()
	env := withStores(t)
	dir := filepath.Join(t.TempDir(), "town")
	env.must(t, "init", dir)
	if code, _, stderr := env.runs(t, "init", dir); code != exitFailed || !strings.Contains(stderr, dir) {
		t.Errorf("init over a folder with files: exit %d, %q; want a refusal that names it", code, stderr)
	}
	env.must(t, "migrate")
	if code, _, stderr := env.runs(t, "apply", "--dry-run", dir); code != exitDone || !strings.Contains(stderr, "nothing was changed") {
		t.Errorf("dry run: exit %d, %q", code, stderr)
	}
	if out := env.must(t, "round", "list"); strings.Count(out, "\n") != 1 {
		t.Errorf("a dry run left rounds behind:\n%s", out)
	}
	env.must(t, "apply", dir)
	if out := env.must(t, "apply", dir); out != "" {
		t.Errorf("applying the same again changes:\n%s", out)
	}
	files, err := filepath.Glob(filepath.Join(dir, "questionnaires", "*.yaml"))
	if err != nil || len(files) == 0 {
		t.Fatalf("the example has no questionnaire: %v", err)
	}
	env.must(t, append([]string{"questionnaire", "check"}, files...)...)
	schemes, err := filepath.Glob(filepath.Join(dir, "schemes", "*.yaml"))
	if err != nil || len(schemes) == 0 {
		t.Fatalf("the example has no scheme: %v", err)
	}
	env.must(t, append([]string{"scheme", "check"}, schemes...)...)
	env.must(t, "audit", "verify")
}

// TestApplyReportsEveryFaultAndAppliesNothing is the promise to whoever sends a broken roster.
func TestApplyReportsEveryFaultAndAppliesNothing(t *testing.T) {
	t.Parallel()
	env := withStores(t)
	env.must(t, "migrate")
	dir := write(t, map[string]string{
		"project.yaml":           "project: town\nname: Town\nlanguage: en\nnotice: {version: \"1\", text: We keep answers.}\n",
		"units.csv":              "code,name,kind,parent\ntown,Town,office,\npolice,Police,department,nowhere\n",
		"people.csv":             "code,name,kind,unit,managr\np1,Li,staff,town,\np1,Wang,clerk,town,\n",
		"questionnaires/q.yaml":  "questionnaire: q\ntitle: Q\nitems:\n  - {code: a, kind: ratng, text: How?}\n  - {code: a, kind: yesno, text: Again?}\n",
		"rounds/r.yaml":          "round: r\ntitle: R\nquestionnaire: fine\nsubjects: all\nduration: 3d\npanels:\n  - {panel: p, title: P, who: {kind: staff}, identity: secret}\n",
		"schemes/overall.yaml":   "scheme: overall\ntitle: {en: x}\nkinds: 3\n",
		"subjects.csv":           "code,name,kind\npolice,Police,department\n",
		"more/people.csv":        "code,name,kind,phone,telegram\np2,Li,staff,12,\np3,Wu,staff,,@wu\n",
		"questionnaires/ok.yaml": "questionnaire: fine\ntitle: Fine\nitems:\n  - {code: a, kind: yesno, text: How?}\n",
	})
	code, stdout, stderr := env.runs(t, "apply", dir)
	if code != exitFailed || stdout != "" {
		t.Errorf("exit %d, stdout %q; want a failure without changes", code, stdout)
	}
	for _, want := range []string{
		"units.csv:3", "people.csv:1", "questionnaires/q.yaml:4", "questionnaires/q.yaml:5", "rounds/r.yaml:7", "schemes/overall.yaml:3",
		"more/people.csv:2", "more/people.csv:3",
	} {
		if !strings.Contains(stderr, want) {
			t.Errorf("the report does not name %s:\n%s", want, stderr)
		}
	}
	if strings.Contains(stderr, "<no value>") {
		t.Errorf("a report has a gap:\n%s", stderr)
	}
	if out := env.must(t, "round", "list"); strings.Count(out, "\n") != 1 {
		t.Errorf("something was applied:\n%s", out)
	}
	fine := filepath.Join(dir, "questionnaires", "ok.yaml")
	if out := env.must(t, "apply", fine); !strings.Contains(out, "fine") {
		t.Errorf("the questionnaire was applied before: %q", out)
	}
}

func TestWrongUse(t *testing.T) {
	t.Parallel()
	none := at{"PINGYI_LANG=en"}
	for _, args := range [][]string{
		{"nonsense"}, {"round"}, {"round", "open"}, {"serve", "--nonsense"}, {"score"}, {"score", "--scheme", "x"},
		{"score", "--scheme", "x", "--data", ".", "--format", "pdf"}, {"apply"}, {"--lang", "fr", "round", "list"},
		{"score", "--scheme", "x", "--data", ".", "--param", "nonsense"},
	} {
		code, stdout, stderr := none.runs(t, args...)
		if code != exitUsage || stdout != "" || stderr == "" {
			t.Errorf("pingyi %s: exit %d, stdout %q, stderr %q; want 2 and a word about it", strings.Join(args, " "), code, stdout, stderr)
		}
	}
}

func TestConfigReportsAllFaultsTogether(t *testing.T) {
	t.Parallel()
	env := at{"PINGYI_LANG=en", "PINGYI_SECRET=short-secret", "PINGYI_TIMEZONE=Mars/Olympus", "PINGYI_ADMINS=abc", "PINGYI_SEND_RATE=0"}
	code, _, stderr := env.runs(t, "serve")
	if code != exitFailed {
		t.Errorf("exit %d, want 1", code)
	}
	for _, name := range []string{"PINGYI_SECRET", "PINGYI_TIMEZONE", "PINGYI_ADMINS", "PINGYI_DATABASE_URL", "PINGYI_REDIS_URL", "PINGYI_TELEGRAM_TOKEN"} {
		if !strings.Contains(stderr, name) {
			t.Errorf("%s is not reported:\n%s", name, stderr)
		}
	}
	if strings.Contains(stderr, "short-secret") {
		t.Errorf("the secret is shown:\n%s", stderr)
	}
}

func TestDoctor(t *testing.T) {
	t.Parallel()
	_, api := telegram(t)
	env := append(withStores(t), "PINGYI_TELEGRAM_TOKEN="+botToken, "PINGYI_TELEGRAM_API="+api, "PINGYI_ADMINS=1")
	code, stdout, stderr := env.runs(t, "doctor")
	if code != exitDone || strings.Contains(stdout, string(bad)) {
		t.Errorf("exit %d\n%s%s", code, stdout, stderr)
	}
	sick := append(append(at{}, env...), "PINGYI_TELEGRAM_TOKEN=1:wrong", "PINGYI_DATABASE_URL=postgres://nobody:hidden@127.0.0.1:1/none")
	code, stdout, stderr = sick.runs(t, "doctor")
	if code != exitFailed || strings.Count(stdout, string(bad)) != 2 {
		t.Errorf("exit %d, want 1 and two findings\n%s%s", code, stdout, stderr)
	}
	if strings.Contains(stdout+stderr, "hidden") || strings.Contains(stdout+stderr, "1:wrong") {
		t.Errorf("a secret is shown:\n%s%s", stdout, stderr)
	}
	if _, err := os.Stat("town"); err == nil {
		t.Error("doctor left a folder behind")
	}
}
