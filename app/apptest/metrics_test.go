package apptest_test

import (
	"bufio"
	"encoding/json"
	"net/http"
	"os/exec"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"majestic/app"
	"majestic/app/apptest"
	"majestic/upgrade"
)

// The metrics of a whole house at work; in an upgrade their address moves with the
// port, and back when the successor fails.
func TestMetrics(t *testing.T) {
	t.Parallel()
	binary, dir := apptest.Binary(t, "v1"), apptest.Dir(t)
	server := apptest.Serve(t, binary, dir, "--metrics-listen", "localhost:0")
	found := regexp.MustCompile(`"metrics are served".*"url":"([^"]+)"`).FindStringSubmatch(server.Output())
	if found == nil {
		t.Fatalf("no address in %s", server.Output())
	}
	at, v1 := found[1], current(t, dir)
	if r, err := http.Get(server.URL + "/metrics"); err != nil || r.StatusCode != http.StatusNotFound {
		t.Errorf("at the public address: %v, %v", r, err)
	}

	api := apptest.API{URL: server.URL, Key: apptest.Key(t, binary, dir)}
	design := card(t, api)
	api.Draw(t, map[string]any{"design": design, "variables": apptest.Countries(t)[0], "format": "jpeg"})
	goOn := apptest.Slowly(t, dir)
	var b app.Batch
	api.Call(t, "POST", "/batches", map[string]any{"design": design, "rows": apptest.Countries(t)}, 202, &b)
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

	// On probation the successor answers; when it dies, its predecessor does again.
	generation := func() (string, map[string]float64) {
		t.Helper()
		m := apptest.Scrape(t, at)
		for name := range m {
			if g := regexp.MustCompile(`^majestic_build_info{generation="(\d+)"`).FindStringSubmatch(name); g != nil {
				return g[1], m
			}
		}
		return "", m
	}
	c := exec.Command(binary, "upgrade", apptest.Binary(t, "v2"), "--dir", dir, "--json", "--probation", "1m")
	out, err := c.StdoutPipe()
	if err == nil {
		err = c.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	for lines := bufio.NewScanner(out); lines.Scan(); {
		var step upgrade.Step
		if err := json.Unmarshal(lines.Bytes(), &step); err != nil {
			t.Fatal(err)
		}
		if step.Step == "takeover" {
			g, m := generation()
			if g != "2" || m[`majestic_generations{state="serving"}`] != 1 || m[`majestic_generations{state="draining"}`] != 1 {
				t.Errorf("on probation generation %s answers: %v", g, m)
			}
			s := status(t, dir)
			if err := syscall.Kill(s[0].PID, syscall.SIGKILL); err != nil {
				t.Fatal(err)
			}
		}
		if step.Step == "end" && step.Result != "rolled_back" {
			t.Errorf("%+v", step)
		}
	}
	c.Wait()
	until(t, "the killed one's lock is gone", func() bool { // a moment after its lifeline
		g, m := generation()
		if g != "1" {
			t.Fatalf("after a rollback generation %s answers: %v", g, m)
		}
		return m[`majestic_generations{state="draining"}`] == 0
	})
	upgradeTo(t, binary, dir, 0, apptest.Binary(t, "v2"), "--probation", "500ms")
	if g, m := generation(); g != "3" || m[`majestic_build_info{generation="3",release="`+current(t, dir)+`",version="v2"}`] != 1 {
		t.Errorf("after an upgrade generation %s answers: %v", g, m)
	}
	if out := server.Output(); strings.Contains(out, "error gathering metrics") {
		t.Errorf("a scrape failed:\n%s", out)
	}
	apptest.Must(t, binary, dir, "stop")
}
