package screenshots

import (
	_ "embed"
	"encoding/xml"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"text/template"
)

// Font is a file that pages may draw with.
type Font struct {
	File   string // absolute
	Family string // the name pages know it by; "" is what the file says, of its weight and slant, too
	Weight int    // 100 to 900
	Italic bool
}

// FontFile is where the pool has a font that lies at file in the system.
func (p *Pool) FontFile(file string) string { return p.place.font(file) }

//go:embed fonts.conf
var fontsConf string

// writeFontconfig writes a configuration with exactly these fonts and returns its
// path. The machine's own would change pixels even of pages that bring their fonts.
func writeFontconfig(f *folder, fonts []Font) (string, error) {
	dir, err := f.sub("fonts-")
	if err != nil {
		return "", fmt.Errorf("preparing the fonts: %w", err)
	}
	page := struct {
		Dir   string
		Named []Font
	}{Dir: dir}
	for i, font := range fonts {
		if err := open(font.File, f.account); err != nil {
			return "", fmt.Errorf("a font cannot be read, run `app setup`: %w", err)
		}
		// The number keeps the order, which decides between equals, and the names apart.
		link := filepath.Join(dir, fmt.Sprintf("%03d-%s", i, filepath.Base(font.File)))
		if err := os.Symlink(font.File, link); err != nil {
			return "", fmt.Errorf("preparing the fonts: %w", err)
		}
		if font.Family != "" {
			page.Named = append(page.Named, Font{link, font.Family, font.Weight, font.Italic})
		}
	}
	var conf strings.Builder
	t, err := template.New("fonts.conf").Funcs(template.FuncMap{"xml": escape, "weight": fontconfigWeight}).Parse(fontsConf)
	if err == nil {
		err = t.Execute(&conf, page)
	}
	path := filepath.Join(dir, "fonts.conf")
	if err == nil {
		err = os.WriteFile(path, []byte(conf.String()), 0o644)
	}
	if err != nil {
		return "", fmt.Errorf("preparing the fonts: %w", err)
	}
	return path, nil
}

// fontconfigWeight is the name that fontconfig's own scale has for a weight.
func fontconfigWeight(css int) string {
	names := []string{"thin", "extralight", "light", "regular", "medium", "semibold", "bold", "extrabold", "black"}
	return names[min(max(css/100, 1), 9)-1]
}

func escape(s string) (string, error) {
	var b strings.Builder
	err := xml.EscapeText(&b, []byte(s))
	return b.String(), err
}
