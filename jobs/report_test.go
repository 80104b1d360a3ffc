package jobs

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestReport(t *testing.T) {
	dir := t.TempDir()
	file := func(name string, w, h int, c color.Color, dots ...image.Point) string {
		t.Helper()
		m := image.NewNRGBA(image.Rect(0, 0, w, h))
		for i := range w * h {
			m.Set(i%w, i/w, c)
		}
		for _, p := range dots {
			m.Set(p.X, p.Y, color.NRGBA{200, 10, 10, 255})
		}
		var b bytes.Buffer
		if err := png.Encode(&b, m); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), b.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
		return name
	}
	grey := color.NRGBA{100, 10, 10, 255}
	one := drawing{Name: "<b>One</b>", File: file("a.png", 10, 4, grey), SHA256: "1"}
	before := drawings{Release: "v1", All: []drawing{one, {Name: "Two", SHA256: "2"}, one, one, {Name: "Five", Fault: "a font is gone"}}}
	after := drawings{Release: "v2", All: []drawing{
		{Name: "<b>One</b>", File: file("b.png", 10, 4, grey, image.Pt(3, 2)), SHA256: "3"},
		{Name: "Two", SHA256: "2"},
		{Name: "Three", File: file("c.png", 11, 4, grey), SHA256: "4"},
		{Name: "Four", Fault: "no such asset"},
		{Name: "Five", Fault: "another font is gone"},
	}}
	before.By.Chromium, after.By.Chromium = "155.0.1.2", "156.0.1.2"
	page, err := report(dir, before, after)
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	for _, word := range []string{"3 of 5 designs", "Chromium 155.0.1.2 -&gt; 156.0.1.2", "1 of 40 pixels differ, by at most 100 of 255", "10 x 4 pixels became 11 x 4", "not drawn any more: no such asset", "2 designs came out alike", "&lt;b&gt;One"} {
		if !strings.Contains(string(text), word) {
			t.Errorf("%q is not in the report:\n%s", word, text)
		}
	}
	m, err := pixels(filepath.Join(dir, "01-difference.png"))
	if err != nil {
		t.Fatal(err)
	}
	for i := range 40 {
		if c := m.NRGBAAt(i%10, i/10); (c.R != c.G) != (i == 23) {
			t.Errorf("pixel %d is %v", i, c)
		}
	}
}
