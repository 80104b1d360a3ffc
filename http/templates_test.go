package http_test

import (
	"net/url"
	"strings"
	"testing"

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
