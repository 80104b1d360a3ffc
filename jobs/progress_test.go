package jobs

import (
	"bytes"
	"encoding/json"
	"regexp"
	"strings"
	"testing"

	"majestic/app"
)

func TestProgress(t *testing.T) {
	run := func(columns, rows int) (screen, lines string) {
		var text, told bytes.Buffer
		p := &progress{watch: Watch{&text, func() int { return columns }}, rows: json.NewEncoder(&told)}
		p.begin(rows)
		for n := range rows {
			row := app.Row{Number: n + 1, Line: n + 2}
			if n == rows/2 {
				p.failed(row, "it is not drawn")
			} else {
				p.drawn(row, "a.png", app.Picture{File: []byte("png"), Width: 3, Height: 2})
			}
		}
		if pictures, faults := p.end(); pictures != rows-1 || faults != 1 {
			t.Errorf("%d pictures, %d faults", pictures, faults)
		}
		return text.String(), told.String()
	}

	// Where nobody watches: each tenth, what failed, and the end.
	text, told := run(0, 249)
	if strings.ContainsAny(text, "\r\x1b") || !strings.HasPrefix(text, "25 of 249, ") {
		t.Errorf("%q", text)
	}
	lines := strings.Split(strings.TrimSpace(text), "\n")
	if len(lines) != 11 || lines[4] != "row 125 (line 126): it is not drawn" || !regexp.MustCompile(`^249 of 249, 1 failed, in [0-9.µm]+s$`).MatchString(lines[10]) {
		t.Errorf("%d lines: %q", len(lines), lines)
	}
	for i, want := range map[int]string{
		0:   `{"row":1,"line":2,"file":"a.png","width":3,"height":2,"bytes":3}`,
		124: `{"row":125,"line":126,"error":"it is not drawn"}`,
	} {
		if got := strings.Split(told, "\n")[i]; got != want {
			t.Errorf("line %d is %s", i+1, got)
		}
	}

	// On a terminal no line is longer than it, and each but the last word is drawn over.
	for _, columns := range []int{1, 9, 20, 40, 80, 200} {
		text, _ := run(columns, 249)
		for _, line := range regexp.MustCompile(`[\r\n]+`).Split(text, -1) {
			if strings.Contains(line, "failed, in") || strings.Contains(line, "row 125") {
				continue
			}
			if shown, bar := strings.CutSuffix(line, "\x1b[K"); line != "" && (!bar || len(shown) > columns-1) {
				t.Errorf("%d columns: %q", columns, line)
			}
		}
		if n := strings.Count(text, "\n"); n != 2 {
			t.Errorf("%d columns: %d lines: %q", columns, n, text)
		}
		if bar := strings.Contains(text, "[    "); bar != (columns > 20) {
			t.Errorf("%d columns: a bar %t: %q", columns, bar, text)
		}
	}
}
