package http_test

import (
	"net/url"
	"strings"
	"testing"
)

func TestHistory(t *testing.T) {
	s := newSite(t)
	x := makeThings(t, s.tenant.By("Ada"), "Card")
	api := "/designs/" + x.design
	for i, word := range []string{"Bonjour", "Salut"} {
		s.api("PUT", api, `{"name":"Card","document":`+strings.Replace(greeting, "Hello", word, 1)+`}`, "If-Match", `"`+string(rune('1'+i))+`"`).want(t, 200)
	}
	path := "/t/acme/designs/" + x.design
	page := parse(t, s.page(path+"/history").want(t, 200).body)
	first := page.one(t, "a", "href="+path+"/versions/1").text()
	if !strings.Contains(first, "Hello Name") || !strings.Contains(first, ", by Ada") || !strings.Contains(page.one(t, "a", "href="+path+"/versions/3").text(), "Salut Name") {
		t.Errorf("the first version is shown as %s", first)
	}
	if said := page.one(t, "p", "data-publication").text(); said != "Renders take the newest version, 3." {
		t.Errorf("it says %s", said)
	}

	s.post(path+"/publish", url.Values{"version": {"1"}}).want(t, 303)
	if said := parse(t, s.page(path+"/history").body).one(t, "p", "data-publication").text(); said != "Draft ahead of published by 2 versions: renders take version 1." {
		t.Errorf("it says %s", said)
	}
	// What one fills in and renders is what is published.
	studio := parse(t, s.page(path).want(t, 200).body)
	if drawn := studio.one(t, "", "id=drawing").text(); drawn != "Hello Card" {
		t.Errorf("the page draws %s", drawn)
	}
	rendered := s.post(path+"/renders", url.Values{"var.name": {"a"}, "var.accent": {"#000"}, "format": {"png"}, "scale": {"1"}}).want(t, 303).Header.Get("Location")
	r, err := s.tenant.Render(t.Context(), rendered[strings.LastIndex(rendered, "/")+1:])
	if err != nil || r.Version != 1 {
		t.Errorf("rendered %+v, %v", r, err)
	}
	s.post(path+"/publish", url.Values{"version": {"9"}}).want(t, 422)
	s.post(path+"/publish", url.Values{"version": {""}}).want(t, 303)

	beside := parse(t, s.page(path+"/versions/1").want(t, 200).body)
	if text := beside.one(t, "main").text(); !strings.Contains(text, "Hello Name") || !strings.Contains(text, "Salut Name") {
		t.Errorf("beside each other: %s", text)
	}
	seen := url.Values{"seen": {beside.one(t, "input", "name=seen").attr("value")}}
	s.post(path+"/versions/1/restore", seen).want(t, 303)
	if d := s.designAt(t, path); d.Version != 4 || d.Document.Pages[0].Elements[1].Text != "Hello {{name}}" {
		t.Errorf("restored %+v", d)
	}
	stale := s.post(path+"/versions/2/restore", seen).want(t, 412)
	if said := parse(t, stale.body).one(t, "p", "role=alert").text(); !strings.Contains(said, "saved since") {
		t.Errorf("over what was saved since: %s", said)
	}
	for _, version := range []string{"0", "9", "one", "99999999999"} {
		s.page(path+"/versions/"+version).want(t, 404)
	}
}
