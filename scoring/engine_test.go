package scoring_test

import (
	"bytes"
	"testing"

	"pingyi/scoring"
	"pingyi/scoring/schemes"
)

func parse(t *testing.T, name string) *scoring.Scheme {
	t.Helper()
	src, ok := schemes.Source(name)
	if !ok {
		t.Fatalf("no scheme %s", name)
	}
	s, faults := scoring.ParseScheme(name+".yaml", src)
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	return s
}

func TestSmoke(t *testing.T) {
	t.Parallel()
	s := parse(t, "city-overall")
	d, _, faults := scoring.ReadFolder(map[string][]byte{
		"subjects.csv": []byte("code,name,kind,group\npolice,公安局,department,a\nhealth,卫健委,department,a\n"),
		"answers.csv": []byte("id,panel,respondent,subject,item,value\n1,residents,a,police,attitude,5\n1,residents,a,police,results,4\n2,residents,b,police,attitude,3\n2,residents,b,police,results,3\n" +
			"3,leaders,x,police,attitude,5\n3,leaders,x,police,results,5\n4,leaders,y,police,attitude,5\n4,leaders,y,police,results,5\n5,leaders,z,police,attitude,5\n5,leaders,z,police,results,2\n"),
		"values.csv": []byte("subject,indicator,value,target,weight\npolice,key.roads,8,10,60\npolice,key.parks,12,10,40\npolice,business.x,9,10,1\npolice,management.a,90,,\npolice,management.b,70,,\nhealth,key.x,5,10,1\nhealth,management.a,88,,\n"),
		"ledger.csv": []byte("id,subject,kind,points,approved\n1,police,bonus,7,yes\n2,police,deduction,1.5,yes\n3,police,bonus,1,no\n"),
	})
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	r, faults := scoring.Compute(s, d, nil)
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	var b bytes.Buffer
	if err := r.WriteCSV(&b); err != nil {
		t.Fatal(err)
	}
	if err := r.WriteJSON(&b); err != nil {
		t.Fatal(err)
	}
	t.Log(b.String())
}
