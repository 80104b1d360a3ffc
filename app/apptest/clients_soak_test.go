//go:build soak

package apptest_test

import (
	"slices"
	"testing"
	"time"

	"majestic/app"
	"majestic/app/apptest"
)

// 200 streams over five upgrades: each shows every change once and ends with the
// last, and those who are sent away do not come back all at once.
func TestStreamsOverUpgrades(t *testing.T) {
	const open, upgrades = 200, 5
	binaries := []string{apptest.Binary(t, "v1"), apptest.Binary(t, "v2")}
	dir := apptest.Dir(t)
	first := apptest.Serve(t, binaries[0], dir)
	session := signUp(t, first)
	api := acme(t, binaries[0], dir, first)
	var b app.Batch
	api.Call(t, "POST", "/batches", map[string]any{"design": card(t, api), "rows": apptest.Countries(t), "scale": 3}, 202, &b)
	rows := items(t, api, b.ID)
	streams := make(chan followed)
	for _, row := range rows[len(rows)-open:] {
		go func() { streams <- follow(t, first.URL+"/t/acme/renders/"+row.ID+"/events", session) }()
	}
	for i := range upgrades {
		if last := upgradeTo(t, binaries[0], dir, 0, binaries[(i+1)%2], "--probation", "300ms"); last.Result != "committed" {
			t.Fatalf("%+v", last)
		}
		api.Call(t, "GET", "/batches/"+b.ID, nil, 200, &b)
		t.Logf("upgrade %d: %d of %d rows are drawn", i+1, b.Done, b.Total)
	}
	var returns []time.Time
	for range open {
		f := <-streams
		if f.last() != app.Succeeded {
			t.Errorf("a stream showed %v", f.statuses)
		}
		returns = append(returns, f.returns...)
	}
	slices.SortFunc(returns, time.Time.Compare)
	most := 0
	for i := range returns {
		n := 0
		for n = i; n < len(returns) && returns[n].Sub(returns[i]) < 250*time.Millisecond; {
			n++
		}
		most = max(most, n-i)
	}
	t.Logf("%d streams were opened again %d times, at most %d in a quarter of a second", open, len(returns), most)
	if len(returns) < open || most > open/2 {
		t.Errorf("%d came back, at most %d in a quarter of a second", len(returns), most)
	}
	apptest.Must(t, binaries[0], dir, "stop")
}
