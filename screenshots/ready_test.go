package screenshots

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/prometheus/client_golang/prometheus"
)

// A pool whose browsers died while idle mends itself when it is asked whether it
// is ready; one that cannot says so for as long.
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
	capture(t, p, page100(box(0, 0, 10, 10, "red")))
	for p.tabs[1].launches.Load() == 0 { // the second starts by itself
		time.Sleep(time.Millisecond)
	}
	kill := func() {
		all := []*tab{<-p.idle, <-p.idle}
		for _, tab := range all {
			if tab.alive() {
				chromedp.FromContext(tab.browser.ctx).Browser.Process().Kill()
				<-tab.browser.gone
			}
			p.idle <- tab
		}
	}
	alive := func() (n int) {
		all := []*tab{<-p.idle, <-p.idle}
		for _, tab := range all {
			if tab.alive() {
				n++
			}
			p.idle <- tab
		}
		return n
	}
	if err := p.Ready(); err != nil {
		t.Errorf("both live: %v", err)
	}
	kill()
	if err := p.Ready(); err != nil {
		t.Errorf("both died, and nothing keeps them from being started: %v", err)
	}
	if n := alive(); n != 2 {
		t.Errorf("%d are started again", n)
	}

	if err := os.Rename(program, away); err != nil {
		t.Fatal(err)
	}
	kill()
	for p.Ready() == nil {
		time.Sleep(time.Millisecond)
	}
	if err := p.Ready(); err == nil || !strings.Contains(err.Error(), "no browser can be started") {
		t.Errorf("without a program: %v", err)
	}
	if err := os.Rename(away, program); err != nil {
		t.Fatal(err)
	}
	for p.Ready() != nil {
		time.Sleep(time.Millisecond)
	}
	capture(t, p, page100(box(0, 0, 10, 10, "red")))
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

	// One has the tab and waits for a slot, one waits for the tab.
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

	tab := <-p.idle
	tab.limit = time.Second
	p.idle <- tab
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
