package screenshots

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/color"
	_ "image/jpeg"
	"image/png"
	"log/slog"
	"os"
	"strings"
	"testing"

	_ "golang.org/x/image/webp"
)

// fonts is what the tests draw with.
func fonts() []Font {
	return []Font{
		{File: "/usr/share/fonts/opentype/inter/Inter-Regular.otf"},
		{File: "/usr/share/fonts/opentype/inter/Inter-Bold.otf"},
		{File: lobster, Family: "Lobster", Weight: 400},
		{File: spartan + "Regular.otf", Family: "League Spartan", Weight: 400},
		{File: spartan + "Medium.otf", Family: "League Spartan", Weight: 500},
		{File: lobster, Family: "Pair", Weight: 400},
		{File: spartan + "Regular.otf", Family: "Pair", Weight: 400, Italic: true},
		{File: "/usr/share/fonts/truetype/noto/NotoColorEmoji.ttf"},
	}
}

const (
	lobster = "/usr/share/fonts/opentype/lobster/lobster.otf"
	spartan = "/usr/share/fonts/opentype/league-spartan/LeagueSpartan-"
)

// startPool starts a pool that ends with the test.
func startPool(t testing.TB, o Options) *Pool {
	t.Helper()
	if o.Dir == "" {
		o.Dir = scratch(t)
	}
	o.Fonts = fonts()
	o.Log = slog.New(slog.NewTextHandler(t.Output(), nil))
	p, err := Start(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
	return p
}

// scratch is a directory that Chrome's account can reach; t.TempDir's is not.
func scratch(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "screenshots-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

// page100 is a whole document of 100 x 50 pixels, as a PNG shot.
func page100(body string) Shot {
	return Shot{HTML: "<!doctype html><meta charset=utf-8><style>body { margin: 0 }</style>" + body, Width: 100, Height: 50, Scale: 1, Format: PNG}
}

// box is a positioned rectangle.
func box(x, y, w, h int, background string) string {
	return fmt.Sprintf(`<div style="position:absolute;left:%dpx;top:%dpx;width:%dpx;height:%dpx;background:%s"></div>`, x, y, w, h, background)
}

func capture(t testing.TB, p *Pool, s Shot) []byte {
	t.Helper()
	picture, err := p.Capture(context.WithoutCancel(t.Context()), s)
	if err != nil {
		t.Fatal(err)
	}
	return picture.Data
}

// between has a tab do something between two shots.
func between(t testing.TB, p *Pool, f func(*tab)) {
	t.Helper()
	done := make(chan error, 1)
	p.join(&waiter{take: func(tab *tab, err error) {
		if err == nil {
			f(tab)
		}
		done <- err
	}})
	if err := <-done; err != nil {
		t.Fatal(err)
	}
}

// leaderOf is the process that has started all others of a browser.
func leaderOf(b *browser) int { return b.process.cmd.Process.Pid }

// warmAll gives each tab of the pool its browser.
func warmAll(t testing.TB, p *Pool) {
	t.Helper()
	for range p.tabs {
		defer hold(t, p)()
	}
}

// hold keeps a tab busy until it is let go.
func hold(t testing.TB, p *Pool) (letGo func()) {
	t.Helper()
	held, end := make(chan struct{}), make(chan struct{})
	p.join(&waiter{take: func(*tab, error) {
		close(held)
		<-end
	}})
	<-held
	return func() { close(end) }
}

func decode(t testing.TB, data []byte) image.Image {
	t.Helper()
	m, _, err := image.Decode(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// at is a pixel as #rrggbbaa.
func at(m image.Image, x, y int) string {
	c := color.NRGBAModel.Convert(m.At(x, y)).(color.NRGBA)
	return fmt.Sprintf("#%02x%02x%02x%02x", c.R, c.G, c.B, c.A)
}

// dataURL is a PNG of one colour.
func dataURL(t testing.TB, w, h int, c color.Color) string {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewPaletted(image.Rect(0, 0, w, h), color.Palette{c})); err != nil {
		t.Fatal(err)
	}
	return "data:image/png;base64," + base64String(b.Bytes())
}

// processes lists those of the directory whose command line has the word.
func processes(t testing.TB, dir, word string) []int {
	t.Helper()
	var pids []int
	for _, pid := range running(dir) {
		line, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
		if strings.Contains(string(line), word) {
			pids = append(pids, pid)
		}
	}
	return pids
}
