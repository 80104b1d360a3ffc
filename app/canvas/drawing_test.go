package canvas_test

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"image"
	"image/color"
	"math"
	"regexp"
	"strconv"
	"strings"
	"testing"

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
		"templates":         testTemplates,
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
	img := c.draw(t, elements(500, 100,
		`{"id":"fill","type":"image","x":0,"y":0,"width":80,"height":80,"asset":"wide","object_fit":"fill"}`,
		`{"id":"contain","type":"image","x":100,"y":0,"width":80,"height":80,"asset":"wide","object_fit":"contain"}`,
		`{"id":"cover","type":"image","x":200,"y":0,"width":40,"height":80,"asset":"wide","radius":20}`,
		`{"id":"left","type":"image","x":250,"y":0,"width":40,"height":80,"asset":"wide","focus_x":0}`,
		`{"id":"zoomed","type":"image","x":300,"y":0,"width":80,"height":40,"asset":"wide","zoom":2,"focus_x":0.75,"radius":10}`,
		`{"id":"small","type":"image","x":400,"y":0,"width":80,"height":80,"asset":"wide","object_fit":"contain","zoom":1.5,"focus_x":1,"focus_y":1}`,
	))
	wantPixels(t, img, map[string]map[image.Point]color.NRGBA{
		"fill":    {{5, 5}: red, {5, 75}: red, {75, 5}: blue, {80, 5}: white},
		"contain": {{110, 15}: white, {110, 40}: red, {170, 40}: blue, {170, 65}: white},
		"cover":   {{201, 40}: red, {238, 40}: blue, {224, 77}: blue, {201, 1}: white, {199, 40}: white, {240, 40}: white},
		"left":    {{251, 40}: red, {288, 40}: red},
		"zoomed":  {{303, 20}: red, {316, 20}: red, {324, 20}: blue, {377, 20}: blue, {300, 0}: white, {381, 20}: white},
		"small":   {{405, 15}: white, {435, 25}: blue, {405, 75}: red, {475, 75}: blue},
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
	const full = `,"background":"#ff0000","elements":[{"id":"a","type":"rect","x":0,"y":0,"width":2000,"height":2000,"fill":"#00ff00"},
		{"id":"below","type":"rect","x":0,"y":3000,"width":9,"height":9000,"fill":"#00ff00"}]}`
	for _, sizes := range [][][2]int{{{400, 300}}, {{1123, 794}}, {{794, 1123}}, {{1200, 630}}, {{1, 1}}, {{400, 300}, {200, 500}, {400, 300}}} {
		var pages []string
		for _, size := range sizes {
			pages = append(pages, fmt.Sprintf(`{"width":%d,"height":%d`+full, size[0], size[1]))
		}
		d := parse(t, `{"version":1,"pages":[`+strings.Join(pages, ",")+`]}`)
		html, err := canvas.HTML(t.Context(), d.Pages, images, "")
		if err != nil {
			t.Fatal(err)
		}
		picture, err := c.pool.Capture(t.Context(), screenshots.Shot{HTML: html, Width: sizes[0][0], Height: sizes[0][1], Scale: 1, Format: screenshots.PDF})
		if err != nil {
			t.Fatal(err)
		}
		boxes := regexp.MustCompile(`/MediaBox \[0 0 ([0-9.]+) ([0-9.]+)\]`).FindAllSubmatch(picture.Data, -1)
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
