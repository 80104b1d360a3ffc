//go:build soak

package apptest_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// debian is a whole Debian machine: systemd boots from a folder that debootstrap
// has made, in namespaces of its own; the network is ours. It needs root, and the
// packages debootstrap and systemd-container.
type debian struct {
	*testing.T
	shell  *os.Process // systemd-nspawn's parent
	leader int         // its process 1, as we number it
}

// bootScript keeps what happens on the machine apart from the folder, and gives it
// the control groups that systemd wants.
const bootScript = `set -e
mount --make-rprivate /
umount -R /sys/fs/cgroup || true
mount -t cgroup2 none /sys/fs/cgroup
mkdir -p /run/systemd/nspawn
mount -t tmpfs none /run/systemd/nspawn # it cleans up there on temporary file systems only
mkdir -p "$1/upper" "$1/work" "$1/root"
mount -t overlay -o lowerdir="$0",upperdir="$1/upper",workdir="$1/work" none "$1/root"
status=133
while [ $status = 133 ]; do # it is to be booted again
	status=0
	systemd-nspawn --quiet --keep-unit --register=no --boot --private-users=no --console=read-only --machine=walk -D "$1/root" || status=$?
done
`

// bootDebian boots a machine that has all that the app needs, and the app in /root.
func bootDebian(t *testing.T, binary string) *debian {
	t.Helper()
	for _, tool := range []string{"debootstrap", "systemd-nspawn", "nsenter", "unshare"} {
		if _, err := exec.LookPath(tool); err != nil || os.Geteuid() != 0 {
			t.Fatalf("this walk boots a machine: it needs root, and %s (apt-get install debootstrap systemd-container util-linux)", tool)
		}
	}
	base := filepath.Join(os.TempDir(), "majestic-debian")
	if _, err := os.Stat(filepath.Join(base, ".ready")); err != nil {
		makeDebian(t, base, binary)
	}
	state := t.TempDir()
	var said bytes.Buffer
	c := exec.Command("unshare", "--mount", "sh", "-c", bootScript, base, state)
	c.Stdout, c.Stderr = &said, &said
	c.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	m := &debian{T: t, shell: c.Process}
	ended := make(chan struct{})
	go func() {
		c.Wait()
		close(ended)
	}()
	t.Cleanup(func() {
		m.off(ended)
		if t.Failed() {
			t.Log(said.String())
		}
	})
	m.await()
	m.copy(binary, "/root/app")
	return m
}

func makeDebian(t *testing.T, base, binary string) {
	t.Helper()
	script := `set -e
debootstrap --variant=minbase --include=systemd,systemd-sysv,dbus,ca-certificates,sudo,procps,util-linux bookworm "$0" >&2
cp -r /etc/resolv.conf "$0/etc/"
cp -r /etc/apt/sources.list* "$0/etc/apt/"
mount --make-rprivate /
mount --bind /proc "$0/proc"
cp "$1" "$0/root/app"
chroot "$0" /root/app setup >&2
rm "$0/root/app"
touch "$0/.ready"`
	if out, err := exec.Command("unshare", "--mount", "sh", "-c", script, base, binary).CombinedOutput(); err != nil {
		t.Fatalf("make a Debian in %s: %v\n%s", base, err, out[max(0, len(out)-2000):])
	}
}

// await waits until the machine is up, for the first time or again.
func (m *debian) await() {
	m.Helper()
	m.until("the machine is up", func() bool {
		m.leader = child(child(m.shell.Pid))
		if m.leader == 0 {
			return false
		}
		out, _ := m.run("systemctl", "is-system-running")
		return strings.HasPrefix(out, "running") || strings.HasPrefix(out, "degraded")
	})
}

// off ends the machine with all that runs on it.
func (m *debian) off(ended <-chan struct{}) {
	if m.leader != 0 {
		m.run("systemctl", "poweroff", "--force")
	}
	select {
	case <-ended:
	case <-time.After(30 * time.Second):
		syscall.Kill(-m.shell.Pid, syscall.SIGKILL)
		<-ended
	}
}

// run runs a command there.
func (m *debian) run(args ...string) (out string, code int) {
	m.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	c := exec.CommandContext(ctx, "nsenter", append([]string{"-t", strconv.Itoa(m.leader), "-m", "-u", "-i", "-p", "-C", "--"}, args...)...)
	b, err := c.CombinedOutput()
	if exit := new(exec.ExitError); err != nil && !errors.As(err, &exit) {
		m.Fatal(err)
	}
	return strings.TrimSpace(string(b)), c.ProcessState.ExitCode()
}

func (m *debian) must(args ...string) string {
	m.Helper()
	out, code := m.run(args...)
	if code != 0 {
		m.Fatalf("%v: exit %d\n%s", args, code, out)
	}
	return out
}

// show is a property of the service.
func (m *debian) show(property string) string {
	m.Helper()
	return m.must("systemctl", "show", "shop", "--value", "--property", property)
}

// write puts a file onto the machine.
func (m *debian) write(name string, content []byte, mode os.FileMode) {
	m.Helper()
	name = fmt.Sprintf("/proc/%d/root%s", m.leader, name)
	if err := errors.Join(os.MkdirAll(filepath.Dir(name), 0o755), os.WriteFile(name, content, mode)); err != nil {
		m.Fatal(err)
	}
}

func (m *debian) copy(from, to string, more ...byte) {
	m.Helper()
	b, err := os.ReadFile(from)
	if err != nil {
		m.Fatal(err)
	}
	m.write(to, append(b, more...), 0o755)
}

func (m *debian) until(what string, so func() bool) {
	m.Helper()
	for end := time.Now().Add(3 * time.Minute); !so(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(end) {
			m.Fatalf("never: %s", what)
		}
	}
}

// child is the first process that another has started, 0 for none.
func child(pid int) int {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%[1]d/children", pid))
	if err != nil {
		return 0
	}
	first, _, _ := strings.Cut(string(text), " ")
	n, _ := strconv.Atoi(first)
	return n
}
