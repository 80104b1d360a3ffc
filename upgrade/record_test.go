package upgrade_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"majestic/upgrade"
)

// A host has each upgrade remembered, from its beginning to its result, also one that
// starts nothing; what cannot be kept it tells again.
func TestRemember(t *testing.T) {
	t.Parallel()
	i := serve(t)
	i.upgrade(0, faulty(t, "remembers"), "--probation", "50ms")
	if end := i.upgrade(0, "--check", next(t)); end.Result != "checked" {
		t.Errorf("%+v", end)
	}
	i.upgrade(3, faulty(t, "exits"))
	up := i.upgrading(faulty(t, "waits"))
	up.step("start")
	i.until("the start is remembered", func() bool {
		all := remembered(t, i.dir)
		return all[len(all)-1].Step == "start" && len(i.status()) == 3
	})
	full := filepath.Join(i.dir, "full")
	if err := os.Mkdir(full, 0o700); err != nil {
		t.Fatal(err)
	}
	i.signal(3, syscall.SIGKILL)
	i.until("the successor is gone", func() bool { return i.status()[0].State == upgrade.Gone })
	if err := os.Remove(full); err != nil {
		t.Fatal(err)
	}
	up.end(4)
	host := i.link("current")
	i.upgrade(0, next(t), "--probation", "50ms")

	ends := map[string]upgrade.Upgrade{}
	var order []string
	for _, u := range remembered(t, i.dir) {
		if _, ok := ends[u.ID]; !ok {
			order = append(order, u.ID)
		}
		if u.Host != 2 || u.FromVersion != "remembers" || u.From != host || u.Took < ends[u.ID].Took {
			t.Errorf("%+v", u)
		}
		ends[u.ID] = u
	}
	if len(order) != 3 {
		t.Fatalf("%d upgrades are remembered: %+v", len(order), ends)
	}
	refused, failed, committed := ends[order[0]], ends[order[1]], ends[order[2]]
	if refused.Result != "refused" || !strings.Contains(refused.Reason, "my libraries are not here") || refused.Generation != 0 || refused.Step != "copy" || refused.To == "" {
		t.Errorf("%+v", refused)
	}
	if failed.Result != "failed" || failed.Reason != "it ended before it could take over" || failed.Generation != 3 || failed.Step != "start" {
		t.Errorf("%+v", failed)
	}
	if committed.Result != "committed" || committed.Generation != 4 || committed.Step != "probation" || committed.To != i.link("current") {
		t.Errorf("%+v", committed)
	}
}

// remembered is what a host was told, in that order.
func remembered(t *testing.T, dir string) (all []upgrade.Upgrade) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, "remembered"))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(b)) {
		var u upgrade.Upgrade
		if err := json.Unmarshal([]byte(line), &u); err != nil {
			t.Fatal(err)
		}
		all = append(all, u)
	}
	return all
}
