package http_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"majestic/app"
	ours "majestic/http"
)

// The page of releases while tenants move, and when there is nothing to tell yet.
func TestReleasesPage(t *testing.T) {
	ctx, began := context.Background(), time.Date(2026, 11, 27, 9, 30, 0, 0, time.UTC)
	old := app.Generation{Number: 7, Release: "aaaaaaaaaaaa", Version: "v1", State: "serving", Started: began}
	living := []app.Generation{old}
	s := newSite(t, func(o *ours.Options) {
		o.Generations = func(context.Context) ([]app.Generation, error) { return living, nil }
	})
	page := parse(t, s.page("/operator/releases").want(t, 200).body)
	standing := page.one(t, "p", "id=standing", "role=status")
	if standing.text() != "v1 serves 1 workspace." || standing.attr("data-pause") != "5000" {
		t.Errorf("%s %v", standing.text(), standing.Attr)
	}
	if text := page.one(t, "div", "id=history").text(); !strings.Contains(text, "app upgrade --by-tenant ./app-v2") {
		t.Errorf("the empty history says %s", text)
	}

	for i, u := range []app.Upgrade{
		{Result: "committed", Took: 14300 * time.Millisecond}, {Result: "refused", Reason: "the file is no program"}, {Result: "failed", Took: 75 * time.Second},
		{Result: "rolled_back", Reason: "it ended"}, {Result: app.Untold}, {Step: "takeover", ByTenant: true},
	} {
		u.ID, u.Began, u.FromVersion, u.ToVersion, u.From, u.To = fmt.Sprint(i), began.Add(time.Duration(i)*time.Minute), "v1", "v2", old.Release, "bbbbbbbbbbbb"
		if err := s.app.RememberUpgrade(ctx, u); err != nil {
			t.Fatal(err)
		}
	}
	old.State, old.Running, old.Available = "draining", 1, 4
	living = []app.Generation{{Number: 8, Release: "bbbbbbbbbbbb", Version: "v2", State: "serving", Probation: true, Started: began}, old}
	page = parse(t, s.page("/operator/releases").want(t, 200).body)
	standing = page.one(t, "p", "id=standing")
	if standing.text() != "An upgrade from v1 to v2 is under way: on probation. v2 serves 1 workspace." || standing.attr("data-pause") != "1000" {
		t.Errorf("%s %v", standing.text(), standing.Attr)
	}
	for label, want := range map[string][]string{
		"generation-8": {"v2 Serving, on probation", "bbbbbbbbbbbb", "27 Nov 2026, 09:30 UTC", "acme"},
		"generation-7": {"v1 Standing by", "1 running, 4 available"},
	} {
		card := page.one(t, "article", "aria-labelledby="+label).text()
		for _, w := range want {
			if !strings.Contains(card, w) {
				t.Errorf("%s does not say %s: %s", label, w, card)
			}
		}
	}
	rows := page.one(t, "tbody").all("tr")
	for i, want := range []string{"… Under way: on probation", "? Not told how it ended", "↩ Rolled back it ended", "✗ Failed v1", "⊘ Refused the file is no program", "✓ Committed v1"} {
		if got := rows[i].text(); !strings.HasPrefix(got, want) {
			t.Errorf("%q, not %q", got, want)
		}
	}
	if first, last := rows[0].text(), rows[5].text(); !strings.Contains(first, "workspace by workspace") || !strings.HasSuffix(rows[3].text(), "1 min 15 s") || !strings.HasSuffix(last, "14.3 s") || !strings.Contains(last, "all at once") {
		t.Errorf("%s; %s; %s", first, rows[3].text(), last)
	}
}

// A workspace tells which release serves it: a page asks there, and not who has the port.
func TestVersionOfWorkspace(t *testing.T) {
	s := newSite(t)
	if at, ok := parse(t, s.page("/t/acme/").body).one(t, "html").lookup("data-version"); !ok || at != "/t/acme/version" {
		t.Errorf("a workspace's page asks %s", at)
	}
	if at := parse(t, s.page("/operator/releases").body).one(t, "html").attr("data-version"); at != "/version" {
		t.Errorf("another page asks %s", at)
	}
	var now struct{ Release string }
	if s.page("/t/acme/version").want(t, 200).json(t, &now); now.Release == "" {
		t.Error("no release")
	}
}
