package apptest_test

import (
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"majestic/app/apptest"
)

// While another release takes its place, the address is ready whoever answers at
// it; a process that ends and has no heir says that it is not.
func TestReadyz(t *testing.T) {
	t.Parallel()
	binary, dir := apptest.Binary(t, "v1"), apptest.Dir(t)
	server := apptest.Serve(t, binary, dir)
	v1 := current(t, dir)
	api := apptest.API{URL: server.URL, Key: apptest.Key(t, binary, dir)}
	seen := watchSite(t, server.URL)
	seen.path = "/readyz"
	upgradeTo(t, binary, dir, 0, apptest.Binary(t, "v2"), "--probation", "500ms")
	http.DefaultClient.CloseIdleConnections()
	if err := server.Wait(); err != nil {
		t.Error(err)
	}
	seen.end(v1, current(t, dir))

	type check struct {
		Name, Reason string
		OK           bool
	}
	var found struct{ Checks []check }
	kept := http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 1}}
	get := func() int {
		t.Helper()
		r, err := kept.Get(server.URL + "/readyz")
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
	api.Call(t, "POST", "/batches", map[string]any{"design": card(t, api), "rows": apptest.Countries(t)[:12]}, 202, nil)
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
