package screenshots

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"
)

func TestFingerprint(t *testing.T) {
	p := startPool(t, Options{Tabs: 1, Prepare: "() => null"})
	by := p.Fingerprint()
	if !regexp.MustCompile(`^\d+(\.\d+){3}$`).MatchString(by.Chromium) {
		t.Errorf("Chromium is %q", by.Chromium)
	}
	if picture, err := p.Capture(t.Context(), page100("")); err != nil || picture.By != by {
		t.Errorf("%v, %v, not %v", err, picture.By, by)
	}
	of := func(fonts []Font, prepare string) Fingerprint {
		t.Helper()
		f, err := fingerprint(fonts, prepare)
		if err != nil {
			t.Fatal(err)
		}
		f.Chromium, f.Libraries = by.Chromium, by.Libraries
		return f
	}
	if again := of(fonts(), "() => null"); again != by {
		t.Errorf("%v, then %v", by, again)
	}
	if other := of(fonts(), "() => []"); other.Flags == by.Flags || other.Fonts != by.Fonts {
		t.Errorf("with another script %v, not %v", other, by)
	}

	// The same font at another path is the same font; other bytes under its name are not.
	moved := fonts()
	data, err := os.ReadFile(moved[1].File)
	if err != nil {
		t.Fatal(err)
	}
	moved[1].File = filepath.Join(t.TempDir(), "font.otf")
	for i, same := range []bool{true, false} {
		if err := os.WriteFile(moved[1].File, data[:len(data)-i], 0o600); err != nil {
			t.Fatal(err)
		}
		if other := of(moved, "() => null"); (other.Fonts == by.Fonts) != same {
			t.Errorf("of a file less %d bytes: %v, as of %v", i, other, by)
		}
	}
	for name, change := range map[string]func([]Font){
		"order":  func(f []Font) { f[0], f[1] = f[1], f[0] },
		"weight": func(f []Font) { f[2].Weight = 700 },
		"slant":  func(f []Font) { f[2].Italic = true },
		"name":   func(f []Font) { f[2].Family = "Crab" },
	} {
		other := fonts()
		change(other)
		if of(other, "() => null").Fonts == by.Fonts {
			t.Errorf("another %s makes no difference", name)
		}
	}
	if _, err := fingerprint([]Font{{File: "/nowhere.otf"}}, ""); err == nil {
		t.Error("a font that is not there is no error")
	}
}
