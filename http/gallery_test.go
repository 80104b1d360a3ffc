package http_test

import (
	"context"
	"net/url"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"majestic/app"
	"majestic/app/apptest"
)

func TestGallery(t *testing.T) {
	s := newSite(t)
	x := makeThings(t, s.tenant, "Hello card")
	page := parse(t, s.page("/t/acme/").want(t, 200).body)
	card := page.one(t, "a", "href=/t/acme/designs/"+x.design)
	if !strings.Contains(card.text(), "Hello card") || !strings.Contains(card.text(), "400 × 200 px") {
		t.Errorf("the card says %s", card.text())
	}
	mat := card.one(t, "", "data-awaited")
	if mat.attr("id") != "thumbnail-"+x.design || len(card.all("img")) != 0 || mat.text() != "" {
		t.Errorf("a picture that is not there yet is not waited for, or something is shown: %v", mat.Attr)
	}
	if len(page.all("", "data-awaited")) != 2 {
		t.Error("the starter, which has no picture yet, waits for none")
	}

	finish(t, s.tenant, s.thumbnail(x.design))
	card = parse(t, s.page("/t/acme/").body).one(t, "a", "href=/t/acme/designs/"+x.design)
	img := card.one(t, "img")
	if address := img.attr("src"); !strings.HasPrefix(address, "/t/acme/designs/"+x.design+"/versions/1/thumbnail?sha256=") || img.attr("loading") != "lazy" || len(card.all("", "data-awaited")) != 0 {
		t.Errorf("the picture: %v", img.Attr)
	}
	picture := s.page(img.attr("src")).want(t, 200)
	if picture.Header.Get("Content-Type") != "image/webp" || picture.Header.Get("Cache-Control") != "private, max-age=31536000, immutable" || picture.body != string(apptest.PNG(400, 200)) {
		t.Errorf("%v", picture.Header)
	}
	for _, version := range []string{"0", "2", "x", "99999999999"} {
		s.page("/t/acme/designs/"+x.design+"/versions/"+version+"/thumbnail").want(t, 404)
	}

	if _, err := s.tenant.SaveDesign(context.Background(), x.design, 1, "Hello card", document(t, greeting)); err != nil {
		t.Fatal(err)
	}
	s.page(img.attr("src")).want(t, 200) // as long as there is no other
	finish(t, s.tenant, s.thumbnail(x.design))
	to := s.page(img.attr("src")).want(t, 303).Header.Get("Location")
	if !strings.Contains(to, "/versions/2/thumbnail?") || s.page(to).want(t, 200).Header.Get("Content-Type") != "image/webp" {
		t.Errorf("the old picture leads to %s", to)
	}

	if _, err := s.tenant.SaveDesign(context.Background(), x.design, 2, "Hello card", document(t, greeting)); err != nil {
		t.Fatal(err)
	}
	id := s.thumbnail(x.design)
	if err := s.tenant.FailRender(context.Background(), app.Render{ID: id}, `element "photo": <b> is not there`); err != nil {
		t.Fatal(err)
	}
	card = parse(t, s.page("/t/acme/").body).one(t, "a", "href=/t/acme/designs/"+x.design)
	if said := card.one(t, "", "title"); said.attr("title") != `element "photo": <b> is not there` || said.text() != "No preview" || len(card.all("", "data-awaited")) != 0 {
		t.Errorf("one that failed: %v %s", said.Attr, said.text())
	}
	for label, here := range map[string]string{"Workspaces": "Acme", "In this workspace": "Designs"} {
		if at := page.one(t, "nav", "aria-label="+label).one(t, "a", "aria-current"); at.text() != here {
			t.Errorf("%s is at %s", label, at.text())
		}
	}
	page.one(t, "form", "action=/signout", "method=post")
}

func TestEmptyGallery(t *testing.T) {
	s := newSite(t)
	row, err := s.app.CreateTenant(context.Background(), "Bolt")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.app.CreateUser(context.Background(), app.NewUser{Name: "Bob", Email: "bob@example.com", Password: password}, "bolt", app.Owner); err != nil {
		t.Fatal(err)
	}
	designs, err := s.app.In(row.ID).Designs(context.Background(), app.PageRequest{})
	if err != nil {
		t.Fatal(err)
	}
	s.cookie = s.post("/signin", url.Values{"email": {"bob@example.com"}, "password": {password}}).want(t, 303).Cookies()[0]
	page := s.page("/t/bolt/?after="+designs.Data[0].ID).want(t, 200) // past the starter
	for _, next := range []string{`href="/t/bolt/new"`, `href="/t/bolt/api">how the API is called`} {
		if !strings.Contains(page.body, next) {
			t.Errorf("an empty gallery does not lead to %s", next)
		}
	}
}

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
