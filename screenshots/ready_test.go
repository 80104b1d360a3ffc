package screenshots

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// A pool whose browsers died while idle mends itself, asked or not. While there is
// no program to start it says so, to everybody and at once, and is well again when
// it is back.
func TestReady(t *testing.T) {
	chromium, err := Find("")
	if err != nil {
		t.Fatal(err)
	}
	dir := scratch(t)
	program, away := filepath.Join(dir, "browser"), filepath.Join(dir, "away")
	if err := os.WriteFile(program, fmt.Appendf(nil, "#!/bin/sh\nexec %s \"$@\"\n", chromium), 0o755); err != nil {
		t.Fatal(err)
	}
	p := startPool(t, Options{Tabs: 2, Chromium: program})
	want := capture(t, p, page100(box(0, 0, 10, 10, "red")))
	// all waits for two living browsers that are none of some others.
	all := func(others []*browser) (browsers []*browser) {
		for ; len(browsers) < 2; time.Sleep(time.Millisecond) {
			browsers = nil
			for _, tab := range p.tabs {
				if b := tab.browser.Load(); b != nil && b.ctx.Err() == nil && !slices.Contains(others, b) {
					browsers = append(browsers, b)
				}
			}
		}
		return browsers
	}
	kill := func(browsers []*browser) {
		for _, b := range browsers {
			syscall.Kill(leaderOf(b), syscall.SIGKILL)
			<-b.gone
		}
	}
	warmAll(t, p)
	first := all(nil)
	if err := p.Ready(); err != nil {
		t.Errorf("both live: %v", err)
	}
	kill(first[:1])
	if err := p.Ready(); err != nil {
		t.Errorf("one lives: %v", err)
	}
	kill(first[1:])
	second := all(first)
	if err := p.Ready(); err != nil {
		t.Errorf("both live again: %v", err)
	}

	if err := os.Rename(program, away); err != nil {
		t.Fatal(err)
	}
	kill(second)
	if err := p.Ready(); err == nil || !strings.Contains(err.Error(), "there is no browser") {
		t.Errorf("none lives: %v", err)
	}
	waits := make(chan error, 1)
	go func() {
		_, err := p.Capture(t.Context(), page100(""))
		waits <- err
	}()
	if err := <-waits; !errors.Is(err, os.ErrNotExist) {
		t.Errorf("who waits is told %v", err)
	} else if _, ours := errors.AsType[*BrowserError](err); !ours {
		t.Errorf("%v is no BrowserError", err)
	}
	if err := p.Ready(); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("without a program: %v", err)
	}
	if err := os.Rename(away, program); err != nil {
		t.Fatal(err)
	}
	all(second)
	if err := p.Ready(); err != nil {
		t.Errorf("with a program again: %v", err)
	}
	if !bytes.Equal(want, capture(t, p, page100(box(0, 0, 10, 10, "red")))) {
		t.Error("the picture after it is another one")
	}
}

func TestMetrics(t *testing.T) {
	p := startPool(t, Options{Tabs: 1, Slots: filepath.Join(scratch(t), "slots"), Prepare: `() => {
		if (document.querySelector("[data-endless]")) for (;;);
		return null;
	}`})
	await := func(want string) {
		t.Helper()
		for now := measure(t, p); now != want; now = measure(t, p) {
			if t.Context().Err() != nil {
				t.Fatal(now)
			}
			time.Sleep(time.Millisecond)
		}
	}
	await("tabs 1 busy 0 waiting 0 restarts 0")
	capture(t, p, page100(box(0, 0, 10, 10, "red")))
	await("tabs 1 busy 0 waiting 0 restarts 0")

	// The tab waits for a slot, for one of two.
	var gives []func()
	for range p.slots.count {
		give, err := p.slots.take(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		gives = append(gives, give)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 2)
	for range 2 {
		go func() {
			_, err := p.Capture(ctx, page100(box(0, 0, 10, 10, "red")))
			done <- err
		}()
	}
	await("tabs 1 busy 0 waiting 2 restarts 0")
	cancel()
	if err := errors.Join(<-done, <-done); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	await("tabs 1 busy 0 waiting 0 restarts 0")
	for _, give := range gives {
		give()
	}

	between(t, p, func(tab *tab) { tab.limit = time.Second })
	go func() {
		_, err := p.Capture(t.Context(), page100(`<p data-endless></p>`))
		done <- err
	}()
	await("tabs 1 busy 1 waiting 0 restarts 0")
	if err := <-done; !isPage(err) {
		t.Errorf("a page that hangs: %v", err)
	}
	await("tabs 1 busy 0 waiting 0 restarts 2") // one for the second try, one for those that come
}

func measure(t *testing.T, p *Pool) string {
	t.Helper()
	r := prometheus.NewRegistry()
	r.MustRegister(p.Metrics()...)
	all, err := r.Gather()
	if err != nil {
		t.Fatal(err)
	}
	v := map[string]float64{}
	for _, family := range all {
		m := family.GetMetric()[0]
		v[family.GetName()] = m.GetGauge().GetValue() + m.GetCounter().GetValue()
	}
	return fmt.Sprintf("tabs %v busy %v waiting %v restarts %v", v["majestic_chrome_tabs"], v["majestic_chrome_tabs_busy"],
		v["majestic_chrome_shots_waiting"], v["majestic_chrome_restarts_total"])
}
