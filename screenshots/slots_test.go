package screenshots

import (
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// However many pools share the slots, no more pages are drawn at once than there
// are cores, and all are drawn in the end.
func TestSlots(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "slots")
	s, err := makeSlots(folder)
	if err != nil {
		t.Fatal(err)
	}
	other, err := makeSlots(folder)
	if err != nil {
		t.Fatal(err)
	}
	var drawing, most atomic.Int32
	var all sync.WaitGroup
	for i := range 40 {
		all.Go(func() {
			give, err := []slots{s, other}[i%2].take(t.Context())
			if err != nil {
				t.Error(err)
				return
			}
			n := drawing.Add(1)
			for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
			}
			runtime.Gosched()
			drawing.Add(-1)
			give()
		})
	}
	all.Wait()
	if n := int(most.Load()); n < 1 || n > atOnce() {
		t.Errorf("%d at once, where %d are the most", n, atOnce())
	}
}

// Of two that share their slots, one who has work without end does not keep the
// other from his.
func TestSlotsByTurns(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "slots")
	s, err := makeSlots(folder)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	var taken atomic.Int64
	var all sync.WaitGroup
	defer all.Wait()
	defer stop()
	for range s.count {
		all.Go(func() {
			for ctx.Err() == nil {
				give, err := s.take(ctx)
				if err != nil {
					return
				}
				taken.Add(1)
				time.Sleep(4 * slotRetry) // a shot
				give()
			}
		})
	}
	for taken.Load() < int64(s.count) {
		time.Sleep(time.Millisecond)
	}
	for range 20 {
		before := taken.Load()
		give, err := s.take(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if n := taken.Load() - before; n > int64(8*s.count) {
			t.Errorf("%d slots were taken before the one that was waited for", n)
		}
		give()
	}
}

// A process that is killed gives its slots back, and who waits gets one; a pool
// that closes lets those go who wait.
func TestSlotsOfTheDead(t *testing.T) {
	if folder := os.Getenv("SLOTS_FOLDER"); folder != "" {
		s, err := makeSlots(folder)
		for range atOnce() {
			if err == nil {
				_, err = s.take(t.Context())
			}
		}
		if err != nil {
			t.Fatal(err)
		}
		os.Stdout.WriteString("taken\n")
		io.Copy(io.Discard, os.Stdin)
		return
	}
	folder := filepath.Join(t.TempDir(), "slots")
	c := exec.Command(os.Args[0], "-test.run=^TestSlotsOfTheDead$")
	c.Env = append(os.Environ(), "SLOTS_FOLDER="+folder)
	c.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	in, err := c.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := out.Read(make([]byte, 6)); err != nil {
		t.Fatal(err)
	}
	p := startPool(t, Options{Tabs: 1, Slots: folder})
	ctx, cancel := context.WithCancel(t.Context())
	waits := make(chan error, 1)
	go func() {
		_, err := p.Capture(ctx, page100(box(0, 0, 10, 10, "red")))
		waits <- err
	}()
	cancel()
	if err := <-waits; !errors.Is(err, context.Canceled) {
		t.Errorf("who gave up: %v", err)
	}
	go func() {
		_, err := p.Capture(t.Context(), page100(box(0, 0, 10, 10, "red")))
		waits <- err
	}()
	c.Process.Kill()
	c.Wait()
	if err := <-waits; err != nil {
		t.Errorf("after the death: %v", err)
	}
}
