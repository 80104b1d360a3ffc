package screenshots

import (
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"syscall"
	"testing"
	"time"
)

// A worn browser draws on until another is warm; then it is gone, and the picture
// is the same.
func TestAWornBrowserIsRenewed(t *testing.T) {
	p := startPool(t, Options{Tabs: 1})
	shot := page100(box(0, 0, 10, 10, "red"))
	want := capture(t, p, shot)
	var old *browser
	between(t, p, func(tab *tab) {
		old = tab.browser.Load()
		old.shots = maxShots - 1
	})
	var drawn bool // by the old one, once worn
	for now := old; now == old; {
		if !bytes.Equal(want, capture(t, p, shot)) {
			t.Error("the picture is another one")
		}
		between(t, p, func(tab *tab) {
			if now = tab.browser.Load(); now == old && old.ctx.Err() != nil {
				t.Error("the old one ended before the new one drew")
			}
		})
		drawn = drawn || old.shots > maxShots
	}
	if !drawn {
		t.Error("nothing was drawn while the new one was launched")
	}
	<-old.gone
	if left := running(old.profile); len(left) > 0 {
		t.Errorf("processes %v of the old one are left", left)
	}
	if !bytes.Equal(want, capture(t, p, shot)) {
		t.Error("the new one's picture is another one")
	}
	tab := p.tabs[0]
	if n, m := tab.launches.Load(), tab.renewals.Load(); n != 1 || m != 1 {
		t.Errorf("%d launches, %d renewals", n, m)
	}
}

// What counts as worn: many shots, or much memory, which that of real processes is.
func TestWorn(t *testing.T) {
	p := startPool(t, Options{Tabs: 1})
	between(t, p, func(tab *tab) {
		b := tab.browser.Load()
		pids := running(b.profile)
		if n := memory(pids); n < 20<<20 || n > maxMemory/2 {
			t.Errorf("%d processes of a new browser have %d bytes", len(pids), n)
		}
		for shots, want := range map[int]bool{0: false, 10: false, maxShots - 1: false, maxShots: true, maxShots + 1: false, maxShots + lookEvery: true} {
			if b.shots = shots; b.worn() != want {
				t.Errorf("worn after %d shots: %t", shots, !want)
			}
		}
		b.shots = 1
	})
	debug.FreeOSMemory() // now, and not in the middle
	before := memory([]int{os.Getpid()})
	grown, err := syscall.Mmap(-1, 0, 64<<20, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE) // fresh: Go's own may be used again
	if err != nil {
		t.Fatal(err)
	}
	defer syscall.Munmap(grown)
	for i := 0; i < len(grown); i += os.Getpagesize() {
		grown[i] = 1
	}
	if n := memory([]int{os.Getpid()}) - before; n < 48<<20 {
		t.Errorf("64 MB more of memory are %d", n)
	}
}

// Nothing of Chrome outlives a process of ours that is killed.
func TestKilledProcessLeavesNoChrome(t *testing.T) {
	if dir := os.Getenv("POOL_FOLDER"); dir != "" {
		p := startPool(t, Options{Tabs: 2, Dir: dir})
		warmAll(t, p)
		capture(t, p, page100(""))
		os.Stdout.WriteString("drawn\n")
		p.Capture(t.Context(), Shot{HTML: card(t), Width: 4000, Height: 4000, Scale: 1, Format: PNG})
		io.Copy(io.Discard, os.Stdin)
		return
	}
	dir := scratch(t)
	c := exec.Command(os.Args[0], "-test.run=^TestKilledProcessLeavesNoChrome$")
	c.Env = append(os.Environ(), "POOL_FOLDER="+dir)
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
	if len(processes(t, dir, "--type=renderer")) == 0 {
		t.Error("the browser's processes are not found, so neither would leftovers be")
	}
	c.Process.Kill()
	c.Wait()
	for len(running(dir)) > 0 { // the kernel ends them one after the other
		time.Sleep(time.Millisecond)
	}
	startPool(t, Options{Tabs: 1, Dir: dir})
	if left, _ := os.ReadDir(dir); len(left) != 1 {
		t.Errorf("%v is left beside the folder of the living pool", left)
	}
}

// Chromium replaced on disk draws from the next launch on, and what is there
// draws on until then.
func TestChromiumIsReplaced(t *testing.T) {
	chromium, err := Find("")
	if err != nil {
		t.Fatal(err)
	}
	dir := scratch(t)
	program := filepath.Join(dir, "browser")
	install := func(mark string) {
		t.Helper()
		if err := os.WriteFile(program+".new", []byte("#!/bin/sh\nexec "+chromium+" "+mark+" \"$@\"\n"), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(program+".new", program); err != nil {
			t.Fatal(err)
		}
	}
	install("--first")
	p := startPool(t, Options{Tabs: 1, Chromium: program})
	shot := page100(box(0, 0, 10, 10, "red"))
	want := capture(t, p, shot)
	install("--second")
	if !bytes.Equal(want, capture(t, p, shot)) {
		t.Error("the picture changes with the file")
	}
	between(t, p, func(tab *tab) { syscall.Kill(leaderOf(tab.browser.Load()), syscall.SIGKILL) })
	if !bytes.Equal(want, capture(t, p, shot)) {
		t.Error("the picture of the new one is another one")
	}
	if len(processes(t, p.folder.path, "--second")) == 0 {
		t.Error("the new one is not run")
	}
}

// A program that ends again and again is started less and less often, the first
// time at once.
func TestRest(t *testing.T) {
	const costly, free = 3 * time.Second, time.Millisecond
	for _, took := range []time.Duration{costly, free} {
		if rest(0, took) != 0 {
			t.Error("the first time it waits")
		}
		for falls := 1; falls < 100; falls++ {
			if rest(falls, took) < max(rest(falls-1, took), time.Second/4) {
				t.Errorf("less rest after %d falls", falls)
			}
		}
	}
	if rest(100, costly) != 30*time.Second || rest(100, free) != time.Second/4 {
		t.Errorf("at last it waits for %s and %s", rest(100, costly), rest(100, free))
	}
}

// A browser that falls while idle counts, until another has drawn.
func TestFalls(t *testing.T) {
	p := startPool(t, Options{Tabs: 1})
	shot := page100("")
	falls := func() (n int) {
		between(t, p, func(tab *tab) { n = tab.falls })
		return n
	}
	for want := 1; want <= 2; want++ {
		b := p.tabs[0].browser.Load()
		syscall.Kill(leaderOf(b), syscall.SIGKILL)
		<-b.gone
		if n := falls(); n != want {
			t.Errorf("after %d falls it counts %d", want, n)
		}
	}
	capture(t, p, shot)
	if n := falls(); n != 0 {
		t.Errorf("after a picture it counts %d", n)
	}
}
