package canvas_test

import (
	"bytes"
	"encoding/base64"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"math"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"majestic/app"
	"majestic/app/apptest"
	"majestic/app/canvas"
	"majestic/screenshots"
)

// One Chromium draws for all of these.
func TestDrawing(t *testing.T) {
	c := startChrome(t)
	for name, test := range map[string]func(*testing.T, chrome){
		"shapes":            testShapes,
		"gradients":         testGradients,
		"images":            testImages,
		"turning":           testTurning,
		"fitting":           testFitting,
		"cutting":           testCutting,
		"fitting again":     testFittingAgain,
		"scripts and emoji": testScripts,
		"placing text":      testPlacingText,
		"strange styles":    testStrangeStyles,
		"country card":      testCountryCard,
		"certificate":       testCertificate,
		"sheets":            testSheets,
	} {
		t.Run(name, func(t *testing.T) { test(t, c) })
	}
}

func testShapes(t *testing.T, c chrome) {
	img := c.draw(t, elements(300, 200,
		`{"id":"rect","type":"rect","x":10,"y":20,"width":80,"height":40,"fill":"#ff0000","stroke":"#0000ff","stroke_width":4}`,
		`{"id":"round","type":"rect","x":10,"y":80,"width":80,"height":40,"fill":"#ff0000","radius":20}`,
		`{"id":"ellipse","type":"ellipse","x":110,"y":20,"width":80,"height":40,"fill":"#00ff00"}`,
		`{"id":"half","type":"rect","x":110,"y":80,"width":80,"height":40,"fill":"#000000","opacity":0.5}`,
		`{"id":"across","type":"line","x":10,"y":150,"width":80,"height":0,"stroke":"#0000ff","stroke_width":4}`,
		`{"id":"down","type":"line","x":110,"y":140,"width":0,"height":40,"stroke":"#0000ff","stroke_width":4}`,
		`{"id":"up","type":"line","x":150,"y":180,"width":40,"height":-40,"stroke":"#0000ff","stroke_width":4}`,
		`{"id":"shaded","type":"rect","x":210,"y":20,"width":40,"height":40,"fill":"#ffffff","shadow":{"x":10,"y":10,"color":"#ff0000"}}`,
		`{"id":"wide stroke","type":"rect","x":210,"y":80,"width":40,"height":40,"stroke":"#ff0000","stroke_width":90}`,
		`{"id":"hidden","type":"rect","x":210,"y":140,"width":40,"height":40,"fill":"#ff0000","hidden":true}`,
		`{"id":"beyond","type":"rect","x":290,"y":190,"width":400,"height":400,"fill":"#00ff00"}`,
	))
	wantPixels(t, img, map[string]map[image.Point]color.NRGBA{
		"rect":        {{9, 40}: white, {10, 40}: blue, {13, 40}: blue, {14, 40}: red, {50, 19}: white, {50, 20}: blue, {50, 40}: red, {89, 40}: blue, {90, 40}: white, {50, 60}: white},
		"round":       {{12, 82}: white, {50, 80}: red, {12, 100}: red, {87, 117}: white},
		"ellipse":     {{112, 22}: white, {150, 22}: green, {112, 40}: green, {150, 40}: green, {187, 57}: white},
		"half":        {{150, 100}: {128, 128, 128, 255}},
		"across":      {{50, 147}: white, {50, 148}: blue, {50, 151}: blue, {50, 152}: white, {9, 150}: white, {10, 150}: blue, {89, 150}: blue, {90, 150}: white},
		"down":        {{107, 160}: white, {108, 160}: blue, {111, 160}: blue, {112, 160}: white, {110, 139}: white, {110, 140}: blue},
		"up":          {{170, 160}: blue, {155, 175}: blue, {185, 145}: blue, {155, 145}: white, {185, 175}: white},
		"shaded":      {{215, 25}: white, {255, 65}: red, {255, 25}: white, {259, 69}: red, {260, 70}: white},
		"wide stroke": {{230, 100}: red, {209, 100}: white, {250, 100}: white},
		"hidden":      {{230, 160}: white},
		"beyond":      {{289, 195}: white, {299, 199}: green},
	})
	if img.Bounds().Dx() != 300 || img.Bounds().Dy() != 200 {
		t.Errorf("picture of %v", img.Bounds())
	}
}

func testGradients(t *testing.T, c chrome) {
	img := c.draw(t, `{"version":1,"pages":[{"width":100,"height":300,"background":{"type":"linear","angle":180,"stops":[["#00ff00",0],["#00ff00",0.5],["#ffffff",0.5],["#ffffff",1]]},"elements":[
		{"id":"a","type":"rect","x":0,"y":50,"width":100,"height":50,"fill":{"type":"linear","angle":90,"stops":[["#ff0000",0],["#0000ff",1]]}},
		{"id":"b","type":"rect","x":0,"y":100,"width":100,"height":50,"fill":{"type":"linear","angle":0,"stops":[["#ff0000",0],["#0000ff",1]]}},
		{"id":"c","type":"ellipse","x":0,"y":200,"width":100,"height":100,"fill":{"type":"radial","stops":[["#ff0000",0],["#0000ff",1]]}}]}]}`)
	for at, want := range map[image.Point]color.NRGBA{
		{50, 10}: green, {50, 160}: white, // the page
		{0, 75}: red, {50, 75}: {128, 0, 128, 255}, {99, 75}: blue, // to the right
		{50, 149}: red, {50, 100}: blue, // upward
		{50, 250}: red, {1, 250}: blue, {50, 298}: blue, {75, 250}: {128, 0, 128, 255}, // outward
	} {
		if got := img.NRGBAAt(at.X, at.Y); far(got, want, 8) {
			t.Errorf("at %v is %v, want about %v", at, got, want)
		}
	}
}

func testImages(t *testing.T, c chrome) {
	img := c.draw(t, elements(300, 100,
		`{"id":"fill","type":"image","x":0,"y":0,"width":80,"height":80,"asset":"wide","object_fit":"fill"}`,
		`{"id":"contain","type":"image","x":100,"y":0,"width":80,"height":80,"asset":"wide","object_fit":"contain"}`,
		`{"id":"cover","type":"image","x":200,"y":0,"width":40,"height":80,"asset":"wide","radius":20}`,
	))
	wantPixels(t, img, map[string]map[image.Point]color.NRGBA{
		"fill":    {{5, 5}: red, {5, 75}: red, {75, 5}: blue, {80, 5}: white},
		"contain": {{110, 15}: white, {110, 40}: red, {170, 40}: blue, {170, 65}: white},
		"cover":   {{201, 40}: red, {238, 40}: blue, {224, 77}: blue, {201, 1}: white, {199, 40}: white, {240, 40}: white},
	})
	_, err := c.capture(t, elements(10, 10, `{"id":"torn","type":"image","x":0,"y":0,"width":9,"height":9,"asset":"torn"}`), nil, nil)
	var fault *screenshots.PageError
	if !errors.As(err, &fault) || fault.Problems[0].Element != "torn" {
		t.Errorf("a torn image gave %v", err)
	}
}

func testTurning(t *testing.T, c chrome) {
	img := c.draw(t, elements(200, 100,
		`{"id":"quarter","type":"rect","x":20,"y":40,"width":60,"height":20,"fill":{"type":"linear","angle":90,"stops":[["#ff0000",0],["#ff0000",0.5],["#0000ff",0.5],["#0000ff",1]]},"rotation":90}`,
		`{"id":"eighth","type":"rect","x":120,"y":20,"width":60,"height":60,"fill":"#00ff00","rotation":45}`,
	))
	wantPixels(t, img, map[string]map[image.Point]color.NRGBA{
		"quarter": {{50, 22}: red, {50, 78}: blue, {25, 50}: white, {75, 50}: white, {41, 50}: blue},
		"eighth":  {{150, 10}: green, {150, 90}: green, {110, 50}: green, {122, 22}: white, {178, 78}: white},
	})
}

func testFitting(t *testing.T, c chrome) {
	const long = "South Georgia and the South Sandwich Islands"
	text := func(id, text, more string) string {
		return fmt.Sprintf(`{"id":%q,"type":"text","x":50,"y":50,"width":400,"height":120,"size":60,"fit":"shrink","line_height":1.1,"text":%q%s}`, id, text, more)
	}
	got := c.measure(t, elements(500, 300,
		text("short", "Aruba", ""),
		text("long", long, ""),
		text("one line", long, `,"max_lines":1`),
		text("a word", "Donaudampfschifffahrtsgesellschaft", ""),
		text("a word in Arabic", "وبالاستقلاليتهمالمستقبليةالعظمى", ""),
		text("lines", "a\nb\nc\nd\ne\nf", ""),
		text("spaced", "a  b   c", ""),
		text("turned", long, `,"rotation":30`),
		text("empty", "", ""),
		text("at its smallest", strings.Repeat(long+" ", 40), `,"min_size":10`),
		text("between quarters", strings.Repeat(long+" ", 40), `,"min_size":33.3`),
	), nil)

	for id, m := range got {
		if m.Size > 60 || m.Size*4 != float64(int(m.Size*4)) && m.Size != 33.3 {
			t.Errorf("%s: size %v", id, m.Size)
		}
		if m.Right > 400.6 || m.Left < -0.6 || float64(m.Lines)*m.Size*1.1 > 120.6 {
			t.Errorf("%s: leaves its box: %+v", id, m)
		}
	}
	if got["short"].Size != 60 || got["empty"].Size != 60 || got["spaced"].Size != 60 {
		t.Errorf("what fits has shrunk: %+v %+v", got["short"], got["empty"])
	}
	if m := got["long"]; m.Size >= 60 || m.Size < 30 || m.Text != long {
		t.Errorf("long: %+v", m)
	}
	if m := got["one line"]; m.Lines != 1 || m.Size >= got["long"].Size || m.Right < 380 {
		t.Errorf("one line: %+v, while over several lines %v", m, got["long"].Size)
	}
	for _, id := range []string{"a word", "a word in Arabic"} {
		if m := got[id]; m.Lines != 1 || m.Size >= 60 || m.Right-m.Left < 380 {
			t.Errorf("%s: %+v", id, m)
		}
	}
	if m := got["lines"]; m.Lines != 6 || m.Size != 18.25 { // 120 ÷ 6 ÷ 1.1, and the half pixel of tolerance
		t.Errorf("lines: %+v", m)
	}
	if got["turned"].Size != got["long"].Size {
		t.Errorf("turning changed %v to %v", got["long"].Size, got["turned"].Size)
	}
	for id, size := range map[string]float64{"at its smallest": 10, "between quarters": 33.3} {
		if m := got[id]; m.Size != size || !strings.HasSuffix(m.Text, "…") || m.Lines != int(120/(size*1.1)) {
			t.Errorf("%s: %+v", id, m)
		}
	}
}

func testCutting(t *testing.T, c chrome) {
	const long = "Ellipsis of a text that is far too long for the box 👨‍👩‍👧👨‍👩‍👧👨‍👩‍👧 and goes on and on"
	text := func(id, text, more string) string {
		return fmt.Sprintf(`{"id":%q,"type":"text","x":50,"y":50,"width":200,"height":50,"size":20,"fit":"ellipsis","text":%q%s}`, id, text, more)
	}
	got := c.measure(t, elements(500, 300,
		text("long", long, ""),
		text("one line", long, `,"max_lines":1`),
		text("centred", long, `,"align":"center","max_lines":1`),
		text("a word", strings.Repeat("x", 100), ""),
		text("family", strings.Repeat("👨‍👩‍👧", 30), `,"max_lines":1`),
		text("fits", "Not too long", ""),
		text("low", long, `,"line_height":4`),
	), nil)
	for id, lines := range map[string]int{"long": 2, "one line": 1, "centred": 1, "a word": 2, "family": 1, "fits": 1, "low": 1} {
		m := got[id]
		if m.Lines != lines || m.Size != 20 || m.Left < -0.6 || m.Right > 200.6 {
			t.Errorf("%s: %+v, want %d lines in the box", id, m, lines)
		}
		if cut := strings.HasSuffix(m.Text, "…"); cut == (id == "fits") {
			t.Errorf("%s: text %q", id, m.Text)
		}
	}
	if m := got["one line"]; m.Right < 170 || !strings.HasPrefix(long, strings.TrimSuffix(m.Text, "…")) {
		t.Errorf("one line could hold more: %+v", m)
	}
	if m := got["centred"]; m.Left+m.Right < 199 || m.Left+m.Right > 201 {
		t.Errorf("the cut line is off its centre: %+v", m)
	}
	if text := strings.TrimSuffix(got["family"].Text, "…"); strings.ReplaceAll(text, "👨‍👩‍👧", "") != "" {
		t.Errorf("a family is torn: %q", text)
	}
}

// The same page fitted twice, shown at a quarter of its size, and after an edit.
func testFittingAgain(t *testing.T, c chrome) {
	doc := elements(500, 300,
		`{"id":"shrunk","type":"text","x":0,"y":0,"width":200,"height":50,"size":40,"fit":"shrink","min_size":8,"text":"A text that has to shrink somewhat"}`,
		`{"id":"cut","type":"text","x":0,"y":60,"width":200,"height":50,"size":40,"fit":"shrink","min_size":38,"text":"A text that has to be cut at its smallest"}`,
		`{"id":"ellipsis","type":"text","x":0,"y":120,"width":200,"height":50,"size":20,"fit":"ellipsis","text":"A text that has to be cut because it is too long for its box"}`,
	)
	once := c.measure(t, doc, nil)
	for name, body := range map[string]string{
		"twice":   `<body data-measure="again">`,
		"smaller": `<body data-measure style="transform:scale(0.25)">`,
	} {
		for id, m := range c.measure(t, doc, func(html string) string { return strings.Replace(html, "<body data-measure>", body, 1) }) {
			if first := once[id]; m.Size != first.Size || m.Text != first.Text || m.Lines != first.Lines {
				t.Errorf("%s, %s: %+v, at first %+v", id, name, m, first)
			}
		}
	}
	for id, m := range c.measure(t, doc, func(html string) string {
		return strings.Replace(html, "<body data-measure>", `<body data-measure="edit">`, 1)
	}) {
		if m.Text != "Short" || m.Size != map[string]float64{"shrunk": 40, "cut": 40, "ellipsis": 20}[id] {
			t.Errorf("%s, edited: %+v", id, m)
		}
	}
}

func testScripts(t *testing.T, c chrome) {
	draw := func(font, text string) *image.NRGBA {
		return c.draw(t, elements(100, 100, fmt.Sprintf(`{"id":"it","type":"text","x":0,"y":10,"width":100,"height":80,"size":60,"font":%q,"text":"%s"}`, font, text)))
	}
	// A character that no font has is drawn as a box; what looks like it is not there.
	missing := draw("Inter", "\U000FFFFD")
	if ink(missing) == 0 {
		t.Error("a missing character is not to be seen")
	}
	for _, family := range []string{"Inter", "Lato", "Lobster"} {
		for script, pair := range map[string][2]string{
			"Latin": {"Ž", "ő"}, "Greek": {"Ω", "ώ"}, "Cyrillic": {"Ж", "щ"}, "Arabic": {"ش", "ك"}, "Hebrew": {"ש", "א"},
			"Devanagari": {"क", "म"}, "Thai": {"ก", "ส"}, "Han": {"谢", "语"}, "Kana": {"あ", "ん"}, "Hangul": {"한", "국"},
		} {
			one, two := draw(family, pair[0]), draw(family, pair[1])
			if ink(one) == 0 || bytes.Equal(one.Pix, two.Pix) || bytes.Equal(one.Pix, missing.Pix) {
				t.Errorf("%s has no %s", family, script)
			}
		}
		for _, emoji := range []string{"🇭🇷", "👍🏽", "⚡", "✅", "❤️"} {
			if !colourful(draw(family, emoji)) {
				t.Errorf("%s: %s is not in colour", family, emoji)
			}
		}
		if star := draw(family, "★"); ink(star) == 0 || colourful(star) {
			t.Errorf("%s: the star is not text", family)
		}
	}
	if bytes.Equal(draw("Inter", "🇭🇷").Pix, draw("Inter", "🇯🇵").Pix) {
		t.Error("all flags are alike")
	}
	if bytes.Equal(draw("Lobster", "R").Pix, draw("Inter", "R").Pix) || bytes.Equal(draw("Lato", "R").Pix, draw("Inter", "R").Pix) {
		t.Error("the families are alike")
	}
}

func testPlacingText(t *testing.T, c chrome) {
	draw := func(more string) image.Rectangle {
		return inkBox(c.draw(t, elements(200, 100, `{"id":"it","type":"text","x":20,"y":10,"width":160,"height":80,"size":20,`+more+`}`)))
	}
	for more, want := range map[string]image.Rectangle{
		`"text":"HH"`:                                     image.Rect(20, 10, 60, 34),
		`"text":"HH","align":"center"`:                    image.Rect(80, 10, 120, 34),
		`"text":"HH","align":"right"`:                     image.Rect(140, 10, 180, 34),
		`"text":"HH","valign":"middle"`:                   image.Rect(20, 38, 60, 62),
		`"text":"HH","valign":"bottom"`:                   image.Rect(20, 66, 60, 90),
		`"text":"شكرا","align":"left"`:                    image.Rect(18, 10, 80, 44),
		`"text":"شكرا","align":"right"`:                   image.Rect(120, 10, 182, 44),
		`"text":"HH","valign":"bottom","line_height":2`:   image.Rect(20, 50, 60, 90),
		`"text":"HH","align":"right","letter_spacing":20`: image.Rect(100, 10, 180, 34),
	} {
		if got := draw(more); got.Empty() || !got.In(want) {
			t.Errorf("%s is drawn at %v, want within %v", more, got, want)
		}
	}
}

// The styles of the page around must not reach the drawing.
func testStrangeStyles(t *testing.T, c chrome) {
	doc, vars := string(sample(t, "certificate.json")), map[string]string{"name": "Ana", "course": "Print", "hours": "4", "date": "today"}
	plain, err := c.capture(t, doc, vars, nil)
	if err != nil {
		t.Fatal(err)
	}
	strange, err := c.capture(t, doc, vars, func(html string) string {
		return strings.Replace(html, "</head>", `<style>
			body { font: italic 900 30px/3 Lobster; color: red; text-align: right; letter-spacing: 9px; text-transform: uppercase; direction: rtl; white-space: nowrap }
			div, img { padding: 9px; margin: 9px; border: 3px solid red; box-sizing: content-box; max-width: 50px; float: left; unicode-bidi: bidi-override; display: inline }
			section { direction: ltr }</style></head>`, 1)
	})
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(plain, strange) {
		t.Error("a stylesheet changes the drawing")
	}
}

func testCountryCard(t *testing.T, c chrome) {
	rows, err := csv.NewReader(bytes.NewReader(sample(t, "countries.csv"))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	size := map[string]float64{}
	for _, row := range rows[1:] {
		vars := map[string]string{}
		for i, name := range rows[0] {
			vars[name] = row[i]
		}
		switch vars["name"] {
		case "Saint Vincent and the Grenadines", "South Georgia and the South Sandwich Islands", "Åland Islands", "Côte d'Ivoire":
			data, err := c.capture(t, string(sample(t, "country-card.json")), vars, nil)
			if err != nil {
				t.Fatal(err)
			}
			img := decode(t, data)
			if !colourful(img.SubImage(image.Rect(110, 110, 410, 370)).(*image.NRGBA)) {
				t.Errorf("%s: the flag is not in colour", vars["name"])
			}
			m := c.measureWith(t, string(sample(t, "country-card.json")), vars, nil)
			if name := m["name"]; name.Lines > 2 || name.Right > 650.6 || name.Text != vars["name"] {
				t.Errorf("%s: %+v", vars["name"], name)
			}
			size[vars["name"]] = m["name"].Size
		}
	}
	if size["Côte d'Ivoire"] != 72 || size["South Georgia and the South Sandwich Islands"] >= size["Saint Vincent and the Grenadines"] {
		t.Errorf("sizes of the names: %v", size)
	}
}

func testCertificate(t *testing.T, c chrome) {
	const name = "Maximiliane-Alexandrina von Hohenstaufen-Württemberg zu Öhr"
	vars := map[string]string{"name": name, "course": "Print", "hours": "40", "date": "2026-11-22"}
	got := c.measureWith(t, string(sample(t, "certificate.json")), vars, nil)["name"]
	if got.Lines != 1 || got.Text != name || got.Right > 883.6 || got.Size <= 28 || got.Size >= 96 {
		t.Errorf("the name: %+v", got)
	}
	data, err := c.capture(t, string(sample(t, "certificate.json")), vars, nil)
	if err != nil {
		t.Fatal(err)
	}
	wantPixels(t, decode(t, data), map[string]map[image.Point]color.NRGBA{
		"frame": {{33, 400}: {0xb4, 0x53, 0x09, 255}, {1088, 400}: {0xb4, 0x53, 0x09, 255}, {40, 400}: {0xff, 0xfd, 0xf7, 255}},
		"star":  {{820, 650}: {0xff, 0xfb, 0xeb, 255}},
	})
}

// A PDF has a sheet for each page and none besides: Chrome cuts sheets to whole
// printer's dots, and what is a hair longer would start another one.
func testSheets(t *testing.T, c chrome) {
	const full = `,"background":"#ff0000","elements":[{"id":"a","type":"rect","x":0,"y":0,"width":2000,"height":2000,"fill":"#00ff00"}]}`
	for _, sizes := range [][][2]int{{{400, 300}}, {{1123, 794}}, {{794, 1123}}, {{1200, 630}}, {{1, 1}}, {{400, 300}, {200, 500}, {400, 300}}} {
		var pages []string
		for _, size := range sizes {
			pages = append(pages, fmt.Sprintf(`{"width":%d,"height":%d`+full, size[0], size[1]))
		}
		d := parse(t, `{"version":1,"pages":[`+strings.Join(pages, ",")+`]}`)
		html, err := canvas.HTML(t.Context(), d.Pages, images)
		if err != nil {
			t.Fatal(err)
		}
		pdf, err := c.pool.Capture(t.Context(), screenshots.Shot{HTML: html, Width: sizes[0][0], Height: sizes[0][1], Scale: 1, Format: screenshots.PDF})
		if err != nil {
			t.Fatal(err)
		}
		boxes := regexp.MustCompile(`/MediaBox \[0 0 ([0-9.]+) ([0-9.]+)\]`).FindAllSubmatch(pdf, -1)
		if len(boxes) != len(sizes) {
			t.Errorf("%v: %d sheets", sizes, len(boxes))
			continue
		}
		for i, box := range boxes {
			for side, points := range box[1:] {
				if got, err := strconv.ParseFloat(string(points), 64); err != nil || math.Abs(got-float64(sizes[i][side])*0.75) > 1 {
					t.Errorf("%v: sheet %d is %s × %s points", sizes, i+1, box[1], box[2])
				}
			}
		}
	}
}

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
	var fonts []screenshots.Font
	for _, font := range app.Fonts() {
		for _, face := range font.Faces {
			f := screenshots.Font{File: face.File}
			if font.Family == "Lobster" {
				f.Family = font.Family
			}
			fonts = append(fonts, f)
		}
	}
	pool, err := screenshots.Start(t.Context(), screenshots.Options{
		Dir: apptest.Dir(t), Fonts: fonts, Tabs: 1,
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
	})
	if err != nil {
		t.Fatal(err)
	}
	if change != nil {
		html = change(html)
	}
	return c.pool.Capture(t.Context(), screenshots.Shot{HTML: html, Width: d.Pages[0].Width, Height: d.Pages[0].Height, Scale: 1, Format: screenshots.PNG})
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
