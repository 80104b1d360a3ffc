package http_test

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"majestic/app"
	"majestic/app/apptest"
	"majestic/app/logs"
	ours "majestic/http"
)

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
