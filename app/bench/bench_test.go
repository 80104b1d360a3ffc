package bench_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"majestic/app/apptest"
	"majestic/upgrade/load"
)

func TestMain(m *testing.M) { os.Exit(apptest.Main(m)) }

// One upgrade of the whole house under load, with figures, and nothing left of it.
func TestBenchUpgrade(t *testing.T) {
	t.Parallel()
	c, scratch := bench(t, "upgrade", "--count", "1", "--rate", "40", "--window", "0", "--probation", "500ms", "--json")
	var errs bytes.Buffer
	c.Stderr = &errs
	out, err := c.Output()
	var f load.Figures
	if err == nil {
		err = json.Unmarshal(out, &f)
	}
	if err != nil {
		t.Fatalf("%v\n%s%s", err, out, errs.Bytes())
	}
	if e := f.Effects; f.Failed > 0 || f.CutStreams > 0 || f.Streams == 0 || f.Releases != 2 || e.Sent == 0 || e != (load.Effects{Sent: e.Sent, Acknowledged: e.Sent, Executed: e.Sent}) {
		t.Errorf("%+v", f)
	}
	if f.TakeOver == nil || f.TakeOver.Median <= 0 || len(f.Vitals) == 0 || f.Vitals[0].Processes < 3 {
		t.Errorf("%s", out)
	}
	empty(t, scratch)
}

// Ctrl-C ends it all, too: at once, and in the middle.
func TestBenchStopped(t *testing.T) {
	t.Parallel()
	for _, begun := range []string{"starts in ", "upgrade   1 of 20"} {
		stopAt(t, begun)
	}
}

func stopAt(t *testing.T, begun string) {
	t.Helper()
	c, scratch := bench(t, "upgrade", "--rate", "20", "--window", "0")
	errs, err := c.StderrPipe()
	if err == nil {
		err = c.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	for lines := bufio.NewScanner(errs); lines.Scan(); {
		text.WriteString(lines.Text() + "\n")
		if strings.Contains(lines.Text(), begun) {
			c.Process.Signal(syscall.SIGINT)
		}
	}
	c.Wait()
	if c.ProcessState.ExitCode() != 1 || !strings.Contains(text.String(), "it was stopped before it had figures") {
		t.Errorf("%v\n%s", c.ProcessState, text.String())
	}
	empty(t, scratch)
}

func TestBenchLists(t *testing.T) {
	c, _ := bench(t)
	if out, err := c.Output(); err != nil || !strings.Contains(string(out), "upgrade") {
		t.Errorf("%v\n%s", err, out)
	}
}

// bench is app bench, with a folder of its own for what it makes.
func bench(t *testing.T, args ...string) (c *exec.Cmd, scratch string) {
	t.Helper()
	scratch = apptest.Dir(t)
	c = exec.Command(apptest.Binary(t, "bench"), append([]string{"bench"}, args...)...)
	c.Env = append(os.Environ(), "TMPDIR="+scratch, "DATABASE_URL=postgres://127.0.0.1:1/not-for-a-benchmark")
	return c, scratch
}

// empty looks for files and processes that were left.
func empty(t *testing.T, scratch string) {
	t.Helper()
	if left, err := os.ReadDir(scratch); err != nil || len(left) > 0 {
		t.Errorf("%v are left, %v", left, err)
	}
	commands, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range commands {
		if text, err := os.ReadFile(name); err == nil && bytes.Contains(text, []byte(scratch+"/")) {
			t.Errorf("%s goes on: %s", filepath.Dir(name), bytes.ReplaceAll(text, []byte{0}, []byte{' '}))
		}
	}
}
