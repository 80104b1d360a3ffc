package jobs_test

import (
	"bytes"
	"compress/zlib"
	"image"
	"image/color"
	"io"
	"math"
	"regexp"
	"strconv"
	"strings"
	"testing"

	_ "image/jpeg"

	_ "golang.org/x/image/webp"

	"majestic/app"
	"majestic/app/apptest"
)

func TestFormats(t *testing.T) {
	a, db := apptest.App(t)
	start(t, a, db, apptest.Renderer(t), "majestic-1-test")
	events := app.StartEvents(db, apptest.Log(t))
	defer events.Close()
	h := house{t, apptest.Tenant(t, a, "Formats"), events}
	doc, err := app.ParseDocument([]byte(`{"version":1,"pages":[
		{"width":300,"height":100,"elements":[
			{"id":"dot","type":"ellipse","x":0,"y":0,"width":60,"height":60,"fill":"#ff0000"},
			{"id":"glass","type":"rect","x":100,"y":0,"width":50,"height":50,"fill":"#0000ff80"},
			{"id":"text","type":"text","x":0,"y":60,"width":300,"height":40,"text":"Grüße, quickly","size":24}]},
		{"width":200,"height":200,"background":"#ffffff","elements":[{"id":"text","type":"text","x":0,"y":60,"width":200,"height":40,"text":"Zwei","font":"Lato"}]},
		{"width":400,"height":100,"elements":[{"id":"sky","type":"rect","x":0,"y":0,"width":400,"height":100,"fill":{"type":"linear","angle":45,"stops":[["#ff8800",0],["#0022ff",1]]}}]}]}`))
	if err != nil {
		t.Fatal(err)
	}
	d, err := h.tenant.CreateDesign(t.Context(), nil, "Formats", doc)
	if err != nil {
		t.Fatal(err)
	}
	draw := func(o app.Output) (app.Render, []byte) {
		t.Helper()
		r := h.render(app.RenderRequest{Design: d.ID, Output: o})
		if r.Status != app.Succeeded {
			t.Fatalf("%+v is %s: %v", o, r.Status, r.Error)
		}
		return r, file(t, h.tenant, r.ID)
	}

	t.Run("a smaller png has the same pixels", func(t *testing.T) {
		for page, transparent := range map[int]bool{1: true, 2: false, 3: false} {
			_, fast := draw(app.Output{Page: page, Transparent: transparent, Scale: 2})
			_, small := draw(app.Output{Page: page, Transparent: transparent, Scale: 2, Optimize: true})
			if !bytes.Equal(decoded(t, fast).Pix, decoded(t, small).Pix) {
				t.Errorf("page %d: other pixels", page)
			}
			if len(small)*10 > len(fast)*9 {
				t.Errorf("page %d: %d bytes, then %d", page, len(fast), len(small))
			}
		}
	})

	t.Run("quality", func(t *testing.T) {
		for _, format := range []string{"jpeg", "webp"} {
			_, low := draw(app.Output{Format: format, Page: 3, Quality: 5})
			_, usual := draw(app.Output{Format: format, Page: 3})
			r, high := draw(app.Output{Format: format, Page: 3, Quality: 100})
			if r.Quality != 100 || len(low) >= len(usual) || len(usual) >= len(high) {
				t.Errorf("%s: %d, %d, %d bytes of quality 5, 80, 100", format, len(low), len(usual), len(high))
			}
		}
	})

	t.Run("transparent", func(t *testing.T) {
		for _, format := range []string{"png", "webp"} {
			for transparent, want := range map[bool][3]color.NRGBA{
				true:  {{}, {255, 0, 0, 255}, {0, 0, 255, 128}},
				false: {{255, 255, 255, 255}, {255, 0, 0, 255}, {127, 127, 255, 255}},
			} {
				_, data := draw(app.Output{Format: format, Transparent: transparent, Quality: map[string]int{"webp": 100}[format]})
				m := nrgba(t, data)
				for i, at := range []image.Point{{290, 10}, {30, 30}, {120, 20}} {
					if got := m.NRGBAAt(at.X, at.Y); far(got, want[i], 3) {
						t.Errorf("%s, transparent %t: %v at %v, not %v", format, transparent, got, at, want[i])
					}
				}
			}
		}
		_, data := draw(app.Output{Transparent: true, Page: 2})
		if got := nrgba(t, data).NRGBAAt(190, 10); got != (color.NRGBA{255, 255, 255, 255}) {
			t.Errorf("a background that was asked for is %v", got)
		}
	})

	t.Run("scales", func(t *testing.T) {
		for scale, want := range map[float64]image.Point{0.5: {150, 50}, 1: {300, 100}, 1.5: {450, 150}, 4: {1200, 400}} {
			r, data := draw(app.Output{Scale: scale})
			if m := decoded(t, data); m.Rect.Max != want || *r.Width != want.X || *r.Height != want.Y {
				t.Errorf("at %g: %v, said to be %d x %d", scale, m.Rect.Max, *r.Width, *r.Height)
			}
		}
	})

	t.Run("pages of a pdf", func(t *testing.T) {
		for pages, want := range map[string]string{"": "225 75 150 150 300 75", "2-3": "150 150 300 75", "3,1": "300 75 225 75", "2": "150 150"} {
			r, pdf := draw(app.Output{Format: "pdf", Pages: pages})
			var sizes []string
			for _, box := range regexp.MustCompile(`/MediaBox \[0 0 ([0-9.]+) ([0-9.]+)\]`).FindAllSubmatch(pdf, -1) {
				sizes = append(sizes, points(box[1]), points(box[2]))
			}
			if got := strings.Join(sizes, " "); got != want {
				t.Errorf("pages %q: %s points, not %s", pages, got, want)
			}
			if pages == "2-3" && (*r.Width != 200 || *r.Height != 200) {
				t.Errorf("the first sheet is said to be %d x %d", *r.Width, *r.Height)
			}
		}
		// Text that can be searched, in a font that is there: an .otf by its outlines, a .ttf as a file.
		for pages, want := range map[string]struct{ font, has, hasNot string }{
			"1": {"/CharProcs ", "Grüße, quickly", "Z"}, "2": {"/FontFile2 ", "Zwei", "G"},
		} {
			_, pdf := draw(app.Output{Format: "pdf", Pages: pages})
			if !bytes.Contains(pdf, []byte(want.font)) {
				t.Errorf("page %s: the font is not embedded", pages)
			}
			codes := unicodes(t, pdf)
			for _, r := range want.has {
				if !codes[r] {
					t.Errorf("page %s: no text has the character %c: %v", pages, r, codes)
				}
			}
			if codes[rune(want.hasNot[0])] {
				t.Errorf("page %s: another page's text is there", pages)
			}
		}
	})
}

// points is a length in whole points, which Chrome's own are almost.
func points(b []byte) string {
	n, _ := strconv.ParseFloat(string(b), 64)
	return strconv.Itoa(int(math.Round(n)))
}

// nrgba is a picture of any format.
func nrgba(t *testing.T, data []byte) *image.NRGBA {
	t.Helper()
	m, _, err := image.Decode(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	out := image.NewNRGBA(m.Bounds())
	for y := range m.Bounds().Dy() {
		for x := range m.Bounds().Dx() {
			out.Set(x, y, m.At(x, y))
		}
	}
	return out
}

// unicodes are the characters that the fonts of a PDF have names for: those of its texts.
func unicodes(t *testing.T, pdf []byte) map[rune]bool {
	t.Helper()
	found := map[rune]bool{}
	for _, at := range regexp.MustCompile(`stream\r?\n`).FindAllIndex(pdf, -1) {
		z, err := zlib.NewReader(bytes.NewReader(pdf[at[1]:]))
		if err != nil {
			continue
		}
		text, _ := io.ReadAll(z)
		for _, section := range regexp.MustCompile(`(?s)beginbf(char|range)\n(.*?)endbf`).FindAllSubmatch(text, -1) {
			for line := range strings.Lines(string(section[2])) {
				var codes []rune
				for _, code := range regexp.MustCompile(`<([0-9A-Fa-f]{2,4})>`).FindAllStringSubmatch(line, -1) {
					codes = append(codes, hex(code[1]))
				}
				switch {
				case len(codes) == 2:
					found[codes[1]] = true
				case len(codes) == 3:
					for i := range codes[1] - codes[0] + 1 {
						found[codes[2]+i] = true
					}
				}
			}
		}
	}
	return found
}

func hex(s string) (r rune) {
	for _, c := range strings.ToLower(s) {
		r = r<<4 | rune(strings.IndexRune("0123456789abcdef", c))
	}
	return r
}
