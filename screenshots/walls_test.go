package screenshots_test

import (
	"bytes"
	"encoding/base64"
	"errors"
	"html"
	"image/color"
	"image/png"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"majestic/app/apptest"
	"majestic/screenshots"
)

// No page of ours reaches anybody. A person's browser, shown the same pages, reaches
// each of the listeners: they are not deaf.
func TestNothingLeaves(t *testing.T) {
	pool := apptest.Renderer(t)
	ears := map[string]*apptest.Ear{}
	for kind, markup := range apptest.Hostile() {
		ear := apptest.Listen(t, markup)
		ears[kind] = ear
		refused := strings.Contains(ear.Page, "<meta")
		_, err := pool.Capture(t.Context(), shot(ear.Page))
		if _, ok := errors.AsType[*screenshots.PageError](err); err != nil && !ok && !refused {
			t.Errorf("%s: %v", kind, err)
		}
		if refused && err == nil {
			t.Errorf("%s: it is drawn", kind)
		}
	}
	if _, err := pool.Capture(t.Context(), shot("<p>what a page before it asked for would have left by now")); err != nil {
		t.Error(err)
	}
	for kind, ear := range ears {
		if n := ear.Connections(); n > 0 {
			t.Errorf("%s: %d connections", kind, n)
		}
	}

	elsewhere := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if ear := ears[r.URL.Query().Get("kind")]; ear != nil {
			ear.Show(w)
		}
	}))
	defer elsewhere.Close()
	person := apptest.OwnBrowser(t, 400, 300)
	for _, kind := range slices.Sorted(maps.Keys(ears)) {
		ear, address, heard := ears[kind], elsewhere.URL+"/?kind="+url.QueryEscape(kind), []string{"", "/x"}
		if kind == "svg use" || kind == "filter" { // of their own server alone
			address, heard = strings.TrimSuffix(ear.URL, "x")+"page", heard[1:]
		}
		if err := apptest.Navigate(person, address); err != nil {
			t.Fatal(kind, err)
		}
		if !ear.Await(person, heard...) {
			t.Fatalf("%s: a browser without walls was not heard", kind)
		}
	}
}

// No page of ours reads a file of this machine, though Chrome's account may.
func TestNoFileIsRead(t *testing.T) {
	dir := apptest.Dir(t)
	write := func(name string, data []byte) string {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, data, 0o644); err != nil {
			t.Fatal(err)
		}
		return "file://" + file
	}
	picture := write("blue.png", apptest.PNG(100, 50))
	frame := write("blue.html", []byte(`<body style="background:#2563eb">`))
	style := write("blue.css", []byte(`html { background: #2563eb }`))
	drawing := write("blue.svg", []byte(`<svg xmlns="http://www.w3.org/2000/svg" width="100" height="50"><rect id="a" width="100" height="50" fill="#2563eb"/></svg>`))
	pages := map[string]string{
		"image":      `<img src="` + picture + `">`,
		"background": `<div style="height:50px;background:url(` + picture + `)"></div>`,
		"frame":      `<iframe style="border:0;width:100px;height:50px" src="` + frame + `"></iframe>`,
		"object":     `<object width=100 height=50 data="` + picture + `"></object>`,
		"embed":      `<embed width=100 height=50 src="` + drawing + `">`,
		"stylesheet": `<link rel=stylesheet href="` + style + `">`,
		"svg image":  `<svg width=100 height=50><image href="` + picture + `" width=100 height=50 /></svg>`,
		"svg use":    `<svg width=100 height=50><use href="` + drawing + `#a" /></svg>`,
		"in an SVG":  `<img src="data:image/svg+xml;base64,` + base64.StdEncoding.EncodeToString([]byte(`<svg xmlns="http://www.w3.org/2000/svg" width="100" height="50"><image href="`+picture+`" width="100" height="50"/></svg>`)) + `">`,
		"srcdoc":     `<iframe style="border:0;width:100px;height:50px" srcdoc="` + html.EscapeString(`<body style="margin:0"><img src="`+picture+`">`) + `"></iframe>`,
	}
	pool := apptest.Renderer(t)
	for kind, markup := range pages {
		taken, err := pool.Capture(t.Context(), shot(`<!doctype html><style>body { margin: 0 }</style>`+markup))
		if _, ok := errors.AsType[*screenshots.PageError](err); err != nil && !ok {
			t.Errorf("%s: %v", kind, err)
		}
		if err == nil && blue(t, taken.Data) {
			t.Errorf("%s: it is drawn", kind)
		}
	}
	// The file is there to be read, and would be seen.
	taken, err := pool.Capture(t.Context(), shot(`<!doctype html><style>body { margin: 0 }</style><img src="data:image/png;base64,`+base64.StdEncoding.EncodeToString(apptest.PNG(100, 50))+`">`))
	if err != nil || !blue(t, taken.Data) {
		t.Errorf("the picture itself is not seen: %v", err)
	}
	person := apptest.Browser(t, 100, 50)
	if err := chromedp.Do(person, chromedp.Navigate(write("image.html", []byte(pages["image"])))); err != nil {
		t.Fatal(err)
	}
	width, err := chromedp.Run(person, chromedp.Evaluate[int](`document.images[0].naturalWidth`))
	if err != nil || width != 100 {
		t.Errorf("a browser without walls reads %d pixels, %v", width, err)
	}
}

func shot(page string) screenshots.Shot {
	return screenshots.Shot{HTML: page, Width: 100, Height: 50, Scale: 1, Format: screenshots.PNG}
}

// blue tells whether the middle of a picture has the colour of apptest.PNG.
func blue(t *testing.T, data []byte) bool {
	t.Helper()
	m, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	c := color.NRGBAModel.Convert(m.At(50, 25)).(color.NRGBA)
	return c == color.NRGBA{R: 0x25, G: 0x63, B: 0xeb, A: 255}
}
