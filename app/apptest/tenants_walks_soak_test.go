//go:build soak

package apptest_test

import (
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"

	"majestic/app"
	"majestic/app/apptest"
	"majestic/upgrade"
)

// A process that is killed, or hangs, has its tenants and their jobs taken over; one
// that is started again has those that it had.
func TestTenantsOfTheLost(t *testing.T) {
	binary, dir := apptest.Binary(t, "v1"), apptest.Dir(t)
	first := apptest.Serve(t, binary, dir)
	busy := apptest.API{URL: first.URL, Key: apptest.Key(t, binary, dir)}
	idle := apptest.API{URL: first.URL, Key: apptest.Key(t, binary, dir)}
	design := card(t, busy)
	var b app.Batch
	busy.Call(t, "POST", "/batches", map[string]any{"design": design, "rows": endless(t)}, 202, &b)
	goesOn := func(release string) {
		t.Helper()
		inDatabase(t, dir, func(pool *pgxpool.Pool) (err error) {
			for drawn := false; err == nil && !drawn; {
				err = pool.QueryRow(t.Context(), `SELECT EXISTS (SELECT FROM renders WHERE release = $1 AND batch_id = $2)`, release, b.ID).Scan(&drawn)
			}
			return err
		})
	}
	expect := func(when string, api apptest.API, release string) {
		t.Helper()
		http.DefaultClient.CloseIdleConnections()
		if by := api.Call(t, "GET", "/designs", nil, 200, nil).Get("X-Release"); by != release {
			t.Errorf("%s, %s serves, not %s", when, by, release)
		}
	}
	v1 := current(t, dir)
	upgradeTo(t, binary, dir, 0, apptest.Binary(t, "v2"), "--by-tenant", "--probation", "300ms")
	v2 := current(t, dir)
	expect("while its batch is drawn", busy, v1)
	expect("without jobs", idle, v2)
	first.Crash()
	expect("when v1 is killed", busy, v2)
	goesOn(v2)

	upgradeTo(t, binary, dir, 0, again(t, binary, 3), "--by-tenant", "--probation", "300ms")
	v3 := current(t, dir)
	expect("while its batch is drawn", busy, v2)
	expect("without jobs", idle, v3)
	s := status(t, dir)
	kill(t, s[0].PID, syscall.SIGKILL)
	url := apptest.Serve(t, filepath.Join(dir, "current", "app"), dir).URL
	busy.URL, idle.URL = url, url
	expect("when v3 was killed and is started again", busy, v2)
	expect("then without jobs", idle, v3)
	kill(t, s[1].PID, syscall.SIGSTOP)
	expect("when v2 hangs", busy, v3)
	goesOn(v3)
	busy.Call(t, "DELETE", "/batches/"+b.ID, nil, 200, &b)
	apptest.Must(t, binary, dir, "stop")
}

// An upgrade, and then back as if nothing had been: who stayed has not noticed.
func TestTenantsGoBack(t *testing.T) {
	binary, dir := apptest.Binary(t, "v1"), apptest.Dir(t)
	first := apptest.Serve(t, binary, dir)
	v1 := current(t, dir)
	busy := apptest.API{URL: first.URL, Key: apptest.Key(t, binary, dir)}
	idle := apptest.API{URL: first.URL, Key: apptest.Key(t, binary, dir)}
	var b app.Batch
	busy.Call(t, "POST", "/batches", map[string]any{"design": card(t, busy), "rows": endless(t)}, 202, &b)
	serves := func(release string) {
		t.Helper()
		until(t, release+" serves", func() bool {
			return idle.Call(t, "GET", "/designs", nil, 200, nil).Get("X-Release") == release
		})
	}
	seen := watchTenants(t, busy, idle)
	upgradeTo(t, binary, dir, 0, apptest.Binary(t, "v2"), "--by-tenant", "--probation", "100ms")
	serves(current(t, dir))
	apptest.Must(t, binary, dir, "rollback", "--probation", "100ms")
	serves(v1)
	seen.stop()
	seen.all.Wait()
	for _, a := range seen.by[busy.Key] {
		if a.release != v1 {
			t.Fatalf("one who stayed with v1 was served by %s", a.release)
		}
	}
	busy.Call(t, "DELETE", "/batches/"+b.ID, nil, 200, &b)
	if err := first.Wait(); err != nil {
		t.Errorf("%v\n%s", err, first.Output())
	}
	apptest.Must(t, binary, dir, "stop")
}

// Three releases share the tenants, each with the oldest that has work of it; a
// fourth takes all. A fifth lets them stay for as long as it was told.
func TestTenantsOfManyReleases(t *testing.T) {
	binary, dir := apptest.Binary(t, "v1"), apptest.Dir(t)
	logged := filepath.Join(dir, "log")
	if err := os.WriteFile(filepath.Join(dir, "app.toml"), []byte("log_file = '"+logged+"'\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	first := apptest.Serve(t, binary, dir)
	var all [3]apptest.API
	var batches [3]app.Batch
	for i := range all {
		all[i] = apptest.API{URL: first.URL, Key: apptest.Key(t, binary, dir)}
	}
	begin := func(i int) {
		t.Helper()
		all[i].Call(t, "POST", "/batches", map[string]any{"design": card(t, all[i]), "rows": endless(t)}, 202, &batches[i])
	}
	serve := func(releases ...string) {
		t.Helper()
		http.DefaultClient.CloseIdleConnections()
		for i, api := range all {
			if by := api.Call(t, "GET", "/designs", nil, 200, nil).Get("X-Release"); by != releases[i] {
				t.Errorf("tenant %d is served by %s, not %s", i, by, releases[i])
			}
		}
	}
	v1 := current(t, dir)
	begin(0)
	upgradeTo(t, binary, dir, 0, apptest.Binary(t, "v2"), "--by-tenant", "--probation", "100ms")
	v2 := current(t, dir)
	begin(1)
	upgradeTo(t, binary, dir, 0, again(t, binary, 3), "--by-tenant", "--probation", "100ms")
	v3 := current(t, dir)
	serve(v1, v2, v3)
	begin(2)
	serve(v1, v2, v3)
	for i, b := range batches[1:] {
		all[i+1].Call(t, "DELETE", "/batches/"+b.ID, nil, 200, &b)
	}
	until(t, "v2 is gone", func() bool { return status(t, dir)[1].State == upgrade.Gone })
	serve(v1, v3, v3)
	upgradeTo(t, binary, dir, 0, again(t, binary, 4), "--probation", "100ms")
	v4 := current(t, dir)
	serve(v4, v4, v4)
	all[0].Call(t, "DELETE", "/batches/"+batches[0].ID, nil, 200, &batches[0])

	begin(0)
	upgradeTo(t, binary, dir, 0, again(t, binary, 5), "--by-tenant", "--probation", "100ms", "--drain-timeout", "1s")
	v5 := current(t, dir)
	for by := ""; by != v5; by = all[0].Call(t, "GET", "/designs", nil, 200, nil).Get("X-Release") {
		http.DefaultClient.CloseIdleConnections()
	}
	all[0].Call(t, "GET", "/batches/"+batches[0].ID, nil, 200, &batches[0])
	for b := batches[0]; b.Done < batches[0].Done+3; {
		all[0].Call(t, "GET", "/batches/"+b.ID, nil, 200, &b)
	}
	var rows app.List[app.Render]
	all[0].Call(t, "GET", "/batches/"+batches[0].ID+"/items?limit=100", nil, 200, &rows)
	for _, r := range rows.Data {
		if r.Status == app.Succeeded && *r.Release != v4 {
			t.Errorf("row %d of a batch that went on is drawn by %s", *r.Row, *r.Release)
		}
	}
	all[0].Call(t, "DELETE", "/batches/"+batches[0].ID, nil, 200, &batches[0])
	if text, err := os.ReadFile(logged); err != nil || !strings.Contains(string(text), "though its jobs are not done") {
		t.Errorf("nobody said that a tenant had to go, %v", err)
	}
	apptest.Must(t, binary, dir, "stop")
}

// endless are the rows of a batch that lasts for as long as any test.
func endless(t *testing.T) (rows []map[string]string) {
	t.Helper()
	for i, row := range slices.Repeat(apptest.Countries(t), 8) {
		row = maps.Clone(row)
		row["numeric"] = fmt.Sprint(i) // no two pictures are the same: none is drawn twice
		rows = append(rows, row)
	}
	return rows
}
