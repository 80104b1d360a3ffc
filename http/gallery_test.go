package http_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"majestic/app"
)

func TestGalleryActs(t *testing.T) {
	s := newSite(t)
	x := makeThings(t, s.tenant, "Hello card")
	path := "/t/acme/designs/" + x.design
	shown := func(query string) string {
		return parse(t, s.page("/t/acme/"+query).want(t, 200).body).one(t, "", "id=designs").text()
	}

	for query, want := range map[string][]bool{"": {true, true}, "?q=HELLO": {true, false}, "?q=social&sort=name": {false, true}, "?archived=true": {false, false}} {
		text := shown(query)
		if strings.Contains(text, "Hello card") != want[0] || strings.Contains(text, "Social card") != want[1] {
			t.Errorf("%q shows %s", query, text)
		}
	}
	if text := shown("?q=%3Cb%3Enone"); !strings.Contains(text, "“<b>none”") {
		t.Errorf("where nothing is found it says %s", text)
	}
	if page := parse(t, s.page("/t/acme/?q=card&sort=name").body); page.one(t, "input", "name=q").attr("value") != "card" || len(page.one(t, "select", "id=sort").all("option", "value=name", "selected")) != 1 {
		t.Error("what was asked for is forgotten")
	}

	wrong := s.post(path+"/name", url.Values{"name": {" "}}).want(t, 422)
	if said := parse(t, wrong.body).one(t, "p", "role=alert").text(); !strings.Contains(said, "name") {
		t.Errorf("an empty name: %s", said)
	}
	s.post(path+"/name", url.Values{"name": {"<i>Žiža</i>"}}).want(t, 303)
	done := s.post(path+"/archive", nil).want(t, 303)
	if page := parse(t, s.page(done.Header.Get("Location")).want(t, 200).body); strings.Contains(page.one(t, "", "id=designs").text(), "Žiža") || !strings.Contains(page.one(t, "p", "role=status", "class=notice good").text(), "archive") {
		t.Error("it is archived, and still shown, or nothing is said of it")
	}
	if text := parse(t, s.page(path).want(t, 200).body).one(t, "main").text(); !strings.Contains(text, "in no gallery") {
		t.Errorf("the design's own page says %s", text)
	}
	if text := shown("?archived=true"); !strings.Contains(text, "<i>Žiža</i>") || !strings.Contains(text, "Restore") {
		t.Errorf("the archive shows %s", text)
	}
	s.post(path+"/unarchive", nil).want(t, 303)
	s.post(path+"/duplicate", nil).want(t, 303)
	if text := shown(""); !strings.Contains(text, "Copy of <i>Žiža</i>") {
		t.Errorf("the gallery shows %s", text)
	}

	s.cookie = s.member(app.Viewer)
	if page := parse(t, s.page("/t/acme/").want(t, 200).body); len(page.all("details", "class=menu")) != 0 || len(page.all("a", "href=/t/acme/new")) != 0 {
		t.Error("a viewer is offered to change things")
	}
}

// TestGalleryInABrowser: what is typed is looked for, and a menu is a menu by keyboard, too.
func TestGalleryInABrowser(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	x := makeThings(t, s.tenant, "Hello card")
	b := s.browser()
	type css = chromedp.CSS
	b.do("open", chromedp.Navigate(s.url+"/t/acme/"))
	b.until(`document.querySelectorAll(".gallery li").length === 2 && document.querySelector(".finder button").hidden`)
	b.do("type", chromedp.SendKeys(css("#q"), "hello"))
	b.until(`document.querySelectorAll(".gallery li").length === 1 && location.search.includes("q=hello")`)

	b.do("open its menu", chromedp.Focus(css(".menu summary")), chromedp.SendKeys(css(".menu summary"), "\r"))
	b.until(`document.querySelector(".menu[open] a") && document.querySelector(".menu a").getBoundingClientRect().height > 30`)
	b.do("go into it and leave by Escape", chromedp.Focus(css(".menu a")), chromedp.SendKeys(css(".menu a"), "\u001b"))
	b.until(`!document.querySelector(".menu[open]") && document.activeElement.matches(".menu summary")`)
	b.do("open it again", chromedp.SendKeys(css(".menu summary"), "\r"))
	b.until(`document.querySelector(".menu[open]")`)
	b.do("go elsewhere", chromedp.Focus(css("#q")))
	b.until(`!document.querySelector(".menu[open]")`)
	b.do("look at it", chromedp.Click(css(".gallery a")))
	b.until(`document.querySelector("form[data-preview]")`)
	if _, err := s.tenant.RenameDesign(t.Context(), x.design, "Hello again"); err != nil {
		t.Fatal(err)
	}
	b.do("come back", chromedp.Evaluate[chromedp.Void](`history.back()`))
	b.until(`document.querySelector(".gallery li strong")?.textContent === "Hello again"`)

	b.do("archive", chromedp.SendKeys(css(".menu summary"), "\r"), chromedp.Click(css(`.menu form[action$="/archive"] button`)))
	b.until(`location.search === "?done=archived" && document.querySelectorAll(".gallery li").length === 1`)
}
