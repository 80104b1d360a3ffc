package upgrade

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestGenerations(t *testing.T) {
	ctx := context.Background()
	// Deep: a socket's path ends at 107 bytes, and an instance's does not.
	dir := filepath.Join(t.TempDir(), strings.Repeat("deep/", 30))
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	told := make(chan bool, 1)
	g, err := begin(dir, func(now bool) { told <- now })
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close(nil)
	if s := only(t, dir); s.Generation != 1 || s.State != Warming || s.PID != os.Getpid() {
		t.Errorf("%+v", s)
	}
	if err := g.Serve(work()); err != nil {
		t.Fatal(err)
	}
	if s := only(t, dir); s.State != Serving || s.Probation || s.Jobs.Available != 3 {
		t.Errorf("%+v", s)
	}
	if target, err := os.Readlink(filepath.Join(dir, "tmp", "app.sock")); err != nil || target != "generations/1.sock" {
		t.Errorf("app.sock leads to %q, %v", target, err)
	}
	if info, err := os.Stat(filepath.Join(dir, "tmp", "app.sock")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
	if target, err := os.Readlink(filepath.Join(dir, "current")); err != nil || target != "releases/aaaaaaaaaaaa" {
		t.Errorf("current leads to %q, %v", target, err)
	}
	if _, err := ask(ctx, dir, 1, question{Verb: "stop", Now: true}); err != nil || !<-told {
		t.Errorf("stop --now: %v", err)
	}
	if _, err := ask(ctx, dir, 1, question{Verb: "dance"}); err == nil || !strings.Contains(err.Error(), "does not know") {
		t.Errorf("a verb it does not know: %v", err)
	}
	g.Stop()
	<-g.Left()
	if s := only(t, dir); s.State != Draining || g.Leave().Reason != Stopped {
		t.Errorf("%+v, %v", s, g.Leave())
	}
	g.Close(nil)
	g.Close(nil)
	if s := only(t, dir); s.State != Gone {
		t.Errorf("%+v", s)
	}
	// The last five gone are remembered, and no more files are left than theirs.
	for range 7 {
		g, err := begin(dir, nil)
		if err != nil {
			t.Fatal(err)
		}
		g.Close(nil)
	}
	all, err := List(ctx, dir)
	if err != nil || len(all) != 5 || all[0].Generation != 8 {
		t.Errorf("%d generations from %d, %v", len(all), all[0].Generation, err)
	}
	if left, _ := os.ReadDir(filepath.Join(dir, "tmp", "generations")); len(left) > 6 {
		t.Errorf("%d files are left", len(left))
	}
}

// A killed process holds no lock: whoever looks next sees it gone.
func TestKilledIsGone(t *testing.T) {
	if dir := os.Getenv("GENERATION_DIR"); dir != "" {
		g, err := begin(dir, nil)
		if err == nil {
			err = g.Serve(work())
		}
		if err != nil {
			t.Fatal(err)
		}
		os.Stdout.WriteString("serving\n")
		select {}
	}
	dir := t.TempDir()
	c := exec.Command(os.Args[0], "-test.run=^TestKilledIsGone$")
	c.Env = append(os.Environ(), "GENERATION_DIR="+dir)
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	defer c.Process.Kill()
	if _, err := out.Read(make([]byte, 8)); err != nil {
		t.Fatal(err)
	}
	if s := only(t, dir); s.State != Serving || s.PID != c.Process.Pid {
		t.Errorf("%+v", s)
	}
	c.Process.Kill()
	c.Wait()
	if s := only(t, dir); s.State != Gone {
		t.Errorf("%+v", s)
	}
	g, err := begin(dir, nil)
	if err != nil || g.Number() != 2 {
		t.Fatalf("the next: %v", err)
	}
	g.Close(nil)
}

func TestStopWithoutAnything(t *testing.T) {
	rested := false
	err := (&StopCommand{}).Run(t.Context(), Place(t.TempDir()), func(context.Context) error { rested = true; return nil })
	if err != nil || !rested {
		t.Errorf("rested %v, %v", rested, err)
	}
	var out bytes.Buffer
	if err := (&StatusCommand{JSON: true}).Run(t.Context(), Place(t.TempDir()), &out); err != nil || out.String() != "{\"generations\":[]}\n" {
		t.Errorf("%q, %v", out.String(), err)
	}
}

// A touch of the marker, by whatever program, is heard once; what was left over
// from before, a folder in its place and its removal are none.
func TestMarker(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(tmp(dir), 0o755); err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(tmp(dir), marker)
	write := func(text string) error { // by rename: a write in place may be seen half done
		temp := filepath.Join(dir, "temporary")
		return errors.Join(os.WriteFile(temp, []byte(text), 0o600), os.Rename(temp, name))
	}
	if err := write("left over"); err != nil {
		t.Fatal(err)
	}
	touched, stop := make(chan struct{}, 9), make(chan struct{})
	defer close(stop)
	if err := watchMarker(dir, stop, func(mark) { touched <- struct{}{} }); err != nil {
		t.Fatal(err)
	}
	// Each of these changes the marker, some of them back to an earlier time or size.
	for _, touch := range []func() error{
		func() error { return os.Chtimes(name, time.Now(), time.Now().Add(-48*time.Hour)) }, // the clock jumped back
		func() error { return write("left over") },
	} {
		if err := touch(); err != nil {
			t.Fatal(err)
		}
		<-touched
	}
	os.Remove(name)
	if err := os.Mkdir(name, 0o700); err != nil {
		t.Fatal(err)
	}
	seen, err := markerStamp(dir)
	if err != nil || seen != (stamp{}) {
		t.Errorf("a folder is a marker: %+v, %v", seen, err)
	}
	if err := errors.Join(os.Remove(name), write("again")); err != nil {
		t.Fatal(err)
	}
	<-touched
	if len(touched) != 0 {
		t.Errorf("%d touches too many", len(touched))
	}
}

func TestRegister(t *testing.T) {
	dir := t.TempDir()
	for i := range 8 {
		if i == 1 {
			first, _ := Release(bytes.NewReader([]byte{0}))
			if err := setCurrent(dir, first); err != nil {
				t.Fatal(err)
			}
		}
		executable := bytes.NewReader([]byte{byte(i)})
		release, err := Release(executable)
		if err != nil {
			t.Fatal(err)
		}
		for range 2 { // again is harmless
			if err := Register(dir, executable, release); err != nil {
				t.Fatal(err)
			}
		}
		kept, err := os.ReadFile(filepath.Join(dir, "releases", release, "app"))
		if err != nil || len(kept) != 1 || kept[0] != byte(i) {
			t.Errorf("%v, %v", kept, err)
		}
	}
	entries, err := os.ReadDir(filepath.Join(dir, "releases"))
	if err != nil || len(entries) != 5 {
		t.Errorf("%d releases are kept, %v", len(entries), err)
	}
	if _, err := os.Stat(filepath.Join(dir, "current", "app")); err != nil {
		t.Errorf("current was pruned: %v", err)
	}
}

// begin starts a generation in this process.
func begin(dir string, stop func(bool)) (*Generation, error) {
	return Start(context.Background(), Options{Dir: dir, Release: "aaaaaaaaaaaa", Version: "v1", Stop: stop, Log: slog.New(slog.DiscardHandler)})
}

func work() Work {
	return Work{
		Jobs:   func(context.Context) (Jobs, error) { return Jobs{Running: 2, Available: 3}, nil },
		Check:  func(context.Context) error { return nil },
		Accept: func(context.Context, []byte) error { return nil },
	}
}

func only(t *testing.T, dir string) Status {
	t.Helper()
	all, err := List(t.Context(), dir)
	if err != nil || len(all) != 1 {
		t.Fatalf("%d generations, %v", len(all), err)
	}
	return all[0]
}
