package jobs_test

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	"maps"
	"math"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"testing"

	"golang.org/x/image/font/gofont/goregular"

	"majestic/app"
	"majestic/app/apptest"
)

// What a stranger may send: all of it is drawn as it is meant, or refused with a
// reason, and none reaches anybody. One Chromium draws for all of these.
func TestWalls(t *testing.T) {
	atTheWalls(t, map[string]func(house){
		"hostile designs":  testHostileDesigns,
		"hostile drawings": testHostileDrawings,
		"hostile fonts":    func(h house) { testHostileFonts(h, func(n int) []int { return []int{n % 3} }) },
		"sizes":            testSizes,
		"many elements":    func(h house) { testManyElements(h, 20) },
		"bombs":            func(h house) { testBombs(h, 0.5) },
		"characters":       testCharacters,
		"strange places":   testStrangePlaces,
	})
}

func atTheWalls(t *testing.T, tests map[string]func(house)) {
	a, db := apptest.App(t)
	withoutThumbnails(t, db)
	start(t, a, db, apptest.Renderer(t), "majestic-1-test")
	events := app.StartEvents(db, apptest.Log(t))
	defer events.Close()
	h := house{t, apptest.Tenant(t, a, "Walls"), events}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) { test(house{t, h.tenant, events}) })
	}
}

// Every field that takes a text has each of the hostile pages in it, as a text and
// as the value of a variable.
func testHostileDesigns(h house) {
	ear := apptest.Listen(h.t, `<img src="URL">`)
	var elements []string
	n := 0
	for _, markup := range apptest.Hostile() {
		markup = strings.ReplaceAll(markup, "URL", ear.URL)
		for _, v := range []string{markup, `"></div>` + markup, `</style></script></title>-->` + markup, `');x:url(` + ear.URL + `)`} {
			short := clipped(fmt.Sprintf("%d %s", n, v), 100)
			elements = append(elements, fmt.Sprintf(`{"id":%s,"name":%[2]s,"group":%[2]s,"type":"text","x":0,"y":%[3]d,"width":400,"height":20,"text":%[4]s,"fit":%[5]q}`,
				quoted(short), quoted(clipped(v, 200)), n*2, quoted(v+" {{v}}"), []string{"none", "shrink", "ellipsis"}[n%3]))
			n++

			element := func(fields string) string {
				return `{"version":1,"pages":[{"width":9,"height":9,"elements":[{"id":"e","x":0,"y":0,"width":9,"height":9,` + fields + `}]}]}`
			}
			for field, fields := range map[string]string{
				"color": `"type":"text","text":"x","color":%s`, "fill": `"type":"rect","fill":%s`, "stroke": `"type":"line","stroke":%s`,
				"shadow": `"type":"rect","shadow":{"color":%s}`, "stop": `"type":"rect","fill":{"type":"linear","stops":[[%s,0],["#fff",1]]}`, "asset": `"type":"image","asset":%s`,
			} {
				if _, err := app.ParseDocument([]byte(element(fmt.Sprintf(fields, quoted(clipped(v, 200)))))); app.KindOf(err) != app.Invalid {
					h.t.Errorf("%s takes %s: %v", field, v, err)
				}
				doc := parse(h.t, element(fmt.Sprintf(fields, `"{{v}}"`)))
				if _, err := doc.Resolve(map[string]string{"v": v}); app.KindOf(err) != app.Invalid {
					h.t.Errorf("%s takes the value %s: %v", field, v, err)
				}
			}
			family := parse(h.t, element(`"type":"text","text":"x","font":`+quoted(clipped(strings.ReplaceAll(v, "\n", " "), 100))))
			if _, err := h.tenant.CreateDesign(h.t.Context(), nil, "Font", family); app.KindOf(err) != app.Invalid {
				h.t.Errorf("a design in the font %s: %v", v, err)
			}
		}
	}
	for _, asset := range []string{"file:///etc/passwd", "javascript:alert(1)", "data:text/html,x", "//" + strings.TrimPrefix(ear.URL, "http://"), ear.URL, "blob:x", "about:blank", "https://user@example.com/a.png"} {
		doc := parse(h.t, `{"version":1,"pages":[{"width":9,"height":9,"elements":[`+imageAt("i", "{{v}}", 0, 0, 9, 9, "")+`]}]}`)
		if _, err := doc.Resolve(map[string]string{"v": asset}); app.KindOf(err) != app.Invalid {
			h.t.Errorf("the asset %s: %v", asset, err)
		}
	}
	id := h.design(400, 400, elements...)
	for _, o := range []app.Output{{}, {Format: "pdf"}, {Format: "webp", Transparent: true}} {
		r := h.render(app.RenderRequest{Design: id, Variables: map[string]string{"v": `"><img src="` + ear.URL + `">`}, Output: o})
		if r.Status != app.Succeeded {
			h.t.Errorf("%+v is %s: %v", o, r.Status, *r.Error)
		}
	}
	if n := ear.Connections(); n > 0 {
		h.t.Errorf("%d connections", n)
	}
	if answer, err := http.Get(ear.URL); err != nil || answer.Body.Close() != nil || ear.Connections() == 0 {
		h.t.Errorf("nobody is heard: %v", err)
	}
}

// An SVG is refused, or drawn without what asks for something.
func testHostileDrawings(h house) {
	ear := apptest.Listen(h.t, "")
	const head = `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="20" height="20">`
	bodies := []string{
		`<image href="URL" width="9" height="9"/>`, `<image xlink:href="URL"/>`, `<use href="URL#a"/>`, `<use xlink:href="URL#a"/>`, `<feImage href="URL"/>`,
		`<foreignObject><img xmlns="http://www.w3.org/1999/xhtml" src="URL"/></foreignObject>`, `<script href="URL"/>`, `<script>fetch("URL")</script>`,
		`<style>@import "URL";</style>`, `<style>.a{fill:url(URL#a)}</style><path class="a" d="M0 0h9v9"/>`, `<style>@font-face{font-family:x;src:url(URL)}</style>`,
		`<style>.a{fill:red;background:url(URL)}</style><rect class="a" width="9" height="9"/>`, `<rect width="9" height="9" style="background:url(URL);cursor:url(URL),auto"/>`,
		`<rect width="9" height="9" fill="url(URL#a)"/>`, `<rect width="9" height="9" fill="u\72l(URL)"/>`, `<rect width="9" height="9" mask="url(URL#a)"/>`, `<rect clip-path="url(URL#a)"/>`,
		`<rect filter="url(URL#a)"/>`, `<path marker-end="url(URL#a)" d="M0 0h9"/>`, `<a href="URL"><path d="M0 0h9"/></a>`, `<animate attributeName="href" to="URL"/>`, `<set attributeName="fill" to="url(URL)"/>`,
		`<linearGradient id="g" href="URL#h"/>`, `<pattern id="p" href="URL#p"/>`, `<video xmlns="http://www.w3.org/1999/xhtml" src="URL"/>`, `<rect onload="fetch('URL')" width="9" height="9"/>`,
		`<style>.a{mask:image-set("URL" 1x)}</style><rect class="a"/>`, `<use href="data:image/svg+xml,x#a"/>`, `<use href="file:///etc/passwd#a"/>`, `<metadata><img xmlns="http://www.w3.org/1999/xhtml" src="URL"/></metadata>`,
	}
	var whole []string
	for _, body := range bodies {
		whole = append(whole, head+body+`</svg>`)
	}
	whole = append(whole,
		`<?xml-stylesheet href="URL"?>`+head+`<rect width="9" height="9"/></svg>`,
		`<!DOCTYPE svg SYSTEM "URL">`+head+`<rect width="9" height="9"/></svg>`,
		`<!DOCTYPE svg [<!ENTITY a SYSTEM "URL">]>`+head+`<path d="&a;"/></svg>`,
		`<svg xmlns="http://www.w3.org/2000/svg" width="20" height="20" xml:base="URL"><rect width="9" height="9"/></svg>`,
	)
	var elements []string
	for i, svg := range whole {
		asset, err := h.tenant.CreateAsset(h.t.Context(), nil, "x.svg", []byte(strings.ReplaceAll(svg, "URL", ear.URL)))
		switch {
		case err == nil:
			elements = append(elements, imageAt(fmt.Sprint("i", i), asset.ID, float64(i%10)*20, float64(i/10)*20, 20, 20, ""))
		case app.KindOf(err) != app.Invalid:
			h.t.Errorf("%s: %v", svg, err)
		}
	}
	if len(elements) < 5 || len(elements) > 15 {
		h.t.Errorf("%d of %d drawings are taken", len(elements), len(whole))
	}
	id := h.design(200, 100, elements...)
	for _, format := range []string{"png", "pdf"} {
		if r := h.render(app.RenderRequest{Design: id, Output: app.Output{Format: format}}); r.Status != app.Succeeded {
			h.t.Errorf("%s is %s: %v", format, r.Status, *r.Error)
		}
	}
	if n := ear.Connections(); n > 0 {
		h.t.Errorf("%d connections", n)
	}
}

// A font with a hostile name, and fonts that lie: each is drawn, refused, or fails the
// render by name, and the next picture is what it was. Of each table, by its number,
// there are some lies: many, few, or one.
func testHostileFonts(h house, lies func(int) []int) {
	plain := h.design(100, 40, `{"id":"t","type":"text","x":0,"y":0,"width":100,"height":40,"text":"plain {{v}}"}`)
	picture := func(v string) []byte {
		h.t.Helper()
		r := h.render(app.RenderRequest{Design: plain, Variables: map[string]string{"v": v}})
		if r.Status != app.Succeeded {
			h.t.Fatalf("%s: %s", r.Status, *r.Error)
		}
		return decoded(h.t, file(h.t, h.tenant, r.ID)).Pix
	}
	before := picture("a")
	ear := apptest.Listen(h.t, "")
	const hostile = `x"}</style><img src=URL>@import "URL";`
	random := rand.New(rand.NewPCG(5, 5))
	fonts := map[string][]byte{"a hostile name": named(strings.ReplaceAll(hostile, "URL", ear.URL[:20]))}
	for n, tag := range []string{"glyf", "loca", "hmtx", "head", "hhea", "maxp", "OS/2", "cmap", "post", "prep", "fpgm", "cvt ", "gasp"} {
		for _, i := range lies(n) {
			font := named(fmt.Sprintf("Lies of %s %d", strings.ReplaceAll(tag, "/", ""), i))
			at, size := table(font, tag)
			for range 1 + size/[]int{200, 20, 2}[i] {
				if size > 0 {
					font[at+random.IntN(size)] = byte(random.Uint32())
				}
			}
			fonts[fmt.Sprint(tag, i)] = font
		}
	}
	taken := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(fonts)) {
		f, err := h.tenant.CreateFont(h.t.Context(), nil, "x.ttf", fonts[name])
		switch {
		case err == nil:
			taken[name] = f.Family
		case app.KindOf(err) != app.Invalid && app.KindOf(err) != app.Conflict:
			h.t.Errorf("%s: %v", name, err)
		}
	}
	if len(taken) < 5 || taken["a hostile name"] == "" {
		h.t.Errorf("taken: %v", taken)
	}
	for name, family := range taken {
		id := h.design(200, 60, fmt.Sprintf(`{"id":"t","type":"text","x":0,"y":0,"width":200,"height":60,"text":"Hamburg 1","size":30,"font":%s}`, quoted(family)))
		r := h.render(app.RenderRequest{Design: id})
		if r.Status == app.Failed && !strings.Contains(*r.Error, "font cannot be read") && !strings.Contains(*r.Error, "no font here draws") || name == "a hostile name" && r.Status != app.Succeeded {
			h.t.Errorf("%s is %s: %v", name, r.Status, r.Error)
		}
	}
	if n := ear.Connections(); n > 0 {
		h.t.Errorf("%d connections", n)
	}
	if !bytes.Equal(before, picture("a")) || bytes.Equal(before, picture("b")) {
		h.t.Error("the plain text is another now")
	}
}

// As large as may be is drawn to its last pixel, by each format; the file is as large as is told.
func testSizes(h house) {
	toTheCorner(h, []size{
		{5_000, 5_000, app.Output{}}, {16_384, 95, app.Output{}}, {95, 16_384, app.Output{}},
		{16_383, 20, app.Output{Format: "webp", Quality: 100}}, {65_500 / 4, 2, app.Output{Format: "jpeg", Scale: 4, Quality: 100}},
		{333, 777, app.Output{Scale: 0.1}}, {101, 103, app.Output{Scale: 0.75}}, {45, 35, app.Output{Scale: 0.7}}, {45, 25, app.Output{Scale: 2.3}}, {10, 10, app.Output{Scale: 0.1}},
	})
	r := h.render(app.RenderRequest{Design: h.corner(5_000, 5_000), Output: app.Output{Format: "pdf"}})
	if r.Status != app.Succeeded || bytes.Count(file(h.t, h.tenant, r.ID), []byte("/MediaBox")) != 1 {
		h.t.Errorf("a pdf of 25 megapixels is %s: %v", r.Status, r.Error)
	}
	for _, test := range []size{{1_251, 1_250, app.Output{Scale: 4}}, {16_384, 1, app.Output{Format: "webp"}}, {1, 1, app.Output{Scale: 0.5}}} {
		if _, err := h.tenant.CreateRender(h.t.Context(), nil, app.RenderRequest{Design: h.corner(test.width, test.height), Output: test.output}); app.KindOf(err) != app.Invalid {
			h.t.Errorf("%+v: %v", test, err)
		}
	}
}

// size is that of a page, and how it is drawn.
type size struct {
	width, height int
	output        app.Output
}

// corner is a blue page with a red corner, the last one.
func (h house) corner(width, height int) string {
	h.t.Helper()
	return h.design(width, height,
		fmt.Sprintf(`{"id":"all","type":"rect","x":0,"y":0,"width":%d,"height":%d,"fill":"#0000ff"}`, width, height),
		fmt.Sprintf(`{"id":"end","type":"rect","x":%d,"y":%d,"width":200,"height":200,"fill":"#ff0000"}`, width-1, height-1))
}

func toTheCorner(h house, tests []size) {
	for _, test := range tests {
		id := h.corner(test.width, test.height)
		r := h.render(app.RenderRequest{Design: id, Output: test.output})
		if r.Status != app.Succeeded {
			h.t.Errorf("%d x %d, %+v is %s: %s", test.width, test.height, test.output, r.Status, *r.Error)
			continue
		}
		m, _, err := image.Decode(bytes.NewReader(file(h.t, h.tenant, r.ID)))
		if err != nil {
			h.t.Fatal(err)
		}
		at := func(x, y int) color.NRGBA { return color.NRGBAModel.Convert(m.At(x, y)).(color.NRGBA) }
		end := m.Bounds().Max
		if end != image.Pt(*r.Width, *r.Height) {
			h.t.Errorf("%d x %d, %+v is %v, said to be %d x %d", test.width, test.height, test.output, end, *r.Width, *r.Height)
		}
		whole := test.output.Scale == math.Trunc(test.output.Scale)
		if last := at(end.X-1, end.Y-1); whole && last.R < last.B {
			h.t.Errorf("%d x %d, %+v: the last pixel is %v", test.width, test.height, test.output, last)
		}
		if first := at(0, 0); whole && first.B < 200 {
			h.t.Errorf("%d x %d, %+v: the first pixel is %v", test.width, test.height, test.output, first)
		}
	}
}

// testManyElements has one in so many be a text to fit.
func testManyElements(h house, every int) {
	var elements []string
	for i := range app.MaxElements {
		if i%every > 0 {
			elements = append(elements, fmt.Sprintf(`{"id":"e%d","type":"rect","x":%d,"y":%d,"width":15,"height":8,"rotation":%d,"fill":"#00ff00"}`, i, i%50*20, i/50*10, i%7))
			continue
		}
		elements = append(elements, fmt.Sprintf(`{"id":"e%d","type":"text","x":%d,"y":%d,"width":20,"height":10,"size":10,"fit":"shrink","min_size":4,"rotation":%d,"text":"%d"}`, i, i%50*20, i/50*10, i%7, i))
	}
	elements[app.MaxElements-1] = `{"id":"last","type":"rect","x":990,"y":390,"width":10,"height":10,"fill":"#ff0000"}`
	m := h.picture(app.RenderRequest{Design: h.design(1_000, 400, elements...)})
	if got := m.NRGBAAt(995, 395); got != (color.NRGBA{255, 0, 0, 255}) {
		h.t.Errorf("the last of 2,000 elements is %v", got)
	}
	one := `{"version":1,"pages":[{"width":9,"height":9,"elements":[` + strings.Join(append(elements, `{"id":"more","type":"rect","x":0,"y":0,"width":1,"height":1}`), ",") + `]}]}`
	if _, err := app.ParseDocument([]byte(one)); app.KindOf(err) != app.Invalid {
		h.t.Errorf("2,001 elements: %v", err)
	}
}

// What asks for much is drawn, since a tile is as large as the blur is wide.
func testBombs(h house, scale float64) {
	var stops []string
	for i := range 32 {
		stops = append(stops, fmt.Sprintf(`["#%06x",%g]`, i*4711*1009%(1<<24), float64(i)/31))
	}
	shadow := `"shadow":{"x":10,"y":10,"blur":40,"color":"#00000080"}`
	text := strings.Repeat("Hello world ", 20)
	for name, test := range map[string]struct {
		element string
		scale   float64
	}{
		"a soft shadow of text":    {`{"id":"t","type":"text","x":50,"y":50,"width":1100,"height":1100,"size":60,"text":"` + text + `",` + shadow + `}`, 2},
		"a soft shadow of a line":  {`{"id":"l","type":"line","x":100,"y":100,"width":900,"height":900,"stroke":"#ff0000","stroke_width":300,` + shadow + `}`, 1},
		"a gradient of many stops": {`{"id":"r","type":"ellipse","x":0,"y":0,"width":1200,"height":1200,"fill":{"type":"radial","stops":[` + strings.Join(stops, ",") + `]}}`, 2},
		"the widest of blurs":      {`{"id":"b","type":"rect","x":100,"y":100,"width":900,"height":900,"fill":"#00ff00","shadow":{"blur":1000}}`, 1},
	} {
		r := h.render(app.RenderRequest{Design: h.design(1_200, 1_200, test.element), Output: app.Output{Scale: test.scale * scale}})
		if r.Status != app.Succeeded {
			h.t.Errorf("%s is %s: %v", name, r.Status, *r.Error)
		}
	}
	for name, fields := range map[string]string{
		"a wider blur":   `"shadow":{"blur":1001}`,
		"1,000 stops":    `"fill":{"type":"linear","stops":[` + strings.TrimSuffix(strings.Repeat(`["#fff",0.5],`, 1_000), ",") + `]}`,
		"an immense box": `"radius":100001`,
	} {
		if _, err := app.ParseDocument([]byte(`{"version":1,"pages":[{"width":9,"height":9,"elements":[{"id":"e","type":"rect","x":0,"y":0,"width":9,"height":9,` + fields + `}]}]}`)); app.KindOf(err) != app.Invalid {
			h.t.Errorf("%s: %v", name, err)
		}
	}
	// A million characters in all, which are drawn; a text of a megabyte is refused.
	var elements []string
	for i := range 5 {
		elements = append(elements, fmt.Sprintf(`{"id":"t%d","type":"text","x":0,"y":%d,"width":600,"height":100,"size":16,"fit":"shrink","text":"{{v}}"}`, i, i*100))
	}
	id := h.design(600, 500, elements...)
	if r := h.render(app.RenderRequest{Design: id, Variables: map[string]string{"v": strings.Repeat("Grüße ", 3_300)}}); r.Status != app.Succeeded {
		h.t.Errorf("100,000 characters: %s: %v", r.Status, *r.Error)
	}
	if _, err := h.tenant.CreateRender(h.t.Context(), nil, app.RenderRequest{Design: id, Variables: map[string]string{"v": strings.Repeat("x", 1<<20)}}); app.KindOf(err) != app.Invalid || !strings.Contains(err.Error(), "at most 20000") {
		h.t.Errorf("a megabyte: %v", err)
	}
}

// Characters that nothing draws fail the render by name; all that join or choose others do not.
func testCharacters(h house) {
	id := h.design(200, 60, `{"id":"t","type":"text","x":0,"y":0,"width":200,"height":60,"size":30,"text":"{{v}}","font":"Lato"}`)
	for _, v := range []string{"👨\u200d👩\u200d👧 👍\u200d🚗", "❤\ufe0f ❤\ufe0e 1\ufe0f\u20e3", "🇭🇷 🇽🇽", "語\U000E0100 क\ufe0f", "a\u200bb\u00adc\u2060", "\u202eabc\u202c", "\t\r\n", "e\u0301 o\u0308", "谢 한 ก ش"} {
		if r := h.render(app.RenderRequest{Design: id, Variables: map[string]string{"v": v}}); r.Status != app.Succeeded {
			h.t.Errorf("%+q: %s: %v", v, r.Status, *r.Error)
		}
	}
	for v, want := range map[string]string{"a\vb": "U+000B", "\x7f": "U+007F", "\u0085": "U+0085", "\u1680": "U+1680", "\u180f": "U+180F", "\U0001bca0": "U+1BCA0", "\ufffe": "U+FFFE", "\U000f0000": "U+F0000", "\U0001FAFF": "U+1FAFF"} {
		r := h.render(app.RenderRequest{Design: id, Variables: map[string]string{"v": v}})
		if r.Status != app.Failed || !strings.Contains(*r.Error, want) || !strings.Contains(*r.Error, `element "t"`) {
			h.t.Errorf("%+q: %s: %v, want %s", v, r.Status, r.Error, want)
		}
	}
	// A letter and its mark are one, in whichever way they are written.
	if !bytes.Equal(h.picture(app.RenderRequest{Design: id, Variables: map[string]string{"v": "é"}}).Pix, h.picture(app.RenderRequest{Design: id, Variables: map[string]string{"v": "e\u0301"}}).Pix) {
		h.t.Error("é is drawn otherwise than e and its mark")
	}
	// From right to left: of two letters the first one stands on the right.
	left, right := h.ink(id, "אב"), h.ink(id, "א")
	if left.Empty() || right.Empty() || left.Max.X < right.Max.X || left.Dx() <= right.Dx() {
		h.t.Errorf("Hebrew: %v, of the first letter %v", left, right)
	}
}

// Turned, away from the page, and so thin that there is nothing of it: no error, and no extra sheet.
func testStrangePlaces(h house) {
	id := h.design(200, 100,
		`{"id":"away","type":"rect","x":90000,"y":-90000,"width":9,"height":9,"fill":"#f00"}`,
		`{"id":"below","type":"rect","x":0,"y":500,"width":9,"height":90000,"fill":"#f00"}`,
		`{"id":"thin","type":"rect","x":50,"y":50,"width":0.01,"height":0.01,"fill":"#f00","rotation":33}`,
		`{"id":"flat","type":"line","x":150,"y":20,"width":0,"height":0,"stroke":"#f00"}`,
		`{"id":"text","type":"text","x":-500,"y":-500,"width":9,"height":9,"text":"away","rotation":45}`,
		`{"id":"turned","type":"rect","x":80,"y":40,"width":40,"height":20,"fill":"#0000ff","rotation":36000}`,
	)
	m := h.picture(app.RenderRequest{Design: id})
	for at, want := range map[image.Point]color.NRGBA{{100, 50}: {0, 0, 255, 255}, {81, 41}: {0, 0, 255, 255}, {10, 10}: {255, 255, 255, 255}, {190, 90}: {255, 255, 255, 255}, {51, 55}: {255, 255, 255, 255}} {
		if got := m.NRGBAAt(at.X, at.Y); far(got, want, 2) {
			h.t.Errorf("at %v is %v, want %v", at, got, want)
		}
	}
	r := h.render(app.RenderRequest{Design: id, Output: app.Output{Format: "pdf"}})
	if r.Status != app.Succeeded || bytes.Count(file(h.t, h.tenant, r.ID), []byte("/MediaBox")) != 1 {
		h.t.Errorf("pdf: %s: %v", r.Status, r.Error)
	}
}

// ink is where a text is drawn.
func (h house) ink(design, text string) (box image.Rectangle) {
	h.t.Helper()
	m := h.picture(app.RenderRequest{Design: design, Variables: map[string]string{"v": text}})
	for y := range m.Rect.Dy() {
		for x := range m.Rect.Dx() {
			if m.NRGBAAt(x, y).G < 128 {
				box = box.Union(image.Rect(x, y, x+1, y+1))
			}
		}
	}
	return box
}

// named is the Go font under another family name.
func named(family string) []byte { return renamedFont(family, goregular.TTF) }

func renamedFont(family string, font []byte) []byte {
	var text []byte
	for _, r := range family {
		text = binary.BigEndian.AppendUint16(text, uint16(r))
	}
	name := []byte{0, 0, 0, 1, 0, 18, 0, 3, 0, 1, 4, 9, 0, 1, byte(len(text) >> 8), byte(len(text)), 0, 0}
	return with(font, "name", append(name, text...))
}

// with is a font with another table.
func with(ttf []byte, tag string, body []byte) []byte {
	n := int(binary.BigEndian.Uint16(ttf[4:]))
	font := bytes.Clone(ttf[:12+16*n])
	for i := range n {
		entry := font[12+16*i:][:16]
		at, size := binary.BigEndian.Uint32(entry[8:]), binary.BigEndian.Uint32(entry[12:])
		data := ttf[at : at+size]
		if string(entry[:4]) == tag {
			data = body
		}
		binary.BigEndian.PutUint32(entry[8:], uint32(len(font)))
		binary.BigEndian.PutUint32(entry[12:], uint32(len(data)))
		font = append(append(font, data...), make([]byte, -len(data)&3)...)
	}
	return font
}

func table(font []byte, tag string) (at, size int) {
	for i := range int(binary.BigEndian.Uint16(font[4:])) {
		if entry := font[12+16*i:][:16]; string(entry[:4]) == tag {
			return int(binary.BigEndian.Uint32(entry[8:])), int(binary.BigEndian.Uint32(entry[12:]))
		}
	}
	return 0, 0
}

func quoted(s string) string {
	b, err := json.Marshal(s)
	if err != nil {
		panic(err) // a string is JSON
	}
	return string(b)
}

func clipped(s string, most int) string {
	runes := []rune(s)
	return string(runes[:min(most, len(runes))])
}
