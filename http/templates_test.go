package http_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"majestic/app"
)

func TestTemplatesPage(t *testing.T) {
	s := newSite(t)
	page := parse(t, s.page("/t/acme/new").want(t, 200).body)
	if n := len(page.all("input", "name=template")); n != len(app.Templates()) {
		t.Errorf("%d templates are shown", n)
	}
	if main := page.one(t, "main").text(); strings.Contains(main, "{{") || !strings.Contains(main, "Grace Hopper") {
		t.Error("the templates are not filled in")
	}

	begun := s.post("/t/acme/designs", url.Values{"template": {"badge"}}).want(t, 303).Header.Get("Location")
	d := s.designAt(t, begun)
	if badge, _ := app.FindTemplate("badge"); d.Name != "Badge" || len(d.Document.Pages[0].Elements) != len(badge.Document.Pages[0].Elements) || !strings.HasSuffix(begun, "/edit") {
		t.Errorf("begun %q at %s", d.Name, begun)
	}
	d = s.designAt(t, s.post("/t/acme/designs", url.Values{"width": {"794"}, "height": {"1123"}}).want(t, 303).Header.Get("Location"))
	if p := d.Document.Pages[0]; d.Name != "Untitled" || p.Width != 794 || p.Height != 1123 || len(p.Elements) != 0 {
		t.Errorf("begun %+v", d)
	}

	s.post("/t/acme/designs", url.Values{"template": {"../secret"}}).want(t, 404)
	for field, form := range map[string]url.Values{
		"width":  {"width": {"99999"}, "height": {"10"}},
		"height": {"width": {"10"}, "height": {"ten"}},
	} {
		wrong := parse(t, s.post("/t/acme/designs", form).want(t, 422).body)
		if in := wrong.one(t, "input", "id="+field); in.attr("aria-invalid") != "true" || in.attr("value") != form.Get(field) || wrong.one(t, "p", "id="+field+"-fault").text() == "" {
			t.Errorf("what is wrong with the %s is not said beside it", field)
		}
	}
}

// TestBeginning with a template: the editor, whoever opens it, and the page that renders
// are filled in as the template was; a copy likewise.
func TestBeginning(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	w := &workbench{browser: s.browser(), site: s}
	w.do("open", chromedp.Navigate(s.url+"/t/acme/new"))
	w.do("begin", chromedp.Click(chromedp.CSS(`[aria-label="Begin with Certificate"]`)))
	filled := `document.querySelector("[data-editor][data-ready]") && board.textContent.includes("Ada Lovelace") && document.querySelector("[data-name=name]").value === "Ada Lovelace"`
	w.until(filled)
	d := s.designAt(t, ask[string](w, `location.pathname`))
	w.fill("[data-name=name]", "Grace Hopper")
	filled = strings.ReplaceAll(filled, "Ada Lovelace", "Grace Hopper")
	w.until(filled + ` && Object.values(localStorage).every((kept) => !kept.includes("unsent"))`)

	w.do("be another browser", chromedp.Evaluate[chromedp.Void](`localStorage.clear(); sessionStorage.clear()`))
	s.cookie = s.member(app.Editor)
	s.signIn(w.browser)
	w.do("open", chromedp.Reload())
	w.until(filled)

	copied, err := s.tenant.DuplicateDesign(t.Context(), d.ID)
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{d.ID, copied.ID} {
		if page := parse(t, s.page("/t/acme/designs/"+id).want(t, 200).body); page.one(t, "input", "name=var.name").attr("value") != "Grace Hopper" || !strings.Contains(page.one(t, "", "id=drawing").text(), "Grace Hopper") {
			t.Errorf("the page of %s is not filled in", id)
		}
		if text := parse(t, s.page("/t/acme/designs/"+id+"/history").want(t, 200).body).one(t, "main").text(); !strings.Contains(text, "Grace Hopper") {
			t.Errorf("its history is not: %s", text)
		}
	}
	copies := `{"name":"Mine","document":` + greeting + `}`
	var mine app.Design
	s.send("POST", "/t/acme/designs/"+d.ID+"/copies", copies).want(t, 201).json(t, &mine)
	if kept, err := s.tenant.Samples(t.Context(), mine.ID); err != nil || kept.Values["name"] != "Grace Hopper" {
		t.Errorf("what is kept as a copy has the samples %v, %v", kept, err)
	}
}

func TestSamplesAreFew(t *testing.T) {
	s := newSite(t)
	x := makeThings(t, s.tenant, "Card")
	path := "/t/acme/designs/" + x.design + "/samples"
	s.send("PUT", path, `{"rows":[`+strings.Repeat(`{"name":"a"},`, 200)+`{"name":"a"}]}`).problem(t, 413)
	s.send("PUT", path, `{"values":{"name":"`+strings.Repeat("a", 300_000)+`"}}`).problem(t, 413)
	s.send("PUT", path, `{"values":{"name":"a\u0000"}}`).problem(t, 422)
	s.send("PUT", path, `{"values":{"name":1}}`).problem(t, 422)
	s.send("PUT", path, `{"values":{"name":"</script><b>"},"rows":[{"name":"Ada"},{"name":"Bob"}]}`).want(t, 204)
	if kept, err := s.tenant.Samples(t.Context(), x.design); err != nil || kept.First()["name"] != "Ada" || len(kept.Rows) != 2 {
		t.Errorf("kept are %v, %v", kept, err)
	}
}

// designAt is the design that an address of the workspace is about.
func (s *site) designAt(t *testing.T, path string) app.Design {
	t.Helper()
	rest, _ := strings.CutPrefix(path, "/t/acme/designs/")
	id, _, _ := strings.Cut(rest, "/")
	d, err := s.tenant.Design(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return d
}
