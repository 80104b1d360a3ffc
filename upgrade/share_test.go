package upgrade

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// Which generation answers for a release, as they come and go.
func TestPeers(t *testing.T) {
	dir := t.TempDir()
	folder := filepath.Join(dir, "tmp", "generations")
	if err := os.MkdirAll(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	live := func(n int, release string) (die func()) {
		t.Helper()
		f, err := os.CreateTemp(folder, ".lock-*")
		if err == nil {
			err = errors.Join(syscall.Flock(int(f.Fd()), syscall.LOCK_EX), json.NewEncoder(f).Encode(Status{Generation: n, Release: release}),
				os.Rename(f.Name(), filepath.Join(folder, fmt.Sprintf("%d.lock", n))))
		}
		if err != nil {
			t.Fatal(err)
		}
		return func() { f.Close() }
	}
	serve := func(n int) {
		t.Helper()
		if err := point(filepath.Join(dir, "tmp", "app.sock"), fmt.Sprintf("generations/%d.sock", n)); err != nil {
			t.Fatal(err)
		}
	}
	var known peers
	expect := func(when string, release string, n int) {
		t.Helper()
		for who, p := range map[string]*peers{"one who remembers": &known, "another": {}} {
			if got := p.of(dir, release); got != n {
				t.Errorf("%s, for %s, %d answers for %s, not %d", when, who, got, release, n)
			}
		}
	}
	long := time.Now().Add(-time.Minute)
	if err := os.Chtimes(folder, long, long); err != nil {
		t.Fatal(err)
	}
	expect("before all", "v1", 0)
	first := live(1, "v1")
	serve(1)
	expect("alone", "v1", 1)
	second := live(2, "v2")
	expect("while it comes", "v2", 2)
	serve(2)
	third := live(3, "v1")
	expect("while the first is needed", "v1", 1)
	if _, err := decide(dir, 3, verdict{Verdict: verdictRolledBack, By: 2}); err != nil {
		t.Fatal(err)
	}
	first()
	expect("when what comes is called off", "v1", 0)
	third()
	fourth := live(4, "v1")
	serve(4)
	expect("when it serves again", "v1", 4)
	second()
	expect("when it is gone", "v2", 0)
	fourth()
	expect("when all are gone", "v1", 0)
}
