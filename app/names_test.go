package app_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/text/cases"

	"majestic/app"
)

func TestNames(t *testing.T) {
	for name, test := range map[string]struct {
		pattern string
		values  []string // of the column v, row by row
		want    []string
	}{
		"a value":                {"out/{v}", []string{"Ada", "Grüße, Zoë & 名前"}, []string{"out/Ada.png", "out/Grüße, Zoë & 名前.png"}},
		"numbers":                {"{row}-{v}", []string{"a", "b"}, []string{"001-a.png", "002-b.png"}},
		"a column twice":         {"{v}/{v}", []string{"a"}, []string{"a/a.png"}},
		"out of the folder":      {"out/{v}", []string{"../../etc/passwd", "..", "/", `..\..\x`, "./.", "a/../../b"}, []string{"out/-..-etc-passwd.png", "out/_.png", "out/-.png", "out/-..-x.png", "out/--2.png", "out/a-..-..-b.png"}},
		"a folder that leads up": {"out/.{v}{v}/x", []string{".", ""}, []string{"out/_/x.png", "out/_/x-2.png"}},
		"folders of the pattern": {"../a/./{v}", []string{"x"}, []string{"../a/./x.png"}},
		"an absolute one":        {"/tmp/{v}", []string{"x"}, []string{"/tmp/x.png"}},
		"hidden files":           {"{v}", []string{".bashrc", " . x . "}, []string{"bashrc.png", "x.png"}},
		"control characters":     {"{v}", []string{"a\x00b\nc\x7fd\u0085e", "a\xffb"}, []string{"a-b-c-d-e.png", "a-b.png"}},
		"nothing":                {"out/{v}", []string{"", "  ", "\t"}, []string{"out/_.png", "out/_-2.png", "out/-.png"}},
		"Windows":                {"{v}", []string{"con", "Lpt1.x", "COM¹", "nul .a", "comb", "com10", `a:b*c?"<>|`}, []string{"_con.png", "_Lpt1.x.png", "_COM¹.png", "_nul .a.png", "comb.png", "com10.png", "a-b-c-----.png"}},
		"the same":               {"{v}", []string{"a", "a", "a", "a-2", "b"}, []string{"a.png", "a-2.png", "a-3.png", "a-2-2.png", "b.png"}},
		"the same, before":       {"{v}", []string{"a-2", "a", "a"}, []string{"a-2.png", "a.png", "a-3.png"}},
		"the same but for case":  {"{v}/{v}", []string{"Straße", "STRASSE", "é", "E\u0301"}, []string{"Straße/Straße.png", "STRASSE/STRASSE-2.png", "é/é.png", "E\u0301/E\u0301-2.png"}},
		"an emoji":               {"{v}", []string{"👩‍🚀🇦🇼"}, []string{"👩‍🚀🇦🇼.png"}},
	} {
		t.Run(name, func(t *testing.T) {
			names, err := app.NewNames(test.pattern, ".png", []string{"u", "v"}, 249)
			if err != nil {
				t.Fatal(err)
			}
			for i, v := range test.values {
				if got := names.Name(i+1, map[string]string{"v": v}); got != test.want[i] {
					t.Errorf("%q is named %q, want %q", v, got, test.want[i])
				}
			}
		})
	}
	for pattern, words := range map[string]string{
		"out/{nam}":   "there are u, v, and {row}",
		"out/{{u}}":   "names {{u}",
		"out/{u":      "does not close",
		"out/x":       "every row alike",
		"":            "every row alike",
		"out/{u}/{}/": "names {}",
	} {
		if _, err := app.NewNames(pattern, ".png", []string{"u", "v"}, 9); err == nil || !strings.Contains(err.Error(), words) {
			t.Errorf("%q: %v, want %q", pattern, err, words)
		}
	}
	names, err := app.NewNames("{row}", ".png", []string{"row"}, 9)
	if err != nil {
		t.Fatal(err)
	}
	if got := names.Name(7, map[string]string{"row": "mine"}); got != "mine.png" {
		t.Errorf("a column called row gives %q", got)
	}
}

// A table of rows that are all called alike takes no longer than another; were each
// name tried from the first on, this would take minutes.
func TestNamesOfManyAlike(t *testing.T) {
	names, err := app.NewNames("{v}", ".png", []string{"v"}, 5_000)
	if err != nil {
		t.Fatal(err)
	}
	last := ""
	for i := range 5_000 {
		last = names.Name(i+1, map[string]string{"v": strings.Repeat("名", 100)})
	}
	if want := strings.Repeat("名", 63) + "-5000.png"; last != want {
		t.Errorf("the last is %q", last)
	}
}

// Whatever stands in the values, a name stays in its folder, and is nobody else's.
func FuzzNames(f *testing.F) {
	f.Add("..", "/", ".", 3)
	f.Add("a", "A", "a-2", 2)
	f.Add("con.", strings.Repeat("é", 150), "\xff", 1)
	f.Fuzz(func(t *testing.T, a, b, c string, ending int) {
		names, err := app.NewNames("out/{a}{b}/.{c}", fmt.Sprintf(".%.*s", min(max(ending, 0), 4), "jpeg"), []string{"a", "b", "c"}, 9)
		if err != nil {
			t.Fatal(err)
		}
		seen := map[string]bool{}
		for i, v := range []map[string]string{{"a": a, "b": b, "c": c}, {"a": c, "b": b, "c": a}, {"a": a, "b": b, "c": strings.ToUpper(c)}, {"a": a, "b": b, "c": c}} {
			name := names.Name(i+1, v)
			parts := strings.Split(name, "/")
			if len(parts) != 3 || parts[0] != "out" || !filepath.IsLocal(name) || filepath.Clean(name) != name || !utf8.ValidString(name) {
				t.Fatalf("%q is named %q", v, name)
			}
			for _, p := range parts {
				if len(p) > 200 || strings.ContainsAny(p, "\x00\n\\:") || p[0] == '.' {
					t.Fatalf("%q is named %q", v, name)
				}
			}
			if key := cases.Fold().String(name); seen[key] {
				t.Fatalf("%q is named %q again", v, name)
			} else {
				seen[key] = true
			}
		}
	})
}
