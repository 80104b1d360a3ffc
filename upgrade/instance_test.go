package upgrade_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"majestic/upgrade"
)

// instance is a directory in which real processes serve, and what is to be said of it.
type instance struct {
	*testing.T
	dir   string
	first *process
	url   string
}

// serve begins an instance of the example; what it leaves is killed with the test.
func serve(t *testing.T) *instance {
	t.Helper()
	i := at(t, open(t))
	i.first = i.start(example(t))
	i.url = i.first.url(t)
	return i
}

// at is an instance in which nothing runs yet.
func at(t *testing.T, dir string) *instance {
	i := &instance{T: t, dir: dir}
	t.Cleanup(i.sweep)
	return i
}

// sweep kills who lives, successors among them, and shows on failure what they wrote.
func (i *instance) sweep() {
	for {
		alive, err := upgrade.Alive(i.dir)
		if err != nil {
			i.Error(err)
		}
		if len(alive) == 0 {
			break
		}
		for _, s := range alive {
			syscall.Kill(s.PID, syscall.SIGKILL)
		}
		time.Sleep(5 * time.Millisecond)
	}
	if !i.Failed() {
		return
	}
	logs, _ := filepath.Glob(filepath.Join(i.dir, "tmp", "generations", "*.[lv]*"))
	for _, name := range logs {
		b, _ := os.ReadFile(name)
		i.Logf("%s:\n%s", filepath.Base(name), b)
	}
}

// upgrade runs the verb to its end, and answers with its last word.
func (i *instance) upgrade(exit int, args ...string) upgrade.Step {
	i.Helper()
	return i.upgrading(args...).end(exit)
}

// upgrading is the verb under way.
func (i *instance) upgrading(args ...string) *asked {
	i.Helper()
	return i.asked(i.dir, append([]string{"upgrade", "--json"}, args...)...)
}

func (i *instance) asked(dir string, args ...string) *asked {
	i.Helper()
	c := exec.Command(example(i.T), append([]string{"--dir", dir}, args...)...)
	a := &asked{i: i, cmd: c}
	c.Stderr = &a.errs
	out, err := c.StdoutPipe()
	if err == nil {
		err = c.Start()
	}
	if err != nil {
		i.Fatal(err)
	}
	a.out = bufio.NewScanner(out)
	i.Cleanup(func() { c.Process.Kill() })
	return a
}

// asked is an upgrade as its asker sees it.
type asked struct {
	i    *instance
	cmd  *exec.Cmd
	out  *bufio.Scanner
	errs bytes.Buffer
	last upgrade.Step
}

// step reads on until that step.
func (a *asked) step(name string) upgrade.Step {
	a.i.Helper()
	for a.last.Step != name {
		if !a.next() {
			a.cmd.Wait()
			a.i.Fatalf("no step %s: %+v %s", name, a.last, &a.errs)
		}
	}
	return a.last
}

func (a *asked) next() bool {
	if !a.out.Scan() {
		return false
	}
	a.last = upgrade.Step{}
	if err := json.Unmarshal(a.out.Bytes(), &a.last); err != nil {
		a.i.Errorf("%v: %s", err, a.out.Bytes())
	}
	return true
}

func (a *asked) end(exit int) upgrade.Step {
	a.i.Helper()
	for a.next() {
	}
	a.cmd.Wait()
	if code := a.cmd.ProcessState.ExitCode(); code != exit {
		a.i.Errorf("exit %d, not %d: %+v %s", code, exit, a.last, &a.errs)
	}
	return a.last
}

// run runs a verb to its end.
func (i *instance) run(args ...string) (out string, code int) {
	i.Helper()
	return i.runIn(i.dir, args...)
}

func (i *instance) runIn(dir string, args ...string) (out string, code int) {
	i.Helper()
	ctx, cancel := context.WithTimeout(i.Context(), time.Minute)
	defer cancel()
	c := exec.CommandContext(ctx, example(i.T), append([]string{"--dir", dir}, args...)...)
	b, err := c.CombinedOutput()
	if exit := new(exec.ExitError); err != nil && !errors.As(err, &exit) {
		i.Fatal(err)
	}
	return string(b), c.ProcessState.ExitCode()
}

func (i *instance) status() []upgrade.Status {
	i.Helper()
	all, err := upgrade.List(i.Context(), i.dir)
	if err != nil {
		i.Fatal(err)
	}
	return all
}

// pid is a living generation's.
func (i *instance) pid(generation int) int {
	i.Helper()
	alive, err := upgrade.Alive(i.dir)
	if err != nil {
		i.Fatal(err)
	}
	for _, s := range alive {
		if s.Generation == generation {
			return s.PID
		}
	}
	i.Fatalf("generation %d does not live: %+v", generation, alive)
	return 0
}

func (i *instance) signal(generation int, s syscall.Signal) {
	i.Helper()
	if err := syscall.Kill(i.pid(generation), s); err != nil {
		i.Fatal(err)
	}
}

// until waits for something to be so.
func (i *instance) until(what string, so func() bool) {
	i.Helper()
	for end := time.Now().Add(time.Minute); !so(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			i.Fatalf("never: %s; %+v", what, i.status())
		}
	}
}

// alone waits until one generation lives, which serves, and current leads to its release.
func (i *instance) alone(generation int) {
	i.Helper()
	i.until(fmt.Sprintf("only generation %d serves", generation), func() bool {
		alive, err := upgrade.Alive(i.dir)
		return err == nil && len(alive) == 1 && alive[0].Generation == generation
	})
	i.until(fmt.Sprintf("generation %d is committed", generation), func() bool {
		s := i.status()[0]
		for _, o := range i.status() {
			if o.State != upgrade.Gone {
				s = o
			}
		}
		return s.State == upgrade.Serving && !s.Probation && i.link("current") == s.Release
	})
}

// nobody waits until no generation lives.
func (i *instance) nobody() {
	i.Helper()
	i.until("nobody lives", func() bool {
		alive, err := upgrade.Alive(i.dir)
		return err == nil && len(alive) == 0
	})
}

// link is the release that a link leads to, "" for none.
func (i *instance) link(name string) string {
	target, err := os.Readlink(filepath.Join(i.dir, name))
	if err != nil {
		return ""
	}
	return filepath.Base(target)
}

// releases are the files under releases/.
func (i *instance) releases() (names []string) {
	entries, err := os.ReadDir(filepath.Join(i.dir, "releases"))
	if err != nil {
		i.Fatal(err)
	}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

// holds reports a directory that is not as it was: another current, more releases.
func (i *instance) holds(current string) {
	i.Helper()
	if now := i.link("current"); now != current {
		i.Errorf("current leads to %s, not to %s", now, current)
	}
	if left := i.releases(); !slices.Equal(left, []string{current}) {
		i.Errorf("releases/ holds %v", left)
	}
}

func (i *instance) goOn() {
	i.Helper()
	if err := os.WriteFile(filepath.Join(i.dir, "go on"), nil, 0o644); err != nil {
		i.Fatal(err)
	}
}

// touch is a hand's touch of the marker.
func (i *instance) touch() {
	i.Helper()
	temp := filepath.Join(i.dir, "tmp", "by-hand")
	err := os.WriteFile(temp, nil, 0o644)
	if err = errors.Join(err, os.Rename(temp, i.marker())); err != nil {
		i.Fatal(err)
	}
}

func (i *instance) marker() string { return filepath.Join(i.dir, "tmp", "shutdown.txt") }

// process is one that a test has started.
type process struct {
	*exec.Cmd
	ended chan struct{}

	mu   sync.Mutex
	text bytes.Buffer
}

// start serves by hand.
func (i *instance) start(binary string) *process {
	i.Helper()
	return i.begin(exec.Command(binary, "serve", "--dir", i.dir, "--listen", "127.0.0.1:0"))
}

func (i *instance) begin(c *exec.Cmd) *process {
	i.Helper()
	p := &process{Cmd: c, ended: make(chan struct{})}
	c.Stdout, c.Stderr = p, p
	c.WaitDelay = time.Second // successors have its descriptors
	if err := c.Start(); err != nil {
		i.Fatal(err)
	}
	go func() {
		c.Wait()
		close(p.ended)
	}()
	i.Cleanup(func() {
		c.Process.Kill()
		<-p.ended
		if i.Failed() {
			i.Logf("%v:\n%s", c.Args[1:], p.said())
		}
	})
	return p
}

// end waits for the process's, and holds it to a clean one.
func (p *process) end(t *testing.T) {
	t.Helper()
	select {
	case <-p.ended:
	case <-time.After(time.Minute):
		t.Fatalf("it does not end: %s", p.said())
	}
	if code := p.ProcessState.ExitCode(); code != 0 {
		t.Errorf("it ends with %d: %s", code, p.said())
	}
}

// url waits for the address that the example prints.
func (p *process) url(t *testing.T) string {
	t.Helper()
	for {
		if _, rest, ok := strings.Cut(p.said(), "visits serves "); ok && strings.Contains(rest, "\n") {
			url, _, _ := strings.Cut(rest, "\n")
			return url
		}
		select {
		case <-p.ended:
			t.Fatalf("it ended before it served: %s", p.said())
		case <-time.After(5 * time.Millisecond):
		}
	}
}

func (p *process) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.text.Write(b)
}

func (p *process) said() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.text.String()
}

var built struct {
	sync.Once
	dir string
	err error
}

// example is the program under test, built once.
func example(t *testing.T) string {
	t.Helper()
	built.Do(func() {
		if built.dir, built.err = os.MkdirTemp("", "upgrade-"); built.err != nil {
			return
		}
		out, err := exec.Command("go", "build", "-ldflags=-s -w", "-o", filepath.Join(built.dir, "visits"), "./example").CombinedOutput()
		built.err = errors.Join(err, os.Chmod(built.dir, 0o755))
		if err != nil {
			built.err = fmt.Errorf("%w: %s", err, out)
		}
	})
	if built.err != nil {
		t.Fatal(built.err)
	}
	return filepath.Join(built.dir, "visits")
}

// next is another release of the example.
func next(t *testing.T) string {
	t.Helper()
	return variant(t, example(t), "\nnext")
}

// faulty is a release that is broken in one way.
func faulty(t *testing.T, fault string) string {
	t.Helper()
	return variant(t, "/proc/self/exe", faultTag+fault)
}

// variant is a program with more bytes at its end: another release.
func variant(t *testing.T, program, more string) string {
	t.Helper()
	from, err := os.Open(program)
	if err != nil {
		t.Fatal(err)
	}
	defer from.Close()
	syscall.ForkLock.RLock() // see write in release.go
	defer syscall.ForkLock.RUnlock()
	to, err := os.OpenFile(filepath.Join(t.TempDir(), "v2"), os.O_CREATE|os.O_WRONLY, 0o755)
	if err != nil {
		t.Fatal(err)
	}
	_, err = io.Copy(to, from)
	if err == nil {
		_, err = to.WriteString(more)
	}
	if err = errors.Join(err, to.Close()); err != nil {
		t.Fatal(err)
	}
	return to.Name()
}

// open is a directory that other accounts can reach, too.
func open(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "instance-")
	if err == nil {
		err = os.Chmod(dir, 0o755)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}
