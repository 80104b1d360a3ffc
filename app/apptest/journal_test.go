package apptest_test

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"majestic/app/apptest"
	"majestic/upgrade"
)

// What a supervisor's journal gets of an instance goes on through an upgrade, with
// the priority of each line.
func TestJournalGoesOn(t *testing.T) {
	t.Parallel()
	binary, dir := apptest.Binary(t, "v1"), apptest.Dir(t)
	apptest.Key(t, binary, dir) // and a cluster for it
	journal, stderr := journalStream(t)
	c := exec.Command(binary, "serve", "--dir", dir, "--listen", "127.0.0.1:0")
	c.Stderr = stderr
	var s syscall.Stat_t
	if err := syscall.Fstat(int(stderr.Fd()), &s); err != nil {
		t.Fatal(err)
	}
	c.Env = append(os.Environ(), fmt.Sprintf("JOURNAL_STREAM=%d:%d", s.Dev, s.Ino))
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	stderr.Close()
	t.Cleanup(func() { apptest.Run(t, binary, dir, "stop", "--now"); c.Wait() })
	until(t, "it serves", func() bool {
		all := status(t, dir)
		return len(all) > 0 && all[0].State == upgrade.Serving
	})
	upgradeTo(t, binary, dir, 0, apptest.Binary(t, "v2"), "--probation", "300ms")
	upgradeTo(t, binary, dir, 0, "", "--probation", "300ms")
	apptest.Must(t, binary, dir, "stop")

	said := map[string]bool{}
	for lines := bufio.NewScanner(journal); lines.Scan(); {
		line := lines.Text()
		if !prioritised.MatchString(line) {
			t.Errorf("a line without its priority: %s", line)
		}
		for _, n := range []string{"1", "2", "3"} {
			if strings.Contains(line, `"msg":"leaving"`) && strings.Contains(line, `"generation":`+n+",") {
				said[n] = true
			}
		}
	}
	if len(said) != 3 {
		t.Errorf("the journal has the end of the generations %v only", said)
	}
	for _, n := range []string{"2", "3"} {
		if b, err := os.ReadFile(filepath.Join(dir, "tmp", "generations", n+".log")); err != nil || strings.Contains(string(b), "leaving") || len(b) == 0 {
			t.Errorf("%s.log: %v\n%s", n, err, b)
		}
	}
}

var prioritised = regexp.MustCompile(`^<[3467]>\{"time":`)

// journalStream is what a supervisor connects a service's standard error with.
func journalStream(t *testing.T) (journal net.Conn, stderr *os.File) {
	t.Helper()
	l, err := net.Listen("unix", filepath.Join(t.TempDir(), "stdout"))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	conn, err := net.Dial("unix", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if stderr, err = conn.(*net.UnixConn).File(); err != nil {
		t.Fatal(err)
	}
	if journal, err = l.Accept(); err != nil {
		t.Fatal(err)
	}
	return journal, stderr
}
