package sfnt

import (
	"slices"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// Missing are the characters of a text that no font of a stack draws, each once.
// A letter and the marks on it must come from one font, which may have them as
// one character or apart; a mark of another font would stand beside a box.
func Missing(text string, stack []Coverage) (missing []rune) {
	runes := []rune(text)
	for i := 0; i < len(runes); {
		cluster := runes[i : i+1]
		for i++; i < len(runes) && (unicode.Is(unicode.M, runes[i]) || ignorable(runes[i])); i++ {
			cluster = append(cluster, runes[i])
		}
		if len(cluster) == 1 && (invisible(cluster[0]) || drawn(stack, cluster)) {
			continue
		}
		for _, r := range lacking(slices.DeleteFunc(slices.Clone(cluster), invisible), stack) {
			if !slices.Contains(missing, r) {
				missing = append(missing, r)
			}
		}
	}
	return missing
}

// lacking are the characters of a cluster to blame: those that no font has, or
// all of them when none has them together.
func lacking(cluster []rune, stack []Coverage) (missing []rune) {
	if len(cluster) == 0 {
		return nil
	}
	for _, form := range []norm.Form{norm.NFC, norm.NFD} {
		if drawn(stack, []rune(form.String(string(cluster)))) {
			return nil
		}
	}
	for _, r := range cluster {
		if !drawn(stack, []rune{r}) {
			missing = append(missing, r)
		}
	}
	if missing == nil {
		return cluster
	}
	return missing
}

// drawn tells whether one font has all of a cluster. Control characters are drawn
// by none: fonts that have them draw nothing there, and words run together.
func drawn(stack []Coverage, cluster []rune) bool {
	return !slices.ContainsFunc(cluster, unicode.IsControl) && slices.ContainsFunc(stack, func(c Coverage) bool {
		return !slices.ContainsFunc(cluster, func(r rune) bool { return !c.Has(r) })
	})
}

// invisible characters need no glyph: spaces, line ends, and those that only
// tell how others are to be joined, turned or chosen. The space of Ogham is a stroke.
func invisible(r rune) bool {
	const ogham = 0x1680
	return r == '\n' || r == '\r' || r == '\t' || unicode.Is(unicode.Z, r) && r != ogham || ignorable(r)
}

// ignorable characters are drawn as nothing where a font lacks them: Unicode's
// Default_Ignorable_Code_Point, but for the few for which Chromium draws a box.
func ignorable(r rune) bool {
	const mongolian = 0x180F // the fourth of its variation selectors, younger than the others
	return r != mongolian && (r == 0xAD || r == 0x61C || r == 0x2065 || r >= 0x1D173 && r <= 0x1D17A || r >= 0xE0000 && r <= 0xE0FFF ||
		r == 0x115F || r == 0x1160 || r == 0x17B4 || r == 0x17B5 || r == 0x3164 || r == 0xFFA0 || r == 0xFEFF ||
		r >= 0x200B && r <= 0x200F || r >= 0x202A && r <= 0x202E || r >= 0x2060 && r <= 0x206F || r >= 0xFFF0 && r <= 0xFFF8 ||
		unicode.In(r, unicode.Variation_Selector, unicode.Other_Default_Ignorable_Code_Point))
}
