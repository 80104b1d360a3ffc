//go:build soak

package screenshots

import (
	"bytes"
	"fmt"
	"os"
	"regexp"
	"slices"
	"syscall"
	"testing"
)

// Whichever of a browser's processes is killed, the picture comes, and the same.
func TestWhicheverProcessIsKilled(t *testing.T) {
	p := startPool(t, Options{Tabs: 1})
	shot := Shot{HTML: card(t), Width: 1200, Height: 630, Scale: 1, Format: PNG}
	want := capture(t, p, shot)
	kind := regexp.MustCompile(`--type=([a-z-]+)`)
	var killed []string
	for again := true; again; {
		again = false
		between(t, p, func(tab *tab) {
			for _, pid := range running(p.folder.path) {
				line, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
				name := "browser"
				if m := kind.FindSubmatch(line); m != nil {
					name = string(m[1])
				}
				if !slices.Contains(killed, name) {
					killed, again = append(killed, name), true
					syscall.Kill(pid, syscall.SIGKILL)
					return
				}
			}
		})
		if !bytes.Equal(want, capture(t, p, shot)) {
			t.Errorf("after %s was killed, the picture is another one", killed[len(killed)-1])
		}
	}
	for _, name := range []string{"browser", "renderer", "gpu-process", "zygote"} {
		if !slices.Contains(killed, name) {
			t.Errorf("killed were %v, not %s", killed, name)
		}
	}
}
