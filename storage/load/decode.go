package load

import (
	"bytes"
	"unicode/utf8"

	"golang.org/x/text/encoding/simplifiedchinese"
)

var byteOrderMark = []byte("\ufeff")

// decode returns the text of a file as UTF-8 without a byte-order mark, and
// whether it was GB18030, which Chinese spreadsheets write. Any other encoding
// is refused: guessing would store garbage names.
func decode(src []byte) (text []byte, gb18030, ok bool) {
	if bytes.IndexByte(src, 0) >= 0 { // UTF-16, or no text at all
		return nil, false, false
	}
	if body := bytes.TrimPrefix(src, byteOrderMark); utf8.Valid(body) {
		return body, false, true
	}
	text, err := simplifiedchinese.GB18030.NewDecoder().Bytes(src)
	if err != nil || bytes.ContainsRune(text, utf8.RuneError) || !mostlyCommon(src) {
		return nil, false, false
	}
	return text, true, true
}

// mostlyCommon tells Chinese from a Western code page, whose accented letters
// often form valid pairs of rare characters: three in four pairs must lie
// where GB 2312 keeps the characters in daily use (both bytes from 0xA1).
func mostlyCommon(src []byte) bool {
	pairs, common := 0, 0
	for i := 0; i < len(src); i++ {
		if src[i] < utf8.RuneSelf {
			continue
		}
		pairs++
		i++ // the pair's second byte
		if i < len(src) && src[i-1] >= 0xA1 && src[i-1] <= 0xF7 && src[i] >= 0xA1 {
			common++
		}
	}
	return common*4 >= pairs*3
}
