package scoring

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"

	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/transform"
)

const byteOrderMark = "\ufeff"

// errBlank says that a file holds nothing but white space.
var errBlank = errors.New("blank")

// textError says why a file cannot be read as text, and the line of the first
// byte that shows it.
type textError struct {
	code string
	line int
}

func (e *textError) Error() string { return fmt.Sprintf("line %d: %s", e.line, e.code) }

// readText gives the text of a file in UTF-8, and tells how it was encoded
// where that deserves a word: "UTF-8 BOM" or "GB18030". Other encodings are a
// textError: guessing them would score garbage. The file is read twice, for
// how it is encoded may show at its very end.
func readText(src io.ReadSeeker) (text io.Reader, encoding string, err error) {
	from := func(place int) error { _, err := src.Seek(int64(place), io.SeekStart); return err }
	if err := from(0); err != nil {
		return nil, "", err
	}
	seen, err := lookThrough(src)
	begin := 0
	text = src
	switch {
	case err != nil:
		return nil, "", err
	case seen.nul > 0:
		return nil, "", &textError{"scoring.fault.nul", seen.nul}
	case seen.foreign > 0:
		if err := from(0); err != nil {
			return nil, "", err
		}
		chinese, err := isGB18030(src)
		if err != nil {
			return nil, "", err
		}
		if !chinese {
			return nil, "", &textError{"scoring.fault.encoding", seen.foreign}
		}
		text, encoding = transform.NewReader(src, simplifiedchinese.GB18030.NewDecoder()), "GB18030"
	case seen.blank:
		return nil, "", errBlank
	case seen.mark:
		begin, encoding = len(byteOrderMark), "UTF-8 BOM"
	}
	if seen.ends == 0 {
		text = oldMac{text}
	}
	return text, encoding, from(begin)
}

// oldMac ends lines the way old Macs did not: a text whose only line ends are
// carriage returns gets line feeds.
type oldMac struct{ text io.Reader }

func (m oldMac) Read(p []byte) (int, error) {
	n, err := m.text.Read(p)
	for i := range p[:n] {
		if p[i] == '\r' {
			p[i] = '\n'
		}
	}
	return n, err
}

// firstLook is what shows when a file is read for the first time.
type firstLook struct {
	mark    bool // it begins with a byte-order mark
	blank   bool // but for that it is white space
	ends    int  // line feeds
	nul     int  // the line of the first zero byte, 0: there is none
	foreign int  // that of the first byte that is not UTF-8
}

func lookThrough(src io.Reader) (firstLook, error) {
	seen, begun := firstLook{blank: true}, false
	line := func(before []byte) int { return 1 + seen.ends + bytes.Count(before, []byte("\n")) }
	err := inBlocks(src, func(block []byte) bool {
		if !begun && len(block) > 0 {
			begun, seen.mark = true, bytes.HasPrefix(block, []byte(byteOrderMark))
			block = bytes.TrimPrefix(block, []byte(byteOrderMark))
		}
		if at := bytes.IndexByte(block, 0); at >= 0 {
			seen.nul = line(block[:at])
			return false
		}
		if seen.foreign == 0 && !utf8.Valid(block) {
			seen.foreign = line(block[:validBytes(block)])
		}
		seen.blank = seen.blank && len(bytes.TrimSpace(block)) == 0
		seen.ends = line(block) - 1
		return true
	})
	return seen, err
}

// validBytes is how many bytes of a block are UTF-8 before the first that is not.
func validBytes(block []byte) int {
	at := 0
	for at < len(block) {
		r, size := utf8.DecodeRune(block[at:])
		if r == utf8.RuneError && size == 1 {
			break
		}
		at += size
	}
	return at
}

// isGB18030 tells whether all of a file can be read as GB18030 and looks like
// Chinese rather than a Western code page.
func isGB18030(src io.Reader) (bool, error) {
	var pairs pairCount
	valid := true
	text := transform.NewReader(io.TeeReader(src, &pairs), simplifiedchinese.GB18030.NewDecoder())
	err := inBlocks(text, func(block []byte) bool {
		valid = !bytes.ContainsRune(block, utf8.RuneError)
		return valid
	})
	return valid && pairs.common*4 >= pairs.all*3, err
}

// inBlocks calls for the bytes of a file in blocks that cut no UTF-8 sequence,
// as long as it is told to go on.
func inBlocks(src io.Reader, look func(block []byte) bool) error {
	buf, have := make([]byte, 64<<10), 0
	for {
		n, err := src.Read(buf[have:])
		block := buf[:have+n]
		whole := len(block)
		if err == nil {
			whole -= unfinished(block)
		}
		if !look(block[:whole]) || errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		have = copy(buf, block[whole:])
	}
}

// unfinished is how many bytes at the end begin a sequence that goes on.
func unfinished(block []byte) int {
	for n := 1; n < utf8.UTFMax && n <= len(block); n++ {
		if end := block[len(block)-n:]; utf8.RuneStart(end[0]) {
			if utf8.FullRune(end) {
				return 0
			}
			return n
		}
	}
	return 0
}

// pairCount tells GB18030 from a Western code page, whose bytes often form
// valid but outlandish pairs: in Chinese text nearly every pair lies in the
// rows of GB 2312 (both bytes from 0xA1), while a Western accented letter is
// mostly followed by an ASCII one.
type pairCount struct {
	lead        byte // of a pair that is not complete
	skip        int  // bytes of a sequence of four still to come
	all, common int
}

// Write counts the pairs of further bytes of the file.
func (p *pairCount) Write(block []byte) (int, error) {
	for _, c := range block {
		switch {
		case p.skip > 0:
			p.skip--
		case p.lead != 0:
			p.all++
			if c >= '0' && c <= '9' {
				p.skip = 2
			} else if p.lead >= 0xA1 && p.lead <= 0xF7 && c >= 0xA1 {
				p.common++
			}
			p.lead = 0
		case c >= 0x80:
			p.lead = c
		}
	}
	return len(block), nil
}
