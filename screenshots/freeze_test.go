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
	"testing"
	"time"
)

// A frozen runtime draws what the system's draws, out of its own folder alone, and
// is there as long as somebody uses it.
func TestFreeze(t *testing.T) {
	dir := scratch(t)
	runtimes := Runtimes(filepath.Join(dir, "runtimes"))
	o := Options{Dir: filepath.Join(dir, "chrome"), Fonts: fonts()}
	f, err := runtimes.Freeze(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := runtimes.Freeze(t.Context(), o); err != nil || again.Hash != f.Hash || !again.FrozenAt.Equal(f.FrozenAt) {
		t.Errorf("frozen again: %+v, %v; was %+v", again, err, f)
	}
	if left := names(t, string(runtimes)); !slices.Equal(left, []string{f.Hash}) {
		t.Errorf("the folder holds %v", left)
	}
	if hash, err := runtimes.Use(f.Hash[:5]); err != nil || hash != f.Hash {
		t.Errorf("it is used as %s, %v", hash, err)
	}
	current, err := runtimes.Current()
	if err != nil || filepath.Base(current) != f.Hash {
		t.Fatalf("current is %s, %v", current, err)
	}

	system := startPool(t, Options{Tabs: 1})
	frozen := startPool(t, Options{Tabs: 1, Runtime: current})
	was, is := system.Fingerprint(), frozen.Fingerprint()
	if was != is || is.Chromium != f.Chromium || len(was.Changes(is)) > 0 {
		t.Errorf("%+v is not %+v: %v", is, was, was.Changes(is))
	}
	for _, runtime := range []string{"", current} {
		if seen, err := (Options{Fonts: fonts(), Runtime: runtime}).Fingerprint(); err != nil || seen != is {
			t.Errorf("from outside %q is %+v, %v", runtime, seen, err)
		}
	}
	for name, body := range map[string]string{
		"card":  card(t),
		"text":  page100(`<p style="font: 700 22px Inter">Ready é 汉</p>`).HTML,
		"paint": page100(`<div style="width:90px;height:40px;border-radius:9px;background:conic-gradient(red,blue,red);filter:blur(2px);transform:rotate(9deg)"></div>`).HTML,
		"emoji": page100(`<p style="font: 30px Lobster">ab 😀🇦🇼</p>`).HTML,
	} {
		for _, format := range []Format{PNG, JPEG, WebP, PDF} {
			shot := Shot{HTML: body, Width: 1200, Height: 630, Scale: 0.5, Format: format}
			if !bytes.Equal(capture(t, system, shot), capture(t, frozen, shot)) {
				t.Errorf("%s is drawn otherwise as %s", name, format)
			}
		}
	}
	closed := sandboxed(t, frozen)
	if closed == 0 {
		t.Error("no renderer of it is found")
	}
	for _, pid := range running(frozen.folder.path) {
		maps, _ := os.ReadFile(fmt.Sprintf("/proc/%d/maps", pid))
		for line := range strings.Lines(string(maps)) {
			if strings.Contains(line, " /usr/") || strings.Contains(line, " /lib") {
				t.Errorf("it has the system's %s", line)
			}
		}
	}

	if all, err := runtimes.List(); err != nil || len(all) != 1 || !all[0].Current || !slices.Contains(all[0].Users, os.Getpid()) {
		t.Errorf("the list is %+v, %v", all, err)
	}
	if _, err := runtimes.Use("system"); err != nil {
		t.Error(err)
	}
	if gone, err := runtimes.Prune(); err != nil || len(gone) != 0 || len(names(t, string(runtimes))) != 1 {
		t.Errorf("in use, and pruned: %v, %v", gone, err)
	}
	if err := frozen.Close(); err != nil {
		t.Error(err)
	}
	if _, err := runtimes.Use(f.Hash); err != nil {
		t.Error(err)
	}
	if gone, err := runtimes.Prune(); err != nil || len(gone) != 0 {
		t.Errorf("current, and pruned: %v, %v", gone, err)
	}
	if _, err := runtimes.Use("system"); err != nil {
		t.Error(err)
	}
	if gone, err := runtimes.Prune(); err != nil || len(gone) != 1 || len(names(t, string(runtimes))) != 0 {
		t.Errorf("pruned %v, %v, and left %v", gone, err, names(t, string(runtimes)))
	}
}

// A freeze that is called off, or was killed, leaves nothing; one under way is left alone.
func TestFreezeCut(t *testing.T) {
	dir := scratch(t)
	runtimes := Runtimes(filepath.Join(dir, "runtimes"))
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		_, err := runtimes.Freeze(ctx, Options{Dir: filepath.Join(dir, "chrome"), Fonts: fonts()})
		done <- err
	}()
	for range time.Tick(time.Millisecond) {
		if half, _ := filepath.Glob(filepath.Join(string(runtimes), ".new-*", "chromium", "*")); len(half) > 0 {
			break
		}
	}
	if gone, err := runtimes.Prune(); err != nil || len(gone) > 0 || len(names(t, string(runtimes))) != 1 {
		t.Errorf("pruned under way: %v, %v", gone, err)
	}
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	for _, folder := range []string{string(runtimes), filepath.Join(dir, "chrome")} {
		if left := names(t, folder); len(left) > 0 {
			t.Errorf("%s: left %v", folder, left)
		}
	}
	if err := os.MkdirAll(filepath.Join(string(runtimes), ".new-killed", "lib"), 0o755); err != nil {
		t.Fatal(err)
	}
	if _, err := runtimes.Prune(); err != nil || len(names(t, string(runtimes))) > 0 {
		t.Errorf("%v, and left %v", err, names(t, string(runtimes)))
	}
}

func TestRuntimesRefuse(t *testing.T) {
	dir := scratch(t)
	runtimes := Runtimes(filepath.Join(dir, "runtimes"))
	if all, err := runtimes.List(); err != nil || all != nil {
		t.Errorf("%v, %v", all, err)
	}
	if current, err := runtimes.Current(); err != nil || current != "" {
		t.Errorf("%q, %v", current, err)
	}
	if _, err := runtimes.Use("system"); err != nil {
		t.Error(err)
	}
	refused := func(what string, err error, word string) {
		t.Helper()
		if err == nil || !strings.Contains(err.Error(), word) {
			t.Errorf("%s: %v, not %q", what, err, word)
		}
	}
	for _, name := range []string{"", "0123456789ab", "../etc", "."} {
		_, err := runtimes.Use(name)
		refused(name, err, "there is no frozen runtime")
	}
	_, err := Start(t.Context(), Options{Dir: filepath.Join(dir, "chrome"), Runtime: filepath.Join(string(runtimes), "0123456789ab")})
	refused("one that is gone", err, "app runtime use system")

	script := filepath.Join(dir, "browser")
	if err := os.WriteFile(script, []byte("#!/bin/sh\nexec /usr/lib/chromium/chromium \"$@\"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	_, err = runtimes.Freeze(t.Context(), Options{Chromium: script, Dir: filepath.Join(dir, "chrome")})
	refused("a script", err, "cannot be frozen")
	if left := names(t, string(runtimes)); len(left) > 0 {
		t.Errorf("left %v", left)
	}

	// A release with a font that the runtime has not.
	made := filepath.Join(string(runtimes), "0123456789ab")
	if err := errors.Join(os.Mkdir(made, 0o755), os.WriteFile(filepath.Join(made, record), []byte(`{"hash":"0123456789ab"}`), 0o644)); err != nil {
		t.Fatal(err)
	}
	_, err = (Options{Runtime: made, Fonts: fonts()}).Fingerprint()
	refused("a font that it lacks", err, "freeze another")
}

// sandboxed counts the renderers, and holds that each is locked in.
func sandboxed(t *testing.T, p *Pool) (n int) {
	t.Helper()
	for _, pid := range processes(t, p.folder.path, "--type=renderer") {
		status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
		if err != nil {
			t.Error(err)
		}
		if !strings.Contains(string(status), "Seccomp:\t2") {
			t.Errorf("a renderer has no sandbox:\n%s", status)
		}
		n++
	}
	return n
}

func names(t *testing.T, folder string) (all []string) {
	t.Helper()
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		all = append(all, e.Name())
	}
	return all
}
