package upgrade_test

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"majestic/upgrade"
)

// What is no release, or a broken one, is found out before it has the port; the
// old release serves on, and nothing of the new one is kept.
func TestBadFiles(t *testing.T) {
	t.Parallel()
	i := serve(t)
	v1, seen := i.link("current"), i.visitors()
	dir := t.TempDir()
	file := func(name, text string) string {
		name = filepath.Join(dir, name)
		if err := os.WriteFile(name, []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
		return name
	}
	pipe := filepath.Join(dir, "pipe")
	if err := syscall.Mkfifo(pipe, 0o644); err != nil {
		t.Fatal(err)
	}
	elf, err := os.ReadFile(example(t))
	if err != nil {
		t.Fatal(err)
	}
	elf[18] ^= 0x55 // the machine that it is for

	for _, c := range []struct {
		name, file string
		exit       int
		reason     string
	}{
		{"missing", filepath.Join(dir, "none"), 3, "the binary cannot be read: open " + dir},
		{"text", file("text", "hello\n"), 3, "no program for this machine"},
		{"empty", file("empty", ""), 3, "no program for this machine"},
		{"directory", dir, 3, "is not a file; name the binary of a release"},
		{"fifo", pipe, 3, "is not a file; name the binary of a release"},
		{"device", "/dev/zero", 3, "is not a file; name the binary of a release"},
		{"machine", file("elf", string(elf)), 3, "no program for this machine"},
		{"script", file("script", "#!/bin/sh\necho hello\n"), 3, "it says that it is hello"},
		{"product", faulty(t, "product"), 3, "dance"},
		{"architecture", faulty(t, "arch"), 3, "vax"},
		{"protocol", faulty(t, "protocol"), 3, `"protocol":2`},
		{"exits", faulty(t, "exits"), 3, "exit status 1 my libraries are not here"},
		{"hangs", faulty(t, "hangs"), 3, "did not say what it is within 1s: version --json hangs"},
		{"fails", faulty(t, "fails"), 4, "my migrations do not pass"},
		{"vanishes", faulty(t, "vanishes"), 4, "it ended before it could take over"},
		{"never", faulty(t, "never"), 4, "it was not ready to take over within 1s"},
	} {
		t.Run(c.name, func(t *testing.T) {
			i := *i
			i.T = t
			end := i.upgrade(c.exit, c.file, "--timeout", "1s")
			if want := map[int]string{3: "refused", 4: "failed"}[c.exit]; end.Result != want || !strings.Contains(end.Reason, c.reason) {
				t.Errorf("%+v", end)
			}
			if c.exit == 4 && !strings.Contains(end.Log, "the fault is: "+c.name) {
				t.Errorf("its log is not shown: %q", end.Log)
			}
			i.holds(v1)
			i.alone(1)
		})
	}
	seen.leave(t, 0)
}

// A release that fails on probation gives the port back.
func TestFailsOnProbation(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ fault, reason string }{
		{"sick", "it fails its checks: I do not feel well"},
		{"stubborn", "it fails its checks: I do not feel well"}, // and does not end when it is told
		{"dies", "it ended"},
	} {
		t.Run(c.fault, func(t *testing.T) {
			t.Parallel()
			i := serve(t)
			v1, seen := i.link("current"), i.visitors()
			end := i.upgrade(5, faulty(t, c.fault), "--probation", "1m")
			if end.Result != "rolled_back" || !strings.Contains(end.Reason, c.reason) || !strings.Contains(end.Log, "the fault is: "+c.fault) || end.From != v1 || end.To == v1 {
				t.Errorf("%+v", end)
			}
			seen.meet(i, v1)
			i.alone(1)
			i.holds(v1)
			if i.status()[0].State != upgrade.Gone {
				t.Errorf("%+v", i.status())
			}
			seen.leave(t, 1)
		})
	}
}

// The open file is what is passed: its name may lead elsewhere a moment later. One
// that is written while it is copied is refused.
func TestFileReplaced(t *testing.T) {
	t.Parallel()
	i := serve(t)
	v2 := next(t)
	f, err := os.Open(v2)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	want, err := upgrade.Release(f)
	if err != nil {
		t.Fatal(err)
	}
	// It stands still before it has copied anything.
	i.signal(1, syscall.SIGSTOP)
	up := i.upgrading(v2, "--probation", "300ms")
	i.until("the file is open", func() bool { return opened(up.cmd.Process.Pid, v2) })
	if err := os.Remove(v2); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(v2, []byte("not yet whole"), 0o755); err != nil {
		t.Fatal(err)
	}
	i.signal(1, syscall.SIGCONT)
	if end := up.end(0); end.To != want || i.link("current") != want {
		t.Errorf("%+v, current is %s, not %s", end, i.link("current"), want)
	}
	i.alone(2)

	growing, err := os.OpenFile(next(t), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer growing.Close()
	done := make(chan struct{})
	go func() {
		for tick := time.NewTicker(time.Millisecond); ; {
			select {
			case <-done:
				return
			case <-tick.C:
				growing.WriteString("more")
			}
		}
	}()
	end := i.upgrade(3, growing.Name())
	close(done)
	if !strings.Contains(end.Reason, "it was changed while it was copied") {
		t.Errorf("%+v", end)
	}
	i.alone(2)
}

// opened tells whether a process has a file open.
func opened(pid int, name string) bool {
	links, _ := filepath.Glob("/proc/" + strconv.Itoa(pid) + "/fd/*")
	for _, l := range links {
		if target, err := os.Readlink(l); err == nil && target == name {
			return true
		}
	}
	return false
}
