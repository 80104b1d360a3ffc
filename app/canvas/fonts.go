package canvas

import (
	"fmt"
	"path"
	"strings"

	"majestic/app"
)

// FontFaces is the stylesheet that gives a person's browser the families of the
// renderer; url is the address of a font file. Collections (.ttc) cannot be
// sent, so these come from the person's machine or not at all.
func FontFaces(url func(file string) string) string {
	var b strings.Builder
	for _, font := range app.Fonts() {
		for _, face := range font.Faces {
			slant, source := "normal", ""
			if face.Italic {
				slant = "italic"
			}
			switch path.Ext(face.File) {
			case ".ttc":
				source = fmt.Sprintf("local(%q)", font.Family)
			case ".otf":
				source = fmt.Sprintf("url(%q) format(\"opentype\")", url(face.File))
			default:
				source = fmt.Sprintf("url(%q) format(\"truetype\")", url(face.File))
			}
			fmt.Fprintf(&b, "@font-face{font-family:%q;font-weight:%d;font-style:%s;font-display:block;src:%s}\n", font.Family, face.Weight, slant, source)
		}
	}
	return b.String()
}
