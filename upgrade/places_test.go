package upgrade_test

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"majestic/upgrade"
)

// A disk that is full when the release is copied: it is refused, and what was
// copied goes.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	info, err := os.Stat(example(t))
	if err != nil {
		t.Fatal(err)
	}
	i := mounted(t, `mount -t tmpfs -o size=`+fmt.Sprint(info.Size()*3/2)+` none "$2" && exec "$1" serve --dir "$2" --listen 127.0.0.1:0`)
	v1, seen := i.link("current"), i.visitors()
	end := i.upgrade(3, next(t))
	if end.Result != "refused" || !strings.Contains(end.Reason, "the disk is full") {
		t.Errorf("%+v", end)
	}
	i.holds(v1)
	i.alone(1)
	seen.leave(t, 0)
}

// An instance that nothing can be written to any more serves on, and says so.
func TestReadOnly(t *testing.T) {
	t.Parallel()
	i := mounted(t, `"$1" serve --dir "$2" --listen 127.0.0.1:0 & read go && mount --bind "$2" "$2" && mount -o remount,bind,ro "$2" && echo now && wait`)
	v1 := i.link("current")
	fmt.Fprintln(i.in, "go")
	i.until("it is read-only", func() bool { return strings.Contains(i.first.said(), "now\n") })
	end := i.upgrade(3, next(t))
	if end.Result != "refused" || !strings.Contains(end.Reason, "read-only file system") {
		t.Errorf("%+v", end)
	}
	i.holds(v1)
	i.alone(1)
	if out, code := i.run("stop"); code != 0 {
		t.Errorf("exit %d: %s", code, out)
	}
	i.first.end(t)
}

// An instance that was started in its directory goes where that is moved.
func TestMoved(t *testing.T) {
	t.Parallel()
	i := at(t, open(t))
	c := exec.Command(example(t), "serve", "--listen", "127.0.0.1:0")
	c.Dir = i.dir
	i.first = i.begin(c)
	i.url = i.first.url(t)
	v1, seen := i.link("current"), i.visitors()
	i.move()
	if end := i.upgrade(0, next(t), "--probation", "300ms"); end.From != v1 {
		t.Errorf("%+v", end)
	}
	i.first.end(t)
	i.alone(2)
	seen.leave(t, 0)
}

// One that was started from elsewhere by name would not be found there by its
// successor: that is said before it is tried.
func TestMovedFromItsName(t *testing.T) {
	t.Parallel()
	i := serve(t)
	v1, was := i.link("current"), i.dir
	i.move()
	if s := i.status(); len(s) != 1 || s[0].State != upgrade.Serving {
		t.Errorf("%+v", s)
	}
	if end := i.upgrade(3, next(t)); !strings.Contains(end.Reason, "the instance's directory was moved away from "+was) {
		t.Errorf("%+v", end)
	}
	i.holds(v1)
	if out, code := i.run("stop"); code != 0 {
		t.Errorf("exit %d: %s", code, out)
	}
	i.first.end(t)
	i.nobody()
	if _, err := os.Stat(was); err == nil {
		t.Errorf("there is a %s again", was)
	}
}

// What stands in the way of the link current keeps nobody from finding the new
// release, and it is set when that is gone.
func TestCurrentInTheWay(t *testing.T) {
	t.Parallel()
	i := serve(t)
	link := filepath.Join(i.dir, "current")
	err := os.Remove(link)
	if err = errors.Join(err, os.Mkdir(link, 0o755)); err != nil {
		t.Fatal(err)
	}
	file := next(t)
	end := i.upgrade(0, file, "--probation", "300ms")
	i.first.end(t)
	if err := os.Remove(link); err != nil {
		t.Fatal(err)
	}
	i.until("current is set", func() bool {
		to, err := os.Readlink(link)
		return err == nil && filepath.Base(to) == end.To
	})
	i.upgrade(0, "--probation", "300ms")
}

// A power cut may leave nothing of what a lock said.
func TestTornLock(t *testing.T) {
	t.Parallel()
	i := serve(t)
	if out, code := i.run("stop"); code != 0 {
		t.Fatal(out)
	}
	i.first.end(t)
	if err := os.Truncate(filepath.Join(i.dir, "tmp", "generations", "1.lock"), 0); err != nil {
		t.Fatal(err)
	}
	i.url = i.start(example(t)).url(t)
	i.alone(2)
	i.upgrade(0, next(t), "--probation", "300ms")
}

// Whoever was killed has left a control socket on which nobody answers.
func TestDeadSocket(t *testing.T) {
	t.Parallel()
	i := serve(t)
	i.first.Process.Kill()
	<-i.first.ended
	if _, err := os.Stat(filepath.Join(i.dir, "tmp", "app.sock")); err != nil {
		t.Fatal(err)
	}
	if end := i.upgrade(3, next(t)); !strings.Contains(end.Reason, "nothing runs here; start it with: app serve") {
		t.Errorf("%+v", end)
	}
	if out, code := i.run("status"); code != 0 || !strings.Contains(out, "gone") {
		t.Errorf("exit %d: %s", code, out)
	}
	i.url = i.start(example(t)).url(t)
	i.upgrade(0, next(t), "--probation", "300ms")
	i.alone(3)
}

// move gives the instance's directory another name.
func (i *instance) move() {
	i.Helper()
	to := i.dir + "-moved"
	if err := os.Rename(i.dir, to); err != nil {
		i.Fatal(err)
	}
	i.Cleanup(func() {
		i.sweep() // by its locks, which go now
		os.RemoveAll(to)
	})
	i.dir = to
}

// mountedInstance is one among mounts of its own.
type mountedInstance struct {
	*instance
	in io.Writer // the script's
}

// mounted begins an instance by a script that may mount: "$1" is the program, "$2"
// the directory. It is found through the process, for whom alone the mounts are.
func mounted(t *testing.T, script string) *mountedInstance {
	t.Helper()
	// A user namespace lets an ordinary user mount, and stay who it is.
	options := []string{"--mount"}
	if os.Geteuid() != 0 {
		options = []string{"--mount", "--user", "--map-current-user", "--keep-caps"}
	}
	dir := open(t)
	c := exec.Command("unshare", append(options, "sh", "-c", script, "sh", example(t), dir)...)
	in, err := c.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	i := &instance{T: t}
	i.first = i.begin(c)
	i.dir = filepath.Join("/proc", fmt.Sprint(c.Process.Pid), "root", dir)
	t.Cleanup(i.sweep)
	i.url = i.first.url(t)
	return &mountedInstance{i, in}
}
