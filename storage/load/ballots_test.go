package load

import (
	"bytes"
	"crypto/sha256"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pingyi/storage"
	"pingyi/survey"
)

// voted is a round of two panels that rate two subjects, with a ballot imported before.
func voted(t testing.TB) *storage.ImportTarget {
	t.Helper()
	q, faults := survey.ParseQuestionnaire("q.yaml", []byte(`questionnaire: q
title: 问
items:
  - {code: service, kind: rating, text: 服务, dont_know: true, required: true, levels: [{label: 好}, {label: 中}, {label: 差}]}
  - {code: hours, kind: number, text: 时数, min: 0, max: 24, decimals: 1}
  - {code: ways, kind: multiple, text: 渠道, max: 2, options: [{code: app, label: 应用}, {code: hall, label: 大厅}, {code: phone, label: 电话}]}
  - {code: why, kind: text, text: 为什么, max: 10}
`))
	if err := faults.Err(); err != nil {
		t.Fatal(err)
	}
	return &storage.ImportTarget{Period: "2026-H1", State: survey.RoundOpen,
		Panels:   map[string]*survey.Questionnaire{"paper": q, "online": q},
		Subjects: map[string]bool{"police": true, "health": true},
		Files:    map[[sha256.Size]byte]bool{sha256.Sum256([]byte("before")): true}, Refs: map[string]bool{"old": true}}
}

func TestBallotsAreReadAsTheyStand(t *testing.T) {
	t.Parallel()
	r := newBallotReader(voted(t))
	r.file("paper/June.csv", []byte("\ufeffid,panel,subject,item,value,count,period,status\n"+
		"a,paper,police,service,3,,2026-H1,\nb,paper,health,service,,7,H1,\na,paper,police,ways,phone|app,,2026-H1,\n"+
		"a,paper,police,hours,０12.50,1,2026-H1,\nb,paper,health,why, 太慢 ,7,H1,valid\n"))
	r.file("online.csv", []byte("id,panel,subject,item,value,device,submitted_at,respondent,stratum,relation,status\n"+
		"c,online,police,service,0,phone-1,2026-06-01T08:00:00+08:00,p,north,peer,spoilt\n"+
		"d,online,police,service,1,phone-1,2026-06-01 00:00:00.25,,,,\n"))
	r.file("again.csv", []byte("before"))
	if err := r.faults.Err(); err != nil {
		t.Fatal(err)
	}
	want := map[string][]storage.ImportBallot{
		"June.csv": {
			{Ref: "a", Panel: "paper", Subject: "police", Status: "valid", Count: 1,
				Answers: []storage.ImportAnswer{{Item: 1, Value: "3"}, {Item: 3, Value: "app|phone"}, {Item: 2, Value: "12.5"}}},
			{Ref: "b", Panel: "paper", Subject: "health", Status: "valid", Count: 7, Answers: []storage.ImportAnswer{{Item: 4, Text: "太慢"}}}},
		"online.csv": {
			{Ref: "c", Panel: "online", Subject: "police", Relation: "peer", Stratum: "north", Status: "spoilt", Respondent: "p",
				Device: "phone-1", Submitted: "2026-06-01T00:00:00", Count: 1, Answers: []storage.ImportAnswer{{Item: 1, Value: "0"}}},
			{Ref: "d", Panel: "online", Subject: "police", Status: "valid", Device: "phone-1", Submitted: "2026-06-01T00:00:00.25",
				Count: 1, Answers: []storage.ImportAnswer{{Item: 1, Value: "1"}}}},
	}
	got := make(map[string][]storage.ImportBallot)
	for _, f := range r.files {
		got[f.Name] = whole(f)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("read (-want +got):\n%s", diff)
	}
	sums := []ImportSum{{File: "paper/June.csv", Panels: map[string]int64{"paper": 8}, Ballots: 8, Answers: 10},
		{File: "online.csv", Panels: map[string]int64{"online": 2}, Ballots: 2, Answers: 2}, {File: "again.csv", Before: true}}
	if diff := cmp.Diff(sums, r.sums); diff != "" {
		t.Errorf("sums (-want +got):\n%s", diff)
	}
}

// whole joins the parts of a file's ballots, in the order in which they begin.
func whole(f storage.ImportFile) []storage.ImportBallot {
	var all []storage.ImportBallot
	for b := range f.Ballots {
		i := slices.IndexFunc(all, func(begun storage.ImportBallot) bool { return begun.Ref == b.Ref })
		if i < 0 {
			all = append(all, b)
			continue
		}
		all[i].Answers = append(all[i].Answers, b.Answers...)
	}
	return all
}

func TestBallotFaults(t *testing.T) {
	t.Parallel()
	target := voted(t)
	target.Settled = "year"
	r := newBallotReader(target)
	r.file("a.csv", []byte("id,panel,subject,item,value,count,period,submitted_at\n"+
		"1,papr,police,service,3,,,\n2,paper,fire,service,9,,,\n3,paper,police,servce,3,0,2026-H2,\n,paper,police,service,3,,,\n"+
		"4,paper,police,service,3,,,yesterday\n4,paper,police,service,2,,,yesterday\n4,paper,health,hours,3,,,\n"+
		"old,paper,police,hours,25,,,\n5,paper,police,ways,app|hall|phone,,,\n6,paper,,why,一二三四五六七八九十十一,,,\n"))
	r.file("b.csv", []byte("id,panel,subject,item,value\n1,paper,police,service,3\n"))
	r.file("c.csv", []byte("id,panel,subject,item\n1,paper,police,service\n"))
	r.file("d.csv", []byte("i\x00d"))
	r.file("e.csv", []byte("id,panel\xff\xfe\xff\n"))
	r.faults.Sort()
	var got []string
	for _, f := range r.faults {
		got = append(got, f.String())
	}
	want := []string{
		": load.import_settled Code=year",
		"a.csv:2:3: load.import_panel Column=panel Got=papr Known=online, paper Near=paper",
		"a.csv:3:9: load.import_subject Column=subject Got=fire Near=",
		"a.csv:3:22: load.import_value Column=value Got=9 Item=service Known=3, 2, 1, 0",
		"a.csv:4:16: load.import_item Column=item Got=servce Known=hours, service, ways, why Near=service Panel=paper Questionnaire=q",
		"a.csv:4:25: load.count Column=count Got=0",
		"a.csv:4:27: load.import_period Column=period Got=2026-H2 Period=2026-H1",
		"a.csv:5:1: load.cell_empty Column=id",
		"a.csv:6:28: load.moment Column=submitted_at Got=yesterday",
		"a.csv:7:16: load.import_item_twice Column=item Got=service ID=4",
		"a.csv:7:28: load.moment Column=submitted_at Got=yesterday",
		"a.csv:8:1: load.import_differs Column=id First=a.csv:6 Got=4",
		"a.csv:9:1: load.import_again Column=id Got=old",
		"a.csv:9:24: load.import_value Column=value Got=25 Item=hours Known=",
		"a.csv:10:21: load.import_value Column=value Got=app|hall|phone Item=ways Known=app, hall, phone",
		"a.csv:11:9: load.cell_empty Column=subject",
		"a.csv:11:14: load.import_value Column=value Got=一二三四五六七八九十十一 Item=why Known=",
		"b.csv:2:1: load.twice Column=id First=a.csv:2 Got=1",
		"c.csv:1: load.column_missing Column=value",
		"d.csv: load.nul",
		"e.csv: load.encoding",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("faults (-want +got):\n%s", diff)
	}
}

// FuzzBallots: whatever stands in a file of ballots, reading it ends, and what is read without faults
// can be stored: known panels, subjects and items, values that the items take.
func FuzzBallots(f *testing.F) {
	for _, seed := range []string{
		"id,panel,subject,item,value\n1,paper,police,service,3\n1,paper,police,hours,1.50\n",
		"id,panel,subject,item,value,count,device,submitted_at,status,stratum,relation,period,respondent\n1,online,health,ways,app|hall,3,d,2026-06-01,,s,r,H1,p\n",
		"id,panel\n", "\xff\xfe", "id,panel,subject,item,value\n\"1\n",
	} {
		f.Add([]byte(seed))
	}
	target := voted(f)
	f.Fuzz(func(t *testing.T, src []byte) {
		r := newBallotReader(target)
		r.file("f.csv", src)
		for _, fault := range r.faults {
			if fault.Line < 0 || fault.Line > bytes.Count(src, []byte("\n"))+1 || fault.Code == "" {
				t.Fatalf("%v lies outside of the file", fault)
			}
		}
		if len(r.faults) > 0 {
			return
		}
		for b := range r.files[0].Ballots {
			q := target.Panels[b.Panel]
			if q == nil || !target.Subjects[b.Subject] || b.Count < 1 || b.Ref == "" {
				t.Fatalf("read %+v", b)
			}
			for _, a := range b.Answers {
				item, ok := q.Item(a.Item)
				if !ok || a.Text == "" && item.Check(a.Value) != nil {
					t.Fatalf("read %+v", a)
				}
			}
		}
	})
}
