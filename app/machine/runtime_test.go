package machine

import (
	"context"
	"errors"
	"strings"
	"testing"
)

func TestRuntime(t *testing.T) {
	h := host{root: "/"}
	installed, _, err := h.policy(t.Context(), "chromium")
	if err != nil || installed == "" {
		t.Fatalf("%q, %v", installed, err)
	}
	look := func(r Runtime, err error) (states []state) {
		for _, row := range h.runtime(t.Context(), func(context.Context) (Runtime, error) { return r, err }) {
			states = append(states, row.look())
		}
		return states
	}
	if s := look(Runtime{Chromium: "156.0.1.2"}, nil); len(s) != 1 || !s[0].OK || !strings.Contains(s[0].Found, "the system's Chromium 156.0.1.2") {
		t.Errorf("%+v", s)
	}
	if s := look(Runtime{Changes: []string{"Chromium 155 -> 156", "the set of fonts"}}, nil); s[0].OK || !strings.Contains(s[0].Problem, "Chromium 155 -> 156; the set of fonts") || !strings.Contains(s[0].Remedy, "--render") {
		t.Errorf("%+v", s)
	}
	if s := look(Runtime{}, errors.New("a font is gone")); len(s) != 1 || s[0].OK || s[0].Problem != "a font is gone" {
		t.Errorf("%+v", s)
	}
	if s := look(Runtime{Frozen: "0123", Package: "chromium", Packaged: installed}, nil); len(s) != 2 || !s[0].OK || !s[1].OK {
		t.Errorf("%+v", s)
	}
	old := look(Runtime{Frozen: "0123", Package: "chromium", Packaged: "100.0.1-1"}, nil)[1]
	if old.OK || !strings.Contains(old.Problem, "the frozen 0123 has chromium 100.0.1-1, and not "+installed) || !strings.Contains(old.Remedy, "--only-upgrade chromium") {
		t.Errorf("%+v", old)
	}
	if s := look(Runtime{Frozen: "0123"}, nil)[1]; !s.OK || !strings.Contains(s.Found, "not copied from a package") {
		t.Errorf("%+v", s)
	}
}

func TestHolesSince(t *testing.T) {
	const changelog = `chromium (3-1) bookworm-security; urgency=high

  * New upstream security release.
    - CVE-2026-3: Use after free in Frames. CVE-2026-4: in Skia.
    - CVE-2026-3 again.

 -- Somebody <s@example.org>  Mon, 02 Nov 2026 03:51:00 +0000

chromium (2-1) bookworm-security; urgency=high

    - CVE-2026-2: Out of bounds.

chromium (1-1) bookworm; urgency=low

    - CVE-2026-1
`
	for since, want := range map[string]string{"3-1": "", "2-1": "CVE-2026-3 CVE-2026-4", "1-1": "CVE-2026-3 CVE-2026-4 CVE-2026-2"} {
		got := strings.Join(holesSince(changelog, func(v string) bool { return v > since }), " ")
		if got != want {
			t.Errorf("since %s: %s, not %s", since, got, want)
		}
	}
	if a, b := policyOf("chromium:\n  Installed: (none)\n  Candidate: 156.0-1\n  Version table:\n"); a != "" || b != "156.0-1" {
		t.Errorf("%q, %q", a, b)
	}
}
