package http_test

import (
	"context"
	"encoding/json"
	"net/url"
	"os/exec"
	"strings"
	"testing"
	"time"

	"majestic/app"
	"majestic/app/apptest"
	ours "majestic/http"
)

func TestRenders(t *testing.T) {
	s := newSite(t)
	d, err := s.tenant.CreateDesign(context.Background(), nil, "Grüße", document(t, greeting))
	if err != nil {
		t.Fatal(err)
	}
	ask := map[string]any{"design": d.ID, "variables": map[string]any{"name": "Ada", "accent": "#fff"}}

	t.Run("a finished one answers 201", func(t *testing.T) {
		done := make(chan answer)
		go func() { done <- s.api("POST", "/renders", ask) }()
		id := ""
		for ; id == ""; time.Sleep(5 * time.Millisecond) {
			l, err := s.tenant.Renders(context.Background(), d.ID, app.PageRequest{})
			if err != nil {
				t.Fatal(err)
			}
			if len(l.Data) > 0 {
				id = l.Data[0].ID
			}
		}
		finish(t, s.tenant, id)
		made := (<-done).want(t, 201)
		var r app.Render
		made.json(t, &r)
		file := s.url + "/api/v1/renders/" + id + "/file"
		if r.Status != app.Succeeded || r.FileURL == nil || *r.FileURL != file || made.Header.Get("Location") != s.url+"/api/v1/renders/"+id {
			t.Errorf("render %s, %v", made.body, made.Header)
		}
		f := s.api("GET", "/renders/"+id+"/file", nil).want(t, 200)
		if f.body != string(apptest.PNG(400, 200)) || f.Header.Get("Content-Type") != "image/png" || f.Header.Get("ETag") != `"`+*r.SHA256+`"` {
			t.Errorf("file: %v", f.Header)
		}
		if got := f.Header.Get("Content-Disposition"); got != "inline; filename*=utf-8''Gr%C3%BC%C3%9Fe.png" {
			t.Errorf("Content-Disposition %s", got)
		}
		s.api("GET", "/renders/"+id+"/file", nil, "If-None-Match", f.Header.Get("ETag")).want(t, 304)
		if part := s.api("GET", "/renders/"+id+"/file", nil, "Range", "bytes=1-3").want(t, 206); part.body != "PNG" {
			t.Errorf("range: %q", part.body)
		}
	})
	t.Run("async answers 202 at once", func(t *testing.T) {
		ask["async"] = true
		made := s.api("POST", "/renders", ask).want(t, 202)
		var r app.Render
		made.json(t, &r)
		if r.Status != app.Queued || !strings.HasSuffix(made.Header.Get("Location"), "/renders/"+r.ID) {
			t.Errorf("render %s", made.body)
		}
		s.api("GET", "/renders/"+r.ID, nil).want(t, 200)
		s.api("GET", "/renders/"+r.ID+"/file", nil).problem(t, 409)
		var l app.List[app.Render]
		s.api("GET", "/renders?design="+d.ID, nil).want(t, 200).json(t, &l)
		if len(l.Data) != 2 || l.Data[1].FileURL == nil {
			t.Errorf("list %+v", l)
		}
	})
}

func TestRenderThatTakesLongAnswers202(t *testing.T) {
	s := newSite(t, func(o *ours.Options) { o.Wait = time.Millisecond })
	x := makeThings(t, s.tenant, "Card")
	made := s.api("POST", "/renders", `{"design":"`+x.design+`","variables":{"name":"a","accent":"#000"}}`).want(t, 202)
	if made.Header.Get("Location") == "" || !strings.Contains(made.body, `"status":"queued"`) {
		t.Errorf("%v %s", made.Header, made.body)
	}
}

func TestCancel(t *testing.T) {
	s := newSite(t)
	x := makeThings(t, s.tenant, "Card")
	ctx := context.Background()

	var b app.Batch
	s.api("DELETE", "/batches/"+x.batch, nil).want(t, 200).json(t, &b)
	if b.Status != app.Canceled || b.FinishedAt == nil || b.Total != 2 || b.Done != 0 {
		t.Errorf("%+v", b)
	}
	var items app.List[app.Render]
	s.api("GET", "/batches/"+x.batch+"/items", nil).want(t, 200).json(t, &items)
	for _, r := range items.Data {
		if r.Status != app.Canceled {
			t.Errorf("a row of a canceled batch: %+v", r)
		}
	}
	again := b
	s.api("DELETE", "/batches/"+x.batch, nil).want(t, 200).json(t, &again)
	if !again.FinishedAt.Equal(*b.FinishedAt) {
		t.Errorf("canceled twice: %v, %v", b.FinishedAt, again.FinishedAt)
	}

	var r app.Render
	s.api("DELETE", "/renders/"+x.render, nil).want(t, 200).json(t, &r)
	if r.Status != app.Succeeded || r.FileURL == nil {
		t.Errorf("a finished render: %+v", r)
	}
	made, err := s.tenant.CreateRender(ctx, nil, app.RenderRequest{Design: x.design, Variables: map[string]string{"name": "a", "accent": "#000"}})
	if err != nil {
		t.Fatal(err)
	}
	s.api("DELETE", "/renders/"+made.ID, nil).want(t, 200).json(t, &r)
	if r.Status != app.Canceled || r.FinishedAt == nil {
		t.Errorf("%+v", r)
	}
	if err := s.tenant.FinishRender(ctx, made, app.Picture{File: apptest.PNG(4, 4)}); err != nil { // a worker that did not hear of it
		t.Fatal(err)
	}
	s.api("GET", "/renders/"+made.ID, nil).want(t, 200).json(t, &r)
	if r.Status != app.Canceled || r.FileURL != nil {
		t.Errorf("a canceled render that a worker has drawn: %+v", r)
	}
	s.api("DELETE", "/renders/nothing", nil).problem(t, 404)
}

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
