package apptest_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"majestic/app"
	"majestic/app/apptest"
	"majestic/migrations"
	"majestic/upgrade"
)

// While an older release still has jobs: what its successor takes away is not taken away,
// and what is due is done by the successor alone. When no older one lives it is taken away;
// then the one before can still be gone back to, and no older one. What was due while
// nobody ran is made good at the start.
func TestOlderLives(t *testing.T) {
	t.Parallel()
	const file = "migrations/contract/00001_index.sql"
	const text = "-- +goose Up\nDROP INDEX renders_design;\n"
	dir, v1 := apptest.Dir(t), apptest.Binary(t, "v1")
	v2 := apptest.BinaryWith(t, "v2-contract", file, text)
	v3 := again(t, v2, 3)
	key := apptest.Key(t, v1, dir)
	noteChores(t, dir)
	first := apptest.Serve(t, v1, dir)
	one := current(t, dir)
	until(t, "what was missed is made good", func() bool { return len(chores(t, dir, "files")) == 1 && len(chores(t, dir, "answers")) > 2 })
	api := apptest.API{URL: first.URL, Key: key}
	design := card(t, api)

	upgradeTo(t, v1, dir, 0, v2, "--probation", "500ms")
	if err := first.Wait(); err != nil {
		t.Errorf("%v\n%s", err, first.Output())
	}
	// v1 is gone, and could be wanted back.
	if s := contract(t, v2, dir); s != "pending" {
		t.Errorf("v2 serves: %s", s)
	}
	apptest.Must(t, v2, dir, "migrate", "check")

	// v2 drains while v3 serves.
	goOn := apptest.Slowly(t, dir)
	var b app.Batch
	api.Call(t, "POST", "/batches", map[string]any{"design": design, "rows": apptest.Countries(t), "scale": 0.25}, 202, &b)
	upgradeTo(t, v2, dir, 0, v3, "--probation", "500ms")
	three := current(t, dir)
	until(t, "the new release does what is due", func() bool { return slices.Contains(chores(t, dir, "answers"), three) })
	if s := contract(t, v3, dir); s != "pending" {
		t.Errorf("v2 lives, and it is %s", s)
	}
	if status(t, dir)[1].State != upgrade.Draining {
		t.Error("v2 has no jobs any more")
	}
	http.DefaultClient.CloseIdleConnections()
	api.Call(t, "DELETE", "/batches/"+b.ID, nil, 200, nil)
	goOn()
	until(t, "v2 is gone", func() bool { return status(t, dir)[1].State == upgrade.Gone })
	until(t, "taken away", func() bool { return contract(t, v3, dir) == "applied" })
	if s := contract(t, v1, dir); s != "unknown" {
		t.Errorf("to v1 it is %s", s)
	}
	if out := apptest.Must(t, v3, dir, "migrate", "up"); out != "applied 0 migrations\n" {
		t.Errorf("migrate up: %s", out)
	}
	// The older one may just have begun when it hears that it is replaced.
	by := chores(t, dir, "answers")
	late := slices.DeleteFunc(by[slices.Index(by, three):], func(release string) bool { return release == three })
	if len(late) > 1 || by[0] != one {
		t.Errorf("%d times by %v after %s had begun", len(late), late, three)
	}
	if n := len(chores(t, dir, "files")); n != 1 {
		t.Errorf("what is daily was done %d times", n)
	}

	if last := upgradeTo(t, v3, dir, 3, v1); last.Result != "refused" || !strings.Contains(last.Reason, "too old for the database") || !strings.Contains(last.Reason, "[1]") {
		t.Errorf("to v1: %+v", last)
	}
	if out := apptest.Must(t, v3, dir, "rollback", "--probation", "500ms"); !strings.Contains(out, "committed") {
		t.Errorf("rollback says %s", out)
	}
	if last := upgradeTo(t, v2, dir, 3, v1); last.Result != "refused" {
		t.Errorf("from v2 to v1: %+v", last)
	}
	apptest.Must(t, v2, dir, "stop")
	if _, errs, code := apptest.Run(t, v1, dir, "migrate", "up"); code != 1 || !strings.Contains(errs, "too old for the database") {
		t.Errorf("v1 by itself: exit %d, %s", code, errs)
	}
}

// contract is the state of the only contract migration, as a binary sees it.
func contract(t *testing.T, binary, dir string) string {
	t.Helper()
	var all struct{ Migrations []migrations.Migration }
	if err := json.Unmarshal([]byte(apptest.Must(t, binary, dir, "migrate", "status", "--json")), &all); err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(all.Migrations, func(m migrations.Migration) bool { return m.Kind == "contract" })
	if i < 0 {
		return ""
	}
	return all.Migrations[i].State
}
