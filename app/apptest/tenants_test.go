package apptest_test

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"majestic/app"
	"majestic/app/apptest"
)

// An upgrade tenant by tenant: who has jobs is served by the old release until they
// are done, who has none by the new one at once, and each changes once.
func TestUpgradeByTenant(t *testing.T) {
	binary, dir := apptest.Binary(t, "v1"), apptest.Dir(t)
	first := apptest.Serve(t, binary, dir)
	v1 := current(t, dir)
	busy := apptest.API{URL: first.URL, Key: apptest.Key(t, binary, dir)}
	idle := apptest.API{URL: first.URL, Key: apptest.Key(t, binary, dir)}
	design := card(t, busy)
	var long app.Batch
	busy.Call(t, "POST", "/batches", map[string]any{"design": design, "rows": slices.Repeat(apptest.Countries(t), 4)}, 202, &long)

	seen := watchTenants(t, busy, idle)
	last := upgradeTo(t, binary, dir, 0, apptest.Binary(t, "v2"), "--by-tenant", "--probation", "1s")
	v2 := current(t, dir)
	if last.Result != "committed" || v1 == v2 {
		t.Fatalf("%+v, current %s", last, v2)
	}
	http.DefaultClient.CloseIdleConnections()
	var more app.Render
	if by := busy.Call(t, "POST", "/renders", map[string]any{"design": design, "variables": apptest.Countries(t)[0], "async": true}, 202, &more).Get("X-Release"); by != v1 {
		t.Errorf("a render of one who stays is taken in by %s", by)
	}
	s := status(t, binary, dir)
	if s[0].Tenants != 0 || s[1].Tenants != 1 || len(s[1].Staying) != 1 || !strings.HasPrefix(s[1].Staying[0].Doing, "1 batch, ") {
		t.Errorf("%+v", s)
	}
	if out := apptest.Must(t, binary, dir, "status"); !strings.Contains(out, "acme: on v1, 1 batch, ") {
		t.Errorf("status says %s", out)
	}
	for more.Status != app.Succeeded {
		busy.Call(t, "GET", "/renders/"+more.ID, nil, 200, &more)
	}
	busy.Call(t, "DELETE", "/batches/"+long.ID, nil, 200, &long) // else this would take a minute
	if err := first.Wait(); err != nil {
		t.Errorf("v1 ends: %v\n%s", err, first.Output())
	}
	seen.end(map[string][]string{busy.Key: {v1, v2}, idle.Key: {v1, v2}})
	if long.Status != app.Canceled || long.Done == 0 || *more.Release != v1 {
		t.Errorf("%+v, %+v", long, more)
	}
	for _, row := range items(t, busy, long.ID) {
		if row.Status == app.Succeeded && *row.Release != v1 {
			t.Errorf("row %d is worked by %s", *row.Row, *row.Release)
		}
	}

	// The next one, as ever: nobody stays.
	if last := upgradeTo(t, binary, dir, 0, apptest.Binary(t, "v1"), "--probation", "100ms"); last.Result != "committed" {
		t.Errorf("%+v", last)
	}
	http.DefaultClient.CloseIdleConnections()
	if by := busy.Call(t, "GET", "/designs", nil, 200, nil).Get("X-Release"); by != v1 {
		t.Errorf("after an upgrade of all, %s serves", by)
	}
	apptest.Must(t, binary, dir, "stop")
}

// tenants are visitors, one for each key, who ask again and again, on connections
// that are kept and on new ones.
type tenants struct {
	t    *testing.T
	stop context.CancelFunc
	all  sync.WaitGroup
	mu   sync.Mutex
	by   map[string][]answered // by key
}

// answered is an answer: who gave it, and when the request was under way.
type answered struct {
	release    string
	start, end time.Time
}

func watchTenants(t *testing.T, apis ...apptest.API) *tenants {
	ctx, stop := context.WithCancel(context.Background())
	s := &tenants{t: t, stop: stop, by: map[string][]answered{}}
	for _, api := range apis {
		for _, keep := range []bool{true, false} {
			c := http.Client{Transport: &http.Transport{DisableKeepAlives: !keep, MaxIdleConnsPerHost: 1}}
			s.all.Go(func() {
				for ctx.Err() == nil {
					s.ask(&c, api)
					select {
					case <-ctx.Done():
					case <-time.After(15 * time.Millisecond):
					}
				}
			})
		}
	}
	return s
}

func (s *tenants) ask(c *http.Client, api apptest.API) {
	r, err := http.NewRequest("GET", api.URL+"/api/v1/designs?limit=1", nil)
	if err != nil {
		s.t.Error(err)
		return
	}
	r.Header.Set("Authorization", "Bearer "+api.Key)
	began := time.Now()
	answer, err := c.Do(r)
	if err != nil {
		s.t.Errorf("a visitor of a tenant: %v", err)
		return
	}
	defer answer.Body.Close()
	var list app.List[app.Design]
	if err := json.NewDecoder(answer.Body).Decode(&list); err != nil || answer.StatusCode != 200 {
		s.t.Errorf("a visitor of a tenant: %s, %v", answer.Status, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.by[api.Key] = append(s.by[api.Key], answered{answer.Header.Get("X-Release"), began, time.Now()})
}

// end expects of each tenant that it was served by these releases, one after the other.
func (s *tenants) end(want map[string][]string) {
	s.t.Helper()
	s.stop()
	s.all.Wait()
	for key, releases := range want {
		if got := succession(s.t, s.by[key]); strings.Join(got, " ") != strings.Join(releases, " ") {
			s.t.Errorf("a tenant was served by %v, not %v (%d requests)", got, releases, len(s.by[key]))
		}
	}
}

// succession is in which order releases have served. An answer counts as going back
// when its request began after another release had answered.
func succession(t *testing.T, all []answered) (releases []string) {
	t.Helper()
	first := map[string]time.Time{} // answer of each release
	for _, a := range all {
		if f, ok := first[a.release]; !ok || a.end.Before(f) {
			first[a.release] = a.end
		}
	}
	for release := range first {
		i := 0
		for i < len(releases) && first[releases[i]].Before(first[release]) {
			i++
		}
		releases = append(releases[:i:i], append([]string{release}, releases[i:]...)...)
	}
	for _, a := range all {
		for i, later := range releases {
			if i > 0 && releases[i-1] == a.release && a.start.After(first[later]) {
				t.Errorf("release %s answers what was asked after %s had answered", a.release, later)
			}
		}
	}
	return releases
}
