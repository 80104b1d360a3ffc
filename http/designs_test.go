package http_test

import (
	"strings"
	"testing"

	"majestic/app"
)

func TestDesigns(t *testing.T) {
	s := newSite(t)
	var d app.Design
	made := s.api("POST", "/designs", `{"name":"Card","document":`+greeting+`}`).want(t, 201)
	made.json(t, &d)
	if d.Name != "Card" || d.Version != 1 || made.Header.Get("ETag") != `"1"` || made.Header.Get("Location") != s.url+"/api/v1/designs/"+d.ID {
		t.Errorf("made %+v, %v", d, made.Header)
	}
	if got := s.api("GET", "/designs/"+d.ID, nil).want(t, 200); !strings.Contains(got.body, `"document":{"version":1,`) {
		t.Errorf("got %s", got.body)
	}
	if got := s.api("HEAD", "/designs/"+d.ID, nil).want(t, 200); got.body != "" || got.Header.Get("ETag") != `"1"` {
		t.Errorf("HEAD: %v", got.Header)
	}

	save := `{"name":"Card 2","document":` + greeting + `}`
	s.api("PUT", "/designs/"+d.ID, save).problem(t, 428)
	for _, match := range []string{"1", `"01"`, `W/"1"`, "*", `"1", "2"`, `"one"`} {
		s.api("PUT", "/designs/"+d.ID, save, "If-Match", match).problem(t, 400)
	}
	if got := s.api("PUT", "/designs/"+d.ID, save, "If-Match", `"1"`).want(t, 200); got.Header.Get("ETag") != `"2"` {
		t.Errorf("ETag %s after the save", got.Header.Get("ETag"))
	}
	s.api("PUT", "/designs/"+d.ID, save, "If-Match", `"1"`).problem(t, 412)

	var versions app.List[app.DesignVersion]
	s.api("GET", "/designs/"+d.ID+"/versions", nil).want(t, 200).json(t, &versions)
	if len(versions.Data) != 2 || versions.Data[0].Name != "Card 2" {
		t.Errorf("versions %+v", versions)
	}
	var first, second app.List[app.Design]
	s.api("GET", "/designs?limit=1", nil).want(t, 200).json(t, &first)
	if len(first.Data) != 1 || first.Next == nil {
		t.Fatalf("first page %+v", first)
	}
	s.api("GET", "/designs?limit=1&after="+*first.Next, nil).want(t, 200).json(t, &second)
	if len(second.Data) != 1 || second.Next != nil || second.Data[0].ID == first.Data[0].ID {
		t.Errorf("second page %+v", second)
	}
}

func TestDesignsAreListedDeletedAndPublished(t *testing.T) {
	s := newSite(t)
	var d app.Design
	s.api("POST", "/designs", `{"name":"Greeting","document":`+greeting+`}`).want(t, 201).json(t, &d)
	path := "/designs/" + d.ID
	s.api("PUT", path, `{"name":"Greeting","document":`+greeting+`}`, "If-Match", `"1"`).want(t, 200)
	listed := func(query string) bool {
		t.Helper()
		return strings.Contains(s.api("GET", "/designs"+query, nil).want(t, 200).body, d.ID)
	}

	const one = `{"version":1}`
	published := s.api("POST", path+"/publish", one, "Idempotency-Key", "p").want(t, 200)
	if !strings.Contains(published.body, `"published_version":1`) || published.Header.Get("ETag") != `"2"` {
		t.Errorf("%s", published.body)
	}
	if again := s.api("POST", path+"/publish", one, "Idempotency-Key", "p").want(t, 200); again.Header.Get("Idempotent-Replayed") != "true" {
		t.Error("it is published twice")
	}
	s.api("POST", path+"/publish", `{"version":2}`, "Idempotency-Key", "p").problem(t, 422)
	s.api("POST", path+"/publish", one, "If-Match", `"1"`).problem(t, 412)
	for _, body := range []string{`{}`, `{"version":3}`, `{"version":0}`, `{"version":"1"}`, `{"version":1.5}`} {
		if p := s.api("POST", path+"/publish", body).problem(t, 422); len(p.Errors) != 1 || p.Errors[0].Field != "version" {
			t.Errorf("%s: %+v", body, p)
		}
	}
	var r app.Render
	s.api("POST", "/renders", `{"design":"`+d.ID+`","variables":{"name":"a","accent":"#000"},"async":true}`).want(t, 202).json(t, &r)
	if r.Version != 1 {
		t.Errorf("version 1 is published, and %d rendered", r.Version)
	}
	if got := s.api("POST", path+"/publish", `{"version":null}`).want(t, 200); !strings.Contains(got.body, `"published_version":null`) {
		t.Errorf("%s", got.body)
	}
	if got := s.api("GET", path+"/versions", nil).want(t, 200); !strings.Contains(got.body, `"saved_by":"API"`) {
		t.Errorf("%s", got.body)
	}

	if !listed("?q=GREET") || listed("?q=none") || listed("?archived=true") {
		t.Error("the filters do not hold")
	}
	s.api("GET", "/designs?archived=yes", nil).problem(t, 400)
	if err := s.tenant.ArchiveDesign(t.Context(), d.ID); err != nil {
		t.Fatal(err)
	}
	if listed("") || !listed("?archived=true&sort=name") {
		t.Error("the archive is not told apart")
	}
	s.api("GET", path, nil).want(t, 200)

	s.api("DELETE", path, nil, "If-Match", `"1"`).problem(t, 412)
	s.api("DELETE", path, nil, "If-Match", `"2"`).want(t, 204)
	s.api("DELETE", path, nil).problem(t, 404)
	s.api("GET", path, nil).problem(t, 404)
	s.api("GET", path+"/versions", nil).problem(t, 404)
	s.api("POST", "/renders", `{"design":"`+d.ID+`","variables":{"name":"a","accent":"#000"}}`).problem(t, 422)
	s.api("GET", "/renders/"+r.ID, nil).want(t, 200)
	finish(t, s.tenant, r.ID)
	s.api("GET", "/renders/"+r.ID+"/file", nil).want(t, 200)
	s.page("/t/acme/renders/"+r.ID).want(t, 200)
}
