package load

import (
	"bytes"
	"slices"
	"testing"
	"unicode/utf8"

	"golang.org/x/text/encoding/simplifiedchinese"
	"pgregory.net/rapid"
)

// FuzzTables: whatever stands in a table, reading it ends, with places that
// lie in the file, and without more lines of report than people read.
func FuzzTables(f *testing.F) {
	gb, err := simplifiedchinese.GB18030.NewEncoder().Bytes([]byte("code,name\n公安局,云河市公安局\n"))
	if err != nil {
		f.Fatal(err)
	}
	for _, seed := range [][]byte{
		[]byte("code,name,kind,unit,manager,post,phone,telegram,language,district,age,role,from,to\na,甲,staff,b,c,,1,2,en,,,admin@x|y,2026-01-01,\n"),
		[]byte("code,name\n\"a\nb\",\"c\"\"d\"\n"), []byte("a;b\n"), []byte("code,name\n\"open"), []byte("\ufeffcode,name\r\n,\r\n"),
		[]byte("subject,indicator,value\n\xf0\x9f\x98\x80,a,\n"), gb, {0xff, 0xfe, 'a', 0},
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		for _, kind := range tables() {
			s := parse(Bytes(string(kind)+".csv", src))
			s.check(nothing())
			if len(s.faults) > maxAllFaults+maxFaults+1 {
				t.Fatalf("%s: %d faults", kind, len(s.faults))
			}
			text, _, _ := decode(src)
			lines := bytes.Count(text, []byte("\n")) + 1
			for _, fault := range slices.Concat(s.faults, s.notices) {
				if fault.Line < 0 || fault.Line > lines || fault.Column < 0 || fault.Column > len(src)+1 {
					t.Fatalf("%s: %v lies outside of %d lines, %d bytes", kind, fault, lines, len(src))
				}
				for _, v := range fault.Args {
					if words, is := v.(string); is && !utf8.ValidString(words) {
						t.Fatalf("%s: %v holds broken text", kind, fault)
					}
				}
			}
		}
	})
}

// TestEncodings: what was written in UTF-8, with or without a mark, or in
// GB18030 is read as it was written. (A word or two of GB18030 may be valid
// UTF-8 by chance; a table never is.)
func TestEncodings(t *testing.T) {
	t.Parallel()
	hanzi := []rune("云河市公安局教育卫生健康委员会民政务服务管理，。（）、满意非常基本不")
	rapid.Check(t, func(t *rapid.T) {
		text := "name\n云河市公安局\n" + rapid.StringOfN(rapid.SampledFrom(append(hanzi, 'a', ',', '\n', '7')), 0, 200, -1).Draw(t, "text")
		gb, err := simplifiedchinese.GB18030.NewEncoder().String(text)
		if err != nil {
			t.Fatal(err)
		}
		for _, src := range []string{text, "\ufeff" + text, gb} {
			got, _, ok := decode([]byte(src))
			if !ok || string(got) != text {
				t.Fatalf("%q is read as %q, %t", src, got, ok)
			}
		}
	})
}

// TestNearest: one slip is forgiven, another word is not.
func TestNearest(t *testing.T) {
	t.Parallel()
	known := []string{"code", "name", "kind", "manager", "district"}
	for got, want := range map[string]string{
		"nane": "name", "names": "name", "mangaer": "manager", "distrct": "district", "Code": "code",
		"telephone": "", "x": "", "": "", "colour": "",
	} {
		if near := nearest(got, slices.Values(known)); near != want {
			t.Errorf("nearest to %q is %q, want %q", got, near, want)
		}
	}
}

// TestDistance: the distance is a metric as far as it is used as one.
func TestDistance(t *testing.T) {
	t.Parallel()
	word := rapid.StringOfN(rapid.RuneFrom([]rune("abc")), 0, 8, -1)
	rapid.Check(t, func(t *rapid.T) {
		a, b := []rune(word.Draw(t, "a")), []rune(word.Draw(t, "b"))
		const far = 100
		d := distance(a, b, far)
		if d != distance(b, a, far) || (d == 0) != slices.Equal(a, b) || d > max(len(a), len(b)) || d < len(a)-len(b) {
			t.Fatalf("distance %q %q is %d", string(a), string(b), d)
		}
	})
}
