package http_test

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"

	"majestic/app"
	"majestic/app/apptest"
	ours "majestic/http"
	"majestic/jobs"
)

// River's page is there for operators alone, and no other site has its buttons pressed.
func TestRiver(t *testing.T) {
	s := newSite(t)
	ui, err := jobs.NewUI(s.pool, ours.RiverPath, apptest.Log(t))
	if err != nil {
		t.Fatal(err)
	}
	x := makeThings(t, s.tenant, "Card")
	s.serving.Store(ours.New(ours.Options{App: s.app, Static: nil, Release: "r", BaseURL: s.url, Log: apptest.Log(t), River: ui}))
	page := s.page("/operator/river/").want(t, 200)
	if policy := page.Header.Get("Content-Security-Policy"); !strings.Contains(policy, "style-src 'self' 'unsafe-inline'") || !strings.Contains(policy, "script-src 'self';") {
		t.Error(policy)
	}
	script := parse(t, page.body).one(t, "script", "type=module").attr("src")
	s.page(script).want(t, 200)
	list := s.page("/operator/river/api/jobs?state=available", "Accept", "application/json").want(t, 200)
	if !strings.Contains(list.body, x.batch) {
		t.Errorf("the jobs are %s", list.body)
	}
	var found struct{ Data []struct{ ID json.Number } }
	list.json(t, &found)
	cancel := func(headers ...string) answer {
		return s.send("POST", "/operator/river/api/jobs/cancel", `{"ids":["`+found.Data[0].ID.String()+`"]}`, headers...)
	}
	cancel("Sec-Fetch-Site", "cross-site").want(t, 403)
	cancel().want(t, 200)

	s.cookie = s.member(app.Owner)
	for _, path := range []string{"", script[len("/operator/river/"):], "api/jobs"} {
		s.page("/operator/river/"+path, "Accept", "application/json").problem(t, 404)
	}
	cancel().problem(t, 404)
	s.post("/operator/river/api/jobs/retry", url.Values{}, "Accept", "application/json").problem(t, 404)
	s.do("GET", "/operator/river/api/jobs", nil).want(t, 303)
}
