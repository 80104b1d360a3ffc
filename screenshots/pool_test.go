package screenshots

import (
	"bytes"
	"errors"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestAFailingBrowserIsReplaced(t *testing.T) {
	p := startPool(t, Options{Tabs: 1, Prepare: `() => {
		if (document.querySelector("[data-endless]")) for (;;);
		return null;
	}`})
	want := capture(t, p, page100(box(0, 0, 10, 10, "red")))

	leader := func(tab *tab) int { return leaderOf(tab.browser.Load()) }
	for name, wound := range map[string]func(*tab){
		"killed": func(tab *tab) { syscall.Kill(leader(tab), syscall.SIGKILL) },
		"page process killed": func(tab *tab) {
			for _, pid := range processes(t, p.folder.path, "--type=renderer") {
				syscall.Kill(pid, syscall.SIGKILL)
			}
		},
		"hung": func(tab *tab) {
			tab.limit = 3 * time.Second
			syscall.Kill(leader(tab), syscall.SIGSTOP)
		},
	} {
		t.Run(name, func(t *testing.T) {
			between(t, p, wound)
			if !bytes.Equal(want, capture(t, p, page100(box(0, 0, 10, 10, "red")))) {
				t.Error("the picture after it is another one")
			}
			between(t, p, func(tab *tab) { tab.limit = shotLimit })
		})
	}

	t.Run("killed in the middle", func(t *testing.T) {
		var pid int
		between(t, p, func(tab *tab) { pid = leader(tab) })
		big := Shot{HTML: page100(box(0, 0, 10, 10, "red")).HTML, Width: 2000, Height: 2000, Scale: 1, Format: PNG}
		done := make(chan error, 1)
		go func() {
			_, err := p.Capture(t.Context(), big)
			done <- err
		}()
		for p.busy() == 0 {
			time.Sleep(time.Millisecond)
		}
		syscall.Kill(pid, syscall.SIGKILL)
		if err := <-done; err != nil {
			t.Error(err)
		}
	})

	t.Run("a page that hangs every browser", func(t *testing.T) {
		between(t, p, func(tab *tab) { tab.limit = 2 * time.Second })
		_, err := p.Capture(t.Context(), page100("<p data-endless>"))
		if _, ok := errors.AsType[*PageError](err); !ok || !strings.Contains(err.Error(), "longer than 2s") {
			t.Errorf("%v, not a PageError", err)
		}
		between(t, p, func(tab *tab) {
			tab.limit = shotLimit
			if !tab.alive() {
				t.Error("the tab came back without a browser")
			}
		})
		if !bytes.Equal(want, capture(t, p, page100(box(0, 0, 10, 10, "red")))) {
			t.Error("the picture after it is another one")
		}
	})
}

// A tab has no browser before there is a shot for it.
func TestTabsAsNeeded(t *testing.T) {
	p := startPool(t, Options{Tabs: 3})
	launches := func() (n int64) {
		for _, tab := range p.tabs {
			n += tab.launches.Load()
		}
		return n
	}
	for range 5 {
		capture(t, p, page100(""))
	}
	if n := launches(); n != 1 {
		t.Errorf("%d browsers for one shot at a time", n)
	}
	defer hold(t, p)()
	defer hold(t, p)()
	if n := launches(); n != 2 {
		t.Errorf("%d browsers for two shots at a time", n)
	}
}

func TestCloseLeavesNothing(t *testing.T) {
	dir := scratch(t)
	p := startPool(t, Options{Tabs: 2, Dir: dir})
	warmAll(t, p)
	if len(processes(t, dir, "--type=renderer")) == 0 {
		t.Fatal("the browser's processes are not found, so neither would leftovers be")
	}
	busy := make(chan error, 1)
	go func() {
		_, err := p.Capture(t.Context(), Shot{HTML: card(t), Width: 4000, Height: 4000, Scale: 1, Format: PNG})
		busy <- err
	}()
	for range 2 {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	}
	if left := processes(t, dir, ""); len(left) > 0 {
		t.Errorf("processes %v are left", left)
	}
	if left, _ := os.ReadDir(dir); len(left) > 0 {
		t.Errorf("%v is left", left)
	}
	if err := <-busy; err != nil {
		if _, ok := errors.AsType[*BrowserError](err); !ok {
			t.Errorf("the shot under way: %v, not a BrowserError", err)
		}
	}
	_, err := p.Capture(t.Context(), page100(""))
	if _, ok := errors.AsType[*BrowserError](err); !ok {
		t.Errorf("after Close: %v, not a BrowserError", err)
	}
}

func TestStartSweepsWhatAKilledProcessLeft(t *testing.T) {
	dir := scratch(t)
	living := startPool(t, Options{Tabs: 1, Dir: dir})
	if err := os.MkdirAll(dir+"/chrome-dead/profile-1", 0o755); err != nil {
		t.Fatal(err)
	}
	startPool(t, Options{Tabs: 1, Dir: dir})
	if _, err := os.Stat(dir + "/chrome-dead"); err == nil {
		t.Error("the dead one's folder is still there")
	}
	capture(t, living, page100(""))
}

func TestStartSaysWhatIsMissing(t *testing.T) {
	dir := scratch(t)
	_, err := Start(t.Context(), Options{Dir: dir, Chromium: "/nowhere/chromium"})
	if _, ok := errors.AsType[*MissingError](err); !ok {
		t.Errorf("%v, not a MissingError", err)
	}
	_, err = Start(t.Context(), Options{Dir: dir, Fonts: []Font{{File: "/nowhere/font.otf"}}})
	if !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%v, not the font that is not there", err)
	}
	if left, _ := os.ReadDir(dir); len(left) > 0 {
		t.Errorf("%v is left", left)
	}
}
