package app_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"majestic/app"
	"majestic/app/apptest"
)

// What is told of an upgrade takes the place of what was told before; what a host that
// is gone has left is ended by what is known, and the last 200 are kept.
func TestUpgrades(t *testing.T) {
	ctx := context.Background()
	a, _ := apptest.App(t)
	began := time.Now().Truncate(time.Second)
	remember := func(u app.Upgrade) {
		t.Helper()
		if err := a.RememberUpgrade(ctx, u); err != nil {
			t.Fatal(err)
		}
	}
	history := func(last int) app.Releases {
		t.Helper()
		r, err := a.Releases(ctx, nil, last)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	// Each by another host: 1 and 2 are gone, 3 lives, and 4 is the number of a process that began later.
	for host := range 5 {
		remember(app.Upgrade{ID: fmt.Sprint(host), Host: host, Generation: 10 + host, From: "a", FromVersion: "v1", ByTenant: true, Began: began.Add(time.Duration(host) * time.Second)})
	}
	told := app.Upgrade{ID: "0", Generation: 10, From: "a", FromVersion: "v1", To: "b", ToVersion: "v2", ByTenant: true, Began: began, Took: 1500 * time.Millisecond, Step: "takeover", Result: "rolled_back", Reason: "it ended"}
	remember(told)
	err := a.SettleUpgrades(ctx, map[int]time.Time{3: began, 4: began.Add(time.Minute)}, func(generation int) (string, string, time.Time) {
		switch generation {
		case 11:
			return "committed", "", began.Add(11 * time.Second)
		case 14:
			return "committed", "", began // of another life of the directory
		}
		return "", "", time.Time{}
	})
	if err != nil {
		t.Fatal(err)
	}
	all := history(10).History
	for i, want := range []string{app.Untold, "", app.Untold, "committed", "rolled_back"} {
		if all[i].Result != want {
			t.Errorf("%+v, not %q", all[i], want)
		}
	}
	if all[3].Took != 10*time.Second {
		t.Errorf("%+v", all[3])
	}
	if got := all[4]; !got.Began.Equal(told.Began) {
		t.Errorf("%+v", got)
	} else if got.Began = told.Began; got != told {
		t.Errorf("%+v, not %+v", got, told)
	}
	if u := history(10).UnderWay(); u == nil || u.Host != 3 {
		t.Errorf("under way: %+v", u)
	}

	for i := range app.MostUpgrades {
		remember(app.Upgrade{ID: fmt.Sprint("later ", i), Began: began.Add(time.Hour + time.Duration(i)*time.Second), Result: "committed"})
	}
	if r := history(500); len(r.History) != app.MostUpgrades || r.More || r.History[0].ID != "later 199" || r.History[199].ID != "later 0" {
		t.Errorf("%d are remembered", len(r.History))
	}
	if r := history(20); len(r.History) != 20 || !r.More {
		t.Errorf("%d of the last 20, more: %v", len(r.History), r.More)
	}
}

// Each tenant is with one living release: its own, or who has the port where its own
// is gone or it has none.
func TestReleases(t *testing.T) {
	ctx := context.Background()
	a, pool := apptest.App(t)
	for slug, release := range map[string]any{"stays": "old", "moved": "new", "lost": "gone", "never": nil} {
		apptest.Tenant(t, a, slug)
		if _, err := pool.Exec(ctx, `UPDATE tenants SET release = $2 WHERE slug = $1`, slug, release); err != nil {
			t.Fatal(err)
		}
	}
	r, err := a.Releases(ctx, []app.Generation{
		{Number: 9, Release: "new", State: "warming"}, {Number: 8, Release: "new", State: "serving", Probation: true},
		{Number: 7, Release: "old", State: "draining"}, {Number: 6, Release: "older", State: "draining"},
	}, 1)
	if err != nil {
		t.Fatal(err)
	}
	var said []string
	for _, s := range r.Living {
		said = append(said, fmt.Sprint(s.Number, s.StandsBy, s.Tenants, s.Slugs, s.Staying))
	}
	want := []string{"9 false 0 [] []", "8 false 3 [lost moved never] []", "7 true 1 [stays] [{stays about to move}]", "6 false 0 [] []"}
	for i := range want {
		if said[i] != want[i] {
			t.Errorf("%s, not %s", said[i], want[i])
		}
	}
	if r.Tenants != 4 {
		t.Errorf("%d tenants", r.Tenants)
	}
}
