package app

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"
	"unicode/utf8"
)

// The limits of a table, besides MaxBatchRows.
const (
	MaxTableBytes   = 64 << 20
	MaxTableColumns = 200
	maxRowBytes     = 1 << 20          // as written
	maxValueBytes   = 4 * MaxTextRunes // no text of a design takes more
)

// Table is rows of values under the names of their columns, read from CSV a row
// at a time. A value is the text that stands there: we draw formulas, and calculate none.
type Table struct {
	Columns []string

	csv   *csv.Reader
	lines *lines
}

// Row is one of a table.
type Row struct {
	Number int      // from 1, the header left out
	Line   int      // of the file, where it begins
	Values []string // in the order of the columns
}

// ReadTable reads the header. Its line tells what stands between values: commas,
// semicolons or tabs.
func ReadTable(r io.Reader) (*Table, error) {
	l, err := newLines(r)
	if err != nil {
		return nil, err
	}
	t := &Table{lines: l, csv: csv.NewReader(l)}
	t.csv.Comma = separator(l.record)
	t.csv.FieldsPerRecord = -1 // ours are the better words
	header, err := t.csv.Read()
	if err != nil {
		return nil, t.fault(err)
	}
	t.Columns = header
	return t, t.checkColumns()
}

// Rows reads the rows, once; after an error there is no other. A row in which
// nothing stands, as spreadsheets leave them at the end, is none.
func (t *Table) Rows() iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		for n := 1; ; {
			t.lines.begin()
			values, err := t.csv.Read()
			if err == io.EOF {
				return
			}
			if err != nil {
				yield(Row{}, t.fault(err))
				return
			}
			if !slices.ContainsFunc(values, func(v string) bool { return strings.TrimSpace(v) != "" }) {
				continue
			}
			row := Row{n, t.lines.first, values}
			if err := t.check(row); err != nil {
				yield(Row{}, err)
				return
			}
			if !yield(row, nil) {
				return
			}
			n++
		}
	}
}

// String names the row by both numbers by which people find it.
func (r Row) String() string { return fmt.Sprintf("row %d (line %d)", r.Number, r.Line) }

func (t *Table) checkColumns() error {
	if len(t.Columns) > MaxTableColumns {
		return Errorf(TooLarge, "the table has %d columns, and at most %d are read; take out those that no design needs", len(t.Columns), MaxTableColumns)
	}
	for i, name := range t.Columns {
		name = strings.TrimSpace(strings.ReplaceAll(name, "\n", " "))
		t.Columns[i] = name
		first := slices.Index(t.Columns, name)
		control := strings.IndexFunc(name, isControl)
		switch {
		case name == "":
			return unreadable("column %d has no name; the first line holds the names of all columns", i+1)
		case first < i:
			return unreadable("columns %d and %d are both named %s; rename one", first+1, i+1, quote(name))
		case control >= 0:
			return unreadable("the name of column %d holds the control character %U; a line ends with LF or CR LF", i+1, name[control])
		}
	}
	return nil
}

func (t *Table) check(r Row) error {
	if r.Number > MaxBatchRows {
		return Errorf(TooLarge, "the table has more than %d rows; split it", MaxBatchRows)
	}
	if got, want := len(r.Values), len(t.Columns); got != want {
		return unreadable("the number of values in %s is %d, and that of columns %d; a value that holds a separator stands in quotes", r, got, want)
	}
	for i, v := range r.Values {
		if len(v) > maxValueBytes {
			return Errorf(TooLarge, "%s has %d bytes in the column %s, and a value has at most %d; shorten it", r, len(v), quote(t.Columns[i]), maxValueBytes)
		}
	}
	return nil
}

// fault says in our words what is wrong, and of quotes where they opened.
func (t *Table) fault(err error) error {
	wrong, ok := errors.AsType[*csv.ParseError](err)
	if !ok {
		if _, ours := errors.AsType[*Error](err); ours {
			return err
		}
		return fmt.Errorf("read the table: %w", err)
	}
	at := t.lines.index(wrong.Line-wrong.StartLine, wrong.Column)
	switch opened := t.lines.opened(at); {
	case wrong.Err == csv.ErrBareQuote:
		return unreadable("a quote stands in the middle of a value at %s; put all of the value in quotes, and double those within", t.lines.where(at))
	case at == len(t.lines.record) || t.lines.record[at] != '"':
		return unreadable("the quote at %s never closes; close it, or double it and put all of the value in quotes", t.lines.where(opened))
	default:
		return unreadable("a quote stands at %s in a value whose own began at %s; double it, or close the value before", t.lines.where(at), t.lines.where(opened))
	}
}

// separator is what stands most often between the names of a header.
func separator(header []byte) rune {
	count := map[byte]int{}
	quoted := false
	for _, c := range header {
		if c == '"' {
			quoted = !quoted
		} else if !quoted {
			count[c]++
		}
	}
	most := byte(',')
	for _, c := range []byte{';', '\t'} {
		if count[c] > count[most] {
			most = c
		}
	}
	return rune(most)
}

func unreadable(format string, args ...any) error {
	return Errorf(Malformed, "the table cannot be read: "+format, args...)
}

// lines hand a text over line by line, each checked to be UTF-8: so the csv
// package reads nothing beyond the record it is at, and what it complains of is
// still here.
type lines struct {
	in     *bufio.Reader
	bytes  int    // so far
	record []byte // all lines of it so far
	first  int    // the number of its first line
	rest   []byte // of the record, what is not handed over yet
}

// newLines reads on to the first line in which something stands.
func newLines(r io.Reader) (*lines, error) {
	l := &lines{in: bufio.NewReaderSize(r, 64<<10), first: 1}
	head, err := l.in.Peek(4)
	if err != nil && err != io.EOF {
		return nil, fmt.Errorf("read the table: %w", err)
	}
	for _, other := range []struct{ mark, what string }{
		{"\xff\xfe", "UTF-16"}, {"\xfe\xff", "UTF-16"}, {"PK\x03\x04", "a workbook, or another zip"}, {"\xd0\xcf\x11\xe0", "a workbook"},
	} {
		if bytes.HasPrefix(head, []byte(other.mark)) {
			return nil, unreadable("it is %s from line 1, byte 1 on; %s", other.what, utf8Hint)
		}
	}
	if bom := []byte("\ufeff"); bytes.HasPrefix(head, bom) {
		l.in.Discard(len(bom))
	}
	for l.blank() {
		if err := l.next(); err == io.EOF {
			return nil, unreadable("there is nothing in it; its first line holds the names of the columns")
		} else if err != nil {
			return nil, err
		}
	}
	return l, nil
}

// Read hands over what is left of a line.
func (l *lines) Read(p []byte) (int, error) {
	if len(l.rest) == 0 {
		if err := l.next(); err != nil {
			return 0, err
		}
	}
	n := copy(p, l.rest)
	l.rest = l.rest[n:]
	return n, nil
}

// begin forgets the record before.
func (l *lines) begin() {
	l.first = l.line(len(l.record))
	l.record = l.record[:0]
}

// next reads a line. Blank ones before a record do not belong to it.
func (l *lines) next() error {
	if l.blank() {
		l.begin()
	}
	from := len(l.record)
	for whole := false; !whole; {
		piece, err := l.in.ReadSlice('\n')
		l.record = append(l.record, piece...)
		l.bytes += len(piece)
		whole = err != bufio.ErrBufferFull
		switch {
		case l.bytes > MaxTableBytes:
			return Errorf(TooLarge, "the table has more than %d MiB; split it", MaxTableBytes>>20)
		case len(l.record) > maxRowBytes:
			return l.long()
		case err == io.EOF && len(l.record) == from:
			return io.EOF
		case whole && err != nil && err != io.EOF:
			return err
		}
	}
	l.rest = l.record[from:]
	return l.check(from)
}

// long refuses a record that does not end.
func (l *lines) long() error {
	if opened := l.opened(len(l.record)); opened >= 0 {
		return unreadable("the quote at %s does not close within 1 MiB; close it, or double it and put all of the value in quotes", l.where(opened))
	}
	return Errorf(TooLarge, "the row at line %d of the table has more than 1 MiB; shorten it", l.first)
}

const utf8Hint = `save it as "CSV UTF-8"`

// check refuses the line that begins at an index when it is not UTF-8.
func (l *lines) check(from int) error {
	line := l.record[from:]
	if utf8.Valid(line) && bytes.IndexByte(line, 0) < 0 {
		return nil
	}
	for i := 0; ; {
		r, size := utf8.DecodeRune(line[i:])
		switch {
		case r == 0:
			return unreadable("%s is NUL, as in UTF-16 and in what is no text; %s", l.where(from+i), utf8Hint)
		case r == utf8.RuneError && size == 1:
			return unreadable("%s is %#x, which is not UTF-8; %s, or convert it, as in: iconv -f windows-1252 -t utf-8", l.where(from+i), line[i], utf8Hint)
		}
		i += size
	}
}

func (l *lines) blank() bool { return len(bytes.TrimLeft(l.record, "\r\n")) == 0 }

// opened is the index of the quote that is open at an index, or -1. A doubled one
// closes, and opens what is open already.
func (l *lines) opened(end int) int {
	quoted, at := false, -1
	for i, c := range l.record[:end] {
		if c == '"' {
			if quoted = !quoted; quoted && (i == 0 || l.record[i-1] != '"') {
				at = i
			}
		}
	}
	if !quoted {
		return -1
	}
	return at
}

// index is that of a byte, counted from 1, in a line of the record, counted from 0.
func (l *lines) index(line, column int) int {
	at := 0
	for range line {
		at += bytes.IndexByte(l.record[at:], '\n') + 1
	}
	return min(at+column-1, len(l.record))
}

func (l *lines) line(at int) int { return l.first + bytes.Count(l.record[:at], []byte("\n")) }

// where is an index in words.
func (l *lines) where(at int) string {
	return fmt.Sprintf("line %d, byte %d", l.line(at), at-bytes.LastIndexByte(l.record[:at], '\n'))
}
