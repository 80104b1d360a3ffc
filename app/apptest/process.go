package apptest

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"majestic/upgrade"
)

// Binary builds the app, once for each version in a test process, and answers with its path.
func Binary(t testing.TB, version string) string {
	t.Helper()
	return build(t, version)
}

// BinaryWith builds a version in which one file of ours reads otherwise, or is new.
func BinaryWith(t testing.TB, version, file, text string) string {
	t.Helper()
	dir := t.TempDir()
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	overlay, err := json.Marshal(map[string]map[string]string{"Replace": {filepath.Join(root, file): filepath.Join(dir, "file")}})
	if err == nil {
		err = errors.Join(os.WriteFile(filepath.Join(dir, "file"), []byte(text), 0o644), os.WriteFile(filepath.Join(dir, "overlay.json"), overlay, 0o644))
	}
	if err != nil {
		t.Fatal(err)
	}
	return build(t, version, "-overlay", filepath.Join(dir, "overlay.json"))
}

func build(t testing.TB, version string, args ...string) string {
	t.Helper()
	builds.Lock()
	defer builds.Unlock()
	if path := builds.made[version]; path != "" {
		return path
	}
	if builds.dir == "" {
		dir, err := os.MkdirTemp("/tmp", "majestic-build-")
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		builds.dir, builds.made = dir, map[string]string{}
	}
	path := filepath.Join(builds.dir, "app-"+version)
	args = append(append([]string{"build", "-o", path, "-ldflags", "-s -w -X main.version=" + version}, args...), "majestic")
	if out, err := exec.Command("go", args...).CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	builds.made[version] = path
	return path
}

var builds struct {
	sync.Mutex
	dir  string
	made map[string]string
}

// Process is an app that serves.
type Process struct {
	*os.Process
	URL   string // where it serves
	Setup string // the setup link, "" when there is an account already

	done chan error
	mu   sync.Mutex
	text bytes.Buffer // all that it has printed
}

// Serve starts the binary in an instance directory, which gets a private cluster if
// it has none, on a free port, and returns when it serves. The process is ended with
// the test.
func Serve(t testing.TB, binary, dir string, args ...string) *Process {
	t.Helper()
	furnish(t, dir, args)
	return ServeAsSet(t, binary, dir, append([]string{"--listen", "127.0.0.1:0"}, args...)...)
}

// ServeAsSet is Serve at the address that the settings say, in the directory as it is.
func ServeAsSet(t testing.TB, binary, dir string, args ...string) *Process {
	t.Helper()
	p, err := serve(binary, dir, args...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		p.Kill()
		<-p.done
		sweepInstance(t, binary, dir)
		if t.Failed() {
			out := p.Output()
			t.Log(out[max(0, len(out)-4096):])
		}
	})
	return p
}

// Run runs a verb to its end and answers with what it printed and its exit code,
// -1 for one that was killed since it did not end.
func Run(t testing.TB, binary, dir string, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	c := exec.CommandContext(ctx, binary, append(args, "--dir", dir)...)
	var out, errs bytes.Buffer
	c.Stdout, c.Stderr = &out, &errs
	err := c.Run()
	if exit := new(exec.ExitError); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return out.String(), errs.String(), c.ProcessState.ExitCode()
}

// Must is Run for a verb that has to succeed.
func Must(t testing.TB, binary, dir string, args ...string) (stdout string) {
	t.Helper()
	out, errs, code := Run(t, binary, dir, args...)
	if code != 0 {
		t.Fatalf("app %s: exit %d\n%s%s", strings.Join(args, " "), code, out, errs)
	}
	return out
}

// Crash is kill -9.
func (p *Process) Crash() {
	p.Kill()
	err := <-p.done
	p.done <- err
}

// Wait returns when the process has ended.
func (p *Process) Wait() error {
	err := <-p.done
	p.done <- err
	return err
}

// Terminate is a supervisor's SIGTERM.
func (p *Process) Terminate() { p.Signal(syscall.SIGTERM) }

// Output is all that the process has printed.
func (p *Process) Output() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.text.String()
}

var setupLink = regexp.MustCompile(`http://\S+/setup\?token=\S+`)

func serve(binary, dir string, args ...string) (*Process, error) {
	c := exec.Command(binary, append([]string{"serve", "--dir", dir}, args...)...)
	out, err := c.StdoutPipe()
	if err != nil {
		return nil, err
	}
	p := &Process{done: make(chan error, 1)}
	c.Stderr = writerFunc(p.write)
	if err := c.Start(); err != nil {
		return nil, err
	}
	p.Process = c.Process
	address := make(chan string, 1)
	go func() {
		lines, url := bufio.NewScanner(out), ""
		for lines.Scan() {
			p.write(append(lines.Bytes(), '\n'))
			if _, at, ok := strings.Cut(lines.Text(), "serves "); ok {
				url = at
			}
			if lines.Text() == "" && url != "" { // the greeting ends with an empty line
				address <- url
				url = ""
			}
		}
		p.done <- c.Wait()
		close(address)
	}()
	url, ok := <-address
	if !ok {
		return nil, fmt.Errorf("app serve ended before it served:\n%s", p.Output())
	}
	p.URL = url
	for ready := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
		r, err := http.Get(url + "/readyz")
		if err == nil {
			r.Body.Close()
		}
		if err == nil && r.StatusCode == http.StatusOK {
			break
		}
		if time.Now().After(ready) {
			p.Kill()
			return nil, fmt.Errorf("app serve did not become ready: %v\n%s", err, p.Output())
		}
	}
	p.Setup = setupLink.FindString(p.Output())
	return p, nil
}

// sweepInstance ends what an instance has left: successors, and the private cluster.
func sweepInstance(t testing.TB, binary, dir string) {
	alive, err := upgrade.Alive(dir)
	if err != nil {
		t.Error(err)
	}
	for _, s := range alive {
		if left, err := os.FindProcess(s.PID); err == nil {
			left.Kill()
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "data", "postgres", "postmaster.pid")); err == nil || len(alive) > 0 {
		Must(t, binary, dir, "stop")
	}
}

func (p *Process) write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.text.Write(b)
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(b []byte) (int, error) { return f(b) }
