package apptest_test

import (
	"net/http"
	"regexp"
	"testing"

	"majestic/app"
	"majestic/app/apptest"
)

// metricsOf is the address where a server says that it serves them.
func metricsOf(t *testing.T, server *apptest.Process) string {
	t.Helper()
	found := regexp.MustCompile(`"metrics are served".*"url":"([^"]+)"`).FindStringSubmatch(server.Output())
	if found == nil {
		t.Fatalf("no address in %s", server.Output())
	}
	if r, err := http.Get(server.URL + "/metrics"); err != nil || r.StatusCode != http.StatusNotFound {
		t.Errorf("at the public address: %v, %v", r, err)
	}
	return found[1]
}

// measured is what is served, and of which generation.
func measured(t *testing.T, at string) (generation string, m map[string]float64) {
	t.Helper()
	m = apptest.Scrape(t, at)
	for name := range m {
		if g := regexp.MustCompile(`^majestic_build_info{generation="(\d+)"`).FindStringSubmatch(name); g != nil {
			return g[1], m
		}
	}
	return "", m
}

// measureWork holds the metrics of a whole house at work against what it did, from its start.
func measureWork(t *testing.T, dir string, api apptest.API, design, at string) {
	t.Helper()
	v1 := current(t, dir)
	api.Draw(t, map[string]any{"design": design, "variables": apptest.Countries(t)[0], "format": "jpeg"})
	goOn := apptest.Slowly(t, dir)
	var b app.Batch
	api.Call(t, "POST", "/batches", map[string]any{"design": design, "rows": apptest.Countries(t), "scale": 0.25}, 202, &b)
	until(t, "a row is drawn", func() bool {
		api.Call(t, "GET", "/batches/"+b.ID, nil, 200, &b)
		return b.Done > 0
	})
	m := apptest.Scrape(t, at)
	for name, want := range map[string]float64{
		`majestic_http_request_duration_seconds_count{method="POST",route="/api/v1/designs",status="2xx"}`: 1,
		`majestic_http_request_duration_seconds_count{method="POST",route="/api/v1/renders",status="2xx"}`: 1,
		`majestic_http_request_duration_seconds_count{method="GET",route="none",status="4xx"}`:             1,
		`majestic_jobs{kind="batch",release="` + v1 + `",state="running"}`:                                 1,
		`majestic_jobs_oldest_available_seconds{release="` + v1 + `"}`:                                     0,
		`majestic_render_duration_seconds_count{format="jpeg",outcome="succeeded"}`:                        1,
		`majestic_chrome_restarts_total`:                                                                   0,
		`majestic_database_connections_max`:                                                                20,
		`majestic_build_info{generation="1",release="` + v1 + `",version="v1"}`:                            1,
		`majestic_generations{state="serving"}`:                                                            1,
		`majestic_generations{state="draining"}`:                                                           0,
	} {
		if got, ok := m[name]; !ok || got != want {
			t.Errorf("%s is %v (%v), not %v", name, got, ok, want)
		}
	}
	for _, name := range []string{"majestic_chrome_tabs", "majestic_database_acquires_total", `majestic_render_duration_seconds_count{format="png",outcome="succeeded"}`, "go_goroutines", "process_open_fds"} {
		if m[name] < 1 {
			t.Errorf("%s is %v", name, m[name])
		}
	}
	api.Call(t, "DELETE", "/batches/"+b.ID, nil, 200, nil)
	goOn()
}
