package app

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"
)

// Family is a font family that every installation has.
type Family struct {
	Name    string `json:"family"`
	Generic string `json:"generic"` // the CSS family that is nearest
	Package string `json:"package"` // the Debian package it comes from
	License string `json:"license"`
	Why     string `json:"why"` // what lacks without it
	Faces   []Face `json:"faces"`
}

// Face is one file of a family, upright or italic, at one weight. A collection
// (.ttc) holds several families.
type Face struct {
	File   string `json:"-"`
	Weight int    `json:"weight"`
	Italic bool   `json:"italic"`
}

// Families are those that every design may use, in the order they are offered.
func Families() []Family { return shipped }

// FindFamily is the family of that name, if every installation has it.
func FindFamily(name string) (Family, bool) {
	i := slices.IndexFunc(shipped, func(f Family) bool { return f.Name == name })
	if i < 0 {
		return Family{}, false
	}
	return shipped[i], true
}

// Fallbacks are the families that draw what a text's own lacks, in a fixed order,
// because the first that knows a character draws it. Emoji come after the scripts:
// their font has digits, too.
func Fallbacks() []Family { return standIns }

// Face is the face that is drawn where a weight is asked for: the nearest by the
// rules of CSS, italic or upright before all.
func (f Family) Face(weight int, italic bool) Face {
	return f.Faces[NearestFace(len(f.Faces), func(i int) (from, to int, italic bool) {
		return f.Faces[i].Weight, f.Faces[i].Weight, f.Faces[i].Italic
	}, weight, italic)]
}

// Weights are the family's in words: 400 700, with italics.
func (f Family) Weights() string {
	var list []string
	italics := ""
	for _, face := range f.Faces {
		if face.Italic {
			italics = ", with italics"
		} else {
			list = append(list, strconv.Itoa(face.Weight))
		}
	}
	slices.Sort(list)
	return strings.Join(list, " ") + italics
}

// NearestFace picks one of n faces (CSS Fonts 4, 5.2): the right slant if there is
// one; then the weight itself; below 400 the next lighter, above 500 the next
// bolder, between them up to 500 first; then the other way.
func NearestFace(n int, face func(i int) (from, to int, italic bool), weight int, italic bool) (best int) {
	distance := func(i int) int {
		const otherWay, otherSlant = 1_000, 10_000
		from, to, slanted := face(i)
		d := 0
		switch {
		case weight > to:
			d = weight - to
			if weight > 500 {
				d += otherWay
			} else if weight >= 400 {
				d += 100 // what is bolder, up to 500, comes first
			}
		case weight < from:
			d = from - weight
			if weight < 400 || weight <= 500 && from > 500 {
				d += otherWay
			}
		}
		if slanted != italic {
			d += otherSlant
		}
		return d
	}
	for i := range n {
		if distance(i) < distance(best) {
			best = i
		}
	}
	return best
}

// CSSFamily is what a family is called in a stylesheet. The name that a customer's
// file gives itself is never copied into one.
func CSSFamily(family string) string {
	if _, ok := FindFamily(family); ok {
		return strconv.Quote(family)
	}
	sum := sha256.Sum256([]byte(family))
	return `"font-` + hex.EncodeToString(sum[:8]) + `"`
}

var shipped, standIns = families(), fallbacks()

func families() []Family {
	const (
		otf, ttf = "/usr/share/fonts/opentype/", "/usr/share/fonts/truetype/"
		ofl      = "OFL-1.1"
		apache   = "Apache-2.0"
		design   = "a family of designs"
		noto     = ttf + "noto/Noto"
	)
	list := []Family{
		{"Inter", "sans-serif", "fonts-inter", ofl, "the default family of designs", italics(otf+"inter/Inter-*.otf", "Thin", "ExtraLight", "Light", "Regular", "Medium", "SemiBold", "Bold", "ExtraBold", "Black")},
		{"Cabin", "sans-serif", "fonts-cabin", ofl, design, italics(otf+"cabin/Cabin-*.otf", "Regular", "Medium", "SemiBold", "Bold")},
		{"Karla", "sans-serif", "fonts-karla", ofl, design, italics(ttf+"karla/Karla-*.otf", "ExtraLight", "Light", "Regular", "Medium", "Bold", "ExtraBold")},
		{"Lato", "sans-serif", "fonts-lato", ofl, design, append(italics(ttf+"lato/Lato-*.ttf", "Hairline", "Light", "Regular", "Medium", "Semibold", "Bold", "Heavy", "Black"),
			Face{ttf + "lato/Lato-Thin.ttf", 200, false}, Face{ttf + "lato/Lato-ThinItalic.ttf", 200, true})},
		{"League Spartan", "sans-serif", "fonts-league-spartan", ofl, design, upright(otf+"league-spartan/LeagueSpartan-*.otf", "ExtraLight", "Light", "Regular", "Medium", "SemiBold", "Bold", "ExtraBold", "Black")},
		{"Manrope", "sans-serif", "fonts-manrope", ofl, design, upright(ttf+"manrope/Manrope-*.ttf", "ExtraLight", "Light", "Regular", "Medium", "SemiBold", "Bold", "ExtraBold")},
		{"Open Sans", "sans-serif", "fonts-open-sans", apache, design, italics(ttf+"open-sans/OpenSans-*.ttf", "Light", "Regular", "Semibold", "Bold", "ExtraBold")},
		{"Quicksand", "sans-serif", "fonts-quicksand", ofl, design, upright(ttf+"quicksand/Quicksand-*.ttf", "Light", "Regular", "Medium", "Bold")},
		{"Roboto", "sans-serif", "fonts-roboto-unhinted", apache, design, italics(ttf+"roboto/unhinted/RobotoTTF/Roboto-*.ttf", "Thin", "Light", "Regular", "Medium", "Bold", "Black")},
		{"Roboto Condensed", "sans-serif", "fonts-roboto-unhinted", apache, design, italics(ttf+"roboto/unhinted/RobotoCondensed-*.ttf", "Light", "Regular", "Medium", "Bold")},

		{"EB Garamond", "serif", "fonts-ebgaramond", ofl, design, []Face{
			{otf + "ebgaramond/EBGaramond12-Regular.otf", 400, false}, {otf + "ebgaramond/EBGaramond12-Italic.otf", 400, true}, {otf + "ebgaramond/EBGaramond12-Bold.otf", 700, false}}},
		{"GFS Didot", "serif", "fonts-gfs-didot", ofl, design, []Face{
			{otf + "didot/GFSDidot.otf", 400, false}, {otf + "didot/GFSDidotItalic.otf", 400, true}, {otf + "didot/GFSDidotBold.otf", 700, false}, {otf + "didot/GFSDidotBoldItalic.otf", 700, true}}},
		{"Noto Serif", "serif", "fonts-noto-core", ofl, design, italics(noto+"Serif-*.ttf", "Regular", "Bold")},
		{"Vollkorn", "serif", "fonts-vollkorn", ofl, design, italics(ttf+"vollkorn/Vollkorn-*.ttf", "Regular", "Medium", "SemiBold", "Bold", "ExtraBold", "Black")},
		{"Roboto Slab", "serif", "fonts-roboto-slab", apache, design, upright(otf+"roboto/slab/RobotoSlab-*.otf", "Thin", "Light", "Regular", "Bold")},

		{"Bebas Neue", "sans-serif", "fonts-bebas-neue", ofl, design, upright(otf+"bebas-neue/BebasNeue-*.otf", "Thin", "Light", "Regular", "Bold")},
		{"Comfortaa", "sans-serif", "fonts-comfortaa", ofl, design, upright(ttf+"comfortaa/Comfortaa-*.ttf", "Light", "Regular", "Bold")},
		{"Lobster", "cursive", "fonts-lobster", ofl, design, []Face{{otf + "lobster/lobster.otf", 400, false}}},
		{"Lobster Two", "cursive", "fonts-lobstertwo", ofl, design, italics(otf+"lobstertwo/LobsterTwo-*.otf", "Regular", "Bold")},
		{"Yanone Kaffeesatz", "sans-serif", "fonts-yanone-kaffeesatz", ofl, design, upright(otf+"yanone-kaffeesatz/YanoneKaffeesatz-*.otf", "ExtraLight", "Light", "Regular", "Medium", "SemiBold", "Bold")},

		{"Dancing Script", "cursive", "fonts-dancingscript", ofl, design, upright(otf+"dancingscript/DancingScript-*.otf", "Regular", "Bold")},
		{"Kaushan Script", "cursive", "fonts-kaushanscript", ofl, design, upright(otf+"kaushanscript/KaushanScript-*.otf", "Regular")},
		{"Leckerli One", "cursive", "fonts-leckerli-one", ofl, design, upright(ttf+"leckerli-one/LeckerliOne-*.ttf", "Regular")},

		{"Fira Code", "monospace", "fonts-firacode", ofl, design, upright(ttf+"firacode/FiraCode-*.ttf", "Light", "Regular", "Medium", "SemiBold", "Bold")},
		{"JetBrains Mono", "monospace", "fonts-jetbrains-mono", apache, design, italics(ttf+"jetbrains-mono/JetBrainsMono-*.ttf", "Thin", "ExtraLight", "Light", "Regular", "Medium", "SemiBold", "Bold", "ExtraBold")},
		{"Noto Sans Mono", "monospace", "fonts-noto-mono", ofl, design, upright(noto+"SansMono-*.ttf", "Regular", "Bold")},

		{"Noto Sans", "sans-serif", "fonts-noto-core", ofl, "Latin, Greek and Cyrillic letters that other families lack", italics(noto+"Sans-*.ttf", "Regular", "Bold")},
	}
	for _, script := range scripts() {
		list = append(list, Family{"Noto Sans " + script, "sans-serif", "fonts-noto-core", ofl, script + " letters", upright(noto+"Sans"+script+"-*.ttf", "Regular", "Bold")})
	}
	return append(list,
		Family{"Noto Serif Tibetan", "serif", "fonts-noto-core", ofl, "Tibetan letters", upright(noto+"SerifTibetan-*.ttf", "Regular", "Bold")},
		Family{"Noto Sans CJK SC", "sans-serif", "fonts-noto-cjk", ofl, "Chinese, Japanese and Korean characters", upright(otf+"noto/NotoSansCJK-*.ttc", "Regular", "Bold")},
		Family{"Noto Color Emoji", "sans-serif", "fonts-noto-color-emoji", ofl, "emoji and flags in colour", []Face{{noto + "ColorEmoji.ttf", 400, false}}},
		Family{"Noto Sans Symbols", "sans-serif", "fonts-noto-core", ofl, "arrows, signs and symbols", upright(noto+"SansSymbols-*.ttf", "Regular", "Bold")},
		Family{"Noto Sans Symbols2", "sans-serif", "fonts-noto-core", ofl, "arrows, signs and symbols", upright(noto+"SansSymbols2-*.ttf", "Regular")},
		Family{"Noto Sans Math", "sans-serif", "fonts-noto-core", ofl, "mathematical letters and signs", upright(noto+"SansMath-*.ttf", "Regular")},
	)
}

// fallbacks are Noto Sans and all families after it.
func fallbacks() []Family {
	i := slices.IndexFunc(shipped, func(f Family) bool { return f.Name == "Noto Sans" })
	return shipped[i:]
}

// scripts are those with a family of their own in fonts-noto-core, in the order in which they stand in.
func scripts() []string {
	return []string{"Arabic", "Hebrew", "Devanagari", "Thai", "Bengali", "Gujarati", "Gurmukhi", "Kannada", "Malayalam", "Oriya", "Sinhala", "Tamil", "Telugu",
		"Khmer", "Lao", "Myanmar", "Georgian", "Armenian", "Ethiopic"}
}

// upright are the files of a family; * stands for the style's name.
func upright(files string, styles ...string) (faces []Face) {
	for _, style := range styles {
		faces = append(faces, Face{strings.Replace(files, "*", style, 1), styleWeight(style), false})
	}
	return faces
}

// italics are a family's upright files and, of each style, the italic.
func italics(files string, styles ...string) (faces []Face) {
	for _, style := range styles {
		slanted := strings.TrimPrefix(style, "Regular") + "Italic"
		faces = append(append(faces, upright(files, style)...), Face{strings.Replace(files, "*", slanted, 1), styleWeight(style), true})
	}
	return faces
}

// styleWeight is the weight that a style's name means.
func styleWeight(style string) int {
	return map[string]int{"Hairline": 100, "Thin": 100, "ExtraLight": 200, "Light": 300, "Regular": 400, "Medium": 500,
		"SemiBold": 600, "Semibold": 600, "Bold": 700, "ExtraBold": 800, "Heavy": 800, "Black": 900}[style]
}
