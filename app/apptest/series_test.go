package apptest_test

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"image/png"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"majestic/app/apptest"
)

// A table from a terminal: a picture for each row, the same bytes that each would
// be alone, and what cannot be drawn holds up nothing.
func TestRenderRows(t *testing.T) {
	binary, dir := apptest.Binary(t, "v1"), apptest.Dir(t)
	design := filepath.Join("testdata", "country-card.json")
	countries := apptest.Countries(t)[:12]
	countries[4]["name"] = countries[3]["name"]     // twice
	countries[5]["name"] = "../" + "con"            // not where it wants
	countries[7]["official_name"] = "\U00100000 it" // nothing draws this
	out := filepath.Join(dir, "out")
	args := []string{"render", design, "--data", table(t, dir, "alpha_2;name;official_name;flag", countries), "--var", "alpha_2=XX", "--var", "alpha_3=XYZ", "--var", "numeric=123", "--scale", "0.25"}

	told, errs, code := apptest.Run(t, binary, dir, append(args, "-o", out+"/{alpha_3}/{name}.png", "--json")...)
	if code != 1 || !strings.Contains(errs, "row 8 (line 9): ") || !strings.Contains(errs, "U+100000") || !strings.Contains(errs, "1 of 12 rows could not be drawn") || !strings.Contains(errs, "\n12 of 12, 1 failed, in ") {
		t.Errorf("exit %d: %s", code, errs)
	}
	pictures := map[int]string{}
	for _, l := range lines(t, told) {
		if l.Row == 8 {
			if !strings.Contains(l.Error, "U+100000") || l.File != "" {
				t.Errorf("%+v", l)
			}
			continue
		}
		data, err := os.ReadFile(l.File)
		if err != nil {
			t.Fatal(err)
		}
		picture, err := png.Decode(bytes.NewReader(data))
		if err != nil || picture.Bounds().Dx() != 300 || l.Width != 300 || l.Height != 158 || l.Bytes != len(data) || l.Line != l.Row+1 {
			t.Errorf("%+v: %v", l, err)
		}
		pictures[l.Row] = strings.TrimPrefix(l.File, out+"/XYZ/")
	}
	want := map[int]string{4: "Anguilla.png", 5: "Anguilla-2.png", 6: "-con.png"}
	for i, row := range countries {
		if _, given := want[i+1]; !given && i != 7 {
			want[i+1] = row["name"] + ".png"
		}
	}
	if !maps.Equal(pictures, want) {
		t.Errorf("files %v", pictures)
	}
	if files, _ := filepath.Glob(out + "/XYZ/*"); len(files) != 11 {
		t.Errorf("in the folder: %q", files)
	}
	if hidden, _ := filepath.Glob(out + "/XYZ/.*"); hidden != nil {
		t.Errorf("left: %q", hidden)
	}

	alone := filepath.Join(dir, "alone.png")
	one := []string{"render", design, "-o", alone, "--scale", "0.25", "--var", "alpha_3=XYZ", "--var", "numeric=123"}
	for _, name := range []string{"alpha_2", "name", "official_name", "flag"} {
		one = append(one, "--var", name+"="+countries[0][name])
	}
	apptest.Must(t, binary, dir, one...)
	a, err1 := os.ReadFile(alone)
	b, err2 := os.ReadFile(out + "/XYZ/" + pictures[1])
	if err1 != nil || err2 != nil || !bytes.Equal(a, b) {
		t.Errorf("row 1 is drawn otherwise than alone: %v, %v", err1, err2)
	}
}

// On a terminal there is one line; a table may come by a pipe; PDFs are a file for
// each row, too, in a folder of the design's name.
func TestRenderRowsOnATerminal(t *testing.T) {
	binary, dir := apptest.Binary(t, "v1"), apptest.Dir(t)
	design, err := filepath.Abs(filepath.Join("testdata", "country-card.json"))
	if err != nil {
		t.Fatal(err)
	}
	rows, err := os.Open(table(t, dir, "alpha_2\talpha_3\tnumeric\tname\tofficial_name\tflag", apptest.Countries(t)[:10]))
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	mine, screen := apptest.Terminal(t)
	if err := unix.IoctlSetWinsize(int(screen.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Row: 24, Col: 60}); err != nil {
		t.Fatal(err)
	}
	c := exec.Command(binary, "render", design, "--data", "-", "--format", "pdf")
	c.Env = append(os.Environ(), "TERM=xterm")
	c.Dir, c.Stdin, c.Stderr = dir, rows, screen
	if err := errors.Join(c.Start(), screen.Close()); err != nil {
		t.Fatal(err)
	}
	shown := make(chan string)
	go func() {
		var text strings.Builder
		for b := make([]byte, 4096); !strings.Contains(text.String(), ", in "); {
			n, err := mine.Read(b)
			if text.Write(b[:n]); err != nil {
				break
			}
		}
		shown <- text.String()
	}()
	if err := c.Wait(); err != nil {
		t.Errorf("%v: %s", err, <-shown)
	}
	text := <-shown
	if !strings.HasPrefix(text, "10 rows fit the design: drawing country-card/01.pdf to country-card/10.pdf\r\n\r[      ") ||
		!strings.Contains(text, "] 0 of 10\x1b[K\r[") || !strings.Contains(text, "\r\x1b[K10 of 10, in ") || strings.Count(text, "\n") != 2 {
		t.Errorf("%q", text)
	}
	for n := range 10 {
		data, err := os.ReadFile(filepath.Join(dir, "country-card", fmt.Sprintf("%02d.pdf", n+1)))
		if err != nil || !bytes.HasPrefix(data, []byte("%PDF-")) {
			t.Errorf("row %d: %v", n+1, err)
		}
	}
}

// Ctrl-C ends it at once; what is there is whole, and nothing else is left.
func TestRenderRowsStopped(t *testing.T) {
	binary, dir := apptest.Binary(t, "v1"), apptest.Dir(t)
	scratch := filepath.Join(dir, "tmp")
	if err := os.Mkdir(scratch, 0o755); err != nil {
		t.Fatal(err)
	}
	c := exec.Command(binary, "render", filepath.Join("testdata", "country-card.json"), "--data", filepath.Join("testdata", "countries.csv"), "-o", dir+"/out/{row}.png", "--json")
	c.Env = append(os.Environ(), "TMPDIR="+scratch)
	var errs bytes.Buffer
	c.Stderr = &errs
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	reader := bufio.NewReader(out)
	first, err := reader.ReadString('\n')
	if err != nil {
		t.Fatalf("%v: %s", err, errs.String())
	}
	c.Process.Signal(syscall.SIGINT)
	rest, err := io.ReadAll(reader)
	if err != nil {
		t.Fatal(err)
	}
	c.Wait()
	told := lines(t, first+string(rest))
	files, err := os.ReadDir(filepath.Join(dir, "out"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		data, err := os.ReadFile(filepath.Join(dir, "out", f.Name()))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := png.Decode(bytes.NewReader(data)); err != nil {
			t.Errorf("%s: %v", f.Name(), err)
		}
	}
	if c.ProcessState.ExitCode() != 1 || !strings.Contains(errs.String(), fmt.Sprintf("it was stopped: %d of 249 pictures are there", len(files))) || len(told) != len(files) || len(files) > 240 {
		t.Errorf("exit %d, %d files, %d told: %s", c.ProcessState.ExitCode(), len(files), len(told), errs.String())
	}
	if left, err := os.ReadDir(scratch); err != nil || len(left) > 0 {
		t.Errorf("left: %v, %v", left, err)
	}
}

// Whatever is wrong with a table or the names is said before Chrome is started.
func TestRenderRowsRefuses(t *testing.T) {
	binary, dir := apptest.Binary(t, "v1"), apptest.Dir(t)
	design := filepath.Join(dir, "design.json")
	write := func(name, text string) string {
		t.Helper()
		name = filepath.Join(dir, name)
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return name
	}
	write("design.json", `{"version":1,"pages":[{"width":90,"height":90,"elements":[
		{"id":"title","type":"text","x":0,"y":0,"width":90,"height":90,"text":"{{title}}","color":"{{ink}}"}]}]}`)
	blue := strings.Repeat("a,blue\n", 25)
	for name, test := range map[string]struct {
		table, output string
		code          int
		want          []string
	}{
		"no such column in the name": {"title,ink\na,#000\n", "out/{nam}.png", 1, []string{"{nam}", "title, ink"}},
		"no column in the name":      {"title,ink\na,#000\n", "out/card.png", 1, []string{"every row", "{row}"}},
		"another format":             {"title,ink\na,#000\n", "out/{title}.gif", 1, []string{".gif", "--format"}},
		"standard output":            {"title,ink\na,#000\n", "-", 2, []string{"-o 'out/{name}.png'"}},
		"no column for a variable":   {"titel,ink\na,#000\n", "{row}.png", 1, []string{"neither a column nor a --var: title;", "titel, ink"}},
		"rows that do not fit":       {"title,ink\na,#000\nb,red\nc,\n", "{row}.png", 1, []string{"2 of 3 rows do not fit", `row 2 (line 3), ink: element "title": color must be a colour`, "row 3 (line 4), ink", "nothing was drawn"}},
		"many that do not":           {"title,ink\n" + blue, "{row}.png", 1, []string{"25 of 25 rows", "row 20 (line 21), ink"}},
		"no rows":                    {"title,ink\n", "{row}.png", 1, []string{"no rows"}},
		"nothing":                    {"", "{row}.png", 1, []string{"nothing in it"}},
		"Latin-1":                    {"title,ink\nZo\xeb,#000\n", "{row}.png", 1, []string{"line 2, byte 3"}},
		"a workbook":                 {"PK\x03\x04", "{row}.png", 1, []string{"CSV UTF-8"}},
		"an open quote":              {"title,ink\n\"a,#000\nb,#000\n", "{row}.png", 1, []string{"line 2, byte 1"}},
		"a ragged row":               {"title,ink\na,#000\nb\n", "{row}.png", 1, []string{"row 2 (line 3)"}},
		"a column twice":             {"title,title\na,#000\n", "{row}.png", 1, []string{"columns 1 and 2"}},
	} {
		_, errs, code := apptest.Run(t, binary, dir, "render", design, "--data", write("rows.csv", test.table), "-o", test.output, "--chromium-path", "/nowhere")
		for _, want := range test.want {
			if !strings.Contains(errs, want) {
				t.Errorf("%s: nobody says %q: %s", name, want, errs)
			}
		}
		if code != test.code || strings.Contains(errs, "Chromium") || strings.Contains(errs, "row 21") {
			t.Errorf("%s: exit %d, %s", name, code, errs)
		}
	}
	if _, errs, code := apptest.Run(t, binary, dir, "render", design, "--data", "nowhere.csv"); code != 2 || !strings.Contains(errs, "nowhere.csv") {
		t.Errorf("no such table: exit %d, %s", code, errs)
	}
}

type line struct {
	Row, Line            int
	File, Error          string
	Width, Height, Bytes int
}

// lines are what --json has told, each of a row of its own.
func lines(t *testing.T, text string) (all []line) {
	t.Helper()
	for one := range strings.Lines(text) {
		var l line
		if err := json.Unmarshal([]byte(one), &l); err != nil {
			t.Fatalf("%q: %v", one, err)
		}
		if slices.ContainsFunc(all, func(before line) bool { return before.Row == l.Row }) {
			t.Errorf("row %d is told twice", l.Row)
		}
		all = append(all, l)
	}
	return all
}

// table writes some columns of rows; the header's separator is that of all.
func table(t *testing.T, dir, header string, rows []map[string]string) string {
	t.Helper()
	comma := rune(header[strings.IndexAny(header, ",;\t")])
	columns := strings.Split(header, string(comma))
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	w.Comma, w.UseCRLF = comma, true
	w.Write(columns)
	for _, row := range rows {
		var values []string
		for _, name := range columns {
			values = append(values, row[name])
		}
		w.Write(values)
	}
	w.Flush()
	name := filepath.Join(dir, "rows.csv")
	if err := os.WriteFile(name, append([]byte("\ufeff"), b.Bytes()...), 0o644); err != nil {
		t.Fatal(err)
	}
	return name
}
