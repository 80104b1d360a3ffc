package screenshots

import (
	"bytes"
	"fmt"
	"os"
	"testing"
)

// Debian's lobster.otf calls itself Lobster Two, Bold Italic; the regular League
// Spartan says that it is nearer to light.
func testAFontByAnotherName(t *testing.T, p *Pool) {
	drawn := func(style, face string) []byte {
		return capture(t, p, Shot{Width: 400, Height: 80, Scale: 2, Format: PNG, HTML: `<!doctype html>
			<style>` + face + `p { margin: 0; font: ` + style + `, monospace; font-synthesis: none }</style><p>Quick rabbit`})
	}
	for style, path := range map[string]string{
		"400 48px Lobster":          lobster,
		`400 48px "League Spartan"`: spartan + "Regular.otf",
		`500 48px "League Spartan"`: spartan + "Medium.otf",
		"400 48px Pair":             lobster,
		"italic 400 48px Pair":      spartan + "Regular.otf",
	} {
		file, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		brought := fmt.Sprintf(`@font-face { font-family: Brought; src: url(data:font/otf;base64,%s) }`, base64String(file))
		if !bytes.Equal(drawn(style, ""), drawn("400 48px Brought", brought)) {
			t.Errorf("%s is not the file's own drawing: it is another font, or one slanted or thickened", style)
		}
	}
	if bytes.Equal(drawn("400 48px Lobster", ""), drawn("400 48px Inter", "")) || !bytes.Equal(drawn(`400 48px "Lobster Two"`, ""), drawn("400 48px Nowhere", "")) {
		t.Error("Lobster is not told from other fonts")
	}
}
