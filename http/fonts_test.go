package http_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"golang.org/x/image/font/gofont/goregular"

	"majestic/app"
	"majestic/app/apptest"
	"majestic/app/canvas"
	"majestic/jobs"
	"majestic/screenshots"
)

func TestFontsAPI(t *testing.T) {
	s := newSite(t)
	packed := apptest.WOFF2(goregular.TTF)
	var families app.List[app.Family]
	if s.api("GET", "/families", nil).want(t, 200).json(t, &families); len(families.Data) < 40 || families.Data[0].Name != "Inter" || len(families.Data[0].Faces) != 18 {
		t.Errorf("%+v", families)
	}
	var f, again app.Font
	got := s.upload("/fonts", "file", "go.woff2", packed, "Idempotency-Key", "k").want(t, 201)
	got.json(t, &f)
	if f.Family != "Go" || f.Weight != 400 || f.Italic || !strings.HasSuffix(got.Header.Get("Location"), "/api/v1/fonts/"+f.ID) {
		t.Errorf("%s at %s", got.body, got.Header.Get("Location"))
	}
	replay := s.upload("/fonts", "file", "go.woff2", packed, "Idempotency-Key", "k").want(t, 201)
	if replay.json(t, &again); again.ID != f.ID || replay.Header.Get("Idempotent-Replayed") != "true" {
		t.Errorf("not replayed: %+v", again)
	}
	s.upload("/fonts", "file", "go.ttf", goregular.TTF, "Idempotency-Key", "k").problem(t, 422)
	s.upload("/fonts", "file", "go.ttf", goregular.TTF).problem(t, 409)
	for name, data := range map[string][]byte{"nothing": {}, "a zip": []byte("PK\x03\x04 and more"), "half": packed[:len(packed)/2]} {
		if p := s.upload("/fonts", "file", "x.ttf", data).problem(t, 422); len(p.Errors) != 1 || p.Errors[0].Field != "file" {
			t.Errorf("%s: %+v", name, p)
		}
	}
	s.upload("/fonts", "file", "x.ttf", make([]byte, 11<<20)).problem(t, 413)

	file := s.api("GET", "/fonts/"+f.ID+"/file", nil).want(t, 200)
	if file.body != string(packed) || file.Header.Get("Content-Type") != "font/woff2" {
		t.Errorf("%v", file.Header)
	}
	s.api("GET", "/fonts/"+f.ID, nil).want(t, 200)
	const title = `{"name":"Card","document":{"version":1,"pages":[{"width":9,"height":9,"elements":[{"id":"t","type":"text","x":0,"y":0,"width":9,"height":9,"text":"a","font":"Go"}]}]}}`
	s.api("POST", "/designs", title).want(t, 201)
	if p := s.api("DELETE", "/fonts/"+f.ID, nil).problem(t, 409); !strings.Contains(p.Detail, "Card") {
		t.Errorf("%+v", p)
	}

	sheet := s.page("/t/acme/fonts.css").want(t, 200)
	if !strings.Contains(sheet.body, "/t/acme/fonts/"+f.ID) || !strings.Contains(sheet.Header.Get("Content-Type"), "text/css") {
		t.Error(sheet.body)
	}
	s.page("/t/acme/fonts.css", "If-None-Match", sheet.Header.Get("ETag")).want(t, 304)
}

// inkWidths tells how wide each text is, as a part of its page.
const inkWidths = `Array.from(document.querySelectorAll("[data-page] [data-element] div"), (text) => {
	const range = document.createRange();
	range.selectNodeContents(text);
	return {
		element: text.parentElement.dataset.element,
		message: String(range.getBoundingClientRect().width / text.closest("[data-page]").getBoundingClientRect().width),
	};
})`

// TestPageLooksLikeThePicture: each weight, slant, script and uploaded font is as
// wide in a person's browser as in the picture.
func TestPageLooksLikeThePicture(t *testing.T) {
	s := newSite(t)
	if _, err := s.tenant.CreateFont(context.Background(), nil, "go.woff2", apptest.WOFF2(goregular.TTF)); err != nil {
		t.Fatal(err)
	}
	var elements []string
	for _, text := range []string{
		`"font":"Go","text":"Quick rabbit"`, `"font":"Go","weight":900,"italic":true,"text":"Quick rabbit"`,
		`"font":"Inter","weight":700,"text":"Quick rabbit"`, `"font":"Roboto","weight":200,"text":"Quick rabbit"`, `"font":"Roboto","weight":800,"italic":true,"text":"Quick rabbit"`,
		`"font":"EB Garamond","weight":700,"italic":true,"text":"Quick rabbit"`, `"font":"Fira Code","weight":600,"text":"Quick rabbit"`,
		`"font":"Lobster","weight":700,"italic":true,"text":"Quick rabbit"`, `"font":"Quicksand","weight":300,"text":"Quick rabbit"`, `"font":"League Spartan","text":"Quick rabbit"`,
		`"font":"Go","text":"שלום"`, `"font":"Inter","weight":700,"text":"ಕನ್ನಡ"`, `"font":"Vollkorn","italic":true,"text":"हिन्दी"`,
		`"font":"Inter","text":"敏捷的兔子"`, `"font":"Inter","text":"👍🏽 ☃ ∮"`,
	} {
		elements = append(elements, fmt.Sprintf(`{"id":"e%d","type":"text","x":0,"y":%d,"width":1000,"height":40,"size":32,%s}`, len(elements), 40*len(elements), text))
	}
	doc := document(t, `{"version":1,"pages":[{"width":1000,"height":800,"elements":[`+strings.Join(elements, ",")+`]}]}`)
	d, err := s.tenant.CreateDesign(context.Background(), nil, "Texts", doc)
	if err != nil {
		t.Fatal(err)
	}

	b := s.browser()
	b.do("open", chromedp.Navigate(s.url+"/t/acme/designs/"+d.ID))
	b.until(`document.querySelector("[data-element=e14]").getBoundingClientRect().width > 0 && document.fonts.status === "loaded" && [...document.fonts].some((f) => f.status === "loaded" && f.family.includes("CJK"))`)
	text, err := chromedp.Run(b.ctx, chromedp.Evaluate[string]("JSON.stringify("+inkWidths+")"))
	if err != nil {
		t.Fatal(err)
	}
	var page []screenshots.Problem
	if err := json.Unmarshal([]byte(text), &page); err != nil {
		t.Fatal(err)
	}

	pool, err := screenshots.Start(t.Context(), screenshots.Options{Dir: apptest.Dir(t), Fonts: jobs.Fonts(), Tabs: 1, Prepare: "() => " + inkWidths, Log: apptest.Log(t)})
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	faces := canvas.UploadedFaces([]app.Font{{Family: "Go", Weight: 400, MaxWeight: 400, Format: "ttf"}}, func(app.Font) string {
		return "data:font/ttf;base64," + base64.StdEncoding.EncodeToString(goregular.TTF)
	})
	html, err := canvas.HTML(t.Context(), doc.Pages, func(string) string { return "" }, faces)
	if err != nil {
		t.Fatal(err)
	}
	_, err = pool.Capture(t.Context(), screenshots.Shot{HTML: html, Width: 1000, Height: 800, Scale: 1, Format: screenshots.PNG})
	var picture *screenshots.PageError
	if !errors.As(err, &picture) || len(picture.Problems) != len(elements) || len(page) != len(elements) {
		t.Fatalf("%v; the page has %d texts", err, len(page))
	}
	for i, p := range picture.Problems {
		var here, there float64
		fmt.Sscan(p.Message, &here)
		fmt.Sscan(page[i].Message, &there)
		if p.Element != page[i].Element || here == 0 || math.Abs(here-there) > 0.0005 {
			t.Errorf("%s is %.4f of the page wide in the picture, %.4f in the browser: %s", p.Element, here, there, elements[i])
		}
	}
}

// TestBrowserTakesEveryFont that the stylesheet offers: what a browser refuses is
// drawn in another, without a word.
func TestBrowserTakesEveryFont(t *testing.T) {
	s := newSite(t)
	b := s.browser()
	b.do("open", chromedp.Navigate(s.url+"/t/acme/"))
	b.until(`document.fonts.size > 200`)
	b.do("load all", chromedp.Evaluate[chromedp.Void](`document.fonts.forEach((font) => font.load().catch(() => {}))`))
	b.until(`[...document.fonts].every((font) => font.status === "loaded" || font.status === "error")`)
	refused, err := chromedp.Run(b.ctx, chromedp.Evaluate[string](`[...document.fonts].filter((font) => font.status === "error").map((font) => font.family + " " + font.weight + " " + font.style).join(", ")`))
	if err != nil || refused != "" {
		t.Errorf("refused: %s, %v", refused, err)
	}
}
