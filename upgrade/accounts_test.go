package upgrade_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// nobody is another account than root.
const nobody = 65534

// Another account gets nothing from an instance: not by its verbs, nor past them,
// nor by posing as its control socket. Only root can be two accounts to try it.
func TestOtherAccount(t *testing.T) {
	t.Parallel()
	i := serve(t)
	v1, seen := i.link("current"), i.visitors()
	defer func() {
		i.alone(1)
		i.holds(v1)
		seen.leave(t, 0)
	}()
	if os.Geteuid() != 0 {
		return
	}
	v2 := faulty(t, "none")
	stranger := filepath.Join(open(t), "stranger")
	if err := os.Rename(v2, stranger); err != nil {
		t.Fatal(err)
	}

	for _, verb := range []string{"upgrade", "status", "stop", "serve"} {
		out, code := i.as(nobody, example(t), "--dir", i.dir, verb)
		if want := map[string]int{"upgrade": 3}[verb]; code == 0 || want != 0 && code != want || !strings.Contains(out, "permission denied") {
			t.Errorf("%s: exit %d: %s", verb, code, out)
		}
	}

	// The doors stand open: it is who comes that counts.
	for _, name := range []string{"1.sock", "1.lock"} {
		if err := os.Chmod(filepath.Join(i.dir, "tmp", "generations", name), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	if out, code := i.as(nobody, stranger, "shout", "--dir", i.dir); code != 0 || !strings.HasPrefix(out, "heard all:") {
		t.Errorf("exit %d: %s", code, out)
	}
	if out, code := i.as(nobody, example(t), "--dir", i.dir, "upgrade", stranger); code != 3 || !strings.Contains(out, "belongs to uid 0, and not to") {
		t.Errorf("exit %d: %s", code, out)
	}

	// A stranger's socket where ours should be.
	folder := filepath.Join(i.dir, "tmp")
	if err := os.Chmod(folder, 0o777); err != nil {
		t.Fatal(err)
	}
	c := exec.Command(stranger, "pose", "--dir", i.dir)
	c.SysProcAttr = as(nobody)
	poser := i.begin(c)
	i.until("it poses", func() bool { return strings.Contains(poser.said(), "posing") })
	link := filepath.Join(folder, "app.sock")
	was, err := os.Readlink(link)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(link); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("pose.sock", link); err != nil {
		t.Fatal(err)
	}
	if end := i.upgrade(3, next(t)); !strings.Contains(end.Reason, "belongs to uid 65534, and not to the instance's owner") {
		t.Errorf("%+v", end)
	}
	if strings.Contains(poser.said(), "somebody told me") {
		t.Error("the stranger was told something")
	}
	if err := os.Remove(link); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(was, link); err != nil {
		t.Fatal(err)
	}
}

// as runs a program as another account.
func (i *instance) as(uid uint32, program string, args ...string) (out string, code int) {
	i.Helper()
	c := exec.CommandContext(i.Context(), program, args...)
	c.SysProcAttr = as(uid)
	b, _ := c.CombinedOutput()
	return string(b), c.ProcessState.ExitCode()
}

func as(uid uint32) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uid, Gid: uid}}
}
