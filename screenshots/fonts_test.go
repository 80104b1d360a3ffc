package screenshots

import (
	"bytes"
	"os"
	"strings"
	"testing"
)

// Debian's lobster.otf calls itself Lobster Two, Bold Italic.
func TestAFontByAnotherName(t *testing.T) {
	p := startPool(t, Options{Tabs: 1})
	file, err := os.ReadFile(lobster)
	if err != nil {
		t.Fatal(err)
	}
	s := Shot{Width: 400, Height: 80, Scale: 2, Format: PNG, HTML: `<!doctype html>
		<style>@font-face { font-family: Brought; src: url(data:font/otf;base64,` + base64String(file) + `) }
		p { margin: 0; font: 400 48px FAMILY, monospace }</style><p>Quick rabbit`}
	drawn := func(family string) []byte {
		s := s
		s.HTML = strings.Replace(s.HTML, "FAMILY", family, 1)
		return capture(t, p, s)
	}
	if !bytes.Equal(drawn("Lobster"), drawn("Brought")) {
		t.Error("Lobster by its name is not the file's own drawing: it is another font, or one slanted or thickened")
	}
	if bytes.Equal(drawn("Lobster"), drawn("Inter")) || !bytes.Equal(drawn(`"Lobster Two"`), drawn("Nowhere")) {
		t.Error("Lobster is not told from other fonts")
	}
}
