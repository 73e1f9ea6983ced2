package scoring_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pingyi/scoring"
)

// manyAnswers writes more responses than are held in memory. Some respondents answer
// twice; scattered puts the rows of an item together in place of those of a response.
func manyAnswers(responses int, scattered bool) []byte {
	items := []string{"q1", "q2", "q3"}
	panels := []string{"a", "b", "c", "e"}
	var b bytes.Buffer
	b.WriteString("id,panel,subject,respondent,device,submitted_at,stratum,item,value\n")
	row := func(n, item int) {
		fmt.Fprintf(&b, "response-%06d,%s,%s,person %d,device %d,2025-03-%02d,%s,%s,%d\n", n, panels[n%len(panels)], []string{"x", "y"}[n/8%2],
			n%(responses*2/3), n%(responses/2), n%28+1, []string{"", "east"}[n/16%2], items[item], (n/7+item*n/3)%5+1)
	}
	for n := range responses * len(items) {
		if scattered {
			row(n%responses, n/responses)
		} else {
			row(n/len(items), n%len(items))
		}
	}
	return b.Bytes()
}

// disk is scratch that can break.
type disk struct {
	bytes.Buffer
	full   int // no more fits from here; 0: whatever is written
	broken bool
}

func (d *disk) WriteAt(p []byte, at int64) (int, error) {
	switch {
	case at != int64(d.Len()):
		return 0, fmt.Errorf("written at %d, not at the end %d", at, d.Len())
	case d.full > 0 && d.Len() > d.full:
		return 0, errors.New("no space left on device")
	}
	return d.Write(p)
}

func (d *disk) ReadAt(p []byte, at int64) (int, error) {
	if d.broken {
		return 0, errors.New("input/output error")
	}
	return bytes.NewReader(d.Bytes()).ReadAt(p, at)
}

func readMany(t *testing.T, answers []byte, overflow scoring.Overflow) (*scoring.Data, []scoring.Notice) {
	t.Helper()
	d, notices, faults := scoring.ReadFolder(scoring.InMemory(map[string][]byte{"subjects.csv": []byte("code\nx\ny\n"), "answers.csv": answers}), overflow)
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	return d, notices
}

func saysInMemory(notices []scoring.Notice, why string) bool {
	return len(notices) == 1 && notices[0].Code == "scoring.notice.in_memory" && notices[0].Args["Problem"] == why
}

// Where responses are kept changes nothing in what they come to.
func TestOverflow(t *testing.T) {
	t.Parallel()
	scheme := parse(t, "cleaning.yaml", cleaningScheme)
	d, _ := readMany(t, manyAnswers(60_000, false), nil)
	together := jsonText(t, compute(t, scheme, d, nil))
	for name, full := range map[string]int{"room": 0, "a full disk": 1 << 20} {
		for _, scattered := range []bool{false, true} {
			t.Run(fmt.Sprint(name, scattered), func(t *testing.T) {
				t.Parallel()
				var disks []*disk
				d, notices := readMany(t, manyAnswers(60_000, scattered), func() (scoring.Scratch, error) {
					disks = append(disks, &disk{full: full})
					return disks[len(disks)-1], nil
				})
				for range 2 { // data can be computed from again
					if diff := cmp.Diff(together, jsonText(t, compute(t, scheme, d, nil))); diff != "" {
						t.Fatal(diff)
					}
				}
				want := 3 // for the responses, and twice for those that have rivals
				if full > 0 {
					want = 1 // and no more where that has no room
				}
				if saysInMemory(notices, "no space left on device") != (full > 0) {
					t.Errorf("notices: %v", notices)
				}
				if len(disks) != want {
					t.Fatalf("%d disks were asked for", len(disks))
				}
				for _, d := range disks {
					if d.Len() < 1_000_000 {
						t.Errorf("%d bytes were written: too few to show anything", d.Len())
					}
				}
			})
		}
	}
	d, notices := readMany(t, manyAnswers(60_000, true), func() (scoring.Scratch, error) { return nil, errors.New("read-only file system") })
	if !saysInMemory(notices, "read-only file system") {
		t.Errorf("without room: %v", notices)
	}
	if diff := cmp.Diff(together, jsonText(t, compute(t, scheme, d, nil))); diff != "" {
		t.Fatalf("without room: %s", diff)
	}
}

// A disk that does not give back what was written is a fault, not a result.
func TestOverflowBreaks(t *testing.T) {
	t.Parallel()
	files := scoring.InMemory(map[string][]byte{"subjects.csv": []byte("code\nx\ny\n"), "answers.csv": manyAnswers(60_000, false)})
	unreadable := func(faults scoring.Faults) bool {
		return len(faults) == 1 && faults[0].Code == "scoring.fault.unreadable" && faults[0].File == "answers.csv" && faults[0].Args["Problem"] == "input/output error"
	}
	_, _, faults := scoring.ReadFolder(files, func() (scoring.Scratch, error) { return &disk{broken: true}, nil })
	if !unreadable(faults) {
		t.Errorf("reading: %v", faults)
	}
	var last *disk
	d, _, faults := scoring.ReadFolder(files, func() (scoring.Scratch, error) { last = &disk{}; return last, nil })
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	last.broken = true
	if r, faults := scoring.Compute(parse(t, "cleaning.yaml", cleaningScheme), d, nil); r != nil || !unreadable(faults.Errors()) {
		t.Errorf("computing: %v", faults)
	}
}

// A fault is told where it stands however far its rows are apart, and of very
// many those that stand first.
func TestFaultsOfMany(t *testing.T) {
	t.Parallel()
	answers := append(manyAnswers(60_000, true), []byte("response-000005,b,x,somebody,device 5,2025-03-06,,q4,1\n")...)
	_, _, faults := scoring.ReadFolder(scoring.InMemory(map[string][]byte{"subjects.csv": []byte("code\nx\ny\n"), "answers.csv": answers}), nil)
	if len(faults) != 1 || faults[0].Line != 180_002 || faults[0].Column != 21 || faults[0].Args["First"] != uint64(7) {
		t.Errorf("one row differs: %v", faults)
	}
	answers = bytes.ReplaceAll(manyAnswers(60_000, true), []byte(",q3,"), []byte(",q2,"))
	_, _, faults = scoring.ReadFolder(scoring.InMemory(map[string][]byte{"subjects.csv": []byte("code\nx\ny\n"), "answers.csv": answers}), nil)
	if len(faults) != 101 || faults[0].Code != "scoring.fault.more" {
		t.Fatalf("%d faults: %v", len(faults), faults[0])
	}
	for i, f := range faults[1:] {
		if f.Line != i+2 || !strings.HasSuffix(f.Code, "item_twice") {
			t.Errorf("fault %d is %v", i, f)
		}
	}
	d, _ := readMany(t, bytes.ReplaceAll(manyAnswers(60_000, true), []byte(",q3,1"), []byte(",q3,9")), nil)
	if _, faults := scoring.Compute(parse(t, "cleaning.yaml", cleaningScheme), d, nil); len(faults) != 101 || faults[0].Code != "scoring.fault.more" {
		t.Errorf("%d answers are off the scale", len(faults))
	}
}

// What is held of responses does not grow with their number.
func TestResponsesAreNotHeld(t *testing.T) { //nolint:paralleltest // it looks at all memory
	scratch, err := os.Create(filepath.Join(t.TempDir(), "scratch"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = scratch.Close() }()
	held := func(responses int) int64 {
		name := filepath.Join(t.TempDir(), "answers.csv")
		if err := os.WriteFile(name, manyAnswers(responses, false), 0o600); err != nil {
			t.Fatal(err)
		}
		file, err := os.Open(name) //nolint:gosec // just written
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = file.Close() }()
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		files := scoring.InMemory(map[string][]byte{"subjects.csv": []byte("code\nx\ny\n")})
		files["answers.csv"] = file
		d, _, faults := scoring.ReadFolder(files, func() (scoring.Scratch, error) { return scratch, nil })
		if len(faults) > 0 {
			t.Fatal(faults)
		}
		runtime.GC()
		runtime.ReadMemStats(&after)
		runtime.KeepAlive(d)
		return int64(after.HeapAlloc) - int64(before.HeapAlloc)
	}
	few, many := held(60_000), held(240_000)
	if many > few+few/4 {
		t.Errorf("60 000 responses take %d bytes, 240 000 take %d", few, many)
	}
}
