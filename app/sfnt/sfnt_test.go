package sfnt_test

import (
	"bytes"
	"encoding/binary"
	"io"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	"golang.org/x/image/font/gofont/gobolditalic"
	"golang.org/x/image/font/gofont/gomedium"
	"golang.org/x/image/font/gofont/goregular"

	"majestic/app/apptest"
	"majestic/app/sfnt"
)

func TestParse(t *testing.T) {
	for name, test := range map[string]struct {
		data []byte
		want sfnt.Font
	}{
		"ttf":         {goregular.TTF, sfnt.Font{Format: sfnt.TTF, Family: "Go", Weight: 400, MaxWeight: 400}},
		"bold italic": {gobolditalic.TTF, sfnt.Font{Format: sfnt.TTF, Family: "Go", Weight: 600, MaxWeight: 600, Italic: true}},
		"medium":      {gomedium.TTF, sfnt.Font{Format: sfnt.TTF, Family: "Go Medium", Weight: 500, MaxWeight: 500}},
		"woff2":       {apptest.WOFF2(goregular.TTF), sfnt.Font{Format: sfnt.WOFF2, Family: "Go", Weight: 400, MaxWeight: 400}},
		"as foundries pack it": {read(t, "/usr/share/fonts-firacode/woff2/FiraCode-SemiBold.woff2"),
			sfnt.Font{Format: sfnt.WOFF2, Family: "Fira Code", Weight: 600, MaxWeight: 600}},
		"otf":       {read(t, "/usr/share/fonts/opentype/inter/Inter-BlackItalic.otf"), sfnt.Font{Format: sfnt.OTF, Family: "Inter", Weight: 900, MaxWeight: 900, Italic: true}},
		"variable":  {read(t, "/usr/share/fonts/truetype/karla-variable/Karla-Italic[wght].ttf"), sfnt.Font{Format: sfnt.TTF, Family: "Karla", Weight: 200, MaxWeight: 800, Italic: true}},
		"condensed": {changed("OS/2", 6, 0, 3), sfnt.Font{Format: sfnt.TTF, Family: "Go Condensed", Weight: 400, MaxWeight: 400}},
	} {
		f, err := sfnt.Parse(test.data)
		if err != nil {
			t.Errorf("%s: it %v", name, err)
			continue
		}
		if !f.Coverage.Has('A') || !f.Coverage.Has('é') || f.Coverage.Has('語') || f.Coverage.Has(-1) {
			t.Errorf("%s: it draws %s", name, f.Coverage.CSS(0))
		}
		f.Coverage = sfnt.Coverage{}
		if !equal(f, test.want) {
			t.Errorf("%s: %+v, want %+v", name, f, test.want)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	woff2 := apptest.WOFF2(goregular.TTF)
	for name, test := range map[string]struct {
		data []byte
		want string
	}{
		"nothing":                 {nil, "too short"},
		"a zip":                   {append([]byte("PK\x03\x04"), make([]byte, 100)...), "is not a font"},
		"a page":                  {[]byte("<!doctype html><script>alert(1)</script>"), "is not a font"},
		"a collection":            {read(t, "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc")[:9<<20], "is a collection"},
		"a packed collection":     {slices.Concat(woff2[:4], []byte("ttcf"), woff2[8:]), "is a collection"},
		"an old woff":             {slices.Concat([]byte("wOFF"), woff2[4:]), "WOFF 1"},
		"too large":               {make([]byte, sfnt.MaxBytes+1), "larger than 10 MiB"},
		"half of it":              {goregular.TTF[:len(goregular.TTF)/2], "lies outside the file"},
		"its first bytes":         {goregular.TTF[:40], "within the list of its tables"},
		"no tables":               {changed("", 4, 0, 0), "0 tables"},
		"far too many tables":     {changed("", 4, 0xff, 0xff), "65535 tables"},
		"a table outside":         {changed("", 12+12, 0x7f), "lies outside"},
		"a table before itself":   {changed("", 12+8, 0, 0, 0, 4), "lies outside"},
		"tables upon another":     {changed("", 12+16+8, goregular.TTF[12+8:12+12]...), "lies upon another"},
		"a table twice":           {changed("", 12+16, goregular.TTF[12:16]...), "two tables"},
		"a table without a name":  {changed("", 12, 0), "no proper name"},
		"no cmap":                 {renamed("cmap", "cmaq"), "lacks the table cmap"},
		"no outlines":             {renamed("glyf", "EBDT"), "font of bitmaps"},
		"drawings with scripts":   {renamed("prep", "SVG "), "in SVG"},
		"restricted":              {changed("OS/2", 8, 0, 2), "must not be embedded"},
		"only bitmaps":            {changed("OS/2", 8, 2, 0), "only its bitmaps"},
		"a head that is none":     {changed("head", 12, 0), "table head"},
		"no units":                {changed("head", 18, 0, 0), "0 units"},
		"more glyphs than places": {changed("maxp", 4, 0xff, 0xff), "table loca is too short"},
		"no glyphs":               {changed("maxp", 4, 0, 0), "no glyphs"},
		"an outline outside":      {changed("loca", 2, 0xff, 0xff), "lies outside the table glyf"},
		"more widths than glyphs": {changed("hhea", 34, 0xff, 0xff), "table hmtx"},
		"no characters":           {changed("cmap", 2, 0, 0), "no Unicode table"},
		"no name":                 {renamed("name", "nbme"), "lacks the table name"},
		"torn woff2":              {resized(woff2[:len(woff2)-100]), "ends within its tables"},
		"not as long as it says":  {woff2[:len(woff2)-100], "not as long as it says"},
		"garbled woff2":           {slices.Concat(woff2[:400], make([]byte, 100), woff2[500:]), "do not unpack"},
		"an unpacked lie":         {slices.Concat(woff2[:48], []byte{63}, []byte("OS/2\x01"), woff2[48+6:]), "is damaged"},
		"a bomb":                  {bomb(), "larger than 30 MiB once unpacked"},
	} {
		if _, err := sfnt.Parse(test.data); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want one that says %q", name, err, test.want)
		}
	}
}

// No bytes make it fall over.
func TestParseGarbled(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for _, font := range [][]byte{goregular.TTF, apptest.WOFF2(goregular.TTF)} {
		for range 1000 {
			garbled := slices.Clone(font)
			for range 1 + random.IntN(4) {
				garbled[random.IntN(len(font))] = byte(random.Uint32())
				garbled[random.IntN(600)] = byte(random.Uint32())
			}
			if f, err := sfnt.Parse(garbled); err == nil {
				f.Coverage.CSS(0)
			}
		}
	}
}

func TestMember(t *testing.T) {
	f, err := os.Open("/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	alone, err := sfnt.Member(f, "Noto Sans CJK SC")
	if err != nil {
		t.Fatal(err)
	}
	var font bytes.Buffer
	if _, err := io.Copy(&font, alone); err != nil || int64(font.Len()) != alone.Size() || !bytes.HasPrefix(font.Bytes(), []byte("OTTO")) {
		t.Fatalf("%d of %d bytes, %v", font.Len(), alone.Size(), err)
	}
	if font.Len() > 20<<20 {
		t.Errorf("%d bytes: it carries the others along", font.Len())
	}
	if _, err := sfnt.Member(f, "Noto Sans CJK XX"); err == nil {
		t.Error("a family that is not in it")
	}
}

func TestMissing(t *testing.T) {
	stack := func(files ...string) (all []sfnt.Coverage) {
		for _, file := range files {
			family := "Noto Sans CJK SC"
			c, err := sfnt.ReadCoverage("/usr/share/fonts/"+file, family)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, c)
		}
		return all
	}
	latin := stack("opentype/lobster/lobster.otf", "truetype/noto/NotoSans-Regular.ttf")
	all := append(latin, stack("truetype/noto/NotoSansArabic-Regular.ttf", "truetype/noto/NotoSansDevanagari-Regular.ttf",
		"opentype/noto/NotoSansCJK-Regular.ttc", "truetype/noto/NotoColorEmoji.ttf")...)
	control := stack("truetype/noto/NotoSansSymbols2-Regular.ttf")
	for _, r := range "\v\f\x7f\u0085" {
		if !control[0].Has(r) {
			t.Errorf("the font has no %+q: look for another one that has", r)
		}
	}
	for _, test := range []struct {
		text  string
		stack []sfnt.Coverage
		want  string
	}{
		{"", latin, ""},
		{"Grüße, naïve\tcafé\r\n \u00a0\u2003\u2028", latin, ""},
		{"cafe\u0301 o\u0308", latin, ""}, // composed by the shaper
		{"x\u0302\u0323", latin, ""},      // marks that no letter has composed
		{"soft\u00adhyphen \u200b\u200d\u2060\ufeff", latin, ""},
		{"\u202eright to left\u202c \u2066x\u2069", latin, ""},
		{"語 and 語 and 言", latin, "語言"},
		{"語\U000E0100", all, ""}, // an ideographic variation
		{"क्षि हिन्दी", all, ""},
		{"السلام عليكم", all, ""},
		{"👍🏽 👨\u200d👩\u200d👧 🇭🇷 1\ufe0f\u20e3 ❤\ufe0f 🏴\U000E0067\U000E0062\U000E007F", all, ""},
		{"👍", latin, "👍"},
		{"\ue000 \U000f0000", all, "\ue000\U000f0000"}, // private use: nobody's but the font's that has it
		{"\u0001", all, "\u0001"},
		{"\v\f\x7f\u0085", control, "\v\f\x7f\u0085"},                 // also where a font has them, as nothing
		{"a\u1680b \u180f \U0001bca0", all, "\u1680\u180f\U0001bca0"}, // Chromium draws boxes
		{"\uffff\U000fffff", all, "\uffff\U000fffff"},
		{"x\u0938\u093f", latin, "\u0938\u093f"},
		{"語\u0302", all, "語\u0302"}, // both are there, but in no font together
	} {
		if got := string(sfnt.Missing(test.text, test.stack)); got != test.want {
			t.Errorf("%+q lacks %+q, want %+q", test.text, got, test.want)
		}
	}
}

func equal(a, b sfnt.Font) bool {
	return a.Format == b.Format && a.Family == b.Family && a.Weight == b.Weight && a.MaxWeight == b.MaxWeight && a.Italic == b.Italic
}

func read(t *testing.T, file string) []byte {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// changed is the Go font with other bytes at a place of a table, or of the file.
func changed(tag string, at int, to ...byte) []byte {
	data := slices.Clone(goregular.TTF)
	if tag != "" {
		at += int(binary.BigEndian.Uint32(data[entry(tag)+8:]))
	}
	copy(data[at:], to)
	return data
}

// renamed has a table under another name.
func renamed(tag, to string) []byte { return changed("", entry(tag), []byte(to)...) }

func entry(tag string) int {
	for at := 12; ; at += 16 {
		if string(goregular.TTF[at:at+4]) == tag {
			return at
		}
	}
}

// resized is a WOFF 2 file that is as long as it says.
func resized(woff2 []byte) []byte {
	data := slices.Clone(woff2)
	binary.BigEndian.PutUint32(data[8:], uint32(len(data)))
	return data
}

// bomb claims to unpack to 32 MiB of zeros.
func bomb() []byte {
	ttf := make([]byte, 12+16+32<<20)
	copy(ttf, "\x00\x01\x00\x00\x00\x01")
	copy(ttf[12:], "glyf\x00\x00\x00\x00\x00\x00\x00\x1c\x02\x00\x00\x00")
	return apptest.WOFF2(ttf)
}
