package screenshots

import (
	"path/filepath"
	"slices"
	"testing"
)

func TestRemember(t *testing.T) {
	file := filepath.Join(t.TempDir(), "runtime.json")
	if f, err := Recall(file); err != nil || f != (Fingerprint{}) {
		t.Errorf("%v, %v", f, err)
	}
	one := Fingerprint{Chromium: "155.0.1.2", Libraries: "a", Fonts: "b", Flags: "c"}
	two := Fingerprint{Chromium: "156.0.1.2", Libraries: "a", Fonts: "x", Flags: "c"}
	for _, c := range []struct {
		f    Fingerprint
		want []string
	}{{one, nil}, {one, nil}, {two, []string{"Chromium 155.0.1.2 -> 156.0.1.2", "the set of fonts"}}, {two, nil}} {
		if changes, err := c.f.Remember(file); err != nil || !slices.Equal(changes, c.want) {
			t.Errorf("%v: %v, %v", c.f, changes, err)
		}
		if f, err := Recall(file); err != nil || f != c.f {
			t.Errorf("%v, %v", f, err)
		}
	}
	if left := names(t, filepath.Dir(file)); len(left) != 1 {
		t.Errorf("left %v", left)
	}
}
