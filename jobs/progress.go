package jobs

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"majestic/app"
)

// Watch is where a person watches, and how wide that is.
type Watch struct {
	io.Writer
	Columns func() int // 0 is no terminal
}

// progress tells how far a series is: on a terminal in one line with a bar, drawn
// over and over; elsewhere in a line for each tenth.
type progress struct {
	watch Watch
	rows  *json.Encoder // tells programs of each row, when there is one

	mu       sync.Mutex
	began    time.Time
	barred   time.Time // when the bar was drawn last, zero when there is none
	total    int
	pictures int
	faults   int
}

// line is what programs are told of a row, or of the one picture.
type line struct {
	Row    int    `json:"row,omitempty"`
	Line   int    `json:"line,omitempty"`
	File   string `json:"file,omitempty"`
	Width  int    `json:"width,omitempty"`
	Height int    `json:"height,omitempty"`
	Bytes  int    `json:"bytes,omitempty"`
	Error  string `json:"error,omitempty"`
}

func written(file string, p app.Picture) line {
	return line{File: file, Width: p.Width, Height: p.Height, Bytes: len(p.File)}
}

func (p *progress) begin(total int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.began, p.total = time.Now(), total
	p.show()
}

func (p *progress) drawn(row app.Row, file string, picture app.Picture) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.pictures++
	l := written(file, picture)
	l.Row, l.Line = row.Number, row.Line
	p.tell(l)
	p.show()
}

func (p *progress) failed(row app.Row, reason string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.faults++
	p.clear()
	fmt.Fprintf(p.watch, "%s: %s\n", row, reason)
	p.tell(line{Row: row.Number, Line: row.Line, Error: reason})
	p.show()
}

// end leaves the last word in the place of the bar.
func (p *progress) end() (pictures, faults int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.clear()
	took := time.Since(p.began)
	fmt.Fprintf(p.watch, "%s, in %s\n", p.count(), took.Round(time.Second/10))
	return p.pictures, p.faults
}

func (p *progress) tell(l line) {
	if p.rows != nil {
		p.clear() // both may be the same terminal
		p.rows.Encode(l)
	}
}

// redraw is how often a bar is drawn at most.
const redraw = time.Second / 10

func (p *progress) show() {
	columns, done := p.watch.Columns(), p.pictures+p.faults
	switch {
	case done == p.total: // that is told at the end
	case columns == 0 && done > 0 && done*10/p.total > (done-1)*10/p.total:
		fmt.Fprintln(p.watch, p.count()+p.pace())
	case columns > 0 && time.Since(p.barred) >= redraw:
		p.bar(columns)
	}
}

// bar draws the line over the one before. It ends before the last column, where a
// terminal would begin the next.
func (p *progress) bar(columns int) {
	text := p.count() + p.pace()
	if wide := min(columns-len(text)-4, 30); wide >= 10 {
		full := wide * (p.pictures + p.faults) / p.total
		text = "[" + strings.Repeat("=", full) + strings.Repeat(" ", wide-full) + "] " + text
	}
	fmt.Fprint(p.watch, "\r"+text[:min(len(text), columns-1)]+eraseRest)
	p.barred = time.Now()
}

func (p *progress) clear() {
	if !p.barred.IsZero() {
		fmt.Fprint(p.watch, "\r"+eraseRest)
		p.barred = time.Time{}
	}
}

// eraseRest is what terminals erase the rest of a line by.
const eraseRest = "\x1b[K"

func (p *progress) count() string {
	text := fmt.Sprintf("%d of %d", p.pictures+p.faults, p.total)
	if p.faults > 0 {
		text += fmt.Sprintf(", %d failed", p.faults)
	}
	return text
}

// pace is how fast it goes, and what is left of it.
func (p *progress) pace() string {
	done := p.pictures + p.faults
	if done == 0 || done == p.total {
		return ""
	}
	each := time.Since(p.began) / time.Duration(done)
	left := each * time.Duration(p.total-done)
	return fmt.Sprintf(", %.1f a second, %s left", 1/each.Seconds(), left.Round(time.Second))
}
