package canvas

import (
	"fmt"
	"path"
	"strings"

	"majestic/app"
)

// FontFaces is the stylesheet that gives a person's browser the families of the
// renderer. It asks for the address of a font file, and, of those that stand in
// for others, for the characters they draw: the browser loads none for nothing.
func FontFaces(url func(app.Family, app.Face) string, characters func(app.Family, app.Face) string) string {
	var b strings.Builder
	standsIn := map[string]bool{}
	for _, family := range app.Fallbacks() {
		standsIn[family.Name] = true
	}
	for _, family := range app.Families() {
		for _, face := range family.Faces {
			r := rule{family: family.Name, from: face.Weight, to: face.Weight, italic: face.Italic, url: url(family, face), format: strings.TrimPrefix(path.Ext(face.File), ".")}
			if standsIn[family.Name] {
				r.characters = characters(family, face)
			}
			r.write(&b)
		}
	}
	return b.String()
}

// UploadedFaces is the stylesheet of a tenant's own fonts.
func UploadedFaces(fonts []app.Font, url func(app.Font) string) string {
	var b strings.Builder
	for _, f := range fonts {
		rule{family: f.Family, from: f.Weight, to: f.MaxWeight, italic: f.Italic, url: url(f), format: f.Format}.write(&b)
	}
	return b.String()
}

// rule is an @font-face.
type rule struct {
	family      string
	from, to    int
	italic      bool
	url, format string
	characters  string
}

func (r rule) write(b *strings.Builder) {
	format := map[string]string{"otf": "opentype", "ttc": "opentype", "ttf": "truetype", "woff2": "woff2"}[r.format]
	fmt.Fprintf(b, "@font-face{font-family:%s;font-weight:%d", app.CSSFamily(r.family), r.from)
	if r.to > r.from {
		fmt.Fprintf(b, " %d", r.to)
	}
	if r.italic {
		b.WriteString(";font-style:italic")
	}
	if r.characters != "" {
		b.WriteString(";unicode-range:" + r.characters)
	}
	fmt.Fprintf(b, ";font-display:block;src:url(%q) format(%q)}\n", r.url, format)
}

// stack is the font-family of a text: its own, then what stands in for the
// characters that it lacks. The page holds that list once for all of them.
func stack(family string) string {
	generic := "sans-serif"
	if f, ok := app.FindFamily(family); ok {
		generic = f.Generic
	}
	return app.CSSFamily(family) + ",var(--fallback)," + generic
}

func fallback() string {
	var names []string
	for _, f := range app.Fallbacks() {
		names = append(names, app.CSSFamily(f.Name))
	}
	return strings.Join(names, ",")
}

// weight is one that the family has, the nearest: browsers and the renderer's
// fonts would not always agree on which that is.
func weight(e app.Element) int {
	if f, ok := app.FindFamily(e.Font); ok {
		return f.Face(e.Weight, e.Italic).Weight
	}
	return e.Weight
}
