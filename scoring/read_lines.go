package scoring

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"strings"
)

// lines reads the records of a CSV file. A line without quotes is cut at its
// commas where it stands in the buffer, which costs no memory; what has quotes
// is left to encoding/csv, which reads on from the same buffer.
type lines struct {
	in     *bufio.Reader
	csv    *csv.Reader
	plain  int      // lines read here
	quoted int      // lines read by csv
	fields [][]byte // of the last record; valid until the next
	byCSV  bool     // the last record was read by csv
}

// lineBuffer is the longest line that is read without csv.
const lineBuffer = 64 << 10

func newLines(src io.Reader) *lines {
	l := &lines{in: bufio.NewReaderSize(src, lineBuffer)}
	l.csv = csv.NewReader(l.in) // does not wrap a buffer into another
	l.csv.FieldsPerRecord = -1
	l.csv.ReuseRecord = true
	return l
}

// next reads a record; empty lines are none. An error in a line is a
// csv.ParseError, after which reading can go on.
func (l *lines) next() error {
	for {
		line := l.whole()
		if line == nil || bytes.IndexByte(line, '"') >= 0 {
			return l.nextByCSV()
		}
		l.plain++
		_, _ = l.in.Discard(len(line)) // it is in the buffer
		line = bytes.TrimSuffix(line[:len(line)-1], []byte("\r"))
		if len(line) > 0 {
			l.cut(line)
			return nil
		}
	}
}

// whole is the next line with its end, nil where that is not in the buffer.
func (l *lines) whole() []byte {
	for {
		ahead, _ := l.in.Peek(l.in.Buffered())
		if end := bytes.IndexByte(ahead, '\n'); end >= 0 {
			return ahead[:end+1]
		}
		if _, err := l.in.Peek(len(ahead) + 1); err != nil {
			return nil // the end of the file, or too long a line: csv will see
		}
	}
}

func (l *lines) cut(line []byte) {
	l.fields, l.byCSV = l.fields[:0], false
	for {
		comma := bytes.IndexByte(line, ',')
		if comma < 0 {
			l.fields = append(l.fields, line)
			return
		}
		l.fields = append(l.fields, line[:comma])
		line = line[comma+1:]
	}
}

func (l *lines) nextByCSV() error {
	record, err := l.csv.Read()
	var at *csv.ParseError
	if errors.As(err, &at) {
		l.quoted = at.Line
		at.Line += l.plain
		at.StartLine += l.plain
	}
	if err != nil {
		return err
	}
	l.fields, l.byCSV = l.fields[:0], true
	for _, field := range record {
		l.fields = append(l.fields, []byte(field))
	}
	line, _ := l.csv.FieldPos(len(record) - 1)
	l.quoted = line + strings.Count(record[len(record)-1], "\n")
	return nil
}

// place is where a field of the last record begins, in bytes from 1.
func (l *lines) place(field int) (line, column int) {
	if l.byCSV {
		line, column = l.csv.FieldPos(field)
		return line + l.plain, column
	}
	column = 1
	for _, f := range l.fields[:field] {
		column += len(f) + 1
	}
	return l.plain + l.quoted, column
}
