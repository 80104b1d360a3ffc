package http_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"majestic/app"
	ours "majestic/http"
)

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
