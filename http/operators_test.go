package http_test

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"majestic/app"
	"majestic/app/apptest"
	ours "majestic/http"
)

// The operators' pages are there for operators, and for nobody else; each knows its
// place in the navigation.
func TestOperatorsOnly(t *testing.T) {
	s := newSite(t)
	places := map[string]string{"": "Overview", "backups": "Backups", "tenants": "Workspaces", "releases": "Releases", "periodic": "Periodic jobs"}
	for part, name := range places {
		path := "/operator/" + part
		if to := s.do("GET", path, nil).want(t, 303).Header.Get("Location"); to != "/signin?next="+url.QueryEscape(path) {
			t.Errorf("who is signed out is sent to %s", to)
		}
		in := s.post("/signin", url.Values{"email": {"ada@example.com"}, "password": {password}, "next": {path}}).want(t, 303)
		if in.Header.Get("Location") != path {
			t.Errorf("after signing in one is sent to %s", in.Header.Get("Location"))
		}
		got := s.page(path).want(t, 200)
		nav := parse(t, got.body).one(t, "nav", "aria-label=This server")
		if at := nav.one(t, "a", "aria-current"); at.text() != name || at.attr("href") != path || got.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s is at %s, kept %s", path, at.text(), got.Header.Get("Cache-Control"))
		}
		for other := range places {
			nav.one(t, "a", "href=/operator/"+other)
		}
		nav.one(t, "a", "href=/operator/river/")
		parse(t, got.body).one(t, "nav", "aria-label=For operators").one(t, "a", "aria-current=true")
	}
	link := parse(t, s.page("/t/acme/").want(t, 200).body).one(t, "a", "href=/operator/")
	if _, here := link.lookup("aria-current"); here {
		t.Errorf("the link in a workspace: %v", link.Attr)
	}

	s.cookie = s.member(app.Owner)
	missing := s.page("/operator/nothing").want(t, 404)
	for part := range places {
		path := "/operator/" + part
		hidden := s.page(path).want(t, 404)
		alike := func(a answer, path string) string {
			return strings.NewReplacer(path, "", a.Header.Get("X-Request-Id"), "").Replace(a.body)
		}
		if alike(hidden, path) != alike(missing, "/operator/nothing") {
			t.Errorf("what is hidden is not like what is not there: %s", hidden.body)
		}
	}
	if strings.Contains(s.page("/t/acme/").want(t, 200).body, "/operator/") {
		t.Error("a link for who is no operator")
	}
}

// Every page of a workspace is marked in its navigation, whatever a design is called.
func TestSections(t *testing.T) {
	s := newSite(t)
	x := makeThings(t, s.tenant, "Renders")
	for path, want := range map[string]string{
		"": "Designs", "new": "Designs", "designs/" + x.design: "Designs", "designs/" + x.design + "/batch": "Designs",
		"renders": "Renders", "renders/" + x.render: "Renders", "batches/" + x.batch: "Batches", "drafts/" + x.draft: "Batches",
		"fonts": "Fonts", "api": "API", "members": "Members", "webhooks/" + x.webhook: "Webhooks", "keys": "API keys",
	} {
		nav := parse(t, s.page("/t/acme/"+path).want(t, 200).body).one(t, "nav", "aria-label=In this workspace")
		if at := nav.one(t, "a", "aria-current"); at.text() != want {
			t.Errorf("/t/acme/%s is at %s", path, at.text())
		}
	}
}

// A new instance has no backups, and is told how one comes about.
func TestOverviewOfNewInstance(t *testing.T) {
	s := newSite(t)
	page := parse(t, s.page("/operator/").want(t, 200).body)
	if said := page.one(t, "p", "role=status").text(); said != "All is well." || len(page.all("", "role=alert")) != 0 {
		t.Errorf("it says %s", said)
	}
	for _, want := range []string{"v1 " + apptest.Release, "v1, generation 7: serving", "none yet", "None waits, and none runs."} {
		if !strings.Contains(page.one(t, "main").text(), want) {
			t.Errorf("it does not say %q: %s", want, page.one(t, "main").text())
		}
	}
	empty := parse(t, s.page("/operator/backups").want(t, 200).body)
	if len(empty.all("table")) != 0 || len(empty.all("button", "type=submit")) != 1 { // to sign out
		t.Error("a table of nothing, or buttons")
	}
	for _, want := range []string{"No backups yet", "One is made every 60 min", "app backup create", "on this machine"} {
		if !strings.Contains(empty.one(t, "main").text(), want) {
			t.Errorf("it does not say %q: %s", want, empty.one(t, "main").text())
		}
	}
}

// What is wrong comes first, with what to do about it.
func TestOverviewOfTroubledInstance(t *testing.T) {
	var o ours.Options
	s := newSite(t, troubled, func(is *ours.Options) { o = *is })
	page := parse(t, s.page("/operator/").want(t, 200).body)
	if said := page.one(t, "p", "role=status").text(); said != "Not all is well: backups." {
		t.Errorf("it says %s", said)
	}
	if said := page.one(t, "p", "role=alert").text(); !strings.Contains(said, "the newest is 3 h old") {
		t.Errorf("the alarm is %s", said)
	}
	rows := page.one(t, "table", "id=findings").one(t, "tbody").all("tr")
	if first := rows[0].text(); len(rows) != 2 || rows[0].attr("id") != "finding-backups" || !strings.Contains(first, "✗ Bad the newest is 3 h old") ||
		!strings.Contains(first, "the instance comes back from them") || !strings.Contains(first, "Remedy: app backup list") {
		t.Errorf("first is %s", first)
	}
	if well := rows[1].text(); !strings.Contains(well, "✓ Well PostgreSQL 15") || !strings.Contains(well, "28 Nov 2026, 07:00 UTC") {
		t.Errorf("then %s", well)
	}
	jobs := page.one(t, "table", "id=backlogs").one(t, "tbody").all("tr")
	for i, want := range []string{"v1 " + apptest.Release + " 2 7 1 0 3 min", "Nobody's: bbbbbbbbbbbb 0 0 0 4 –"} {
		if got := strings.Join(strings.Fields(jobs[i].text()), " "); got != want {
			t.Errorf("jobs: %q, not %q", got, want)
		}
	}

	page = parse(t, s.page("/operator/backups").want(t, 200).body)
	if !strings.Contains(page.text(), "One is made every 60 min, and none is restored on trial: BACKUP_TRIAL is 0. BACKUP_COMMAND takes each elsewhere.") {
		t.Errorf("what is done by itself: %s", page.text())
	}
	for id, says := range map[string][]string{
		"backup-c": {"3 h", "2.0 MB", "No", "✗ Failed", "exit status 1", "no route to host"},
		"backup-b": {"Lacks 2 files", "✗ Failed", "it lacks rows", "✓ Taken"},
		"backup-a": {"2 days", "✓ Came back", "in 42s", "Social card"},
	} {
		row := page.one(t, "tr", "id="+id).text()
		for _, want := range says {
			if !strings.Contains(row, want) {
				t.Errorf("%s does not say %q: %s", id, want, row)
			}
		}
	}
	if said := page.one(t, "p", "role=alert").text(); !strings.Contains(said, "the newest is 3 h old") {
		t.Errorf("the alarm is %s", said)
	}

	if strings.Contains(s.page("/operator/").body, "app unmute") {
		t.Error("it is told to be muted")
	}
	o.App = app.New(app.Options{Pool: s.pool, Release: apptest.Release, Muted: func() bool { return true }})
	s.serving.Store(ours.New(o))
	muted := parse(t, s.page("/operator/").want(t, 200).body)
	if !strings.Contains(muted.one(t, "", "role=note").text(), "restored copy") || !strings.Contains(muted.one(t, "dl").text(), "app unmute") {
		t.Errorf("a muted instance says %s", muted.one(t, "dl").text())
	}
}

// Operators see the workspaces, page by page, and what each makes of the server.
func TestTenantsPage(t *testing.T) {
	s := newSite(t)
	ctx := context.Background()
	for _, name := range []string{"Bolt", "Cog"} {
		if _, err := s.app.CreateTenant(ctx, name); err != nil {
			t.Fatal(err)
		}
	}
	x := makeThings(t, s.tenant, "Card")
	if err := s.tenant.DeleteDesign(ctx, x.design, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := s.pool.Exec(ctx, `
		INSERT INTO usage (tenant_id, day, renders, rows, bytes) SELECT id, date_trunc('month', now() AT TIME ZONE 'UTC') - interval '1 day', 5, 0, 5 FROM tenants WHERE slug = 'acme';
		UPDATE tenants SET release = 'bbbbbbbbbbbb' WHERE slug = 'cog';
		UPDATE designs SET updated_at = '2026-01-02 03:04Z' WHERE tenant_id = (SELECT id FROM tenants WHERE slug = 'bolt')`); err != nil {
		t.Fatal(err)
	}
	first := parse(t, s.page("/operator/tenants?limit=2").want(t, 200).body)
	acme := strings.Join(strings.Fields(first.one(t, "tr", "id=tenant-acme").text()), " ")
	if want := "v1 1 1 1 " + fmt.Sprintf("%d B", len(apptest.PNG(400, 200))); !strings.Contains(acme, want) {
		t.Errorf("Acme: %s, not %s", acme, want)
	}
	bolt := strings.Join(strings.Fields(first.one(t, "tr", "id=tenant-bolt").text()), " ")
	if !strings.Contains(bolt, "v1 0 1 0 0 B 2 Jan 2026, 03:04 UTC") {
		t.Errorf("Bolt: %s", bolt)
	}
	if len(first.all("tr", "id=tenant-cog")) != 0 {
		t.Error("more than a page")
	}
	last := parse(t, s.page("/operator/tenants"+first.one(t, "a", "rel=next").attr("href")).want(t, 200).body)
	if rows := last.one(t, "tbody").all("tr"); len(rows) != 1 || rows[0].attr("id") != "tenant-cog" || len(last.all("a", "rel=next")) != 0 {
		t.Errorf("the last page has %d", len(rows))
	}
	for _, q := range []string{"?limit=0", "?limit=101", "?after=x"} {
		s.page("/operator/tenants"+q).want(t, http.StatusBadRequest)
	}
}

// troubled is an instance whose backups are not well, and whose jobs wait.
func troubled(o *ours.Options) {
	hours := func(n time.Duration) time.Time { return time.Now().Add(-n * time.Hour) }
	o.Findings = func(context.Context) []app.Finding {
		return []app.Finding{
			{Name: "database", Why: "all rows are in it", Found: "PostgreSQL 15", At: time.Date(2026, 11, 28, 7, 0, 0, 0, time.UTC)},
			{Name: "backups", Why: "the instance comes back from them", Problem: "the newest is 3 h old", Remedy: "app backup list shows them", At: time.Now()},
		}
	}
	o.Backlogs = func(context.Context) ([]app.Backlog, error) {
		return []app.Backlog{{Release: apptest.Release, Running: 2, Available: 7, Waiting: 1, Oldest: 3 * time.Minute}, {Release: "bbbbbbbbbbbb", Discarded: 4}}, nil
	}
	o.Copies = func() app.Copies {
		return app.Copies{Problem: "the newest is 3 h old", Every: time.Hour, Place: "/srv/shop/backups", Carried: true, All: []app.Copy{
			{ID: "c", At: hours(3), Took: 2 * time.Second, Version: "v1", Bytes: 2_000_000, Command: &app.Outcome{At: hours(3), Took: time.Second, Said: "no route to host", Error: "exit status 1"}},
			{ID: "b", At: hours(4), Took: 2 * time.Second, Version: "v1", Bytes: 1_900_000, Missing: 2, Trial: &app.Outcome{At: hours(4), Took: time.Second, Error: "it lacks rows"}, Command: &app.Outcome{At: hours(4), Took: time.Second}},
			{ID: "a", At: hours(50), Took: 2 * time.Second, Version: "v0", Bytes: 1_800_000, Trial: &app.Outcome{At: hours(49), Took: 42 * time.Second, Said: "Social card"}},
		}}
	}
}
