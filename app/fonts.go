package app

import (
	"slices"
	"strings"
)

// Font is a family that every installation has.
type Font struct {
	Family  string
	Generic string // the CSS family that stands in where ours is missing
	Package string // the Debian package it comes from
	License string
	Why     string // what lacks without it
	Faces   []Face
}

// Face is one file of a family, upright or italic, at one weight. A collection
// (.ttc) holds several families; browsers do not take it as a web font.
type Face struct {
	File   string
	Weight int
	Italic bool
}

// Fonts are the families a design may use, in the order they are offered.
func Fonts() []Font {
	const dir = "/usr/share/fonts/"
	lato, inter, noto := dir+"truetype/lato/Lato-", dir+"opentype/inter/Inter-", dir+"truetype/noto/Noto"
	return []Font{
		{"Inter", "sans-serif", "fonts-inter", "OFL-1.1", "the default family of designs", slices.Concat(
			both(inter, ".otf", 100, "Thin"), both(inter, ".otf", 200, "ExtraLight"), both(inter, ".otf", 300, "Light"),
			[]Face{{inter + "Regular.otf", 400, false}, {inter + "Italic.otf", 400, true}},
			both(inter, ".otf", 500, "Medium"), both(inter, ".otf", 600, "SemiBold"), both(inter, ".otf", 700, "Bold"),
			both(inter, ".otf", 800, "ExtraBold"), both(inter, ".otf", 900, "Black"))},
		{"Lato", "sans-serif", "fonts-lato", "OFL-1.1", "a family of designs", slices.Concat(
			both(lato, ".ttf", 100, "Hairline"), both(lato, ".ttf", 200, "Thin"), both(lato, ".ttf", 300, "Light"),
			[]Face{{lato + "Regular.ttf", 400, false}, {lato + "Italic.ttf", 400, true}},
			both(lato, ".ttf", 500, "Medium"), both(lato, ".ttf", 600, "Semibold"), both(lato, ".ttf", 700, "Bold"),
			both(lato, ".ttf", 800, "Heavy"), both(lato, ".ttf", 900, "Black"))},
		// Debian's file calls itself Lobster Two Bold Italic; who loads it gives it this name and weight.
		{"Lobster", "cursive", "fonts-lobster", "OFL-1.1", "a family of designs", []Face{{dir + "opentype/lobster/lobster.otf", 400, false}}},
		{"Noto Sans", "sans-serif", "fonts-noto-core", "OFL-1.1", "Latin, Greek and Cyrillic letters that other families lack", slices.Concat(
			[]Face{{noto + "Sans-Regular.ttf", 400, false}, {noto + "Sans-Italic.ttf", 400, true}},
			both(noto+"Sans-", ".ttf", 700, "Bold"))},
		{"Noto Sans Arabic", "sans-serif", "fonts-noto-core", "OFL-1.1", "Arabic letters", pair(noto+"SansArabic-", ".ttf")},
		{"Noto Sans Hebrew", "sans-serif", "fonts-noto-core", "OFL-1.1", "Hebrew letters", pair(noto+"SansHebrew-", ".ttf")},
		{"Noto Sans Devanagari", "sans-serif", "fonts-noto-core", "OFL-1.1", "Hindi, Marathi and Nepali letters", pair(noto+"SansDevanagari-", ".ttf")},
		{"Noto Sans Thai", "sans-serif", "fonts-noto-core", "OFL-1.1", "Thai letters", pair(noto+"SansThai-", ".ttf")},
		{"Noto Sans CJK SC", "sans-serif", "fonts-noto-cjk", "OFL-1.1", "Chinese, Japanese and Korean characters", pair(dir+"opentype/noto/NotoSansCJK-", ".ttc")},
		{"Noto Color Emoji", "sans-serif", "fonts-noto-color-emoji", "OFL-1.1", "emoji and flags in colour", []Face{{noto + "ColorEmoji.ttf", 400, false}}},
	}
}

// FontFamilies are the names of Fonts.
func FontFamilies() []string {
	var names []string
	for _, f := range Fonts() {
		names = append(names, f.Family)
	}
	return names
}

// FontStack is the CSS font-family of a family: itself, then what stands in for
// the scripts it lacks, always in the same order. A family we do not have gets
// the stand-ins alone.
func FontStack(family string) string {
	generic := "sans-serif"
	var names []string
	for _, f := range Fonts() {
		if f.Family == family {
			names = append(names, f.Family)
			generic = f.Generic
		}
	}
	for _, name := range fallbacks() {
		if name != family {
			names = append(names, name)
		}
	}
	return `"` + strings.Join(names, `","`) + `",` + generic
}

// fallbacks are in a fixed order, because the first that knows a character
// draws it. Emoji come last: their font has digits, too.
func fallbacks() []string {
	return []string{"Noto Sans", "Noto Sans Arabic", "Noto Sans Hebrew", "Noto Sans Devanagari", "Noto Sans Thai", "Noto Sans CJK SC", "Noto Color Emoji"}
}

func both(prefix, suffix string, weight int, style string) []Face {
	return []Face{{prefix + style + suffix, weight, false}, {prefix + style + "Italic" + suffix, weight, true}}
}

func pair(prefix, suffix string) []Face {
	return []Face{{prefix + "Regular" + suffix, 400, false}, {prefix + "Bold" + suffix, 700, false}}
}
