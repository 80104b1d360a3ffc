package upgrade_test

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"majestic/upgrade"
)

// A supervisor hears who the main process is when that is certain, and not
// before; from then on it hears from that one only.
func TestSupervised(t *testing.T) {
	t.Parallel()
	s := supervise(t)
	i := at(t, open(t))
	first := s.start(i, nil)
	i.url = first.url(t)
	v1 := i.pid(1)
	s.until("the service is ready", s.has(v1, fmt.Sprintf("MAINPID=%d\nREADY=1", v1)))
	s.until("it lives", s.has(v1, "WATCHDOG=1"))
	s.until("its status", s.has(v1, "STATUS=serving release "+i.link("current")))
	s.until("the socket is kept", func() bool { return len(s.kept("http")) == 1 })

	slow := i.slow("2s") // keeps v1 there when v2 is committed
	begun := s.mark()
	up := i.upgrading("--probation", "500ms", next(t))
	up.step("takeover")
	v2 := i.pid(2)
	s.until("v1 lives while v2 is on probation", func() bool { return s.since(begun, v1, "WATCHDOG=1") })
	up.end(0)
	s.until("the main process is v2", s.has(v2, fmt.Sprintf("MAINPID=%d\nREADY=1", v2)))
	s.until("v2 lives", s.has(v2, "WATCHDOG=1"))
	if err := <-slow; err != nil {
		t.Errorf("v1's request: %v", err)
	}
	first.end(t)
	committed := slices.IndexFunc(s.all(), func(m message) bool { return m.pid == v2 })
	if word := s.all()[committed]; !strings.HasPrefix(word.text, "MAINPID=") || !word.decided {
		t.Errorf("the first word of v2 is %+v", word)
	}
	if s.since(committed, v1, "WATCHDOG=1") {
		t.Error("v1's signs of life cover v2's silence")
	}
	if n := len(s.kept("http")); n != 1 {
		t.Errorf("%d sockets are kept", n)
	}

	// Who is started by hand would be unknown to the supervisor.
	hand := i.start(next(t))
	<-hand.ended
	if code := hand.ProcessState.ExitCode(); code != 1 || !strings.Contains(hand.said(), "app upgrade FILE") {
		t.Errorf("serve by hand: exit %d: %s", code, hand.said())
	}
	i.signal(2, syscall.SIGTERM)
	s.until("it stops, and takes its time", s.has(v2, "STOPPING=1\nEXTEND_TIMEOUT_USEC="))
	i.nobody()
}

// The main process is killed, and the supervisor starts another with the sockets
// that it has kept. Nobody is refused meanwhile.
func TestKeptSocket(t *testing.T) {
	t.Parallel()
	s := supervise(t)
	i := at(t, open(t))
	i.url = s.start(i, nil).url(t)
	s.until("the socket is kept", func() bool { return len(s.kept("http")) == 1 })
	v := i.visitors()
	v.meet(i, i.link("current"))
	i.signal(1, syscall.SIGKILL)
	again := s.start(i, s.kept("http"), "http")
	if url := again.url(t); url != i.url {
		t.Errorf("it serves %s, and not %s", url, i.url)
	}
	v.meet(i, i.link("current"))
	v.leave(t, 1)
	s.until("it is ready again", s.has(i.pid(2), "READY=1"))
	if s.has(i.pid(2), "FDSTORE=1")() {
		t.Error("what is kept was stored again")
	}

	// At another address the kept socket is let go.
	i.signal(2, syscall.SIGKILL)
	elsewhere := s.startAt(i, "127.0.0.2:0", s.kept("http"), "http")
	if url := elsewhere.url(t); !strings.HasPrefix(url, "http://127.0.0.2:") {
		t.Errorf("it serves %s", url)
	}
	s.until("another socket is kept", func() bool {
		kept := s.kept("http")
		return len(kept) == 1 && addressOf(t, kept[0]) == strings.TrimPrefix(elsewhere.url(t), "http://")
	})
	if r, err := http.Get(i.url); err == nil {
		r.Body.Close()
		t.Error("the old address still answers")
	}
}

// A socket unit's address counts more than the setting, and that is said.
func TestSocketUnit(t *testing.T) {
	t.Parallel()
	s := supervise(t)
	i := at(t, open(t))
	l, err := net.Listen("tcp", "127.0.0.3:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	file, err := l.(*net.TCPListener).File()
	if err != nil {
		t.Fatal(err)
	}
	stray, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: filepath.Join(t.TempDir(), "stray"), Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer stray.Close()
	useless, err := stray.File()
	if err != nil {
		t.Fatal(err)
	}
	p := s.start(i, []*os.File{useless, file}, "stray.socket", "visits.socket")
	i.url = p.url(t)
	if i.url != "http://"+l.Addr().String() {
		t.Errorf("it serves %s, and the unit listens at %s", i.url, l.Addr())
	}
	for _, want := range []string{"the socket unit's address is served", "unit=visits.socket", "settings=127.0.0.1:0", "of no use"} {
		if !strings.Contains(p.said(), want) {
			t.Errorf("not said: %s\n%s", want, p.said())
		}
	}
	if len(s.kept("http")) > 0 {
		t.Error("the unit's socket was stored")
	}
	// The next generation has it, too.
	i.upgrade(0, "--probation", "100ms", next(t))
	if r, err := http.Get(i.url); err != nil || r.Header.Get("X-Release") != i.link("current") {
		t.Errorf("%v %v", r, err)
	}
}

// The main process is killed while its successor is on probation, which serves on.
// What the supervisor starts in its place makes that one known, and goes.
func TestMainKilledOnProbation(t *testing.T) {
	t.Parallel()
	s := supervise(t)
	i := at(t, open(t))
	i.url = s.start(i, nil).url(t)
	v := i.visitors()
	i.upgrading("--probation", "1m", next(t)).step("takeover")
	v2 := i.pid(2)
	i.signal(1, syscall.SIGKILL)
	i.alone(2)
	s.until("v2 has said so", s.has(v2, "MAINPID="))
	before := s.mark()
	s.start(i, s.kept("http"), "http").end(t)
	if !s.since(before, v2, fmt.Sprintf("MAINPID=%d\nREADY=1", v2)) {
		t.Errorf("v2 was not made known: %v", s.all())
	}
	v.meet(i, i.link("current"))
	v.leave(t, 1)
	i.alone(2)
}

// With its main process a service ends: that one waits for the older ones.
func TestMainWaitsForOlder(t *testing.T) {
	t.Parallel()
	s := supervise(t)
	i := at(t, open(t))
	first := s.start(i, nil)
	i.url = first.url(t)
	slow := i.slow("2s")
	i.upgrade(0, "--probation", "100ms", next(t))
	s.until("the status tells what drains", s.has(i.pid(2), "; draining 1 job"))
	v2 := i.pid(2)
	i.signal(2, syscall.SIGTERM)
	s.until("it waits", s.has(v2, "STATUS=stopping, finishing connections; draining 1 job"))
	if err := <-slow; err != nil {
		t.Errorf("v1's request: %v", err)
	}
	i.nobody()
}

// A second order to stop cuts the older ones, too.
func TestMainHurries(t *testing.T) {
	t.Parallel()
	s := supervise(t)
	i := at(t, open(t))
	i.url = s.start(i, nil).url(t)
	i.slow("1h")
	i.upgrade(0, "--probation", "100ms", next(t))
	v2 := i.pid(2)
	i.signal(2, syscall.SIGTERM)
	s.until("it stops", s.has(v2, "STOPPING=1"))
	i.signal(2, syscall.SIGTERM)
	i.nobody()
}

// A supervisor that nobody hears costs a warning, and no upgrade.
func TestDeafSupervisor(t *testing.T) {
	t.Parallel()
	_, full := notifySocket(t)
	for _, socket := range []string{full, filepath.Join(t.TempDir(), "nobody"), "@nobody-" + filepath.Base(t.TempDir())} {
		i := at(t, open(t))
		p := (&systemd{T: t, socket: socket}).start(i, nil)
		i.url = p.url(t)
		i.upgrade(0, "--probation", "100ms", next(t))
		p.end(t)
		i.until("the warning", func() bool { return strings.Contains(p.said(), "the supervisor does not hear us") })
		if n := strings.Count(p.said(), "the supervisor does not hear us"); n > 2 { // v1's, and v2's, which goes on there
			t.Errorf("%s: %d warnings", socket, n)
		}
		i.run("stop")
	}
}

// slow has a request under way for a time.
func (i *instance) slow(d string) <-chan error {
	i.Helper()
	done := make(chan error, 1)
	go func() {
		r, err := http.Get(i.url + "?for=" + d)
		if err == nil {
			err = r.Body.Close()
		}
		done <- err
	}()
	i.until("the slow request is under way", func() bool {
		return slices.ContainsFunc(i.status(), func(s upgrade.Status) bool { return s.Jobs.Running == 1 })
	})
	return done
}

// systemd is a supervisor: it hears what its service says on a notify socket, and
// keeps the files that it is given.
type systemd struct {
	*testing.T
	socket string
	dir    string // the instance

	mu    sync.Mutex
	said  []message
	files map[string][]*os.File
}

type message struct {
	pid     int
	text    string
	decided bool // there was a verdict on somebody
}

func supervise(t *testing.T) *systemd {
	t.Helper()
	conn, name := notifySocket(t)
	s := &systemd{T: t, socket: name, files: map[string][]*os.File{}}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for s.read(conn) == nil {
		}
	}()
	t.Cleanup(func() {
		conn.Close()
		<-done
	})
	return s
}

// notifySocket is a socket that tells whose messages come.
func notifySocket(t *testing.T) (*net.UnixConn, string) {
	t.Helper()
	dir, err := os.MkdirTemp("", "notify-")
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(dir, "socket")
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: name, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		conn.Close()
		os.RemoveAll(dir)
	})
	raw, err := conn.SyscallConn()
	if err == nil {
		raw.Control(func(fd uintptr) {
			err = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_PASSCRED, 1)
		})
	}
	if err != nil {
		t.Fatal(err)
	}
	return conn, name
}

func (s *systemd) read(conn *net.UnixConn) error {
	text, control := make([]byte, 4096), make([]byte, 4096)
	n, oobn, _, _, err := conn.ReadMsgUnix(text, control)
	if err != nil {
		return err
	}
	m := message{text: string(text[:n])}
	var files []*os.File
	all, err := syscall.ParseSocketControlMessage(control[:oobn])
	for _, c := range all {
		if cred, err := syscall.ParseUnixCredentials(&c); err == nil {
			m.pid = int(cred.Pid)
		}
		if fds, err := syscall.ParseUnixRights(&c); err == nil {
			for _, fd := range fds {
				files = append(files, os.NewFile(uintptr(fd), "kept"))
			}
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	verdicts, _ := filepath.Glob(filepath.Join(s.dir, "tmp", "generations", "*.verdict"))
	m.decided = len(verdicts) > 0
	_, name, _ := strings.Cut(m.text, "FDNAME=")
	switch {
	case strings.HasPrefix(m.text, "FDSTOREREMOVE=1\n"):
		for _, f := range s.files[name] {
			f.Close()
		}
		delete(s.files, name)
	case strings.HasPrefix(m.text, "FDSTORE=1\n"):
		s.files[name] = append(s.files[name], files...)
		files = nil
	}
	for _, f := range files {
		f.Close() // a barrier among them
	}
	s.said = append(s.said, m)
	return err
}

// start starts the service as systemd does, with the files that it has kept.
func (s *systemd) start(i *instance, files []*os.File, names ...string) *process {
	s.Helper()
	return s.startAt(i, "127.0.0.1:0", files, names...)
}

func (s *systemd) startAt(i *instance, address string, files []*os.File, names ...string) *process {
	s.Helper()
	s.mu.Lock()
	s.dir = i.dir
	s.mu.Unlock()
	c := exec.Command("sh", "-c", `LISTEN_PID=$$ WATCHDOG_PID=$$ exec "$0" "$@"`, example(s.T), "serve", "--dir", i.dir, "--listen", address)
	c.Env = append(os.Environ(), "NOTIFY_SOCKET="+s.socket, "WATCHDOG_USEC=300000",
		fmt.Sprintf("LISTEN_FDS=%d", len(files)), "LISTEN_FDNAMES="+strings.Join(names, ":"))
	c.ExtraFiles = files
	return i.begin(c)
}

func (s *systemd) until(what string, so func() bool) {
	s.Helper()
	(&instance{T: s.T}).until(what, so)
}

func (s *systemd) all() []message {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.said)
}

// mark is how much was said until now.
func (s *systemd) mark() int { return len(s.all()) }

// since tells whether a process has said something after a mark.
func (s *systemd) since(mark, pid int, text string) bool {
	return slices.ContainsFunc(s.all()[mark:], func(m message) bool { return m.pid == pid && strings.Contains(m.text, text) })
}

// has tells whether a process has said something.
func (s *systemd) has(pid int, text string) func() bool {
	return func() bool { return s.since(0, pid, text) }
}

func (s *systemd) kept(name string) []*os.File {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.files[name])
}

func addressOf(t *testing.T, f *os.File) string {
	t.Helper()
	l, err := net.FileListener(f)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}
