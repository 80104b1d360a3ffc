package http_test

import (
	"context"
	"html"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"majestic/app"
	"majestic/app/apptest"
)

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
