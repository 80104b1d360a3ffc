package sfnt

import (
	"encoding/binary"
	"strings"
	"testing"
)

// words writes 16-bit numbers.
func words(list ...int) (b []byte) {
	for _, v := range list {
		b = binary.BigEndian.AppendUint16(b, uint16(v))
	}
	return b
}

// cmap is a table with one list of characters.
func cmap(platform, encoding int, list []byte) tables { return cmaps(listed{platform, encoding, list}) }

// listed is a list of characters and its kind.
type listed struct {
	platform, encoding int
	list               []byte
}

func cmaps(all ...listed) tables {
	table, at := words(0, len(all)), 4+8*len(all)
	for _, l := range all {
		table = append(table, words(l.platform, l.encoding, 0, at)...)
		at += len(l.list)
	}
	for _, l := range all {
		table = append(table, l.list...)
	}
	return tables{data: map[string][]byte{"cmap": table, "maxp": words(1, 0, 100)}}
}

func TestCoverage(t *testing.T) {
	segments := func(list ...int) []byte { return append(words(4, 0, 0, 4, 0, 0, 0), words(list...)...) }
	letters := func(from, to int) []byte { return segments(to, 0xFFFF, 0, from, 0xFFFF, 1-from, 1, 0, 0) }
	group := func(format, from, to int) []byte { return words(format, 0, 0, 0, 0, 0, 0, 1, 0, from, 0, to, 0, 1) }
	for name, test := range map[string]struct {
		t    tables
		want string // the set, or part of the error
	}{
		// Ends, a gap, starts, deltas, offsets, and the glyphs of those with one.
		"segments":            {cmap(3, 1, segments(0x43, 0xFFFF, 0, 0x41, 0xFFFF, -0x40, 1, 0, 0)), "U+41-43"},
		"no glyph":            {cmap(3, 1, segments(0x43, 0xFFFF, 0, 0x41, 0xFFFF, -0x42, 1, 0, 0)), "U+43-43"},
		"glyphs apart":        {cmap(0, 3, segments(0x43, 0xFFFF, 0, 0x41, 0xFFFF, 0, 1, 4, 0, 7, 0, 99)), "U+41-41,U+43-43"},
		"glyphs that are not": {cmap(0, 3, segments(0x43, 0xFFFF, 0, 0x41, 0xFFFF, 0, 1, 4, 0, 100, 200, 99)), "U+43-43"},
		"glyphs past the end": {cmap(0, 3, segments(0x43, 0xFFFF, 0, 0x41, 0xFFFF, 0, 1, 0x7000, 0)), ""},
		"segments backwards":  {cmap(3, 1, segments(0x43, 0x41, 0, 0x43, 0x41, 1, 1, 0, 0)), "not in order"},
		"a segment backwards": {cmap(3, 1, segments(0x41, 0xFFFF, 0, 0x43, 0xFFFF, 1, 1, 0, 0)), "not in order"},
		"segments that end":   {cmap(3, 1, words(4, 0, 0, 400)), "too short"},
		"a symbol font":       {cmap(3, 0, segments(0xF043, 0xFFFF, 0, 0xF041, 0xFFFF, -0xF040, 1, 0, 0)), "U+41-43,U+F041-F043"},
		"a trimmed list":      {cmap(0, 3, words(6, 0, 0, 0x41, 3, 1, 0, 2)), "no Unicode table"}, // Chromium leaves it out
		"groups":              {cmap(3, 10, words(12, 0, 0, 0, 0, 0, 0, 2, 0, 0x41, 0, 0x43, 0, 0, 1, 0xF600, 1, 0xF600, 0, 9)), "U+42-43,U+1F600-1F600"},
		"groups past the end": {cmap(3, 10, words(12, 0, 0, 0, 0, 0, 0, 1, 0, 0x41, 0x10, 0xFFFF, 0, 98)), "U+41-42"},
		"all alike":           {cmap(3, 10, words(13, 0, 0, 0, 0, 0, 0, 2, 0, 0x41, 0, 0x43, 0, 1, 0, 0x50, 0, 0x51, 0, 0)), "U+41-43"},
		"groups backwards":    {cmap(3, 10, words(12, 0, 0, 0, 0, 0, 0, 2, 0, 0x43, 0, 0x43, 0, 1, 0, 0x41, 0, 0x41, 0, 1)), "not in order"},
		"a group beyond all":  {cmap(3, 10, words(12, 0, 0, 0, 0, 0, 0, 1, 0, 0x41, 0x11, 0, 0, 1)), "not in order"},
		"groups that are not": {cmap(3, 10, words(12, 0, 0, 0, 0, 0, 0xFFFF, 0xFFFF)), "too short"},
		"another format":      {cmap(3, 1, words(2, 0, 0, 0)), "no Unicode table"},
		"groups as segments":  {cmap(3, 1, group(12, 0x41, 0x43)), "no Unicode table"},
		"segments as groups":  {cmap(3, 10, letters(0x41, 0x43)), "no Unicode table"},
		"two that differ":     {cmaps(listed{0, 4, group(12, 0x41, 0x43)}, listed{3, 10, group(12, 0x42, 0x44)}), "U+42-43"},
		"two small ones":      {cmaps(listed{0, 3, letters(0x41, 0x45)}, listed{3, 1, letters(0x43, 0x44)}), "U+43-44"},
		"the larger counts":   {cmaps(listed{3, 1, letters(0x41, 0x45)}, listed{3, 10, group(12, 0x41, 0x42)}), "U+41-42"},
		"an unread one":       {cmaps(listed{0, 6, group(13, 0x41, 0x45)}, listed{3, 1, letters(0x41, 0x42)}), "U+41-42"},
		"two of a kind":       {cmaps(listed{3, 1, letters(0x41, 0x42)}, listed{3, 1, letters(0x41, 0x43)}), "two lists of a kind"},
		"another platform":    {cmap(1, 0, words(6, 0, 0, 0x41, 1, 1)), "no Unicode table"},
		"beyond the table":    {cmap(3, 1, nil), "no Unicode table"},
	} {
		c, err := test.t.coverage()
		got := c.CSS(0)
		if err != nil {
			got = err.Error()
		}
		if got != test.want && (err == nil || !strings.Contains(got, test.want)) {
			t.Errorf("%s: %s, want %s", name, got, test.want)
		}
	}
}

func TestCoverageCSS(t *testing.T) {
	c := Coverage{[]span{{1, 2}, {5, 5}, {20, 30}}}
	for gap, want := range map[rune]string{0: "U+1-2,U+5-5,U+14-1E", 3: "U+1-5,U+14-1E", 100: "U+1-1E"} {
		if got := c.CSS(gap); got != want {
			t.Errorf("%d: %s, want %s", gap, got, want)
		}
	}
}

// A font may have a letter with its mark as one character, or as two.
func TestMissingForms(t *testing.T) {
	composed, apart := Coverage{[]span{{'é', 'é'}}}, Coverage{[]span{{'e', 'e'}, {0x301, 0x301}}}
	for _, text := range []string{"é", "e\u0301", "e\u200d\u0301"} {
		for _, stack := range [][]Coverage{{composed}, {apart}} {
			if missing := Missing(text, stack); missing != nil {
				t.Errorf("%+q lacks %U in %v", text, missing, stack)
			}
		}
	}
	if missing := Missing("e\u0301", []Coverage{{[]span{{'e', 'e'}}}, {[]span{{0x301, 0x301}}}}); len(missing) != 2 {
		t.Errorf("a mark of another font: %U", missing)
	}
}
