package sfnt

import (
	"errors"
	"fmt"
)

// check holds the tables to each other, and to what may be done with the font.
func (t tables) check() error {
	for _, need := range []struct {
		tag  string
		size int
	}{{"head", 54}, {"hhea", 36}, {"maxp", 6}, {"OS/2", 68}, {"cmap", 4}, {"name", 6}, {"hmtx", 0}} {
		table, ok := t.data[need.tag]
		if !ok {
			return fmt.Errorf("lacks the table %s; export it again", need.tag)
		}
		if len(table) < need.size {
			return fmt.Errorf("is damaged: its table %s is too short", need.tag)
		}
	}
	if u32(t.data["head"], 12) != 0x5F0F3CF5 {
		return errors.New("is damaged: its table head is not one")
	}
	if units := u16(t.data["head"], 18); units < 16 || units > 16384 {
		return fmt.Errorf("is damaged: it has %d units to the em", units)
	}
	if t.glyphs() == 0 {
		return errors.New("has no glyphs")
	}
	if err := t.checkOutlines(); err != nil {
		return err
	}
	if err := t.checkMetrics(); err != nil {
		return err
	}
	return t.checkUse()
}

func (t tables) glyphs() int { return int(u16(t.data["maxp"], 4)) }

func (t tables) checkOutlines() error {
	_, svg := t.data["SVG "]
	_, cff := t.data["CFF "]
	_, cff2 := t.data["CFF2"]
	glyf, ok := t.data["glyf"]
	loca, placed := t.data["loca"]
	switch {
	case svg:
		return errors.New("has drawings in SVG, which may carry scripts and which Chromium does not draw; export it without its SVG table")
	case cff || cff2:
		return nil
	case !ok || !placed:
		return errors.New("has no outlines: a font of bitmaps cannot be used")
	case t.transformed["glyf"] != t.transformed["loca"] || t.transformed["loca"] && len(loca) != 0:
		return errors.New("is damaged: its tables glyf and loca do not fit each other")
	case t.transformed["glyf"]:
		if int(u16(glyf, 4)) != t.glyphs() {
			return errors.New("is damaged: its tables glyf and maxp differ in the number of glyphs")
		}
		return nil
	}
	return t.checkPlaces(glyf, loca)
}

// checkPlaces walks the places of the outlines, which rise to the end of glyf.
func (t tables) checkPlaces(glyf, loca []byte) error {
	size, at := 2, func(i int) int { return 2 * int(u16(loca, 2*i)) }
	if u16(t.data["head"], 50) == 1 {
		size, at = 4, func(i int) int { return int(u32(loca, 4*i)) }
	}
	if len(loca) < size*(t.glyphs()+1) {
		return errors.New("is damaged: its table loca is too short for its glyphs")
	}
	last := 0
	for i := range t.glyphs() + 1 {
		place := at(i)
		if place < last || place > len(glyf) {
			return fmt.Errorf("is damaged: the outline of its glyph %d lies outside the table glyf", i)
		}
		last = place
	}
	if last == 0 {
		return errors.New("has no outlines: a font of bitmaps cannot be used")
	}
	return nil
}

func (t tables) checkMetrics() error {
	n := int(u16(t.data["hhea"], 34))
	if n == 0 || n > t.glyphs() || !t.transformed["hmtx"] && len(t.data["hmtx"]) < 4*n+2*(t.glyphs()-n) {
		return errors.New("is damaged: its table hmtx does not fit its glyphs")
	}
	return nil
}

// checkUse heeds the font's own word (OS/2, fsType) on being embedded.
func (t tables) checkUse() error {
	const restricted, preview, editable, onlyBitmaps = 2, 4, 8, 0x200
	use := u16(t.data["OS/2"], 8)
	if use&(restricted|preview|editable) == restricted {
		return errors.New("says that it must not be embedded (fsType: restricted license); ask its maker for a web licence and send that file")
	}
	if use&onlyBitmaps != 0 {
		return errors.New("says that only its bitmaps may be embedded (fsType); ask its maker for a web licence and send that file")
	}
	return nil
}

func (t tables) italic() bool {
	const italic, oblique = 1, 1 << 9
	return u16(t.data["OS/2"], 62)&(italic|oblique) != 0 || u16(t.data["head"], 44)&2 != 0
}

// weights are what OS/2 says, or the axis of a variable font.
func (t tables) weights() (from, to int) {
	if axes, ok := t.data["fvar"]; ok {
		first, count, size := int(u16(axes, 4)), int(u16(axes, 8)), int(u16(axes, 10))
		for i := range min(count, 64) {
			at := first + i*size
			if at+20 > len(axes) || string(axes[at:at+4]) != "wght" {
				continue
			}
			from, to := clampWeight(int(int16(u16(axes, at+4)))), clampWeight(int(int16(u16(axes, at+12))))
			if from <= to {
				return from, to
			}
		}
	}
	w := int(u16(t.data["OS/2"], 4))
	switch bold := u16(t.data["OS/2"], 62)&(1<<5) != 0; {
	case w > 0 && w < 10:
		w *= 100 // as old Windows counted
	case w == 0:
		w = 400
	case bold && w < 600:
		w = 700
	}
	return clampWeight(w), clampWeight(w)
}

func clampWeight(w int) int { return min(max(w, 1), 1000) }

// widthWord is the word for one of OS/2's nine width classes; the fifth, the normal one, has none.
func widthWord(class uint16) string {
	words := []string{"", "Ultra Condensed", "Extra Condensed", "Condensed", "Semi Condensed", "", "Semi Expanded", "Expanded", "Extra Expanded", "Ultra Expanded"}
	if int(class) >= len(words) {
		return ""
	}
	return words[class]
}
