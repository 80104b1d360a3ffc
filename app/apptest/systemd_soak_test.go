//go:build soak

package apptest_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"majestic/app"
	"majestic/app/apptest"
	"majestic/upgrade"
	"majestic/upgrade/load"
)

// A service of a real systemd, from its installation to its removal: releases, a
// stop while an older one drains, crashes of the one and the other, a hang, a
// reboot. Nobody is refused, no job is lost, and the unit fails only when its
// main process is killed.
func TestUnderSystemd(t *testing.T) {
	binary := apptest.Binary(t, "v1")
	w := &walk{debian: bootDebian(t, binary), binary: binary}
	w.must("/root/app", "setup", "--systemd", "shop")
	if out := w.must("/root/app", "setup", "--systemd", "shop"); !strings.Contains(out, "nothing is missing") {
		t.Errorf("setup again:\n%s", out)
	}
	w.neighbours()
	w.dropIn("TimeoutStopSec=3") // a stop that lasts asks for more time
	w.must("systemctl", "start", "shop")
	w.login()
	t.Logf("hardening: %s", lastLine(w.must("systemd-analyze", "security", "--no-pager", "shop")))
	if out := w.must("ps", "-C", "chromium", "-o", "args="); strings.Contains(out, "--no-sandbox") || !strings.Contains(out, "--type=renderer") {
		t.Errorf("Chromium runs like this:\n%s", out)
	}

	w.begin("five upgrades and a reload under load")
	for range 5 {
		w.upgrade("--probation", "3s")
	}
	was := w.main()
	w.must("systemctl", "reload", "shop")
	if now := w.main(); now == was {
		t.Error("a reload changes no process")
	}
	w.end(0)

	w.begin("kill -9 of the main process, which serves alone")
	w.alone()
	w.kill(w.main())
	w.serving()
	if longest := w.end(1); longest > 3*time.Second {
		t.Errorf("somebody waited for %s", longest)
	}

	w.begin("kill -9 of the main process, while its successor is on probation")
	done := make(chan string, 1)
	go func() {
		out, _ := w.run("shop", "upgrade", "--json", "--probation", "30s", w.release())
		done <- out
	}()
	w.until("probation", func() bool { all := w.status(); return len(all) > 1 && all[0].Probation })
	heir := w.status()[0].PID
	w.kill(w.main())
	t.Logf("the upgrade ends with %s", lastLine(<-done))
	w.until("the heir is the main process", func() bool { return w.main() == heir && w.show("ActiveState") == "active" })
	w.alone()
	w.must("nsenter", "-t", fmt.Sprint(heir), "-m", "touch", "/tmp/still-there")
	w.end(1)

	w.begin("kill -9 of the main process, while an older release drains")
	b := w.batch(300)
	older := w.main()
	w.upgrade("--probation", "1s")
	w.draining(older)
	w.kill(w.main())
	w.serving()
	w.draining(older)
	w.finish(b)
	w.until("the older release has ended", func() bool { return len(w.status()) == 1 })
	w.end(1)

	w.begin("kill -9 of PostgreSQL")
	dead := w.postmaster()
	w.kill(dead)
	w.until("another runs", func() bool { return w.postmaster() != dead })
	for range 20 { // more than connections to the dead one are in the pool
		w.until("it answers", w.ready)
	}
	w.end(0)

	b = w.batch(300)
	older = w.main()
	w.upgrade("--probation", "1s")
	w.draining(older)
	t.Logf("the status then: %s", w.show("StatusText"))
	began := time.Now()
	w.must("systemctl", "stop", "shop")
	t.Logf("a stop while a release drains takes %s: %s", time.Since(began).Round(time.Millisecond), w.show("Result"))
	if out, code := w.run("pgrep", "-a", "-u", "shop"); code == 0 {
		t.Errorf("left after the stop:\n%s", out)
	}
	w.must("systemctl", "start", "shop")
	w.finish(b)

	b = w.batch(300)
	began = time.Now()
	w.must("systemctl", "reboot")
	w.until("the machine is down", func() bool { return syscall.Kill(w.leader, 0) != nil })
	w.await()
	w.serving()
	t.Logf("a reboot in the middle of a batch takes %s", time.Since(began).Round(time.Millisecond))
	w.finish(b)
	if result := w.show("Result"); result != "success" {
		t.Errorf("after the reboot: %s", result)
	}

	w.dropIn("WatchdogSec=3")
	w.must("systemctl", "restart", "shop")
	w.begin("a main process that hangs")
	hung := w.main()
	w.kills++ // the watchdog's
	w.must("kill", "-STOP", fmt.Sprint(hung))
	w.until("the watchdog has it replaced", func() bool { return w.main() != hung && w.ready() })
	w.end(1)

	unit := freeAddresses(t, 1)[0]
	w.write("/etc/systemd/system/shop.socket", []byte("[Socket]\nListenStream="+unit+"\n"), 0o644)
	w.must("systemctl", "daemon-reload")
	w.must("systemctl", "stop", "shop")
	w.must("systemctl", "start", "shop.socket", "shop")
	was, w.api.URL = w.main(), "http://"+unit
	w.serving()
	w.upgrade("--probation", "1s")
	w.alone()
	if !w.ready() || w.main() == was {
		t.Error("the next release does not serve at the socket unit's address")
	}

	if out, code := w.run("shop", "doctor"); code != 0 && !strings.HasSuffix(out, "not all is well: clock") {
		t.Errorf("doctor: %s", out)
	}
	if failed := strings.Count(w.must("journalctl", "-u", "shop", "-o", "cat"), "Failed with result"); failed > w.kills { // none, when the heir was quicker
		t.Errorf("the unit failed %d times, for %d processes killed", failed, w.kills)
	}
	w.must("/root/app", "setup", "--remove", "shop")
	if out, _ := w.run("sh", "-c", "ls -d /etc/systemd/system/shop.service /usr/local/bin/shop /etc/nginx/snippets/shop.conf 2>/dev/null; ls /var/lib/shop"); !strings.Contains(out, "data") || strings.Contains(out, "shop.") {
		t.Errorf("after --remove there is:\n%s", out)
	}
}

// walk is what is done to the service, and what its visitors see of it.
type walk struct {
	*debian
	binary string
	api    apptest.API
	design string

	releases int
	kills    int // of a main process
	title    string
	began    time.Time
	visits   *load.Run
}

// dropIn changes a setting of the unit, as systemctl edit does.
func (w *walk) dropIn(setting string) {
	w.Helper()
	name, _, _ := strings.Cut(setting, "=")
	w.write("/etc/systemd/system/shop.service.d/"+name+".conf", []byte("[Service]\n"+setting+"\n"), 0o644)
	w.must("systemctl", "daemon-reload")
}

// neighbours are other services of the same machine.
func (w *walk) neighbours() {
	w.Helper()
	w.must("/root/app", "setup", "--systemd", "mall")
	shop, mall := w.must("grep", "listen_addr", "/var/lib/shop/app.toml"), w.must("grep", "listen_addr", "/var/lib/mall/app.toml")
	if shop == mall {
		w.Errorf("both have %s", shop)
	}
	if out, code := w.run("/root/app", "setup", "--systemd", "mall", "--dir", "/var/lib/shop"); code != 1 || !strings.Contains(out, "the name mall is taken") {
		w.Errorf("a name that is taken: exit %d, %s", code, out)
	}
	w.must("sed", "-i", "s/^UMask=.*/UMask=0077/", "/etc/systemd/system/mall.service")
	if out := w.must("/root/app", "setup", "--systemd", "mall"); !strings.Contains(out, "changed by hand and kept") {
		w.Errorf("a unit changed by hand: %s", out)
	}
	w.must("/root/app", "setup", "--remove", "mall")
}

// login gets a key, and makes a design.
func (w *walk) login() {
	w.Helper()
	_, address, _ := strings.Cut(w.must("grep", "listen_addr", "/var/lib/shop/app.toml"), `"`)
	w.api.URL = "http://" + strings.TrimSuffix(address, `"`)
	w.must("shop", "tenant", "create", "Acme", "--json")
	var key struct{ Key string }
	if err := json.Unmarshal([]byte(lastLine(w.must("shop", "apikey", "create", "--tenant", "acme", "--json"))), &key); err != nil {
		w.Fatal(err)
	}
	w.api.Key = key.Key
	w.design = card(w.T, w.api)
}

// begin lets visitors come, and end tells what became of them. Nobody was refused;
// what a killed process had in its hands may be lost.
func (w *walk) begin(title string) {
	get := func(string) *http.Request {
		r, _ := http.NewRequest("GET", w.api.URL+"/signin", nil)
		return r
	}
	w.title, w.began = title, time.Now()
	w.visits = load.Start(load.Plan{
		Address: strings.TrimPrefix(w.api.URL, "http://"), Rate: 60, RTT: 5 * time.Millisecond, Connections: 20,
		Mix: []load.Sort{{Name: "kept", Share: 3, Keep: true, Request: get}, {Name: "new", Share: 1, Request: get}},
	})
}

func (w *walk) end(kills int) (longest time.Duration) {
	w.Helper()
	records := w.visits.Stop()
	refused := 0
	for _, r := range records {
		longest = max(longest, r.End.Sub(r.Start))
		if errors.Is(r.Err, syscall.ECONNREFUSED) {
			refused++
		}
	}
	failures := load.Failures(records, load.Span{From: w.began, To: time.Now()})
	failed := 0
	for _, f := range failures {
		failed += f.Count
	}
	w.Logf("%s: %d requests, %d refused, %d failed %v, the longest wait %s", w.title, len(records), refused, failed, failures, longest.Round(time.Millisecond))
	// The connections that a killed process has are cut with it: at most all that are kept.
	if refused > 0 || failed > 21*kills {
		w.Errorf("%s: %d refused, %d failed: %v", w.title, refused, failed, failures)
	}
	return longest
}

// release is another release of the app, on the machine.
func (w *walk) release() string {
	w.Helper()
	w.releases++
	name := fmt.Sprintf("/root/app-%d", w.releases)
	w.copy(w.binary, name, fmt.Appendf(nil, "\nrelease %d\n", w.releases)...)
	return name
}

func (w *walk) upgrade(args ...string) {
	w.Helper()
	w.must(append([]string{"shop", "upgrade", w.release()}, args...)...)
	if state := w.show("ActiveState"); state != "active" {
		w.Errorf("after an upgrade the unit is %s", state)
	}
	http.DefaultClient.CloseIdleConnections()
}

// status are the living generations.
func (w *walk) status() (living []upgrade.Status) {
	w.Helper()
	var s struct{ Generations []upgrade.Status }
	if err := json.Unmarshal([]byte(w.must("shop", "status", "--json")), &s); err != nil {
		w.Fatal(err)
	}
	for _, g := range s.Generations {
		if g.State != upgrade.Gone {
			living = append(living, g)
		}
	}
	return living
}

// main is the service's main process, as the machine numbers it.
func (w *walk) main() (pid int) {
	w.Helper()
	fmt.Sscan(w.show("MainPID"), &pid)
	return pid
}

func (w *walk) postmaster() (pid int) {
	w.Helper()
	fmt.Sscan(w.must("head", "-1", "/var/lib/shop/data/postgres/postmaster.pid"), &pid)
	return pid
}

func (w *walk) kill(pid int) {
	w.Helper()
	if pid == w.main() {
		w.kills++
	}
	w.must("kill", "-9", fmt.Sprint(pid))
	http.DefaultClient.CloseIdleConnections()
}

func (w *walk) ready() bool {
	r, err := http.Get(w.api.URL + "/readyz")
	if err != nil {
		return false
	}
	r.Body.Close()
	return r.StatusCode == http.StatusOK
}

// serving waits until the service is active, and ready.
func (w *walk) serving() {
	w.Helper()
	w.until("the service is active", func() bool { return w.show("ActiveState") == "active" && w.ready() })
	http.DefaultClient.CloseIdleConnections()
}

// alone waits until one generation lives, which is the main process.
func (w *walk) alone() {
	w.Helper()
	w.until("one generation lives", func() bool {
		all := w.status()
		return len(all) == 1 && all[0].State == upgrade.Serving && all[0].PID == w.main()
	})
}

// draining holds a process to be at work, and not to be the main one.
func (w *walk) draining(pid int) {
	w.Helper()
	for _, g := range w.status() {
		if g.PID == pid && g.State == upgrade.Draining && g.Jobs.Running > 0 && w.main() != pid {
			return
		}
	}
	w.Errorf("process %d does not drain a job: %+v", pid, w.status())
}

// batch begins a job of so many pictures, and returns when it has made the first.
func (w *walk) batch(rows int) (id string) {
	w.Helper()
	countries := apptest.Countries(w.T)
	all := append(countries, countries...)[:rows]
	var b app.Batch
	w.api.Call(w.T, "POST", "/batches", map[string]any{"design": w.design, "rows": all}, 202, &b)
	w.until("the batch has begun", func() bool {
		w.api.Call(w.T, "GET", "/batches/"+b.ID, nil, 200, &b)
		return b.Done > 0
	})
	return b.ID
}

// finish waits until every picture of a batch is there.
func (w *walk) finish(id string) {
	w.Helper()
	w.serving()
	var b app.Batch
	w.api.Call(w.T, "GET", "/batches/"+id, nil, 200, &b)
	at := b.Done
	w.until("the batch is done", func() bool {
		http.DefaultClient.CloseIdleConnections()
		w.api.Call(w.T, "GET", "/batches/"+id, nil, 200, &b)
		return b.Finished()
	})
	if b.Status != app.Succeeded || b.Done != b.Total {
		w.Errorf("%+v", b)
	}
	w.Logf("the batch had %d of %d pictures, and is done now: %d, %d failed", at, b.Total, b.Done, b.Failed)
}

func lastLine(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return lines[len(lines)-1]
}
