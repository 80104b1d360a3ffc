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
	"majestic/app/sfnt"
	"majestic/jobs"
	"majestic/screenshots"
)

func TestFonts(t *testing.T) {
	s := newSite(t)
	sheet := ""
	studio := "/t/acme/designs/" + makeThings(t, s.tenant, "Card").design
	for _, link := range parse(t, s.page(studio).body).all("link", "rel=stylesheet") {
		if strings.HasPrefix(link.attr("href"), "/fonts/") {
			sheet = s.do("GET", link.attr("href"), nil).want(t, 200).body
		}
	}
	_, rest, ok := strings.Cut(sheet, `url("`)
	address, _, _ := strings.Cut(rest, `"`)
	if !ok {
		t.Fatalf("no font in the stylesheet %q", sheet)
	}
	if font := s.do("GET", address, nil).want(t, 200); !strings.HasPrefix(font.Header.Get("Content-Type"), "font/") || len(font.body) < 1000 {
		t.Errorf("%s: %v", address, font.Header)
	}
	for _, path := range []string{"/fonts/Inter-Regular.otf", "/fonts/..%2f..%2fetc%2fpasswd", "/static/static.go", "/static/..%2fgo.mod"} {
		s.do("GET", path, nil).want(t, 404)
	}
}

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

func TestFontsPage(t *testing.T) {
	s := newSite(t)
	const path = "/t/acme/fonts"
	send := func(name string, data []byte, headers ...string) answer {
		t.Helper()
		return s.sendFile(path, "file", name, data, append([]string{"Cookie", s.cookie.String(), "Sec-Fetch-Site", "same-origin", "Accept", "text/html"}, headers...)...)
	}
	page := parse(t, s.page(path).want(t, 200).body)
	if at := page.one(t, "nav", "aria-label=In this workspace").one(t, "a", "aria-current"); at.text() != "Fonts" || at.attr("href") != path {
		t.Errorf("the header is at %s", at.text())
	}
	families := page.one(t, "ul", "id=families").all("li")
	if len(families) != len(app.Families()) || len(page.one(t, "ul", "id=own").all("li")) != 0 {
		t.Fatalf("%d families", len(families))
	}
	for i, f := range app.Families() {
		line := families[i].one(t, "p", "class=specimen")
		if !strings.HasPrefix(line.attr("style"), "font-family:"+app.CSSFamily(f.Name)+";") || !strings.Contains(families[i].text(), f.License) {
			t.Errorf("%s is shown as %s: %s", f.Name, line.attr("style"), families[i].text())
		}
		own, err := sfnt.ReadCoverage(f.Face(400, false).File, f.Name)
		if missing := sfnt.Missing(line.text(), []sfnt.Coverage{own}); err != nil || missing != nil {
			t.Errorf("%s is shown by %q, of which it lacks %q; %v", f.Name, line.text(), missing, err)
		}
	}
	looked := parse(t, s.page(path+"?q=%20EMOJI").want(t, 200).body).one(t, "ul", "id=families")
	if len(looked.all("li")) != len(families) || len(looked.all("li", "hidden")) != len(families)-1 || !strings.Contains(page.text(), fmt.Sprintf("%d of %[1]d families", len(families))) {
		t.Errorf("%d are hidden", len(looked.all("li", "hidden")))
	}

	if got := send("go.ttf", goregular.TTF).want(t, 303).Header.Get("Location"); got != path {
		t.Errorf("after an upload one is sent to %s", got)
	}
	own := parse(t, s.page(path).want(t, 200).body).one(t, "ul", "id=own").one(t, "li")
	if !strings.HasPrefix(own.text(), "Quick") || own.one(t, "h3").text() != "Go 400" || !strings.Contains(own.one(t, "p", "class=specimen").attr("style"), app.CSSFamily("Go")) {
		t.Errorf("shown as %s", own.text())
	}
	// The words are the API's.
	for _, bad := range []struct {
		name   string
		data   []byte
		status int
	}{{"go.ttf", goregular.TTF, 409}, {"zip.ttf", []byte("PK\x03\x04"), 422}, {"large.ttf", make([]byte, 11<<20), 413}, {"", nil, 422}} {
		said := parse(t, send(bad.name, bad.data).want(t, bad.status).body).one(t, "p", "data-message").text()
		api := s.upload("/fonts", "file", bad.name, bad.data).problem(t, bad.status)
		if p := send(bad.name, bad.data, "Accept", "text/html, application/problem+json").problem(t, bad.status); !strings.EqualFold(said, api.Detail+".") || p.Detail != api.Detail {
			t.Errorf("%q: the page says %q, a script is told %q, the API says %q", bad.name, said, p.Detail, api.Detail)
		}
	}
	send("go.ttf", goregular.TTF, "Sec-Fetch-Site", "cross-site").want(t, 403)

	d, err := s.tenant.CreateDesign(context.Background(), nil, "Poster", document(t,
		`{"version":1,"pages":[{"width":9,"height":9,"elements":[{"id":"t","type":"text","x":0,"y":0,"width":9,"height":9,"text":"a","font":"Go"}]}]}`))
	if err != nil {
		t.Fatal(err)
	}
	remove := own.one(t, "form").attr("action")
	refused := parse(t, s.post(remove, nil).want(t, 409).body)
	if said := refused.one(t, "p", "data-message").text(); !strings.Contains(said, "Poster") || len(refused.one(t, "ul", "id=own").all("li")) != 1 {
		t.Errorf("in use, and deleted: %s", said)
	}
	if _, err := s.tenant.SaveDesign(context.Background(), d.ID, 1, "Poster", document(t, greeting)); err != nil {
		t.Fatal(err)
	}
	s.post(remove, nil).want(t, 303)
	if left := parse(t, s.page(path).want(t, 200).body).one(t, "ul", "id=own").all("li"); len(left) != 0 {
		t.Errorf("still there: %s", left[0].text())
	}
	s.post(remove, nil).want(t, 404)
}

// TestFontsArrive in a person's browser: files are dropped, and what is looked for is
// found, without leaving the page.
func TestFontsArrive(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b := s.browser()
	b.do("open", chromedp.Navigate(s.url+"/t/acme/fonts"))
	b.until(`document.querySelector("form[data-ready]")`)
	b.do("mark the page, to see that it stays", chromedp.Evaluate[chromedp.Void](`document.body.dataset.mark = "same"`))
	b.do("drop two files", chromedp.Evaluate[chromedp.Void](`{
		const files = new DataTransfer();
		files.items.add(new File([Uint8Array.from(atob("`+base64.StdEncoding.EncodeToString(goregular.TTF)+`"), (c) => c.charCodeAt(0))], "go.ttf"));
		files.items.add(new File(["PK"], "zip.ttf"));
		document.querySelector("form[data-upload]").dispatchEvent(new DragEvent("drop", { dataTransfer: files, bubbles: true, cancelable: true }));
	}`))
	b.until(`document.querySelector("#own li h3")?.textContent === "Go 400" && document.querySelector("[data-message]").textContent.startsWith("zip.ttf: the file cannot be used as a font")`)
	b.until(`[...document.fonts].some((font) => font.status === "loaded" && font.family.includes("font-")) && document.querySelectorAll("link[href*='fonts.css']").length === 1`)
	type css = chromedp.CSS
	b.do("look for one", chromedp.SendKeys(css("#q"), "Garamond"))
	b.until(`document.querySelectorAll("#families li:not([hidden])").length === 1 && document.querySelector("[data-count]").textContent.startsWith("1 of ")`)
	b.do("open the question", chromedp.Evaluate[chromedp.Void](`document.querySelector("#own summary").focus()`), chromedp.SendKeys(css("#own summary"), "\r"))
	b.until(`document.querySelector("#own details[open] button").offsetHeight > 0 && document.body.dataset.mark === "same"`)
	b.do("delete it", chromedp.Click(css("#own details button")))
	b.until(`document.querySelector("#own") && !document.querySelector("#own li") && !document.body.dataset.mark`)
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
	t.Parallel()
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
	t.Parallel()
	s := newSite(t)
	b := s.browser()
	b.do("open", chromedp.Navigate(s.url+"/t/acme/designs/"+makeThings(t, s.tenant, "Card").design))
	b.until(`document.fonts.size > 200`)
	b.do("load all", chromedp.Evaluate[chromedp.Void](`document.fonts.forEach((font) => font.load().catch(() => {}))`))
	b.until(`[...document.fonts].every((font) => font.status === "loaded" || font.status === "error")`)
	refused, err := chromedp.Run(b.ctx, chromedp.Evaluate[string](`[...document.fonts].filter((font) => font.status === "error").map((font) => font.family + " " + font.weight + " " + font.style).join(", ")`))
	if err != nil || refused != "" {
		t.Errorf("refused: %s, %v", refused, err)
	}
}
