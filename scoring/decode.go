package scoring

import (
	"bytes"
	"unicode/utf8"

	"golang.org/x/text/encoding/simplifiedchinese"
)

// decodeText returns the text of a file in UTF-8, and how it was encoded where
// that deserves a word: "UTF-8 BOM" or "GB18030". Other encodings are refused:
// guessing them would score garbage.
func decodeText(src []byte) (text []byte, encoding string, ok bool) {
	if bytes.IndexByte(src, 0) >= 0 {
		return nil, "", false
	}
	if body, bom := bytes.CutPrefix(src, []byte("\ufeff")); utf8.Valid(body) {
		if bom {
			return body, "UTF-8 BOM", true
		}
		return body, "", true
	}
	text, err := simplifiedchinese.GB18030.NewDecoder().Bytes(src)
	if err != nil || bytes.ContainsRune(text, utf8.RuneError) || !looksChinese(src) {
		return nil, "", false
	}
	return text, "GB18030", true
}

// unreadable names what is wrong with a file that decodeText refuses, and the
// line of the first byte that shows it.
func unreadable(src []byte) (code string, line int) {
	if at := bytes.IndexByte(src, 0); at >= 0 {
		return "scoring.fault.nul", 1 + bytes.Count(src[:at], []byte("\n"))
	}
	at := 0
	for at < len(src) {
		r, size := utf8.DecodeRune(src[at:])
		if r == utf8.RuneError && size == 1 {
			break
		}
		at += size
	}
	return "scoring.fault.encoding", 1 + bytes.Count(src[:at], []byte("\n"))
}

// lines ends lines the way old Macs did not: a file whose only line ends are
// carriage returns gets line feeds.
func lines(text []byte) []byte {
	if bytes.IndexByte(text, '\n') >= 0 {
		return text
	}
	return bytes.ReplaceAll(text, []byte("\r"), []byte("\n"))
}

// looksChinese tells GB18030 from a Western code page, whose bytes often form
// valid but outlandish pairs: in Chinese text nearly every pair lies in the
// rows of GB 2312 (both bytes from 0xA1), while a Western accented letter is
// mostly followed by an ASCII one.
func looksChinese(src []byte) bool {
	pairs, common := 0, 0
	for i := 0; i < len(src); {
		switch {
		case src[i] < 0x80:
			i++
		case i+3 < len(src) && src[i+1] >= '0' && src[i+1] <= '9':
			pairs++
			i += 4
		case i+1 < len(src):
			pairs++
			if src[i] >= 0xA1 && src[i] <= 0xF7 && src[i+1] >= 0xA1 {
				common++
			}
			i += 2
		default:
			return false
		}
	}
	return common*4 >= pairs*3
}
