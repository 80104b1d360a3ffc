package http_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"majestic/app"
	"majestic/app/apptest"
	"majestic/app/logs"
	ours "majestic/http"
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

func TestAssets(t *testing.T) {
	s := newSite(t)
	picture := apptest.PNG(30, 20)
	upload := func(status int, field, name string, data []byte, headers ...string) answer {
		t.Helper()
		return s.upload("/assets", field, name, data, headers...).want(t, status)
	}
	var a, again app.Asset
	upload(201, "file", "flag.png", picture, "Idempotency-Key", "k").json(t, &a)
	if a.Width != 30 || a.Height != 20 || a.MediaType != "image/png" || a.Name != "flag.png" {
		t.Errorf("asset %+v", a)
	}
	// The boundary of the form is another one each time; the upload is the same.
	replay := upload(201, "file", "flag.png", picture, "Idempotency-Key", "k")
	if replay.json(t, &again); again.ID != a.ID || replay.Header.Get("Idempotent-Replayed") != "true" {
		t.Errorf("not replayed: %+v", again)
	}
	f := s.api("GET", "/assets/"+a.ID+"/file", nil).want(t, 200)
	if f.body != string(picture) || f.Header.Get("Content-Type") != "image/png" || f.Header.Get("ETag") != `"`+a.SHA256+`"` {
		t.Errorf("file: %v", f.Header)
	}
	s.api("GET", "/assets/"+a.ID, nil).want(t, 200)

	// A drawing that is opened by itself is a page of ours, and may do nothing.
	upload(201, "file", "logo.svg", []byte(`<svg xmlns="http://www.w3.org/2000/svg" width="8" height="4"><script>alert(1)</script></svg>`)).json(t, &a)
	f = s.api("GET", "/assets/"+a.ID+"/file", nil).want(t, 200)
	if a.MediaType != "image/svg+xml" || f.Header.Get("Content-Type") != a.MediaType || strings.Contains(f.body, "script") ||
		!strings.Contains(f.Header.Get("Content-Security-Policy"), "default-src 'none'") || !strings.Contains(f.Header.Get("Content-Security-Policy"), "sandbox") {
		t.Errorf("%+v: %v\n%s", a, f.Header, f.body)
	}

	for name, bad := range map[string]answer{
		"file":  upload(422, "file", "flag.png", []byte("not a picture")),
		"photo": upload(422, "photo", "flag.png", picture),
	} {
		if p := bad.problem(t, 422); len(p.Errors) != 1 || p.Errors[0].Field != name {
			t.Errorf("%s: %+v", name, p)
		}
	}
	upload(413, "file", "big.png", make([]byte, app.MaxAssetBytes+2<<20)).problem(t, 413)
	s.api("POST", "/assets", "{}").problem(t, 415)
}

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

func TestBatches(t *testing.T) {
	s := newSite(t)
	x := makeThings(t, s.tenant, "Card")
	body := `{"design":"` + x.design + `","format":"jpeg","rows":[{"name":"a","accent":"#000"},{"name":7,"accent":"#fff"}]}`
	var b app.Batch
	made := s.api("POST", "/batches", body).want(t, 202)
	made.json(t, &b)
	if b.Total != 2 || b.Status != app.Queued || b.Format != "jpeg" || !strings.HasSuffix(made.Header.Get("Location"), "/batches/"+b.ID) {
		t.Errorf("batch %s", made.body)
	}
	s.api("GET", "/batches/"+b.ID, nil).want(t, 200)
	var items app.List[app.Render]
	s.api("GET", "/batches/"+b.ID+"/items", nil).want(t, 200).json(t, &items)
	if len(items.Data) != 2 || items.Data[1].Variables["name"] != "7" {
		t.Errorf("items %+v", items)
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

func TestIdempotency(t *testing.T) {
	s := newSite(t)
	x := makeThings(t, s.tenant, "Card")
	for path, body := range map[string]string{
		"/designs": `{"name":"Card","document":` + greeting + `}`,
		"/renders": `{"design":"` + x.design + `","async":true,"variables":{"name":"a","accent":"#000"}}`,
		"/batches": `{"design":"` + x.design + `","rows":[{"name":"a","accent":"#000"}]}`,
	} {
		first := s.api("POST", path, body, "Idempotency-Key", "one")
		again := s.api("POST", path, body, "Idempotency-Key", "one")
		if first.StatusCode >= 300 || again.body != first.body || again.StatusCode != first.StatusCode {
			t.Errorf("%s: %d %s, then %d %s", path, first.StatusCode, first.body, again.StatusCode, again.body)
		}
		if first.Header.Get("Idempotent-Replayed") != "" || again.Header.Get("Idempotent-Replayed") != "true" {
			t.Errorf("%s: the replay is not marked, or the first is", path)
		}
		if p := s.api("POST", path, " "+body, "Idempotency-Key", "one").problem(t, 422); p.Errors[0].Field != "Idempotency-Key" {
			t.Errorf("%s: %+v", path, p)
		}
		s.api("POST", path, body, "Idempotency-Key", strings.Repeat("k", 256)).problem(t, 400)
	}
}

func TestBadInput(t *testing.T) {
	s := newSite(t)
	s.key = s.keyOf(s.tenant, app.AdminScope)
	x := makeThings(t, s.tenant, "Card")
	design := func(document string) string { return `{"name":"Card","document":` + document + `}` }
	render := func(rest string) string {
		return `{"design":"` + x.design + `","variables":{"name":"a","accent":"#000"},` + rest + `}`
	}
	const page = `{"version":1,"pages":[{"width":%d,"height":%d,"elements":[%s]}]}`
	for _, c := range []struct {
		name, path, body string
		status           int
		field            string
	}{
		{"unknown field", "/designs", `{"name":"Card","colour":"red","document":` + greeting + `}`, 422, "colour"},
		{"wrong type", "/designs", `{"name":7,"document":` + greeting + `}`, 422, "name"},
		{"no name", "/designs", `{"document":` + greeting + `}`, 422, "name"},
		{"no document", "/designs", `{"name":"Card"}`, 422, "document"},
		{"not an object", "/designs", `[]`, 422, ""},
		{"not JSON", "/designs", `{"name":`, 400, ""},
		{"two values", "/designs", `{"name":"Card"} {}`, 400, ""},
		{"a name twice", "/designs", `{"name":"Card","name":"Card"}`, 400, ""},
		{"nothing", "/designs", ` `, 400, ""},
		{"nested without end", "/designs", strings.Repeat("[", 1<<20), 400, ""},
		{"a document nested without end", "/designs", design(strings.Repeat(`{"a":`, 400_000)), 400, ""},
		{"variables nested without end", "/renders", `{"design":"` + x.design + `","variables":` + strings.Repeat(`{"a":`, 400_000), 400, ""},
		{"variables nested deep", "/renders", `{"design":"` + x.design + `","variables":{"name":` + strings.Repeat("[", 5000) + strings.Repeat("]", 5000) + `}}`, 422, "variables.name"},
		{"a row nested without end", "/batches", `{"design":"` + x.design + `","rows":[` + strings.Repeat(`[`, 1<<20), 400, ""},
		{"a key of no scope", "/keys", `{"name":"n","scope":"all"}`, 422, "scope"},
		{"a key that has expired", "/keys", `{"name":"n","scope":"read","expires_at":"2020-01-01T00:00:00Z"}`, 422, "expires_at"},
		{"a key until some day", "/keys", `{"name":"n","scope":"read","expires_at":"tomorrow"}`, 422, "expires_at"},
		{"unknown field of an element", "/designs", design(fmt.Sprintf(page, 10, 10, `{"id":"a","type":"rect","x":0,"y":0,"width":1,"height":1,"fil":"#fff"}`)), 422, "document.pages[0].elements[0].fil"},
		{"unknown font", "/designs", design(fmt.Sprintf(page, 10, 10, `{"id":"a","type":"text","x":0,"y":0,"width":1,"height":1,"text":"a","font":"Comic"}`)), 422, "document.pages[0].elements[0].font"},
		{"too large a page", "/designs", design(fmt.Sprintf(page, 6000, 6000, "")), 422, "document.pages[0].width"},
		{"space around a document", "/designs", design(strings.Repeat(" ", 1<<20) + greeting), 201, ""},
		{"too many bytes of a document", "/designs", design(fmt.Sprintf(page, 10, 10, strings.Repeat(" ", 1<<20))), 413, ""},
		{"too many bytes", "/designs", strings.Repeat(" ", 3<<20), 413, ""},
		{"no design", "/renders", `{}`, 422, "design"},
		{"an id that cannot be", "/renders", `{"design":"1"}`, 422, "design"},
		{"a missing variable", "/renders", `{"design":"` + x.design + `","variables":{"name":"a"}}`, 422, "variables.accent"},
		{"a bad colour", "/renders", `{"design":"` + x.design + `","variables":{"name":"a","accent":"red"}}`, 422, "variables.accent"},
		{"a variable that is a list", "/renders", `{"design":"` + x.design + `","variables":{"name":[]}}`, 422, "variables.name"},
		{"variables that are a list", "/renders", `{"design":"` + x.design + `","variables":[]}`, 422, "variables"},
		{"format", "/renders", render(`"format":"bmp"`), 422, "format"},
		{"scale", "/renders", render(`"scale":5`), 422, "scale"},
		{"scale 0", "/renders", render(`"scale":0`), 422, "scale"},
		{"scale in words", "/renders", render(`"scale":"2"`), 422, "scale"},
		{"a scale beyond words", "/renders", render(`"scale":1e300`), 422, "scale"},
		{"page", "/renders", render(`"page":2`), 422, "page"},
		{"a page of a pdf", "/renders", render(`"format":"pdf","page":1`), 422, "page"},
		{"pages of a png", "/renders", render(`"pages":"1"`), 422, "pages"},
		{"pages in numbers", "/renders", render(`"format":"pdf","pages":1`), 422, "pages"},
		{"pages that are not there", "/renders", render(`"format":"pdf","pages":"1-2"`), 422, "pages"},
		{"quality of a png", "/renders", render(`"quality":80`), 422, "quality"},
		{"quality 0", "/renders", render(`"format":"jpeg","quality":0`), 422, "quality"},
		{"too much quality", "/renders", render(`"format":"jpeg","quality":101`), 422, "quality"},
		{"half a quality", "/renders", render(`"format":"jpeg","quality":80.5`), 422, "quality"},
		{"a transparent jpeg", "/renders", render(`"format":"jpeg","transparent":true`), 422, "transparent"},
		{"transparent in words", "/renders", render(`"transparent":"yes"`), 422, "transparent"},
		{"an optimized webp", "/renders", render(`"format":"webp","optimize":true`), 422, "optimize"},
		{"a transparent batch of jpegs", "/batches", `{"design":"` + x.design + `","format":"jpeg","transparent":true,"rows":[{"name":"a","accent":"#000"}]}`, 422, "transparent"},
		{"half a page", "/renders", render(`"page":1.5`), 422, "page"},
		{"version", "/renders", render(`"version":9`), 422, "version"},
		{"a version beyond count", "/renders", render(`"version":9999999999`), 422, "version"},
		{"an id in other words", "/renders", `{"design":"urn:uuid:` + x.design + `","variables":{"name":"a","accent":"#000"}}`, 422, "design"},
		{"a NUL in a value", "/renders", `{"design":"` + x.design + `","variables":{"name":"a\u0000b","accent":"#000"}}`, 422, "variables.name"},
		{"a NUL in a variable's name", "/renders", `{"design":"` + x.design + `","variables":{"name":"a","accent":"#000","b\u0000c":"x"}}`, 422, ""},
		{"a NUL in a row", "/batches", `{"design":"` + x.design + `","rows":[{"name":"a","accent":"#000","b\u0000c":"x"}]}`, 422, ""},
		{"async in words", "/renders", render(`"async":"yes"`), 422, "async"},
		{"no rows", "/batches", `{"design":"` + x.design + `","rows":[]}`, 422, "rows"},
		{"rows that are none", "/batches", `{"design":"` + x.design + `","rows":"a"}`, 422, "rows"},
		{"a row that is none", "/batches", `{"design":"` + x.design + `","rows":[{"name":"a","accent":"#000"},7]}`, 422, "rows[1]"},
		{"a row that lacks a value", "/batches", `{"design":"` + x.design + `","rows":[{"name":"a","accent":"#000"},{"name":"b"}]}`, 422, "rows[1].accent"},
		{"a row with a list", "/batches", `{"design":"` + x.design + `","rows":[{"name":[],"accent":"#000"}]}`, 422, "rows[0].name"},
		{"a webhook inside", "/batches", `{"design":"` + x.design + `","rows":[{"name":"a","accent":"#000"}],"webhook_url":"https://10.0.0.1"}`, 422, "webhook_url"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := s.api("POST", c.path, c.body)
			if c.status < 300 {
				got.want(t, c.status)
				return
			}
			p := got.problem(t, c.status)
			if c.field == "" {
				return
			}
			if len(p.Errors) == 0 || p.Errors[0].Field != c.field {
				t.Errorf("%+v does not name %s", p, c.field)
			}
		})
	}
	for _, q := range []string{"limit=0", "limit=101", "limit=x", "after=x"} {
		s.api("GET", "/designs?"+q, nil).problem(t, 400)
	}
	s.api("GET", "/designs/1", nil).problem(t, 404)
	s.api("POST", "/renders", render(`"page":1`), "Idempotency-Key", "\xff").problem(t, 422)
	s.do("POST", "/api/v1/designs", strings.NewReader("{}"), "Authorization", "Bearer "+s.key).problem(t, 415)
	if p := s.api("POST", "/designs", "{\n  \"name\" \"Card\"}").problem(t, 400); !strings.Contains(p.Detail, "line 2, column 10") {
		t.Errorf("the fault has no place: %s", p.Detail)
	}
}

func TestRoutesThatAreNone(t *testing.T) {
	s := newSite(t)
	s.api("GET", "/nothing", nil).problem(t, 404)
	not := s.api("DELETE", "/renders", nil)
	if not.problem(t, 405); not.Header.Get("Allow") != "GET, HEAD, POST" {
		t.Errorf("Allow: %s", not.Header.Get("Allow"))
	}
	if page := s.page("/nothing").want(t, 404); !strings.HasPrefix(page.Header.Get("Content-Type"), "text/html") {
		t.Errorf("a person gets %s", page.Header.Get("Content-Type"))
	}
}

func TestKeys(t *testing.T) {
	s := newSite(t)
	past := time.Now().Add(-time.Minute)
	expired, err := s.tenant.CreateAPIKey(context.Background(), "old", app.WriteScope, &past)
	if err != nil {
		t.Fatal(err)
	}
	for _, header := range []string{"", "Bearer", "Bearer mj_wrong", "Basic " + s.key, "Bearer " + expired} {
		got := s.do("GET", "/api/v1/designs", nil, "Authorization", header, "Cookie", s.cookie.String())
		if got.problem(t, 401); got.Header.Get("WWW-Authenticate") == "" {
			t.Errorf("%q: no WWW-Authenticate", header)
		}
	}
}

func TestRateLimit(t *testing.T) {
	s := newSite(t, func(o *ours.Options) { o.RateLimit = 0.01 })
	s.api("GET", "/designs", nil).want(t, 200)
	refused := s.api("GET", "/designs", nil)
	if refused.problem(t, 429); refused.Header.Get("Retry-After") == "" || refused.Header.Get("Retry-After") == "0" {
		t.Errorf("Retry-After: %q", refused.Header.Get("Retry-After"))
	}
	if left, all := refused.Header.Get("RateLimit"), refused.Header.Get("RateLimit-Policy"); left != `"key";r=0;t=100` || all != `"key";q=1;w=100` {
		t.Errorf("RateLimit: %s, RateLimit-Policy: %s", left, all)
	}
	other, err := s.tenant.CreateAPIKey(context.Background(), "other", app.WriteScope, nil)
	if err != nil {
		t.Fatal(err)
	}
	s.do("GET", "/api/v1/designs", nil, "Authorization", "Bearer "+other).want(t, 200)
}

// A program learns who it is, and manages keys when its own is for that.
func TestAccountAndKeys(t *testing.T) {
	s := newSite(t, func(o *ours.Options) { o.RateLimit = 500 })
	s.api("POST", "/keys", `{"name":"n","scope":"read"}`).problem(t, 403)
	s.key = s.keyOf(s.tenant, app.AdminScope)
	var who struct {
		app.Program
		Limits map[string]float64
	}
	got := s.api("GET", "/account", nil).want(t, 200)
	if got.json(t, &who); who.Workspace.Slug != "acme" || who.Key.Scope != app.AdminScope || who.Key.UsedAt == nil || who.Limits["requests_per_second"] != 500 || who.Limits["batch_rows"] != app.MaxBatchRows {
		t.Errorf("%s", got.body)
	}
	if got.Header.Get("RateLimit-Policy") != `"key";q=500;w=1` {
		t.Errorf("%v", got.Header)
	}
	var made, again app.NewAPIKey
	body := `{"name":"Newsletter","scope":"read","expires_at":"2999-12-31T00:00:00Z"}`
	first := s.api("POST", "/keys", body, "Idempotency-Key", "one").want(t, 201)
	first.json(t, &made)
	s.api("POST", "/keys", body, "Idempotency-Key", "one").want(t, 201).json(t, &again)
	if made.Secret == "" || again.ID != made.ID || again.Secret != "" || made.ExpiresAt.Year() != 2999 || first.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("%+v, %+v", made, again)
	}
	own := s.do("GET", "/api/v1/account", nil, "Authorization", "Bearer "+made.Secret).want(t, 200)
	if own.json(t, &who); who.Key.ID != made.ID || who.Key.Scope != app.ReadScope || strings.Contains(own.body, made.Secret) {
		t.Errorf("%s", own.body)
	}
	var page app.List[app.APIKey]
	s.api("GET", "/keys?limit=1", nil).want(t, 200).json(t, &page)
	if len(page.Data) != 1 || page.Next == nil || page.Data[0].ID != made.ID {
		t.Errorf("%+v", page)
	}
	s.api("GET", "/keys?after="+*page.Next, nil).want(t, 200).json(t, &page)
	if len(page.Data) != 2 || page.Next != nil {
		t.Errorf("%+v", page)
	}
	s.api("DELETE", "/keys/"+made.ID, nil).want(t, 204)
	s.do("GET", "/api/v1/account", nil, "Authorization", "Bearer "+made.Secret).problem(t, 401)
}

// No other site's page may read the API in a browser.
func TestNoCORS(t *testing.T) {
	s := newSite(t)
	for _, method := range []string{"GET", "OPTIONS"} {
		got := s.do(method, "/api/v1/designs", nil, "Authorization", "Bearer "+s.key, "Origin", "https://elsewhere.example", "Access-Control-Request-Method", "GET")
		for name := range got.Header {
			if strings.HasPrefix(name, "Access-Control-") {
				t.Errorf("%s: %s", method, name)
			}
		}
	}
}

// /readyz names each check, with a reason for everybody where one fails; the cause
// stays in the log.
func TestHealth(t *testing.T) {
	var chrome, disk error
	s := newSite(t, func(o *ours.Options) {
		o.Checks = append(o.Checks,
			ours.Check{Name: "chrome", Ask: func(context.Context) error { return chrome }},
			ours.Check{Name: "disk", Ask: func(context.Context) error { return disk }, Outside: true})
	})
	type check struct {
		Name   string
		OK     bool
		Reason string
	}
	address, err := net.ResolveTCPAddr("tcp", strings.TrimPrefix(s.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name         string
		chrome, disk error
		status       int
		want         string // of readyz
		checks       []check
		own          string // what the server says of itself
	}{
		{"all is well", nil, nil, 200, "ready", []check{{"database", true, ""}, {"chrome", true, ""}, {"disk", true, ""}}, ""},
		{"chrome", &app.Error{Kind: app.Unavailable, Message: "Chrome does not start", Err: errors.New("a hushed cause")}, nil, 503, "not ready",
			[]check{{"database", true, ""}, {"chrome", false, "Chrome does not start"}, {"disk", true, ""}}, "Chrome does not start"},
		{"the disk, which lies outside", nil, errors.New("a hushed cause"), 503, "not ready",
			[]check{{"database", true, ""}, {"chrome", true, ""}, {"disk", false, "this does not work; the log tells why"}}, ""},
		{"both", errors.New("a hushed cause"), errors.New("a hushed cause"), 503, "not ready",
			[]check{{"database", true, ""}, {"chrome", false, "this does not work; the log tells why"}, {"disk", false, "this does not work; the log tells why"}}, "GET /readyz answers 503"},
		{"all is well again", nil, nil, 200, "ready", []check{{"database", true, ""}, {"chrome", true, ""}, {"disk", true, ""}}, ""},
	} {
		chrome, disk = test.chrome, test.disk
		a := s.do("GET", "/readyz", nil).want(t, test.status)
		var got struct {
			Status string
			Checks []check
		}
		if a.json(t, &got); got.Status != test.want || !slices.Equal(got.Checks, test.checks) || strings.Contains(a.body, "hush") {
			t.Errorf("%s: %s", test.name, a.body)
		}
		if wait := a.Header.Get("Retry-After") != ""; wait != (test.status == 503) || a.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %v", test.name, a.Header)
		}
		if err := s.Check(context.Background(), address); (err == nil) != (test.own == "") || err != nil && !strings.Contains(err.Error(), test.own) {
			t.Errorf("%s: of itself it says %v", test.name, err)
		}
	}
	s.do("GET", "/healthz", nil).want(t, 200)
	var v map[string]any
	s.do("GET", "/version", nil).want(t, 200).json(t, &v)
	if v["version"] != "v1" || v["release"] != apptest.Release || v["generation"] != 7.0 {
		t.Errorf("version %v", v)
	}
}

func TestOurFaultIsNotShown(t *testing.T) {
	name := filepath.Join(t.TempDir(), "log")
	log, err := logs.Open(logs.Options{File: name})
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	s := newSite(t, func(o *ours.Options) {
		o.Checks = []ours.Check{{Name: "sanity", Ask: func(context.Context) error { panic("the secret is hush") }}}
		o.Log = log.Logger
	})
	got := s.do("GET", "/readyz", nil, "Accept", "application/json")
	if p := got.problem(t, 500); strings.Contains(got.body, "hush") || !strings.Contains(p.Detail, got.Header.Get("X-Request-Id")) {
		t.Errorf("%s", got.body)
	}
	if page := s.page("/readyz").want(t, 500); strings.Contains(page.body, "hush") || !strings.Contains(page.body, page.Header.Get("X-Request-Id")) {
		t.Errorf("%s", page.body)
	}
	said, err := os.ReadFile(name)
	if id := got.Header.Get("X-Request-Id"); err != nil || !regexp.MustCompile(`msg="a handler panicked" panic="the secret is hush" .*request=`+id).Match(said) {
		t.Errorf("the log does not tell the panic of request %s: %v\n%s", id, err, said)
	}
}
