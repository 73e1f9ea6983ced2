package scoring_test

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/encoding/simplifiedchinese"

	"pingyi/scoring"
)

// faultList writes faults briefly: file:line:column code.
func faultList(fs scoring.Faults) []string {
	var out []string
	for _, f := range fs {
		out = append(out, fmt.Sprintf("%s:%d:%d %s", f.File, f.Line, f.Column, strings.TrimPrefix(f.Code, "scoring.fault.")))
	}
	return out
}

func TestReadFolderFaults(t *testing.T) {
	t.Parallel()
	gb, err := simplifiedchinese.GB18030.NewEncoder().String("code,name\na,公安局\nb,卫生健康委员会\n")
	if err != nil {
		t.Fatal(err)
	}
	good := "code,name,kind,group,parent\na,甲,unit,,\nb,乙,unit,,a\n"
	for _, c := range []struct {
		name    string
		files   map[string]string
		faults  []string
		notices []string
	}{
		{"good", map[string]string{"subjects.csv": good}, nil, nil},
		{"nothing", map[string]string{}, []string{"subjects.csv:0:0 file_missing"}, nil},
		{"empty file", map[string]string{"subjects.csv": " \n"}, []string{"subjects.csv:0:0 file_empty"}, nil},
		{"header only", map[string]string{"subjects.csv": "code\n"}, []string{"subjects.csv:1:0 no_rows"}, nil},
		{"byte-order mark", map[string]string{"subjects.csv": "\ufeff" + good}, nil, []string{"subjects.csv scoring.notice.encoding UTF-8 BOM"}},
		{"GB18030", map[string]string{"subjects.csv": gb}, nil, []string{"subjects.csv scoring.notice.encoding GB18030"}},
		{"Windows-1252", map[string]string{"subjects.csv": "code,name\na,Stra\xdfe M\xfcller\n"}, []string{"subjects.csv:2:0 encoding"}, nil},
		{"one cause, said once", map[string]string{"subjects.csv": "code,name\na,Stra\xdfe M\xfcller\n", "values.csv": "subject,indicator,target,value\na,x,1,1\nb,x,ten,1\n"},
			[]string{"subjects.csv:2:0 encoding", "values.csv:3:5 not_number"}, nil},
		{"a spreadsheet", map[string]string{"subjects.csv": "PK\x03\x04\x00\x00"}, []string{"subjects.csv:1:0 nul"}, nil},
		{"unknown file", map[string]string{"subjects.csv": good, "answer.csv": "x"}, nil, []string{"answer.csv scoring.notice.unknown_file"}},
		{"columns", map[string]string{"subjects.csv": good, "values.csv": "subject,indicatr,value,value\na,x,1,2\n"}, []string{
			"values.csv:1:0 column_missing", "values.csv:1:9 column_unknown", "values.csv:1:24 column_twice"}, nil},
		{"rows", map[string]string{"subjects.csv": good, "values.csv": "subject,indicator,value,target,weight,date\n" +
			"c,x,1,,,\n" + "a,x,1,ten,,\n" + "a,x,2,,0,2025-13-01\n" + "a,x\n" + "a,x,3,,,\n"}, []string{
			"values.csv:2:1 subject_unlisted", "values.csv:3:7 not_number", "values.csv:4:0 row_duplicate", "values.csv:4:8 weight_not_positive",
			"values.csv:4:10 not_date", "values.csv:5:0 row_length", "values.csv:6:0 row_duplicate"}, nil},
		{"parents", map[string]string{"subjects.csv": "code,parent\na,b\nb,\nc,d\na,b\n"}, []string{
			"subjects.csv:4:0 parent_unlisted", "subjects.csv:5:0 row_duplicate"}, nil},
		{"circle", map[string]string{"subjects.csv": "code,parent\na,b\nb,a\n"}, []string{
			"subjects.csv:2:0 parent_cycle"}, nil},
		{"answers", map[string]string{"subjects.csv": good, "answers.csv": "id,panel,subject,item,value,count,submitted_at\n" +
			"1,p,a,q,5,1,\n" + "1,p,b,r,5,2,\n" + "1,p,a,q,4,1,\n" + "2,p,z,q,5,0,soon\n"}, []string{
			"answers.csv:2:7 item_twice", "answers.csv:3:5 sheet_differs", "answers.csv:3:11 sheet_differs",
			"answers.csv:5:5 subject_unlisted", "answers.csv:5:11 not_count", "answers.csv:5:13 not_time"}, nil},
		{"answers that scatter", map[string]string{"subjects.csv": good, "answers.csv": "id,panel,subject,item,value\n" +
			"1,p,a,q,5\n2,p,b,q,5\n1,o,a,r,5\n1,p,b,s,5\n1,p,a,t,5\n2,p,b,q,4\n1,p,b,u,5\n"}, []string{
			"answers.csv:3:7 item_twice", "answers.csv:4:3 sheet_differs", "answers.csv:5:5 sheet_differs", "answers.csv:8:5 sheet_differs"}, nil},
		{"times", map[string]string{"subjects.csv": good, "answers.csv": "id,panel,subject,item,value,submitted_at\n" +
			"1,p,a,q,5,1677-12-31\n2,p,a,q,5,1678-01-01\n3,p,a,q,5,2261-12-31T23:59:59\n4,p,a,q,5,9999-12-31\n"}, []string{
			"answers.csv:2:11 not_time", "answers.csv:5:11 not_time"}, nil},
		{"ledger", map[string]string{"subjects.csv": good, "ledger.csv": "id,subject,kind,points,approved\n1,a,bonus,5,maybe\n1,a,bonus,x,yes\n"}, []string{
			"ledger.csv:2:13 not_yes_no", "ledger.csv:3:0 row_duplicate", "ledger.csv:3:11 not_number"}, nil},
		{"pairs", map[string]string{"subjects.csv": good, "pairs.csv": "winner,loser,weight\na,a,\na,b,-1\n"}, []string{
			"pairs.csv:2:3 pair_self", "pairs.csv:3:5 weight_not_positive"}, nil},
		{"line ends of old Macs", map[string]string{"subjects.csv": "code,kind\ra,unit\rb,unit\ra,unit\r"}, []string{"subjects.csv:4:0 row_duplicate"}, nil},
		{"semicolons", map[string]string{"subjects.csv": "code;kind\na;unit\n"}, []string{"subjects.csv:1:0 separator"}, nil},
		{"a column missing", map[string]string{"subjects.csv": good, "values.csv": "subject,indicator\nx,y\n"}, []string{"values.csv:1:0 column_missing"}, nil},
		{"no rows", map[string]string{"subjects.csv": good, "values.csv": "subject,indicator,value\n"}, nil, []string{"values.csv scoring.notice.no_rows"}},
		{"nobody", map[string]string{"subjects.csv": good, "ledger.csv": "id,subject,kind,points\n1,,bonus,5\n", "pairs.csv": "winner,loser\n,b\n"}, []string{
			"ledger.csv:2:3 field_empty", "pairs.csv:2:1 field_empty"}, nil},
		{"percent signs", map[string]string{"subjects.csv": good, "values.csv": "subject,indicator,value,target,weight\na,x,50%,100,30%\na,y,50%,100%,\na,z,50,100%,\n",
			"ledger.csv": "id,subject,kind,points\n1,a,bonus,5%\n"}, []string{"ledger.csv:2:11 percent", "values.csv:2:5 percent_mixed", "values.csv:4:5 percent_mixed"}, nil},
		{"a quotation mark inside", map[string]string{"subjects.csv": "code,name\na,x\"y\n"}, []string{"subjects.csv:2:4 csv_quote"}, nil},
		{"a huge field", map[string]string{"subjects.csv": good, "values.csv": "subject,indicator,value,target\na,x,1," + strings.Repeat("9", 1<<20) + "\n"}, []string{"values.csv:2:7 not_number"}, nil},
		{"quotes", map[string]string{"subjects.csv": good, "params.csv": "name,value\nx,\"a\nb,1\n"}, []string{"params.csv:2:0 csv_open"}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			files := map[string][]byte{}
			for name, text := range c.files {
				files[name] = []byte(text)
			}
			d, notices, faults := scoring.ReadFolder(scoring.InMemory(files), nil)
			if diff := cmp.Diff(c.faults, faultList(faults)); diff != "" {
				t.Errorf("faults:\n%s", diff)
			}
			if (d == nil) != (len(faults) > 0) {
				t.Errorf("data %v with %d faults", d != nil, len(faults))
			}
			var got []string
			for _, n := range notices {
				got = append(got, strings.TrimSpace(fmt.Sprintf("%s %s %v", n.File, n.Code, orEmpty(n.Args["Encoding"]))))
			}
			if diff := cmp.Diff(c.notices, got); diff != "" {
				t.Errorf("notices:\n%s", diff)
			}
			say := words(t, "zh-Hans")
			for _, f := range faults {
				if text := say(f.Code, f.Args); len(text) > 1000 {
					t.Errorf("%s is said in %d bytes", f.Code, len(text))
				}
			}
		})
	}
}

func orEmpty(v any) any {
	if v == nil {
		return ""
	}
	return v
}

func TestGB18030IsReadRight(t *testing.T) {
	t.Parallel()
	gb, err := simplifiedchinese.GB18030.NewEncoder().Bytes([]byte("code,name,group\na,公安局,第一组\n"))
	if err != nil {
		t.Fatal(err)
	}
	d, _, faults := scoring.ReadFolder(scoring.InMemory(map[string][]byte{"subjects.csv": gb}), nil)
	if len(faults) > 0 || d.Subjects[0].Name.In("zh-Hans") != "公安局" || d.Subjects[0].Group != "第一组" {
		t.Errorf("%v %+v", faults, d)
	}
}

func TestParseNumber(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{"12": "12", "-3.50": "-7/2", "30%": "3/10", "1/3": "1/3", ".5": "1/2", "+2": "2", "7\u00a0": "7",
		"": "", "1e5": "", "0x10": "", "1,000": "", "1/0": "", "十": "", "5.": "", "--1": "", "1%%": "", "1/3%": "", "NaN": "", "1_000": ""} {
		got, ok := scoring.ParseNumber(in)
		if ok != (want != "") || ok && got.RatString() != want {
			t.Errorf("%q: %v %v, want %q", in, got, ok, want)
		}
	}
}

func TestFormatNumber(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{"1.005": "1.01", "-1.005": "-1.01", "2.675": "2.68", "-0.004": "0.00", "1/3": "0.33", "799.995": "800.00", "799.9949": "799.99"} {
		r, _ := scoring.ParseNumber(in)
		if got := scoring.FormatNumber(r, 2); got != want {
			t.Errorf("%s: %s, want %s", in, got, want)
		}
	}
}

// FuzzReadFolder: whatever stands in the files of a folder, it is either read or refused, in text that
// can be shown.
func FuzzReadFolder(f *testing.F) {
	gb, err := simplifiedchinese.GB18030.NewEncoder().String("code,name,group\na,公安局,第一组\n")
	if err != nil {
		f.Fatal(err)
	}
	f.Add("code,name,kind,group,parent\na,甲,unit,,\n", "id,panel,subject,item,value\n1,p,a,q,5\n", "subject,indicator,value\na,x,1/3\n",
		"id,subject,kind,points\n1,a,bonus,2\n")
	f.Add(gb, "id,panel,subject,item,value,count,weight\n1,p,a,q,5,-1,\n", "subject,indicator,value,due,date\na,x,50%,2025-13-01,\n", "winner,loser,weight\na,a,\n")
	f.Add("code\n\"", "id,panel", "\xff\xfe", "name,value\nperiod,2025-H1\nperiod,2025-H3\n")
	f.Add("\ufeffcode;name\n", "", "\x81\x30\x81", "period,subject,total,grade\n2024,a,1,\n")
	f.Fuzz(func(t *testing.T, subjects, answers, values, other string) {
		files := map[string][]byte{"subjects.csv": []byte(subjects), "answers.csv": []byte(answers), "values.csv": []byte(values)}
		for _, name := range []string{"ledger.csv", "pairs.csv", "history.csv", "params.csv"} {
			files[name] = []byte(other)
		}
		d, _, faults := scoring.ReadFolder(scoring.InMemory(files), nil)
		if (d == nil) != (len(faults) > 0) {
			t.Fatalf("data %v with faults %v", d != nil, faults)
		}
		for _, fault := range faults {
			for _, v := range fault.Args {
				if words, is := v.(string); is && !utf8.ValidString(words) {
					t.Fatalf("%+v holds broken text", fault)
				}
			}
		}
	})
}
