package http_test

import (
	"bufio"
	"context"
	"html"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"majestic/app"
	"majestic/app/apptest"
	ours "majestic/http"
)

func TestSetUp(t *testing.T) {
	s := newEmptySite(t)
	token, err := s.app.SetupToken(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if front := s.do("GET", "/", nil).want(t, 200); !strings.Contains(front.body, "setup link") {
		t.Errorf("the front page does not tell of the setup link: %s", front.body)
	}
	s.do("GET", "/setup", nil).want(t, 403)
	s.do("GET", "/setup?token=guess", nil).want(t, 403)
	form := parse(t, s.do("GET", "/setup?token="+token, nil).want(t, 200).body).one(t, "form", "action=/setup")
	if form.one(t, "input", "name=token").attr("value") != token {
		t.Error("the form does not carry the token")
	}

	given := url.Values{"token": {token}, "name": {"Ada"}, "email": {"ada"}, "password": {"short"}, "workspace": {"Žiža & Co."}}
	wrong := parse(t, s.post("/setup", given).want(t, 422).body)
	for _, name := range []string{"email", "password"} {
		input := wrong.one(t, "input", "name="+name)
		if input.attr("aria-invalid") != "true" || !strings.Contains(input.attr("aria-describedby"), name+"-fault") || wrong.one(t, "p", "id="+name+"-fault").text() == "" {
			t.Errorf("the fault of %s is not shown beside it", name)
		}
	}
	if wrong.one(t, "input", "name=workspace").attr("value") != "Žiža & Co." || wrong.one(t, "input", "name=password").attr("value") != "" {
		t.Error("the form does not keep what may be kept")
	}

	given.Set("email", "ada@example.com")
	given.Set("password", password)
	forged := url.Values{"token": {"guess"}}
	for k := range given {
		if k != "token" {
			forged[k] = given[k]
		}
	}
	s.post("/setup", forged).want(t, 403)
	done := s.post("/setup", given).want(t, 303)
	if !strings.HasPrefix(done.Header.Get("Location"), "/t/ziza-co/designs/") {
		t.Errorf("goes to %s", done.Header.Get("Location"))
	}
	s.cookie = done.Cookies()[0]
	studio := parse(t, s.page(done.Header.Get("Location")).want(t, 200).body)
	if studio.one(t, "h1").text() != "Social card" {
		t.Errorf("opens on %s", studio.one(t, "h1").text())
	}

	s.post("/setup", given).want(t, 409)
	s.do("GET", "/setup?token="+token, nil).want(t, 409)
}

func TestSignIn(t *testing.T) {
	s := newSite(t)
	design := "/t/acme/designs/" + makeThings(t, s.tenant, "Card").design
	asked := s.do("GET", design, nil).want(t, 303)
	to, err := url.Parse(asked.Header.Get("Location"))
	if err != nil || to.Path != "/signin" || to.Query().Get("next") != design {
		t.Fatalf("sent to %s", asked.Header.Get("Location"))
	}
	form := parse(t, s.do("GET", to.String(), nil).want(t, 200).body).one(t, "form", "action=/signin")
	if form.one(t, "input", "name=next").attr("value") != design {
		t.Error("the form forgets where to go")
	}

	ada := s.cookie
	s.cookie = nil
	wrong := s.post("/signin", url.Values{"email": {"ada@example.com"}, "password": {"wrong password"}}).want(t, 401)
	if len(wrong.Cookies()) != 0 || parse(t, wrong.body).one(t, "input", "name=email").attr("value") != "ada@example.com" {
		t.Error("a wrong password: a cookie, or the address is forgotten")
	}
	right := url.Values{"email": {"Ada@Example.com"}, "password": {password}, "next": {design}}
	in := s.post("/signin", right).want(t, 303)
	c := in.Cookies()[0]
	if in.Header.Get("Location") != design || c.Name != "session" || !c.HttpOnly || c.Secure || c.SameSite != http.SameSiteLaxMode || c.Path != "/" {
		t.Errorf("to %s with %+v", in.Header.Get("Location"), c)
	}
	for _, next := range []string{"https://example.com/t/", "//example.com/t/", `/\example.com/t/`, "/signout", "javascript:alert(1)"} {
		right.Set("next", next)
		if got := s.post("/signin", right).want(t, 303).Header.Get("Location"); got != "/" {
			t.Errorf("next %s leads to %s", next, got)
		}
	}

	s.cookie = ada
	if got := s.page("/").want(t, 303).Header.Get("Location"); got != "/t/acme/" {
		t.Errorf("the front leads to %s", got)
	}
	out := s.post("/signout", nil).want(t, 303)
	if c := out.Cookies()[0]; c.MaxAge >= 0 || c.Value != "" {
		t.Errorf("the cookie stays: %+v", c)
	}
	s.page("/t/acme/").want(t, 303) // the session itself has ended, whoever kept the cookie
}

func TestCookiesOverHTTPS(t *testing.T) {
	s := newSite(t, func(o *ours.Options) { o.BaseURL = "https://design.example.com" })
	in := s.post("/signin", url.Values{"email": {"ada@example.com"}, "password": {password}}).want(t, 303)
	if c := in.Cookies()[0]; c.Name != "__Host-session" || !c.Secure || !c.HttpOnly || c.Domain != "" {
		t.Errorf("%+v", c)
	}
	if in.Header.Get("Strict-Transport-Security") == "" {
		t.Error("no HSTS")
	}
}

func TestPostsFromElsewhereAreRefused(t *testing.T) {
	s := newSite(t)
	x := makeThings(t, s.tenant, "Card")
	for _, path := range []string{
		"/setup", "/signin", "/signout", "/t/acme/designs/" + x.design + "/renders", "/reset", "/reset/new", "/invitation", "/account/name", "/account/password",
		"/account/address", "/account/address/confirm", "/account/sessions/end", "/workspaces/new", "/t/acme/leave", "/t/acme/invitations", "/t/acme/keys", "/t/acme/fonts", "/t/acme/designs", "/t/acme/designs/" + x.design + "/name", "/t/acme/designs/" + x.design + "/duplicate",
		"/t/acme/designs/" + x.design + "/archive", "/t/acme/designs/" + x.design + "/unarchive", "/t/acme/designs/" + x.design + "/publish", "/t/acme/designs/" + x.design + "/versions/1/restore", "/t/acme/fonts/" + x.font + "/delete",
	} {
		for _, header := range [][]string{{"Sec-Fetch-Site", "cross-site"}, {"Sec-Fetch-Site", "", "Origin", "https://evil.example"}} {
			got := s.post(path, url.Values{"format": {"png"}}, header...).want(t, 403)
			if !strings.Contains(got.body, "send it again") {
				t.Errorf("%s does not say what to do: %s", path, got.body)
			}
		}
	}
	s.page("/t/acme/").want(t, 200) // still signed in
	renders, err := s.tenant.Renders(context.Background(), "", app.PageRequest{})
	if err != nil || len(renders.Data) != 1 {
		t.Errorf("a render was made: %v %v", renders, err)
	}
}

func TestEveryPage(t *testing.T) {
	s := newSite(t)
	x := makeThings(t, s.tenant, "Card")
	for _, path := range []string{"/setup", "/signin", "/nothing", "/t/acme/", "/t/acme/designs/" + x.design, "/t/acme/designs/" + x.design + "/edit", "/t/acme/renders/" + x.render,
		"/operator/", "/operator/backups", "/operator/tenants", "/operator/releases", "/reset", "/account", "/workspaces/new", "/t/acme/members", "/t/acme/keys", "/t/acme/fonts",
		"/t/acme/designs/" + x.design + "/batch", "/t/acme/drafts/" + x.draft, "/t/acme/batches", "/t/acme/batches/" + x.batch} {
		t.Run(path, func(t *testing.T) {
			got := s.page(path)
			if path == "/signin" {
				got = s.do("GET", path, nil)
			}
			csp := got.Header.Get("Content-Security-Policy")
			if !strings.Contains(csp, "default-src 'none'; script-src 'self'; style-src 'self';") || strings.Contains(strings.ReplaceAll(csp, "style-src-attr 'unsafe-inline'", ""), "unsafe") {
				t.Errorf("policy %s", csp)
			}
			for _, h := range []string{"X-Request-Id", "X-Release", "X-Content-Type-Options", "Referrer-Policy"} {
				if got.Header.Get(h) == "" {
					t.Errorf("no %s", h)
				}
			}
			page := parse(t, got.body)
			if len(page.all("style")) > 0 {
				t.Error("a style element")
			}
			var scripts []element
			for _, script := range page.all("script") {
				if script.attr("type") != "application/json" { // that is data
					scripts = append(scripts, script)
				}
			}
			for _, script := range scripts {
				if !strings.HasPrefix(script.attr("src"), "/static/") || script.text() != "" {
					t.Errorf("an inline script: %s", script.text())
				}
			}
			for _, e := range page.all("") {
				for _, a := range e.Attr {
					if strings.HasPrefix(a.Key, "on") {
						t.Errorf("a handler: %s", a.Key)
					}
				}
			}
			for _, input := range append(page.all("input"), page.all("select")...) {
				if input.attr("type") != "hidden" && len(page.all("label", "for="+input.attr("id"))) != 1 {
					t.Errorf("%s has no label", input.attr("name"))
				}
			}
			page.one(t, "h1")
			page.one(t, "main")
			for _, link := range append(page.all("link"), scripts...) {
				address := link.attr("href") + link.attr("src")
				kept := "immutable"
				if address == "/t/acme/fonts.css" {
					kept = "no-cache" // asked after each time; an ETag spares the rest
				}
				if asset := s.page(address).want(t, 200); !strings.Contains(asset.Header.Get("Cache-Control"), kept) {
					t.Errorf("%s is not kept: %s", address, asset.Header.Get("Cache-Control"))
				}
			}
		})
	}
}

func TestFirstPageIsLight(t *testing.T) {
	s := newSite(t)
	got := s.do("GET", "/signin", nil).want(t, 200)
	total := len(got.body)
	page := parse(t, got.body)
	for _, link := range append(page.all("link"), page.all("script")...) {
		total += len(s.do("GET", link.attr("href")+link.attr("src"), nil).body)
	}
	if total > 100_000 {
		t.Errorf("%d bytes", total)
	}
}

func TestFonts(t *testing.T) {
	s := newSite(t)
	sheet := ""
	studio := "/t/acme/designs/" + makeThings(t, s.tenant, "Card").design
	for _, link := range parse(t, s.page(studio).body).all("link", "rel=stylesheet") {
		if strings.HasPrefix(link.attr("href"), "/fonts/") {
			sheet = s.do("GET", link.attr("href"), nil).want(t, 200).body
		}
	}
	_, rest, ok := strings.Cut(sheet, `url("`)
	address, _, _ := strings.Cut(rest, `"`)
	if !ok {
		t.Fatalf("no font in the stylesheet %q", sheet)
	}
	if font := s.do("GET", address, nil).want(t, 200); !strings.HasPrefix(font.Header.Get("Content-Type"), "font/") || len(font.body) < 1000 {
		t.Errorf("%s: %v", address, font.Header)
	}
	for _, path := range []string{"/fonts/Inter-Regular.otf", "/fonts/..%2f..%2fetc%2fpasswd", "/static/static.go", "/static/..%2fgo.mod"} {
		s.do("GET", path, nil).want(t, 404)
	}
}

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
	if !strings.Contains(parse(t, page.body).text(), "app apikey create --tenant bolt") {
		t.Error("an empty gallery does not say what to do")
	}
}

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

// A design's images from elsewhere come by our own address, to members alone.
func TestImagesFromElsewhere(t *testing.T) {
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.RawQuery != "a=1&b=2" {
			http.NotFound(w, r)
			return
		}
		w.Write(apptest.PNG(4, 4))
	}))
	defer server.Close()
	s := newSite(t)
	d, err := s.tenant.CreateDesign(context.Background(), nil, "Photo", document(t,
		`{"version":1,"pages":[{"width":9,"height":9,"elements":[{"id":"p","type":"image","x":0,"y":0,"width":9,"height":9,"asset":"`+server.URL+`/x?a=1&b=2"}]}]}`))
	if err != nil {
		t.Fatal(err)
	}
	path := "/t/acme/fetched?address=" + url.QueryEscape(server.URL+"/x?a=1&b=2")
	for _, page := range []string{"/t/acme/designs/" + d.ID, "/t/acme/designs/" + d.ID + "/canvas"} {
		if got := s.page(page).want(t, 200); !strings.Contains(got.body, `src="`+html.EscapeString(path)+`"`) || strings.Contains(got.body, `src="https://`) {
			t.Errorf("%s shows it from elsewhere, or not at all", page)
		}
	}
	got := s.page(path).want(t, 200)
	if got.body != string(apptest.PNG(4, 4)) || got.Header.Get("Content-Type") != "image/png" || strings.Contains(got.Header.Get("Cache-Control"), "immutable") || got.Header.Get("Last-Modified") != "" {
		t.Errorf("%v", got.Header)
	}
	s.page(path, "If-None-Match", got.Header.Get("ETag")).want(t, 304)
	s.page("/t/acme/fetched?address="+url.QueryEscape(server.URL)).want(t, 422)
	s.page("/t/acme/fetched").want(t, 422)
	if out := s.do("GET", path, nil); out.StatusCode == 200 {
		t.Error("anybody gets it")
	}
}
