package upgrade_test

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"majestic/upgrade"
)

// A process started by hand beside one that serves takes its place by the same
// path, with the probation that nobody has named.
func TestServeBeside(t *testing.T) {
	t.Parallel()
	i := serve(t)
	seen := i.visitors()
	second := i.start(next(t))
	if url := second.url(t); url != i.url {
		t.Errorf("it serves %s, not %s", url, i.url)
	}
	i.first.end(t)
	i.alone(2)
	seen.meet(i, i.link("current"))
	seen.leave(t, 0)
}

// Of two started by hand at once, one waits for the other.
func TestTwoBeside(t *testing.T) {
	t.Parallel()
	i := serve(t)
	seen := i.visitors()
	i.start(next(t))
	i.start(next(t))
	i.until("one is on probation", func() bool { return i.status()[0].Probation })
	if end := i.upgrade(6); end.Result != "busy" {
		t.Errorf("%+v", end)
	}
	if s := i.status(); len(s) != 2 {
		t.Errorf("the other does not wait: %+v", s)
	}
	i.signal(1, syscall.SIGKILL)
	i.until("the other has joined", func() bool { s := i.status(); return len(s) == 3 && s[0].Probation })
	i.signal(2, syscall.SIGKILL)
	i.alone(3)
	seen.leave(t, 2)
}

// Two that begin an instance at once: one serves, the other takes its place.
func TestTwoBegin(t *testing.T) {
	t.Parallel()
	i := at(t, open(t))
	one, other := i.start(example(t)), i.start(next(t))
	i.url = one.url(t)
	other.url(t)
	i.until("one is on probation", func() bool { s := i.status(); return len(s) == 2 && s[0].Probation })
	i.signal(1, syscall.SIGKILL)
	i.alone(2)
}

// Under a supervisor the place of its main process is not taken by hand.
func TestServeBesideSupervised(t *testing.T) {
	t.Parallel()
	i := at(t, open(t))
	c := exec.Command(example(t), "serve", "--dir", i.dir, "--listen", "127.0.0.1:0")
	c.Env = append(os.Environ(), "NOTIFY_SOCKET=/nowhere")
	i.begin(c).url(t)
	second := i.start(next(t))
	<-second.ended
	if second.ProcessState.ExitCode() != 1 || !strings.Contains(second.said(), "would not know a process started by hand; use: app upgrade FILE") {
		t.Errorf("%s", second.said())
	}
	i.alone(1)
}

// Every way to end: requests are answered first, unless it is said again.
func TestStops(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ stop, again func(i *instance) }{
		"verb": {
			func(i *instance) { i.begin(exec.Command(example(i.T), "--dir", i.dir, "stop")) },
			func(i *instance) { i.run("stop", "--now") },
		},
		"TERM": {
			func(i *instance) { i.first.Process.Signal(syscall.SIGTERM) },
			func(i *instance) { i.first.Process.Signal(syscall.SIGTERM) },
		},
	} {
		for _, twice := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, twice %v", name, twice), func(t *testing.T) {
				t.Parallel()
				i := serve(t)
				hangUp := i.linger()
				defer hangUp()
				c.stop(i)
				i.until("it finishes", func() bool { return i.status()[0].State == upgrade.Draining })
				select {
				case <-i.first.ended:
					t.Error("it ended with a request under way")
				default:
				}
				if twice {
					c.again(i)
				} else {
					hangUp()
				}
				i.first.end(t)
				i.nobody()
				if out, code := i.run("stop"); code != 0 || out != "" {
					t.Errorf("where nothing runs: exit %d: %s", code, out)
				}
			})
		}
	}
}

// An order to stop in the middle of an upgrade ends both processes; the successor
// is called off first.
func TestStopInUpgrade(t *testing.T) {
	t.Parallel()
	for name, stop := range map[string]func(i *instance){
		"TERM": func(i *instance) { i.signal(1, syscall.SIGTERM) },
		"verb": func(i *instance) {
			if out, code := i.run("stop"); code != 0 {
				i.Errorf("exit %d: %s", code, out)
			}
		},
	} {
		for _, state := range []string{warm, probation} {
			t.Run(name+" "+state, func(t *testing.T) {
				t.Parallel()
				i := serve(t)
				v1 := i.link("current")
				v2, exit := next(t), 5
				if state == warm {
					v2, exit = faulty(t, "waits"), 4
				}
				up := i.upgrading(v2, "--probation", "1m")
				if state == warm {
					up.step("start")
					i.until("it waits", func() bool { return i.warms(2) })
				} else {
					up.step("takeover")
				}
				stop(i)
				up.end(exit)
				i.first.end(t)
				i.nobody()
				i.holds(v1)
			})
		}
	}
}

// TERM to a successor on probation ends it, and its predecessor serves again, while
// it still has a request under way.
func TestSuccessorStopped(t *testing.T) {
	t.Parallel()
	i := serve(t)
	v1, seen := i.link("current"), i.visitors()
	up := i.upgrading(next(t), "--probation", "1m")
	up.step("takeover")
	defer i.linger()()
	i.signal(2, syscall.SIGTERM)
	seen.meet(i, v1)
	if end := up.end(5); !strings.Contains(end.Reason, "somebody stopped") {
		t.Errorf("%+v", end)
	}
	i.alone(1)
	i.holds(v1)
	seen.leave(t, 0)
}
