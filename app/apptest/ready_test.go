package apptest_test

import (
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"majestic/app/apptest"
)

// stopLate stops a server in the middle of a batch, which is ready until then, and
// says that it is not from then on.
func stopLate(t *testing.T, binary, dir string, api apptest.API, design string) {
	t.Helper()
	type check struct {
		Name, Reason string
		OK           bool
	}
	var found struct{ Checks []check }
	kept := http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 1}}
	get := func() int {
		t.Helper()
		r, err := kept.Get(api.URL + "/readyz")
		if err != nil {
			t.Fatal(err)
		}
		defer r.Body.Close()
		if err := json.NewDecoder(r.Body).Decode(&found); err != nil {
			t.Fatal(err)
		}
		return r.StatusCode
	}
	if n := get(); n != 200 || len(found.Checks) != 4 {
		t.Errorf("%d: %+v", n, found)
	}
	goOn := apptest.Slowly(t, dir)
	api.Call(t, "POST", "/batches", map[string]any{"design": design, "rows": apptest.Countries(t)[:12], "scale": 0.25}, 202, nil)
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		apptest.Must(t, binary, dir, "stop")
	}()
	for get() == 200 {
		time.Sleep(5 * time.Millisecond)
	}
	for _, c := range found.Checks {
		if ends := c.Name == "serving"; c.OK == ends || ends && c.Reason != "this server is ending: it is stopped" {
			t.Errorf("while it ends: %+v", c)
		}
	}
	goOn()
	<-stopped
}
