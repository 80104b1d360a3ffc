package screenshots

import (
	"os"
	"path/filepath"
	"reflect"
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

// Each field of a shot that is drawn counts, and each of what draws it.
func TestKey(t *testing.T) {
	s, by := page100("a"), Fingerprint{"1", "2", "3", "4"}
	known := map[string]bool{string(s.Key(by)): true}
	if !known[string(s.Key(by))] {
		t.Error("the same shot has another key")
	}
	differ := func(name string, key []byte) {
		if known[string(key)] {
			t.Errorf("another %s makes no difference", name)
		}
		known[string(key)] = true
	}
	change := func(v reflect.Value) {
		switch v.Kind() {
		case reflect.String:
			v.SetString(v.String() + "x")
		case reflect.Int:
			v.SetInt(v.Int() + 1)
		case reflect.Float64:
			v.SetFloat(v.Float() + 1)
		case reflect.Bool:
			v.SetBool(!v.Bool())
		default:
			t.Fatalf("a field of kind %s", v.Kind())
		}
	}
	for i := range reflect.TypeFor[Shot]().NumField() {
		other := s
		change(reflect.ValueOf(&other).Elem().Field(i))
		switch name := reflect.TypeFor[Shot]().Field(i).Name; name {
		case "For", "Lane": // decide when it is drawn, not what
			if !known[string(other.Key(by))] {
				t.Errorf("another %s makes a difference", name)
			}
		default:
			differ(name, other.Key(by))
		}
	}
	for i := range reflect.TypeFor[Fingerprint]().NumField() {
		other := by
		change(reflect.ValueOf(&other).Elem().Field(i))
		differ(reflect.TypeFor[Fingerprint]().Field(i).Name, s.Key(other))
	}
}
