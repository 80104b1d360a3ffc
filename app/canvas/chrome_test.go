package canvas_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"os"
	"strings"
	"testing"

	"majestic/app"
	"majestic/app/apptest"
	"majestic/app/canvas"
	"majestic/jobs"
	"majestic/screenshots"
)

// chrome draws pages with our fonts, fitted by our module.
type chrome struct{ pool *screenshots.Pool }

// measurement is how a text that is fitted stands in its box.
type measurement struct {
	Size        float64
	Lines       int
	Left, Right float64 // of what is written, from the left edge of the box
	Text        string
}

// The measurements leave the browser as the page's problems.
const measure = `
	if (!("measure" in document.body.dataset)) return null;
	if (document.body.dataset.measure === "again") fit(document);
	if (document.body.dataset.measure === "edit") {
		for (const text of document.querySelectorAll("[data-fit]")) text.textContent = "Short";
		fit(document);
	}
	return Array.from(document.querySelectorAll("[data-fit]"), (text) => {
		const size = parseFloat(text.style.fontSize);
		const range = document.createRange();
		range.selectNodeContents(text);
		const box = text.parentElement.getBoundingClientRect();
		const rects = Array.from(range.getClientRects());
		const turned = [text.parentElement, document.body].some((e) => getComputedStyle(e).transform !== "none");
		return {element: text.parentElement.dataset.element, message: JSON.stringify({
			size, lines: Math.round(text.offsetHeight / (size * Number(text.dataset.lineHeight))), text: text.textContent,
			left: turned || rects.length === 0 ? 0 : Math.min(...rects.map((r) => r.left - box.left)),
			right: turned || rects.length === 0 ? 0 : Math.max(...rects.map((r) => r.right - box.left)),
		})};
	});`

func startChrome(t *testing.T) chrome {
	t.Helper()
	module, err := os.ReadFile("../../static/fit.js")
	if err != nil {
		t.Fatal(err)
	}
	pool, err := screenshots.Start(t.Context(), screenshots.Options{
		Dir: apptest.Dir(t), Fonts: jobs.Fonts(), Tabs: 1,
		Prepare: "() => {" + strings.ReplaceAll(string(module), "export function", "function") + "\nfit(document);" + measure + "}",
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := pool.Close(); err != nil {
			t.Error(err)
		}
	})
	return chrome{pool}
}

func (c chrome) capture(t *testing.T, doc string, vars map[string]string, change func(html string) string) ([]byte, error) {
	t.Helper()
	d, err := parse(t, doc).Resolve(vars)
	if err != nil {
		t.Fatal(err)
	}
	html, err := canvas.HTML(t.Context(), d.Pages[:1], func(asset string) string {
		if asset == "torn" {
			return "data:image/png;base64,iVBORw0KGgo="
		}
		return redAndBlue(t)
	}, "")
	if err != nil {
		t.Fatal(err)
	}
	if change != nil {
		html = change(html)
	}
	picture, err := c.pool.Capture(t.Context(), screenshots.Shot{HTML: html, Width: d.Pages[0].Width, Height: d.Pages[0].Height, Scale: 1, Format: screenshots.PNG})
	return picture.Data, err
}

func (c chrome) draw(t *testing.T, doc string) *image.NRGBA {
	t.Helper()
	data, err := c.capture(t, doc, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	return decode(t, data)
}

func (c chrome) measure(t *testing.T, doc string, change func(string) string) map[string]measurement {
	t.Helper()
	return c.measureWith(t, doc, nil, change)
}

func (c chrome) measureWith(t *testing.T, doc string, vars map[string]string, change func(string) string) map[string]measurement {
	t.Helper()
	_, err := c.capture(t, doc, vars, func(html string) string {
		html = strings.Replace(html, "<body>", "<body data-measure>", 1)
		if change != nil {
			html = change(html)
		}
		return html
	})
	var answer *screenshots.PageError
	if !errors.As(err, &answer) {
		t.Fatalf("the page told no measurements: %v", err)
	}
	found := map[string]measurement{}
	for _, p := range answer.Problems {
		var m measurement
		if err := json.Unmarshal([]byte(p.Message), &m); err != nil {
			t.Fatalf("%s: %s: %v", p.Element, p.Message, err)
		}
		found[p.Element] = m
	}
	return found
}

var (
	white = color.NRGBA{255, 255, 255, 255}
	red   = color.NRGBA{255, 0, 0, 255}
	green = color.NRGBA{0, 255, 0, 255}
	blue  = color.NRGBA{0, 0, 255, 255}
)

func elements(width, height int, list ...string) string {
	return fmt.Sprintf(`{"version":1,"pages":[{"width":%d,"height":%d,"elements":[%s]}]}`, width, height, strings.Join(list, ","))
}

func parse(t *testing.T, doc string) app.Document {
	t.Helper()
	d, err := app.ParseDocument([]byte(doc))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func sample(t *testing.T, name string) []byte {
	t.Helper()
	data, err := os.ReadFile("../apptest/testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// redAndBlue is a picture of 80 × 40, its left half red and its right half blue.
func redAndBlue(t *testing.T) string {
	t.Helper()
	img := image.NewNRGBA(image.Rect(0, 0, 80, 40))
	for x := range 80 {
		for y := range 40 {
			img.SetNRGBA(x, y, red)
			if x >= 40 {
				img.SetNRGBA(x, y, blue)
			}
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return "data:image/png;base64," + base64.StdEncoding.EncodeToString(b.Bytes())
}

func decode(t *testing.T, data []byte) *image.NRGBA {
	t.Helper()
	picture, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	img := image.NewNRGBA(picture.Bounds())
	for x := range picture.Bounds().Dx() {
		for y := range picture.Bounds().Dy() {
			img.Set(x, y, picture.At(x, y))
		}
	}
	return img
}

func wantPixels(t *testing.T, img *image.NRGBA, want map[string]map[image.Point]color.NRGBA) {
	t.Helper()
	for element, pixels := range want {
		for at, c := range pixels {
			if got := img.NRGBAAt(at.X, at.Y); far(got, c, 2) {
				t.Errorf("%s: at %v is %v, want %v", element, at, got, c)
			}
		}
	}
}

func far(a, b color.NRGBA, by int) bool {
	apart := func(x, y uint8) bool { return max(x, y)-min(x, y) > uint8(by) }
	return apart(a.R, b.R) || apart(a.G, b.G) || apart(a.B, b.B) || apart(a.A, b.A)
}

func ink(img *image.NRGBA) int {
	n := 0
	for i := 0; i < len(img.Pix); i += 4 {
		if img.Pix[i] < 128 || img.Pix[i+1] < 128 || img.Pix[i+2] < 128 {
			n++
		}
	}
	return n
}

func inkBox(img *image.NRGBA) image.Rectangle {
	box := image.Rectangle{}
	for x := range img.Bounds().Dx() {
		for y := range img.Bounds().Dy() {
			if img.NRGBAAt(x, y).G < 128 {
				box = box.Union(image.Rect(x, y, x+1, y+1))
			}
		}
	}
	return box
}

// colourful tells whether more than a few pixels are far from grey.
func colourful(img *image.NRGBA) bool {
	n, b := 0, img.Bounds()
	for x := b.Min.X; x < b.Max.X; x++ {
		for y := b.Min.Y; y < b.Max.Y; y++ {
			c := img.NRGBAAt(x, y)
			if max(c.R, c.G, c.B)-min(c.R, c.G, c.B) > 50 {
				n++
			}
		}
	}
	return n > 100
}
