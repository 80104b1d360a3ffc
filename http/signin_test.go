package http_test

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"

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
