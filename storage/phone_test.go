package storage

import (
	"bytes"
	"testing"

	"pingyi/survey"
)

func TestNormalizePhone(t *testing.T) {
	t.Parallel()
	tests := []struct{ in, want string }{
		{"+8613800138000", "+8613800138000"},
		{"8613800138000", "+8613800138000"}, // as Telegram writes it
		{"13800138000", "+8613800138000"},
		{"138 0013 8000", "+8613800138000"},
		{" 138-0013-8000 ", "+8613800138000"},
		{"１３８００１３８０００", "+8613800138000"}, // full width, as forms are filled in
		{"＋86 138 0013 8000", "+8613800138000"},
		{"0086 138 0013 8000", "+8613800138000"},
		{"010-6552 9988", "+861065529988"},
		{"(0755) 8210-1234", "+8675582101234"},
		{"+852 9123 4567", "+85291234567"},
		{"+1 (415) 555-0123", "+14155550123"},
		{"447911123456", "+447911123456"},
	}
	for _, tt := range tests {
		if got, err := normalizePhone(tt.in); err != nil || got != tt.want {
			t.Errorf("%q: %q, %v, want %q", tt.in, got, err, tt.want)
		}
	}
	for _, in := range []string{"", "+", "12345", "+1234567", "call me", "138001380x0", "+86+13800138000",
		"1234567890123456", "+0123456789", "0000000000", "١٣٨٠٠١٣٨٠٠٠"} {
		got, err := normalizePhone(in)
		if err == nil {
			t.Errorf("%q is taken for %q", in, got)
		}
		want(t, in, err, survey.ErrInvalid)
	}
}

func FuzzNormalizePhone(f *testing.F) {
	for _, s := range []string{"+8613800138000", "0086 138", "１３８", "010-6552 9988", "\xff+1"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, err := normalizePhone(s)
		if err != nil {
			return
		}
		if again, err := normalizePhone(got); err != nil || again != got {
			t.Errorf("%q is %q, and that is %q, %v", s, got, again, err)
		}
	})
}

func TestPhonesAreKeptAsKeyedHashes(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	a, err := s.PhoneHash("13800138000")
	if err != nil {
		t.Fatal(err)
	}
	b, err := s.PhoneHash("+86 138 0013 8000")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(a, b) {
		t.Error("two ways to write one number differ")
	}
	other, err := deriveKeys(bytes.Repeat([]byte("other---"), 4))
	if err != nil {
		t.Fatal(err)
	}
	c, err := (&Store{keys: other}).PhoneHash("13800138000")
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Equal(a, c) {
		t.Error("the hash does not depend on the secret")
	}
}
