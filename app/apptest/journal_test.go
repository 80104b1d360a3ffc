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

// journal is what a supervisor's journal has got of an instance, whole when all of its
// processes have ended.
type journal struct {
	t     *testing.T
	lines chan []string
}

// serveInJournal is serve as a supervisor starts it, with the address that the settings say.
func serveInJournal(t *testing.T, binary, dir string) (*exec.Cmd, journal) {
	t.Helper()
	from, stderr := journalStream(t)
	c := exec.Command(binary, "serve", "--dir", dir)
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
	j := journal{t, make(chan []string, 1)}
	go func() {
		var all []string
		for lines := bufio.NewScanner(from); lines.Scan(); {
			all = append(all, lines.Text())
		}
		j.lines <- all
	}()
	until(t, "it serves", func() bool {
		all := status(t, dir)
		return len(all) > 0 && all[0].State == upgrade.Serving
	})
	return c, j
}

// end expects the ends of three generations there, and not in the logs of their own.
func (j journal) end(dir string) {
	j.t.Helper()
	said := map[string]bool{}
	for _, line := range <-j.lines {
		if !prioritised.MatchString(line) {
			j.t.Errorf("a line without its priority: %s", line)
		}
		for _, n := range []string{"1", "2", "3"} {
			if strings.Contains(line, `"msg":"leaving"`) && strings.Contains(line, `"generation":`+n+",") {
				said[n] = true
			}
		}
	}
	if len(said) != 3 {
		j.t.Errorf("the journal has the end of the generations %v only", said)
	}
	for _, n := range []string{"2", "3"} {
		if b, err := os.ReadFile(filepath.Join(dir, "tmp", "generations", n+".log")); err != nil || strings.Contains(string(b), "leaving") || len(b) == 0 {
			j.t.Errorf("%s.log: %v\n%s", n, err, b)
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
