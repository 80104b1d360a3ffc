package http_test

import (
	"encoding/json"
	"net/url"
	"os/exec"
	"strings"
	"testing"

	"majestic/app"
)

func TestRendersPage(t *testing.T) {
	s := newSite(t)
	x := makeThings(t, s.tenant, "Card")
	other, err := s.tenant.CreateDesign(t.Context(), nil, "Other", document(t, greeting))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.tenant.CreateRender(t.Context(), nil, app.RenderRequest{Design: other.ID, Variables: map[string]string{"name": "a", "accent": "#000"}, Output: app.Output{Format: "pdf"}}); err != nil {
		t.Fatal(err)
	}
	for query, want := range map[string]int{"": 2, "?status=succeeded": 1, "?status=queued&format=pdf": 1, "?format=webp": 0, "?design=" + x.design: 1, "?design=" + x.design + "&status=failed": 0} {
		page := parse(t, s.page("/t/acme/renders"+query).want(t, 200).body)
		if cards := page.all("article"); len(cards) != want || want == 0 && !strings.Contains(page.text(), "No renders") {
			t.Errorf("%q shows %d renders", query, len(cards))
		}
		var l app.List[app.Render]
		if s.api("GET", "/renders"+query, nil).want(t, 200).json(t, &l); len(l.Data) != want {
			t.Errorf("%q lists %d renders", query, len(l.Data))
		}
	}
	if named := parse(t, s.page("/t/acme/renders").body).all("a", "href=/t/acme/designs/"+other.ID); len(named) != 1 || named[0].text() != "Other" {
		t.Error("a render does not say of which design it is")
	}
	for _, query := range []string{"?status=done", "?format=gif"} {
		s.page("/t/acme/renders"+query).want(t, 400)
		s.api("GET", "/renders"+query, nil).problem(t, 400)
	}
}

// The call that the page shows is one: a shell reads the body, and the API takes it.
func TestCallOnThePage(t *testing.T) {
	s := newSite(t)
	d, err := s.tenant.CreateDesign(t.Context(), nil, "Card", document(t, greeting))
	if err != nil {
		t.Fatal(err)
	}
	const name = `<O'Hara> "$HOME" \ é`
	wrong := s.post("/t/acme/designs/"+d.ID+"/renders", url.Values{"var.name": {name}, "var.accent": {"red"}, "format": {"jpeg"}, "scale": {"2"}, "quality": {"70"}}).want(t, 422)
	call := parse(t, wrong.body).one(t, "code", "data-call")
	text := ""
	for n := range call.Descendants() {
		text += n.Data
	}
	if !strings.HasPrefix(text, "curl "+s.url+"/api/v1/renders ") || !strings.Contains(text, "Bearer $KEY") {
		t.Errorf("the call is %s", text)
	}
	read, err := exec.CommandContext(t.Context(), "sh", "-c", `curl() { while [ "$1" != -d ]; do shift; done; printf %s "$2"; }; `+text).Output()
	if err != nil {
		t.Fatal(err)
	}
	var body struct {
		Design, Format string
		Variables      map[string]string
		Scale          float64
		Quality        int
	}
	if err := json.Unmarshal(read, &body); err != nil || body.Design != d.ID || body.Variables["name"] != name || body.Format != "jpeg" || body.Scale != 2 || body.Quality != 70 {
		t.Errorf("%s: %+v, %v", read, body, err)
	}
	s.api("POST", "/renders", strings.NewReplacer(`"red"`, `"#f00"`, `{"design"`, `{"async":true,"design"`).Replace(string(read))).want(t, 202)
}
