package upgrade_test

import (
	"encoding/json"
	"net/http"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"majestic/upgrade"
)

// One upgrade tells its steps, for people and for programs; nobody is lost, and
// the way back is the same.
func TestThereAndBack(t *testing.T) {
	t.Parallel()
	i := serve(t)
	v1, v2, seen := i.link("current"), next(t), i.visitors()
	if out, code := i.run("rollback"); code != 3 || !strings.Contains(out, "there is no release to go back to") {
		t.Errorf("exit %d: %s", code, out)
	}
	if end := i.upgrade(0, "--check", v2); end.Result != "checked" || end.To == "" || end.To == v1 {
		t.Errorf("%+v", end)
	}
	if end := i.upgrade(3, "--check", faulty(t, "product")); end.Result != "refused" {
		t.Errorf("%+v", end)
	}
	if end := i.upgrade(3, "--by-tenant", v2); !strings.Contains(end.Reason, "the release that serves does not know --by-tenant") {
		t.Errorf("%+v", end)
	}
	i.holds(v1)
	if all := i.status(); len(all) != 1 {
		t.Errorf("a check starts something: %+v", all)
	}

	watch := exec.Command(example(t), "--dir", i.dir, "status", "--watch")
	watched := i.begin(watch)
	up, steps, last := i.upgrading(v2, "--probation", "300ms"), []string{}, int64(0)
	for up.next() {
		steps = append(steps, up.last.Step)
		if !up.last.OK || up.last.MS < last || up.last.From != v1 {
			t.Errorf("%s", up.out.Bytes())
		}
		last = up.last.MS
	}
	if end := up.end(0); strings.Join(steps, " ") != "copy check start warm takeover probation end" || end.Result != "committed" || end.To == v1 || end.Generation != 2 {
		t.Errorf("%v: %+v", steps, end)
	}
	i.first.end(t)
	i.alone(2)
	if now, before := i.link("current"), i.link("previous"); now != up.last.To || before != v1 {
		t.Errorf("current is %s, previous %s", now, before)
	}
	i.until("the change is seen", func() bool { return strings.Count(watched.said(), "GENERATION") > 1 })
	syscall.Kill(watch.Process.Pid, syscall.SIGTERM)

	out, code := i.run("rollback", "--probation", "300ms")
	if code != 0 || !strings.Contains(out, " s  copied as release "+v1+"\n") || !strings.Contains(out, " s  committed: release "+v1+" serves") {
		t.Errorf("exit %d: %s", code, out)
	}
	i.alone(3)
	seen.meet(i, v1)
	seen.leave(t, 0)
	var s struct{ Generations []upgrade.Status }
	if out, _ := i.run("status", "--json"); json.Unmarshal([]byte(out), &s) != nil || len(s.Generations) != 3 || s.Generations[0].Release != v1 || s.Generations[1].State != upgrade.Gone {
		t.Errorf("%s", out)
	}
}

// The release that serves is not brought again, but it is started afresh.
func TestRestart(t *testing.T) {
	t.Parallel()
	i := serve(t)
	v1, seen := i.link("current"), i.visitors()
	if end := i.upgrade(3, example(t)); !strings.Contains(end.Reason, "serves already; without a file") {
		t.Errorf("%+v", end)
	}
	if end := i.upgrade(0, "--probation", "300ms"); end.From != v1 || end.To != v1 || i.link("previous") != "" {
		t.Errorf("%+v, previous is %q", end, i.link("previous"))
	}
	i.alone(2)
	i.holds(v1)
	seen.leave(t, 0)
}

func TestTwoAtOnce(t *testing.T) {
	t.Parallel()
	i := serve(t)
	up := i.upgrading(faulty(t, "hangs"), "--timeout", "1s")
	up.step("copy")
	if end := i.upgrade(6, "--check", next(t)); end.Result != "busy" {
		t.Errorf("%+v", end)
	}
	up.end(3)
	up = i.upgrading(faulty(t, "waits"), "--probation", "300ms")
	up.step("start")
	if end := i.upgrade(6, next(t)); end.Result != "busy" || !strings.Contains(end.Reason, "another upgrade is under way") {
		t.Errorf("%+v", end)
	}
	i.goOn()
	if end := up.end(0); end.Result != "committed" {
		t.Errorf("%+v", end)
	}
	i.alone(2)
}

// Who does not wait gets away at take-over, and the rest goes on without it. From
// then on the new release alone is met.
func TestNoWait(t *testing.T) {
	t.Parallel()
	i := serve(t)
	if last := i.upgrade(0, next(t), "--no-wait", "--probation", "3s"); last.Step != "takeover" {
		t.Errorf("%+v", last)
	}
	if s := i.status(); len(s) != 2 || !s[0].Probation || s[0].State != upgrade.Serving || s[1].State != upgrade.Draining {
		t.Errorf("%+v", s)
	}
	c := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	for range 20 {
		r, err := c.Get(i.url)
		if err != nil {
			t.Fatal(err)
		}
		if r.Body.Close(); r.Header.Get("X-Release") != i.status()[0].Release {
			t.Error("the old release accepts")
		}
	}
	if end := i.upgrade(6, next(t)); end.Result != "busy" {
		t.Errorf("%+v", end)
	}
	i.alone(2)
}

// Four generations may live: a fifth waits for one to end, and says so.
func TestFifth(t *testing.T) {
	t.Parallel()
	i := serve(t)
	var hangUp []func()
	for range 3 {
		hangUp = append(hangUp, i.linger())
		i.upgrade(0, "--probation", "50ms")
	}
	if end := i.upgrade(3, "--timeout", "300ms"); !strings.Contains(end.Reason, "4 generations live, and no more may: [3 2 1] finish their jobs; try again later") {
		t.Errorf("%+v", end)
	}
	up := i.upgrading("--probation", "50ms")
	if s := up.step("room"); !strings.Contains(s.Detail, "4 generations live") {
		t.Errorf("%+v", s)
	}
	hangUp[1]()
	up.end(0)
	hangUp[0]()
	hangUp[2]()
	i.alone(5)
}
