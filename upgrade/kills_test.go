package upgrade_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"syscall"
	"testing"

	"majestic/upgrade"
)

// The states of an upgrade in which a process may be struck.
const (
	warm      = "warming"
	probation = "probation"
	committed = "committed"
)

// kill -9 and SIGSTOP of either process in every state: somebody accepts at once
// or as soon as it can, the verdict stands, current leads to who serves, and every
// process ends. A stopped process wakes up when all is decided, and obeys.
func TestStrikes(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		state  string
		victim int
		signal syscall.Signal
		exit   int
		reason string
		serves int
	}{
		{warm, 1, syscall.SIGKILL, 0, "", 2},
		{warm, 2, syscall.SIGKILL, 4, "it ended before it could take over", 1},
		{warm, 1, syscall.SIGSTOP, 0, "", 2},
		{warm, 2, syscall.SIGSTOP, 4, "it was not ready to take over within 1s", 1},
		{probation, 1, syscall.SIGKILL, 0, "", 2},
		{probation, 2, syscall.SIGKILL, 5, "it ended", 1},
		{probation, 1, syscall.SIGSTOP, 0, "", 2},
		{probation, 2, syscall.SIGSTOP, 5, "it fails its checks: it has not answered", 1},
		{committed, 1, syscall.SIGKILL, 0, "", 2},
		{committed, 1, syscall.SIGSTOP, 0, "", 2},
		{committed, 2, syscall.SIGSTOP, 0, "", 2},
	} {
		t.Run(fmt.Sprintf("%s v%d %v", c.state, c.victim, c.signal), func(t *testing.T) {
			t.Parallel()
			i := serve(t)
			v1, seen := i.link("current"), i.visitors()
			i.strike(c.state, c.victim, c.signal, c.exit, c.reason)
			i.alone(c.serves)
			seen.meet(i, i.link("current"))
			kills := 0
			if c.signal == syscall.SIGKILL || c.exit == 5 {
				kills = 1
			}
			seen.leave(t, kills)
			if back := c.serves == 1; back != (i.link("current") == v1) {
				t.Errorf("current leads to %s; v1 is %s", i.link("current"), v1)
			}
			if c.serves == 1 {
				i.holds(v1)
			}
			i.run("stop")
			i.nobody()
		})
	}
}

// strike begins an upgrade, and sends the signal when it has come to the state.
func (i *instance) strike(state string, victim int, signal syscall.Signal, exit int, reason string) {
	i.Helper()
	stands := "1m" // nobody waits for its end
	if victim == 1 && signal == syscall.SIGSTOP {
		stands = "300ms"
	}
	hit := func() { i.signal(victim, signal) }
	var end upgrade.Step
	switch state {
	case warm:
		up := i.upgrading(faulty(i.T, "waits"), "--probation", stands, "--timeout", "1s")
		up.step("start")
		i.until("it waits", func() bool { return i.warms(2) })
		hit()
		if victim == 1 {
			i.goOn()
		}
		end = up.end(exit)
	case probation:
		up := i.upgrading(next(i.T), "--probation", stands)
		up.step("takeover")
		hit()
		end = up.end(exit)
	case committed:
		hangUp := i.linger()
		end = i.upgrade(exit, next(i.T), "--probation", "300ms")
		hit()
		hangUp()
	}
	if !strings.Contains(end.Reason, reason) || reason == "" && end.Result != "committed" {
		i.Errorf("%+v", end)
	}
	if signal == syscall.SIGSTOP && (victim == 1 || state == committed) {
		i.signal(victim, syscall.SIGCONT)
	}
}

// A release that is killed when it was committed has nobody who takes its place
// back. The one before finishes what it has, beside whatever is started next.
func TestKilledAlone(t *testing.T) {
	t.Parallel()
	i := serve(t)
	hangUp := i.linger()
	i.upgrade(0, next(t), "--probation", "300ms")
	v2 := i.link("current")
	i.signal(2, syscall.SIGKILL)
	i.url = i.start(example(t)).url(t)
	if s := i.status(); i.link("previous") != v2 || len(s) != 3 || s[2].State != upgrade.Draining {
		t.Errorf("previous is %s: %+v", i.link("previous"), s)
	}
	seen := i.visitors()
	hangUp()
	i.first.end(t)
	i.alone(3)
	seen.leave(t, 0)
}

// warms tells whether a successor has got as far as it gets by itself.
func (i *instance) warms(generation int) bool {
	for _, s := range i.status() {
		if s.Generation == generation {
			return s.State == upgrade.Warming
		}
	}
	return false
}

// linger makes a request that lasts until the visitor hangs up.
func (i *instance) linger() (hangUp func()) {
	i.Helper()
	ctx, cancel := context.WithCancel(i.Context())
	r, err := http.NewRequestWithContext(ctx, "GET", i.url+"?for=10m", nil)
	if err != nil {
		i.Fatal(err)
	}
	before := i.running()
	go func() {
		if answer, err := http.DefaultClient.Do(r); err == nil {
			io.Copy(io.Discard, answer.Body)
			answer.Body.Close()
		}
	}()
	i.until("the request is under way", func() bool { return i.running() > before })
	return cancel
}

// running are the lasting requests of who serves.
func (i *instance) running() int {
	for _, s := range i.status() {
		if s.State == upgrade.Serving {
			return s.Jobs.Running
		}
	}
	return 0
}
