package load

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"

	"pingyi/storage"
	"pingyi/survey"
)

// folder is a small project: what a case changes or adds stands beside it.
func folder(change map[string]string) fstest.MapFS {
	files := map[string]string{
		"project.yaml": `project: p
name: 示例
notice: {version: "1", text: 我们保存很少。}
enrolment:
  open: true
  districts: [{code: north, name: 城北}, {code: south, name: 城南}]
  ages: [{code: young, name: 青年}]
`,
		"units.csv":    "code,name,parent\ncity,市,\npolice,公安局,city\n",
		"people.csv":   "code,name,kind,unit,manager\nboss,甲,leader,city,\nclerk,乙,staff,police,boss\n",
		"subjects.csv": "code,name,kind,group,of\npolice,公安局,department,a,police\n",
		"q.yaml":       "questionnaire: q\ntitle: 问\nitems:\n  - {code: ok, kind: yesno, text: 好吗}\n",
		"s.yaml": `scheme: s
params: {cap: 5}
panels: {main: {scale: yesno}}
ledger: {bonus: {points: add}}
kinds:
  department:
    parts:
      image: {survey: main}
      bonus: {ledger: {kinds: [bonus]}, cap: $cap}
      total: image + bonus
    total: total
`,
		"r.yaml": `round: r
title: 轮
questionnaire: q
scheme: s
subjects: {kind: department}
duration: 7d
panels:
  - {panel: main, title: 民, who: {kind: citizen}, identity: anonymous}
`,
	}
	maps.Copy(files, change)
	out := fstest.MapFS{}
	for name, text := range files {
		if text != "" {
			out[name] = &fstest.MapFile{Data: []byte(text)}
		}
	}
	return out
}

// nothing stands in the database of the cases.
func nothing() *standing {
	return index(&storage.House{}, shanghai(), testNow, func(phone string) ([]byte, error) {
		if strings.Trim(phone, "+0123456789 ") != "" || len(phone) < 8 {
			return nil, survey.ErrInvalid
		}
		return []byte(phone), nil
	})
}

// found checks files against what stands and writes every fault and notice as
// place, code and arguments.
func found(files Files, h *standing) []string {
	s := parse(files)
	s.check(h)
	s.faults.Sort()
	var out []string
	for _, f := range s.faults {
		out = append(out, f.String())
	}
	for _, n := range s.notices {
		out = append(out, "notice "+n.String())
	}
	return out
}

// cases are broken files and exactly what is said about them.
var cases = map[string]struct {
	files map[string]string
	want  []string
}{
	"nothing is wrong": {},
	"header": {
		files: map[string]string{"people.csv": "code,nane,kind,kind,,name:fr,Post\nx,y,staff,staff,,,\n"},
		want: []string{
			"people.csv:1: load.column_missing Column=name",
			"people.csv:1:6: load.column_unknown Column=nane Known=code, name, kind, unit, manager, post, phone, telegram, language, district, age, role, from, to Near=name",
			"people.csv:1:16: load.column_twice Column=kind",
			"people.csv:1:21: load.column_nameless",
			"people.csv:1:22: load.column_unknown Column=name:fr Known=code, name, kind, unit, manager, post, phone, telegram, language, district, age, role, from, to Near=name",
			"people.csv:1:30: load.column_unknown Column=Post Known=code, name, kind, unit, manager, post, phone, telegram, language, district, age, role, from, to Near=post",
		},
	},
	"languages and attributes of a header": {
		files: map[string]string{"units.csv": "code,name,name:xx,parent\ncity,市,,\n", "subjects.csv": "code,name,kind,group,of,activ\npolice,公安局,department,a,,1\n"},
		want: []string{
			"units.csv:1:11: load.column_language Column=name:xx Languages=zh-Hans, zh-Hant, en",
			"notice subjects.csv:1:25: load.column_attribute Column=activ Near=active",
		},
	},
	"no table": {
		files: map[string]string{"values.csv": "\n\n", "ledger.csv": "id;subject;kind\n1;police;bonus\n", "calendar.csv": strings.Repeat("x,", 250) + "x\n"},
		want: []string{
			"calendar.csv:1: load.too_many_columns Got=251 Most=200",
			"ledger.csv:1:1: load.separator Got=;",
			"values.csv: load.table_empty Columns=subject,indicator,value",
		},
	},
	"no csv": {
		files: map[string]string{
			"values.csv": "subject,indicator,value\npolice,a \"b\" c,1\npolice,b,\"2\npolice,c,3\n",
			"units.csv":  "code,name\ncity,市,too,many\npolice\n",
		},
		want: []string{
			"units.csv:2:1: load.row_length Got=4 Want=2",
			"units.csv:3:1: load.row_length Got=1 Want=2",
			"values.csv:2:10: load.csv_quote_inside",
			"values.csv:3:1: load.csv_quote_open",
		},
	},
	"codes and cells": {
		files: map[string]string{"units.csv": "code,name,kind,parent\n公安局,甲,,\n" + strings.Repeat("a", 41) + ",乙,,\n,丙,,\nfine,,,\nlong," + strings.Repeat("长", 4001) + ",,\n",
			"people.csv": "", "subjects.csv": "", "r.yaml": ""},
		want: []string{
			"units.csv:2:1: load.code_characters Column=code Got=公安局 Most=40",
			"units.csv:3:1: load.code_long Column=code Got=" + strings.Repeat("a", 40) + "… Most=40",
			"units.csv:4:1: load.cell_empty Column=code",
			"units.csv:5:6: load.cell_empty Column=name",
			"units.csv:6:6: load.cell_long Column=name Most=4000",
		},
	},
	"cells of people": {
		files: map[string]string{"people.csv": "code,name,kind,unit,phone,telegram,language,district,age,role,from,to\n" +
			"a,甲,boss,city,12,@a,fr,,,,,\n" +
			"b,乙,staff,city,,-1,en,nroth,old,admn|contact@polic,2026-13-01,\n" +
			"c,丙,citizen,,,,zh-Hans,south,young,auditor,2026-05-01,2026-04-01\n" +
			"d,丁,,,,,,,,,,\n"},
		want: []string{
			"people.csv:2:5: load.person_kind Column=kind Got=boss Known=citizen, staff, leader Near=",
			"people.csv:2:15: load.phone Column=phone Got=12",
			"people.csv:2:18: load.telegram Column=telegram Got=@a",
			"people.csv:2:21: load.language Column=language Got=fr Known=zh-Hans, zh-Hant, en Near=",
			"people.csv:3:17: load.telegram Column=telegram Got=-1",
			"people.csv:3:23: load.district_unknown Got=nroth Near=north",
			"people.csv:3:29: load.age_unknown Got=old Near=",
			"people.csv:3:33: load.role Column=role Got=admn Known=admin, organiser, auditor, contact Near=admin",
			"people.csv:3:33: load.unit_unknown Got=polic Near=police",
			"people.csv:3:52: load.date Column=from Got=2026-13-01",
			"people.csv:4:55: load.dates_order Column=to From=2026-05-01 To=2026-04-01",
			"people.csv:5:5: load.cell_empty Column=kind",
		},
	},
	"people against each other": {
		files: map[string]string{"people.csv": "code,name,kind,unit,manager,phone,telegram\n" +
			"a,甲,staff,city,b,+8613800138000,7\n" +
			"b,乙,staff,city,c,+8613800138000,7\n" +
			"c,丙,staff,nowhere,a,,\n" +
			"c,丁,citizen,,,,\n" +
			"d,戊,staff,city,d,,\n" +
			"e,己,staff,city,bos,,\n" +
			"e,己,staff,city,bos,,\n"},
		want: []string{
			"people.csv:2:16: load.manager_cycle Path=a → b → c → a",
			"people.csv:3:18: load.phone_twice Code=a",
			"people.csv:3:33: load.telegram_twice Code=a Got=7",
			"people.csv:4:11: load.unit_unknown Got=nowhere Near=",
			"people.csv:5:3: load.person_differs Code=c Column=name First=people.csv:4",
			"people.csv:6:16: load.own_manager Got=d",
			"people.csv:7:16: load.person_unknown Got=bos Near=",
			"people.csv:8:1: load.twice First=people.csv:7 Got=e",
			"people.csv:8:16: load.person_unknown Got=bos Near=",
		},
	},
	"units and subjects against each other": {
		files: map[string]string{
			"units.csv":    "code,name,parent\ncity,市,police\npolice,公安局,city\npolice,又,\nlost,失,ciyt\n",
			"subjects.csv": "code,name,kind,parent,of\nx,甲,department,y,polise\ny,乙,department,x,clerk\nz,丙,person,,police\npolice,局,department,q,police\n",
		},
		want: []string{
			"subjects.csv:2:16: load.subject_cycle Path=x → y → x",
			"subjects.csv:2:18: load.of_unknown Got=polise Near=police",
			"subjects.csv:4:13: load.person_unknown Got=police Near=",
			"subjects.csv:5:21: load.subject_unknown Got=q Near=",
			"units.csv:2:8: load.unit_cycle Path=city → police → city",
			"units.csv:4:1: load.twice First=units.csv:3 Got=police",
			"units.csv:5:8: load.unit_unknown Got=ciyt Near=city",
		},
	},
	"figures": {
		files: map[string]string{
			"calendar.csv": "date,working\n2026-10-01,perhaps\n2026/10/2,no\n2026年10月2日,yes\n,no\n2026-10-03,\n",
			"values.csv":   "subject,indicator,period,value,target,weight,date\npolice,key.a,2026-Q3,5,many,0,1.5.2026\npolis,key.b,2026-Q3,1,,,\npolice,key.c,,1,1e3,,\npolice,key.c,,2,,,\npolice,key..d,,2,,,\npolice,key.e,,50%,100,,\n",
			"ledger.csv":   "id,subject,kind,points,approved\n1,police,bonus,two,maybe\n1,police,bonus,2,是\n,police,bonus,1,\n2,police,bonus,50%,\n",
		},
		want: []string{
			"calendar.csv:2:12: load.yes_no Column=working Got=perhaps",
			"calendar.csv:4:1: load.twice First=calendar.csv:3 Got=2026-10-02",
			"calendar.csv:5:1: load.cell_empty Column=date",
			"calendar.csv:6:12: load.cell_empty Column=working",
			"ledger.csv:2:16: load.number Column=points Got=two",
			"ledger.csv:2:20: load.yes_no Column=approved Got=maybe",
			"ledger.csv:3:1: load.twice First=ledger.csv:2 Got=1",
			"ledger.csv:4:1: load.cell_empty Column=id",
			"ledger.csv:5:16: scoring.fault.percent Column=points Got=50%",
			"values.csv:2:24: load.number Column=target Got=many",
			"values.csv:2:29: load.not_positive Column=weight Got=0",
			"values.csv:2:31: load.date Column=date Got=1.5.2026",
			"values.csv:3:1: load.subject_unknown Got=polis Near=police",
			"values.csv:4:17: load.number Column=target Got=1e3",
			"values.csv:5:1: load.twice First=values.csv:4 Got=police,key.c,,,",
			"values.csv:6:8: load.code_characters Column=indicator Got=key..d Most=40",
			"values.csv:7:15: scoring.fault.percent_mixed Column=value Got=50% Target=100",
		},
	},
	"rounds and evaluations": {
		files: map[string]string{
			"r.yaml": `round: r
title: 轮
scheme: sch
params: {cap: 5}
subjects: {kind: departments, groups: [a, b]}
closes: 2026-11-01T09:00
panels:
  - panel: main
    title: 民
    who: {kind: staff, units: [city, polce], under: town, districts: nort}
    identity: anonymous
    questionnaire: qq
`,
			"r2.yaml": "round: r2\ntitle: 轮\nquestionnaire: q\nscheme: s\nparams: {cup: 5}\nsubjects: {list: [police, fire]}\nduration: 7d\npanels:\n  - {panel: main, title: 民, who: {kind: citizen}, identity: anonymous}\n",
			"r3.yaml": "round: r2\ntitle: 轮\nquestionnaire: q\nsubjects: all\nduration: 7d\npanels:\n  - {panel: main, title: 民, who: {kind: citizen}, identity: anonymous}\n",
			"e.yaml":  "evaluation: r2\ntitle: 年\nperiod: \"2026\"\nscheme: s\nrounds: [r, {round: rr, period: Q1}]\n",
			"e2.yaml": "evaluation: e2\ntitle: 年\nperiod: \"2026\"\nscheme: t\n",
		},
		want: []string{
			"e.yaml:1:1: load.evaluation_of_round Code=r2",
			"e.yaml:5:21: load.round_unknown Got=rr Near=r",
			"e2.yaml:4:9: load.scheme_unknown Got=t Near=",
			"r.yaml:3:9: load.scheme_unknown Got=sch Near=",
			"r.yaml:5:18: load.kind_unknown Got=departments Near=department",
			"r.yaml:5:43: load.group_unknown Got=b Near=",
			"r.yaml:6:9: load.round_past Code=r",
			"r.yaml:10:38: load.unit_unknown Got=polce Near=police",
			"r.yaml:10:53: load.unit_unknown Got=town Near=",
			"r.yaml:10:70: load.district_unknown Got=nort Near=north",
			"r.yaml:12:20: load.questionnaire_unknown Got=qq Near=q",
			"r2.yaml:5:15: scoring.fault.param_unknown Known=period, cap Name=cup Near=cap",
			"r2.yaml:6:27: load.subject_unknown Got=fire Near=",
			"r3.yaml:1:1: load.twice First=r2.yaml:1 Got=r2",
		},
	},
	"what a scheme counts and nobody is asked": {
		files: map[string]string{"s.yaml": "scheme: s\npanels:\n  main: {scale: yesno, items: [ok, okk]}\n  other: {scale: yesno}\nkinds:\n  department:\n    parts:\n      total: a + b\n      a: {survey: main}\n      b: {survey: other}\n    total: total\n"},
		want: []string{
			"r.yaml:4:9: load.item_unasked Item=okk Near=ok Panel=main Questionnaire=q",
			"notice r.yaml:4:9: load.panel_unasked Panel=other Scheme=s",
		},
	},
	"a group without a name": {
		files: map[string]string{"project.yaml": folderProject + "groups: [{code: livelihood, name: 民生}]\n",
			"subjects.csv": "code,name,kind,group,of\npolice,公安局,department,livelihod,police\nfire,消防,department,民生|城市,\n"},
		want: []string{"subjects.csv:3:20: load.label_bar Column=group Got=民生|城市",
			"notice subjects.csv:2:1: load.group_nameless Got=livelihod Near=livelihood"},
	},
	"unknown files": {
		files: map[string]string{"poeple.csv": "code\n", "x.yaml": "questionaire: x\n", "project2.yaml": folderProject},
		want: []string{
			"poeple.csv: load.table_unknown Got=poeple Known=units, people, subjects, calendar, values, ledger Near=people",
			"project2.yaml:1:1: load.project_twice",
			"x.yaml: load.yaml_unknown Got=questionaire Known=project, questionnaire, scheme, series, round, evaluation Near=questionnaire",
		},
	},
	"what cannot be read causes no further faults": {
		files: map[string]string{"units.csv": "code,nane\n", "q.yaml": "questionnaire: q\n", "subjects.csv": "code,name,kind,of\npolice,公安局,department,police\n"},
		want: []string{
			"q.yaml:1:1: survey.key_missing Key=title",
			"q.yaml:1:1: survey.key_missing Key=items",
			"units.csv:1: load.column_missing Column=name",
			"units.csv:1:6: load.column_unknown Column=nane Known=code, name, kind, parent Near=name",
		},
	},
	"what has faults of its own is still looked up and looked into": {
		files: map[string]string{
			"q.yaml": "questionnaire: q\n",
			"s.yaml": "scheme: s\nkinds: [\n",
			"r.yaml": `round: r
title: 轮
questionnaire: nosuch
scheme: s
subjects: {list: [police, ghost]}
duration: a while
panels:
  - 3
  - {panel: main, title: 民, who: {kind: staff, units: [nowhere]}, identity: anonymous, colour: red, questionnaire: q}
`,
			"e.yaml": "evaluation: e\ntitle: 年\nperiod: 2026-13\nscheme: nosuch\nrounds: [r, ghost]\n",
			"x.yaml": "series: x\ntitle: 轮\nscheme: ghost\n",
		},
		want: []string{
			"e.yaml:3:9: survey.period Period=2026-13",
			"e.yaml:4:9: load.scheme_unknown Got=nosuch Near=",
			"e.yaml:5:13: load.round_unknown Got=ghost Near=",
			"q.yaml:1:1: survey.key_missing Key=title",
			"q.yaml:1:1: survey.key_missing Key=items",
			"r.yaml:3:16: load.questionnaire_unknown Got=nosuch Near=",
			"r.yaml:5:27: load.subject_unknown Got=ghost Near=",
			"r.yaml:6:11: survey.want_span Key=duration Value=a while",
			"r.yaml:8:5: survey.want_mapping Key=panels",
			"r.yaml:9:56: load.unit_unknown Got=nowhere Near=",
			"r.yaml:9:88: survey.key_unknown Key=colour Known=panel, title, relation, questionnaire, imported, who, identity, minimum, sample, asks",
			"s.yaml:2:8: scoring.fault.yaml Problem=sequence end token ']' not found",
			"x.yaml:1:1: survey.key_missing Key=cron",
			"x.yaml:1:1: survey.key_missing Key=subjects",
			"x.yaml:1:1: survey.key_missing Key=duration",
			"x.yaml:1:1: survey.key_missing Key=panels",
			"x.yaml:3:9: load.scheme_unknown Got=ghost Near=",
		},
	},
	"garbage": {
		files: map[string]string{"units.csv": "code,name\ncity,\xff\xfe\xff\n", "big.yaml": "round: x\n" + strings.Repeat("#", MaxYAML),
			"e.yaml": "evaluation: \xff\xfe\xff\n", "r.yaml": "r\x00o\x00", "s.yaml": "# nothing yet\n"},
		want: []string{
			"big.yaml: load.file_large Most=1",
			"e.yaml: load.encoding_yaml",
			"r.yaml: load.nul",
			"s.yaml: survey.file_empty",
			"units.csv: load.encoding",
		},
	},
}

const folderProject = "project: p2\nname: 又\nnotice: {version: \"1\", text: 少}\n"

func TestFaults(t *testing.T) {
	t.Parallel()
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(tc.want, found(FS(folder(tc.files)), nothing())); diff != "" {
				t.Errorf("faults (-want +got):\n%s", diff)
			}
		})
	}
}

// TestStandingFaults: what stands in the database takes part in the checks.
func TestStandingFaults(t *testing.T) {
	t.Parallel()
	h := &storage.House{
		Units: []storage.UnitRow{{Code: "fire", Parent: "police"}},
		People: []storage.PersonRow{
			{Code: "other", TelegramID: 7, PhoneHash: []byte("+8613800138000")},
			{Code: "guest", TelegramID: 8, Enrolled: true},
			{Code: "linked", TelegramID: 9},
			{Code: "left", Released: true},
			{Code: "above", Memberships: []storage.MembershipRow{{Kind: survey.Staff, Manager: "a"}}},
		},
		Rounds: []storage.RoundRow{
			{Code: "r", State: survey.RoundOpen, Body: "round: r"}, {Code: "r2", State: survey.RoundPaused},
			{Code: "r3", State: survey.RoundClosed}, {Code: "r4", State: survey.RoundCancelled}},
		Evaluations: []storage.EvaluationRow{{Code: "e", State: survey.EvaluationApproved}, {Code: "e2", State: survey.EvaluationPublished}},
	}
	files := map[string]string{
		"units.csv": "code,name,parent\ncity,市,\npolice,公安局,fire\n",
		"people.csv": "code,name,kind,manager,telegram,phone\na,甲,staff,above,7,\nb,乙,staff,,8,+8613800138000\n" +
			"linked,丙,staff,,10,\nleft,丁,staff,,11,\n",
		"e.yaml":  "evaluation: e\ntitle: 年\nperiod: \"2026\"\nscheme: s\n",
		"e2.yaml": "evaluation: e2\ntitle: 年\nperiod: \"2026\"\nscheme: s\n",
	}
	round := string(folder(nil)["r.yaml"].Data)
	for _, code := range []string{"r2", "r3", "r4"} {
		files[code+".yaml"] = strings.Replace(round, "round: r", "round: "+code, 1)
	}
	want := []string{
		"e.yaml:1:1: load.evaluation_approved Code=e",
		"e2.yaml:1:1: load.evaluation_published Code=e2",
		"people.csv:2:11: load.manager_cycle Path=a → above → a",
		"people.csv:2:17: load.telegram_twice Code=other Got=7",
		"people.csv:3:14: load.phone_twice Code=other",
		"r.yaml:1:1: load.round_open Code=r",
		"r2.yaml:1:1: load.round_paused Code=r2",
		"r3.yaml:1:1: load.round_closed Code=r3",
		"r4.yaml:1:1: load.round_cancelled Code=r4",
		"units.csv:3:12: load.unit_cycle Path=fire → police → fire",
		"notice people.csv:4:17: load.telegram_linked Code=linked",
		"notice people.csv:5:15: load.telegram_released Code=left",
	}
	st := index(h, shanghai(), testNow, func(phone string) ([]byte, error) { return []byte(phone), nil })
	if diff := cmp.Diff(want, found(FS(folder(files)), st)); diff != "" {
		t.Errorf("faults (-want +got):\n%s", diff)
	}
}

// TestEveryCodeIsFound: there is no fault that the cases do not bring about,
// and each is said in words in every language.
func TestEveryCodeIsFound(t *testing.T) {
	t.Parallel()
	var src []byte
	for _, name := range []string{"faults_test.go", "read_test.go", "ballots_test.go", "book_test.go"} {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		src = append(src, text...)
	}
	said := map[survey.Lang]map[string]string{}
	for _, l := range survey.Langs() {
		src, err := os.ReadFile("../../bot/locales/load." + string(l) + ".yaml")
		if err != nil {
			t.Fatal(err)
		}
		words := map[string]string{}
		if err := yaml.Unmarshal(src, &words); err != nil {
			t.Fatal(err)
		}
		said[l] = words
	}
	expected := regexp.MustCompile(`load\.[a-z_0-9]+`)
	tested := map[string]bool{}
	for _, code := range expected.FindAllString(string(src), -1) {
		tested[code] = true
	}
	for code := range codes(t) {
		if strings.HasSuffix(code, "_") {
			continue // put together with a state; each is among the cases
		}
		if !tested[code] && code != "load.csv_broken" { // no reader is known to fail so
			t.Errorf("no case brings about %s", code)
		}
		for _, l := range survey.Langs() {
			if said[l][code] == "" {
				t.Errorf("%s has no words in %s", code, l)
			}
		}
	}
}

// codes are the literals of this package that name faults and notices.
func codes(t *testing.T) map[string]bool {
	t.Helper()
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]bool{}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
				if s, err := strconv.Unquote(lit.Value); err == nil && strings.HasPrefix(s, "load.") {
					all[s] = true
				}
			}
			return true
		})
	}
	if len(all) < 50 {
		t.Fatalf("only %d codes: the test looks in the wrong place", len(all))
	}
	return all
}
