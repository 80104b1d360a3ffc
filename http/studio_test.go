package http_test

import (
	"bufio"
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"majestic/app"
)

func TestStudio(t *testing.T) {
	s := newSite(t)
	ctx := context.Background()
	d, err := s.tenant.CreateDesign(ctx, nil, "Card", document(t, greeting))
	if err != nil {
		t.Fatal(err)
	}
	path := "/t/acme/designs/" + d.ID
	page := parse(t, s.page(path).want(t, 200).body)
	if page.one(t, "input", "name=var.name").attr("value") != "Name" || page.one(t, "input", "name=var.accent").attr("value") != "#2563eb" {
		t.Error("the form does not begin with readable values")
	}
	if drawn := page.one(t, "", "id=drawing").one(t, "", "data-element=hello").text(); drawn != "Hello Name" {
		t.Errorf("drawn: %q", drawn)
	}

	t.Run("the canvas draws what is typed", func(t *testing.T) {
		got := s.page(path+"/canvas?"+url.Values{"var.name": {"<b>Žiža</b>"}, "var.accent": {"#0f0"}}.Encode()).want(t, 200)
		if drawn := parse(t, got.body).one(t, "", "data-element=hello"); drawn.text() != "Hello <b>Žiža</b>" {
			t.Errorf("drawn: %q", drawn.text())
		}
		if strings.Contains(got.body, "<html") {
			t.Error("a whole page")
		}
		wrong := s.page(path+"/canvas?var.accent=red", "Accept", "text/html, application/problem+json").problem(t, 422)
		if len(wrong.Errors) != 1 || wrong.Errors[0].Field != "variables.accent" {
			t.Errorf("%+v", wrong)
		}
	})
	t.Run("a wrong value is shown beside its input", func(t *testing.T) {
		got := s.post(path+"/renders", url.Values{"var.name": {"Ada"}, "var.accent": {"red"}, "format": {"jpeg"}, "scale": {"2"}}).want(t, 422)
		page := parse(t, got.body)
		accent := page.one(t, "input", "name=var.accent")
		if accent.attr("value") != "red" || accent.attr("aria-invalid") != "true" || page.one(t, "", "id="+accent.attr("aria-describedby")).text() == "" {
			t.Error("the fault is not beside the colour, or the colour is forgotten")
		}
		if page.one(t, "input", "name=var.name").attr("value") != "Ada" || page.one(t, "input", "name=var.name").attr("aria-invalid") != "" {
			t.Error("the name is forgotten, or blamed")
		}
		if page.one(t, "option", "selected", "value=jpeg").text() != "JPEG" || page.one(t, "option", "selected", "value=2").text() != "2×" {
			t.Error("the choice is forgotten")
		}
	})
	t.Run("render", func(t *testing.T) {
		got := s.post(path+"/renders", url.Values{"var.name": {"Ada"}, "var.accent": {"#f00"}, "format": {"png"}, "scale": {"2"}}).want(t, 303)
		to := got.Header.Get("Location")
		id := to[strings.LastIndex(to, "/")+1:]
		card := parse(t, s.page(to).want(t, 200).body).one(t, "article", "id=render-"+id)
		if card.attr("data-status") != "queued" || card.attr("data-events") != to+"/events" {
			t.Errorf("the card of a new render: %v", card.Attr)
		}
		page := parse(t, s.page(path).want(t, 200).body)
		if page.one(t, "input", "name=var.name").attr("value") != "Ada" || page.one(t, "option", "selected", "value=2").text() != "2×" {
			t.Error("the form does not begin with the last render")
		}
		page.one(t, "section", "aria-labelledby=renders-title").one(t, "article", "id=render-"+id)

		finish(t, s.tenant, id)
		card = parse(t, s.page(to).want(t, 200).body).one(t, "article", "id=render-"+id)
		if card.one(t, "a", "download").attr("href") != to+"/file" || card.one(t, "img").attr("src") != to+"/file" || len(card.all("", "data-events")) > 0 || card.attr("data-events") != "" {
			t.Error("the card of a finished render has no download, or still waits")
		}
		if f := s.page(to+"/file").want(t, 200); f.Header.Get("Content-Type") != "image/png" {
			t.Errorf("the file: %v", f.Header)
		}
	})
	t.Run("cancel", func(t *testing.T) {
		made, err := s.tenant.CreateRender(ctx, nil, app.RenderRequest{Design: d.ID, Variables: map[string]string{"name": "a", "accent": "#000"}})
		if err != nil {
			t.Fatal(err)
		}
		to := "/t/acme/renders/" + made.ID
		form := parse(t, s.page(to).want(t, 200).body).one(t, "article").one(t, "form")
		if got := s.post(form.attr("action"), nil).want(t, 303).Header.Get("Location"); got != to {
			t.Errorf("after a cancel one is sent to %s", got)
		}
		card := parse(t, s.page(to).want(t, 200).body).one(t, "article")
		if card.attr("data-status") != "canceled" || card.attr("data-events") != "" || len(card.all("form")) > 0 {
			t.Errorf("the card of a canceled render: %v", card.Attr)
		}
	})
	t.Run("a failed render says why", func(t *testing.T) {
		made, err := s.tenant.CreateRender(ctx, nil, app.RenderRequest{Design: d.ID, Variables: map[string]string{"name": "a", "accent": "#000"}})
		if err != nil {
			t.Fatal(err)
		}
		if err := s.tenant.FailRender(ctx, made, "the image of element \"photo\" cannot be read"); err != nil {
			t.Fatal(err)
		}
		if text := parse(t, s.page("/t/acme/renders/"+made.ID).body).one(t, "article").text(); !strings.Contains(text, `the image of element "photo" cannot be read`) {
			t.Errorf("the card says %s", text)
		}
	})
}

func TestStream(t *testing.T) {
	s := newSite(t)
	x := makeThings(t, s.tenant, "Card")
	open := func(id, seen string) *bufio.Scanner {
		t.Helper()
		r, err := http.NewRequest("GET", s.url+"/t/acme/renders/"+id+"/events", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.AddCookie(s.cookie)
		if seen != "" {
			r.Header.Set("Last-Event-ID", seen)
		}
		response, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { response.Body.Close() })
		if got := response.Header.Get("Content-Type"); got != "text/event-stream" {
			t.Fatalf("Content-Type %s", got)
		}
		return bufio.NewScanner(response.Body)
	}
	// next reads an event up to its empty line.
	next := func(lines *bufio.Scanner) string {
		event := ""
		for lines.Scan() && lines.Text() != "" {
			event += lines.Text() + "\n"
		}
		return event
	}
	made, err := s.tenant.CreateRender(context.Background(), nil, app.RenderRequest{Design: x.design, Variables: map[string]string{"name": "a", "accent": "#000"}})
	if err != nil {
		t.Fatal(err)
	}
	lines := open(made.ID, "")
	resumed := open(made.ID, "queued")
	if got := next(lines); !strings.Contains(got, "event: render\n") || !strings.Contains(got, `data-status="queued"`) {
		t.Errorf("first event: %s", got)
	}
	finish(t, s.tenant, made.ID)
	for _, lines := range []*bufio.Scanner{lines, resumed} {
		all := ""
		for event := next(lines); event != ""; event = next(lines) {
			all += event
		}
		if !strings.Contains(all, "id: succeeded\n") || !strings.Contains(all, "/file") || strings.Contains(all, "id: queued") {
			t.Errorf("the events after the first: %s", all)
		}
	}
	s.page("/t/acme/renders/"+made.ID+"/events", "Last-Event-ID", "succeeded").want(t, 204)

	made, err = s.tenant.CreateRender(context.Background(), nil, app.RenderRequest{Design: x.design, Variables: map[string]string{"name": "a", "accent": "#000"}})
	if err != nil {
		t.Fatal(err)
	}
	lines = open(made.ID, "")
	next(lines)
	s.Retire(context.Background(), 0)
	if got := next(lines); !strings.HasPrefix(got, "retry: ") {
		t.Errorf("a server that closes sends %q", got)
	}
}
