package survey_test

import (
	"errors"
	"math/big"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pingyi/survey"
)

// item returns the item with the code of the questionnaire that has every kind.
func item(t testing.TB, code string) *survey.Item {
	t.Helper()
	q := questionnaire(t, "kinds")
	for i := range q.Items {
		if q.Items[i].Code == code {
			return &q.Items[i]
		}
	}
	t.Fatalf("no item %s", code)
	return nil
}

func TestCheck(t *testing.T) {
	t.Parallel()
	tests := []struct {
		item       string
		takes      []string
		refuses    []string
		incomplete []string // taken, but not an answer yet
	}{
		{item: "overall", takes: []string{"5", "1", "0"}, refuses: []string{"", "6", "05", "dk", "-1", "5|4", "五"}},
		{item: "reasons", takes: []string{"", "wait", "wait|papers"},
			refuses: []string{"papers|wait", "wait|wait", "wait|manner|papers", "gold", "wait|", "|", "dk", "0"}},
		{item: "days", takes: []string{"", "0", "365", "12.5"},
			refuses: []string{"366", "-1", "1.55", "012", "1.0", "1.", "x", "1e2", "dk", " 1", "0x10", strings.Repeat("9", 40)}},
		{item: "channel", takes: []string{"desk", "web"}, refuses: []string{"", "dk", "desk|web", "DESK"}},
		{item: "again", takes: []string{"", "yes", "no", "dk"}, refuses: []string{"true", "0", "Yes"}},
		{item: "recommend", takes: []string{"", "0", "10", "dk"}, refuses: []string{"11", "-1", "5.5"}},
		{item: "trust", takes: []string{"5", "1"}, refuses: []string{"", "0", "6", "yes"}},
		{item: "remark", takes: []string{"", "好", "dk", "a\nb", "<b>&"},
			refuses: []string{" ", " 好", "好\x00", strings.Repeat("好", 201), "\xff"}},
	}
	for _, tt := range tests {
		t.Run(tt.item, func(t *testing.T) {
			t.Parallel()
			it := item(t, tt.item)
			for _, v := range tt.takes {
				if err := it.Check(v); err != nil || !it.Complete(v) {
					t.Errorf("%q is refused: %v", v, err)
				}
			}
			for _, v := range tt.refuses {
				err := it.Check(v)
				if !errors.Is(err, survey.ErrInvalid) {
					t.Errorf("%q is taken", v)
				} else if v != "" && len(v) > 3 && strings.Contains(err.Error(), v) {
					t.Errorf("the error repeats the answer: %v", err)
				}
			}
		})
	}
}

func TestMultipleBelowItsMinimumIsADraft(t *testing.T) {
	t.Parallel()
	it := *item(t, "reasons")
	it.MinChoices = 2
	if err := it.Check("wait"); err != nil {
		t.Errorf("a choice being made is refused: %v", err)
	}
	if it.Complete("wait") || !it.Complete("wait|manner") || !it.Complete(survey.Skipped) {
		t.Error("only two choices or a skip settle the question")
	}
}

func TestMasks(t *testing.T) {
	t.Parallel()
	it := item(t, "reasons")
	for mask := range uint64(8) {
		value := it.Join(mask)
		got, ok := it.Mask(value)
		if !ok || got != mask {
			t.Errorf("%03b → %q → %03b %v", mask, value, got, ok)
		}
	}
	if got := it.Join(0b1001); got != "wait" {
		t.Errorf("a bit beyond the options is not left out: %q", got)
	}
	if _, ok := it.Mask("wait|gold"); ok {
		t.Error("an option that does not exist has a mask")
	}
}

func TestNumber(t *testing.T) {
	t.Parallel()
	it := *item(t, "days")
	it.Min, it.Max, it.Decimals = big.NewRat(-10, 1), big.NewRat(1000, 1), 2
	if got, err := it.Number(" 007 "); err != nil || got != "7" {
		t.Errorf("with blanks around: got %q, %v; want 7", got, err)
	}
	for typed, want := range map[string]string{
		"7": "7", "7.50": "7.5", "7,5": "7.5", "７．５": "7.5", "+3": "3", "-0": "0", "－2": "-2", "0.00": "0", "1000": "1000",
	} {
		if got, err := it.Number(typed); err != nil || got != want {
			t.Errorf("%q: got %q, %v; want %q", typed, got, err, want)
		}
	}
	for _, typed := range []string{"", "seven", "1.234", "1000.01", "-11", "1 000", "1.2.3", ".5", "--1", "1e3", "٣"} {
		if got, err := it.Number(typed); !errors.Is(err, survey.ErrInvalid) {
			t.Errorf("%q is read as %q", typed, got)
		}
	}
}

func TestTyping(t *testing.T) {
	t.Parallel()
	it := item(t, "remark")
	for typed, want := range map[string]string{
		"  好的\r\n谢谢 ":      "好的\n谢谢",
		"a\x00b\x1bc":      "abc",
		"<b>&_*":           "<b>&_*",
		"👨‍👩‍👧 مرحبا":      "👨‍👩‍👧 مرحبا",
		"bad \xff\xfe end": "bad  end",
	} {
		got, err := it.Typing(typed)
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("%q: %v\n%s", typed, err, diff)
		}
		if it.Check(got) != nil {
			t.Errorf("%q is not taken once read", got)
		}
	}
	for _, typed := range []string{"", " \n", "\x00", strings.Repeat("字", 201)} {
		if _, err := it.Typing(typed); !errors.Is(err, survey.ErrInvalid) {
			t.Errorf("%.10q is taken", typed)
		}
	}
	if _, err := it.Commenting("hello"); !errors.Is(err, survey.ErrInvalid) {
		t.Error("an item without comments takes one")
	}
	if got, err := item(t, "overall").Commenting(" hello "); err != nil || got != "hello" {
		t.Errorf("comment: %q, %v", got, err)
	}
}

func TestChosen(t *testing.T) {
	t.Parallel()
	tests := map[string]map[string][]string{ // item → value → labels
		"overall":   {"5": {"Very satisfied"}, "0": nil, "": nil},
		"reasons":   {"wait|papers": {"Waiting", "Paperwork"}, "": nil},
		"channel":   {"web": {"Online"}},
		"remark":    {"web": nil},
		"recommend": {"10": {""}, "dk": nil},
		"trust":     {"1": {"Very dissatisfied"}},
	}
	for code, values := range tests {
		for value, want := range values {
			var got []string
			for _, c := range item(t, code).Chosen(value) {
				got = append(got, c.Label.In(survey.En))
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s %q\n%s", code, value, diff)
			}
		}
	}
}
