package app_test

import (
	"encoding/csv"
	"errors"
	"io"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"
	"unicode/utf8"

	"majestic/app"
)

func TestTable(t *testing.T) {
	for name, test := range map[string]struct {
		text    string
		columns []string
		rows    string
	}{
		"commas":                 {"a,b\n1,2\n3,4\n", []string{"a", "b"}, "row 1 (line 2): 1|2; row 2 (line 3): 3|4; "},
		"semicolons":             {"a;b, c;d\n1,5;2;3\n", []string{"a", "b, c", "d"}, "row 1 (line 2): 1,5|2|3; "},
		"tabs":                   {"a\tb\n1,5\t2;3\n", []string{"a", "b"}, "row 1 (line 2): 1,5|2;3; "},
		"separators in quotes":   {"\"a,,,\";b\n1;2", []string{"a,,,", "b"}, "row 1 (line 2): 1|2; "},
		"one column":             {"a\n1\n\n2\n", []string{"a"}, "row 1 (line 2): 1; row 2 (line 4): 2; "},
		"a mark at the front":    {"\ufeff\"a\",b\r\n1,2\r\n", []string{"a", "b"}, "row 1 (line 2): 1|2; "},
		"blank lines everywhere": {"\r\n\n a , b\t\n\n\n1,2\n\r\n3,4\n\n", []string{"a", "b"}, "row 1 (line 6): 1|2; row 2 (line 8): 3|4; "},
		"rows of nothing":        {"a,b\n,\n1,\n,,,\n , \n", []string{"a", "b"}, "row 1 (line 3): 1|; "},
		"lines in a value":       {"a,\"b\nc\"\n1,\"2\r\n\r\n3\"\n4,5\n", []string{"a", "b c"}, "row 1 (line 3): 1|2\n\n3; row 2 (line 6): 4|5; "},
		"quotes and spaces":      {"a,b\n\" \"\"x\"\" \",\"\"\n", []string{"a", "b"}, `row 1 (line 2):  "x" |; `},
		"formulas are text":      {"a,b\n=cmd|' /C calc'!A0,@SUM(1+1)\n+1,-2\n", []string{"a", "b"}, "row 1 (line 2): =cmd|' /C calc'!A0|@SUM(1+1); row 2 (line 3): +1|-2; "},
		"no rows":                {"a,b", []string{"a", "b"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			columns, rows, err := readTable(iotest.OneByteReader(strings.NewReader(test.text)))
			if err != nil {
				t.Fatal(err)
			}
			got := ""
			for _, r := range rows {
				got += r.String() + ": " + strings.Join(r.Values, "|") + "; "
			}
			if !slices.Equal(columns, test.columns) || got != test.rows {
				t.Errorf("%q: %s", columns, got)
			}
		})
	}
}

// Whatever is wrong is said with its place, and what to do.
func TestTableRefuses(t *testing.T) {
	wide := strings.Repeat("x,", app.MaxTableColumns) + "x\n"
	for name, test := range map[string]struct {
		text, words string
		kind        app.Kind
	}{
		"nothing":                    {"", "nothing in it", app.Malformed},
		"blank lines":                {"\n\r\n", "nothing in it", app.Malformed},
		"UTF-16":                     {"\xff\xfea\x00", "UTF-16 from line 1, byte 1", app.Malformed},
		"UTF-16, the other way":      {"\xfe\xff\x00a", "UTF-16", app.Malformed},
		"UTF-16 without a mark":      {"a\x00,\x00", "line 1, byte 2 is NUL", app.Malformed},
		"a workbook":                 {"PK\x03\x04\x14\x00", "a workbook", app.Malformed},
		"Latin-1":                    {"name,city\nAda,London\n\"Zo\xeb\",X\n", "line 3, byte 4 is 0xeb, which is not UTF-8", app.Malformed},
		"Latin-1 in the header":      {"\ufeffnom,pr\xe9nom\n", "line 1, byte 7", app.Malformed},
		"half a character":           {"a\n1\n\xc3", "line 3, byte 1", app.Malformed},
		"NUL":                        {"a,b\n1,2\n\"3\n4\x00\",5\n", "line 4, byte 2 is NUL", app.Malformed},
		"no name":                    {"a, ,c\n1,2,3\n", "column 2 has no name", app.Malformed},
		"a name twice":               {"a,b, a\n", `columns 1 and 3 are both named "a"`, app.Malformed},
		"lines that end with CR":     {"a,b\r1,2\r", "control character U+000D", app.Malformed},
		"201 columns":                {wide, "201 columns", app.TooLarge},
		"500 columns":                {strings.Repeat("x,", 499) + "x\n", "500 columns", app.TooLarge},
		"a value too few":            {"a,b\n1,2\n\n3\n", "the number of values in row 2 (line 4) is 1, and that of columns 2", app.Malformed},
		"a value too many":           {"a,b\n1,2,5\n", "row 1 (line 2)", app.Malformed},
		"a quote that never closes":  {"a,b\n1,2\n\"3\n\",\"4\n5,6\n7,8", "the quote at line 4, byte 3 never closes", app.Malformed},
		"and at the end of a line":   {"a,b\r\n1,\"\r\n", "the quote at line 2, byte 3 never closes", app.Malformed},
		"and in the header":          {"\n\na,\"b\n1,2\n", "the quote at line 3, byte 3 never closes", app.Malformed},
		"and after doubled ones":     {"a,b\n\"\"\"1\"\"\",\"\"\"2\n", "the quote at line 2, byte 9 never closes", app.Malformed},
		"a quote that closes late":   {"a,b\n\"1,2\n3,\"4\"\n", "a quote stands at line 3, byte 3 in a value whose own began at line 2, byte 1", app.Malformed},
		"a quote within quotes":      {"a,b\n1,\"2\"\"\"3\",\"4\"", "at line 2, byte 7 in a value whose own began at line 2, byte 3", app.Malformed},
		"a quote in a value":         {"a,b\n1,2\n\n5' 10\",2\n", "in the middle of a value at line 4, byte 6", app.Malformed},
		"a quote after a space":      {"a,b\n1, \"2\"\n", "in the middle of a value at line 2, byte 4", app.Malformed},
		"a long value":               {"a,b\n1,2\n3," + strings.Repeat("x", 80_001), `row 2 (line 3) has 80001 bytes in the column "b"`, app.TooLarge},
		"a long row":                 {"a,b\n1,2\n" + strings.Repeat("x,", 600_000), "line 3 of the table has more than 1 MiB", app.TooLarge},
		"an open quote, a long file": {"a,b\n1,2\n3,\"4\n" + strings.Repeat("5,6\n", 300_000), "the quote at line 3, byte 3 does not close within 1 MiB", app.Malformed},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := readTable(strings.NewReader(test.text))
			wantFault(t, err, test.kind, "", test.words)
		})
	}
	gone := errors.New("the disk is gone")
	if _, _, err := readTable(io.MultiReader(strings.NewReader("a,b\n1,2\n"), iotest.ErrReader(gone))); !errors.Is(err, gone) {
		t.Errorf("%v", err)
	}
}

// A table of a million rows is read as far as rows are taken, and costs no more
// memory than one of ten.
func TestTableIsRead(t *testing.T) {
	endless := &repeating{header: "name,city\n", line: "Ada Lovelace,London\n"}
	table, err := app.ReadTable(endless)
	if err != nil {
		t.Fatal(err)
	}
	var before, after runtime.MemStats
	n := 0
	for row, err := range table.Rows() {
		if err != nil {
			wantFault(t, err, app.TooLarge, "", "more than 50000 rows")
			break
		}
		if n = row.Number; n == 10 {
			runtime.GC()
			runtime.ReadMemStats(&before)
		}
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	if n != app.MaxBatchRows {
		t.Errorf("%d rows", n)
	}
	if grown := int64(after.HeapAlloc) - int64(before.HeapAlloc); grown > 1<<20 {
		t.Errorf("%d bytes more are held after %d rows", grown, n)
	}
	runtime.KeepAlive(table)
	if endless.read > 2*app.MaxBatchRows*len(endless.line) {
		t.Errorf("%d bytes were read", endless.read)
	}

	// Rows that are few and long end, too.
	table, err = app.ReadTable(&repeating{header: "a,b\n", line: strings.Repeat("x", 70_000) + "," + strings.Repeat("y", 70_000) + "\n"})
	if err != nil {
		t.Fatal(err)
	}
	for _, err = range table.Rows() {
	}
	wantFault(t, err, app.TooLarge, "", "more than 64 MiB")
}

// Whatever text is read as a table comes back as it was when it is written again.
func FuzzTable(f *testing.F) {
	f.Add("a,b\n1,2\n")
	f.Add("\ufeff\"a;\"\"\";b\r\n\"1\n\";\n;2\n")
	f.Add("a\tb\n\"1\t2\"\n")
	f.Add("\"a\n\n\"b")
	f.Fuzz(func(t *testing.T, text string) {
		columns, rows, err := readTable(strings.NewReader(text))
		if err != nil {
			if app.KindOf(err) == app.Internal {
				t.Fatal(err)
			}
			return
		}
		written := record(columns)
		for i, r := range rows {
			if r.Number != i+1 || len(r.Values) != len(columns) || r.Line > strings.Count(text, "\n")+1 {
				t.Fatalf("%v: %q", r, r.Values)
			}
			written += record(r.Values)
		}
		if !utf8.ValidString(text) || strings.Contains(text, "\x00") {
			t.Fatal("it is no text")
		}
		if strings.Contains(written, "\r") {
			return // the csv package takes CR LF in a value for LF, each time
		}
		columns2, rows2, err := readTable(strings.NewReader(written))
		if err != nil {
			t.Fatalf("%q: %v", written, err)
		}
		for i := range rows2 {
			rows2[i].Line = rows[i].Line
		}
		if !reflect.DeepEqual(columns, columns2) || !reflect.DeepEqual(rows, rows2) {
			t.Fatalf("%q came back as %q %v", written, columns2, rows2)
		}
	})
}

// BenchmarkTable measures reading against the csv package alone.
func BenchmarkTable(b *testing.B) {
	line := "DE,DEU,276,Germany,\"Federal Republic of Germany\",🇩🇪\n"
	text := "alpha_2,alpha_3,numeric,name,official_name,flag\n" + strings.Repeat(line, 10_000)
	var ours, bare time.Duration
	for b.Loop() {
		start := time.Now()
		if _, rows, err := readTable(strings.NewReader(text)); err != nil || len(rows) != 10_000 {
			b.Fatal(err)
		}
		ours += time.Since(start)
		start = time.Now()
		if _, err := csv.NewReader(strings.NewReader(text)).ReadAll(); err != nil {
			b.Fatal(err)
		}
		bare += time.Since(start)
	}
	b.ReportMetric(ours.Seconds()*1000/float64(b.N), "ms/10000-rows")
	b.ReportMetric(float64(ours)/float64(bare), "x-csv")
}

func readTable(r io.Reader) (columns []string, rows []app.Row, err error) {
	table, err := app.ReadTable(r)
	if err != nil {
		return nil, nil, err
	}
	for row, err := range table.Rows() {
		if err != nil {
			return nil, nil, err
		}
		rows = append(rows, row)
	}
	return table.Columns, rows, nil
}

// record is a line of CSV, everything in quotes.
func record(values []string) string {
	var quoted []string
	for _, v := range values {
		quoted = append(quoted, `"`+strings.ReplaceAll(v, `"`, `""`)+`"`)
	}
	return strings.Join(quoted, ",") + "\n"
}

// repeating is a header and one line, for ever.
type repeating struct {
	header, line string
	rest         string
	read         int
}

func (r *repeating) Read(p []byte) (int, error) {
	if r.rest == "" {
		r.rest, r.header = r.header+r.line, ""
	}
	n := copy(p, r.rest)
	r.rest = r.rest[n:]
	r.read += n
	return n, nil
}
