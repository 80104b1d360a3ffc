package http

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"os"
	"path"
	"strings"
	"time"

	"majestic/app"
	"majestic/app/canvas"
	"majestic/app/sfnt"
	"majestic/static"
)

// forever is for what is served under a name that changes with it.
const forever = "public, max-age=31536000, immutable"

// fonts are the font files of the renderer for people's browsers, so that a
// design looks the same in both, and the stylesheet that names them.
type fonts struct {
	files map[string]fontFile // by name in the address
	css   *static.Text
	sheet string // the stylesheet's address
}

// fontFile is a file, and the font that is meant where it holds several.
type fontFile struct{ path, family string }

// newFonts names each file after its size and time: to hash the bytes of all
// would cost a second of every start. One that is missing is not served.
func newFonts(place func(file string) string) fonts {
	f := fonts{files: map[string]fontFile{}}
	css := canvas.FontFaces(func(family app.Family, face app.Face) string {
		file := place(face.File)
		mark := family.Name + face.File
		if info, err := os.Stat(file); err == nil {
			mark = fmt.Sprint(mark, info.Size(), info.ModTime().UnixNano())
		}
		name := short(mark) + "-" + path.Base(face.File)
		f.files[name] = fontFile{file, family.Name}
		return "/fonts/" + name
	}, func(family app.Family, face app.Face) string {
		const gap = 256 // keeps the sheet short
		characters, _ := sfnt.ReadCoverage(place(face.File), family.Name)
		return characters.CSS(gap)
	})
	f.css = static.NewText(css)
	f.sheet = "/fonts/" + short(css) + ".css"
	return f
}

func (s *Server) showStatic(w http.ResponseWriter, r *http.Request) error {
	if !s.o.Static.Has(r.Context(), r.URL.Path) {
		return app.Errorf(app.NotFound, "there is nothing at %s; load the page again", r.URL.Path)
	}
	s.o.Static.ServeHTTP(w, r)
	return nil
}

func (s *Server) showFont(w http.ResponseWriter, r *http.Request) error {
	if r.URL.Path == s.fonts.sheet {
		w.Header().Set("Content-Type", "text/css; charset=utf-8")
		w.Header().Set("Cache-Control", forever)
		s.fonts.css.ServeHTTP(w, r)
		return nil
	}
	if path.Ext(r.URL.Path) == ".css" {
		// A page of another release asks: it gets what we have, and asks again.
		w.Header().Set("Content-Type", "text/css; charset=utf-8")
		w.Header().Set("Cache-Control", "no-store")
		s.fonts.css.ServeHTTP(w, r)
		return nil
	}
	font := s.fonts.files[r.PathValue("file")]
	file, err := os.Open(font.path)
	if err != nil {
		return &app.Error{Kind: app.NotFound, Message: "there is no such font here; install the fonts with: app setup", Err: err}
	}
	defer file.Close()
	alone, err := sfnt.Member(file, font.family)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "font/"+strings.TrimPrefix(strings.Replace(path.Ext(font.path), ".ttc", ".otf", 1), "."))
	w.Header().Set("Cache-Control", forever)
	http.ServeContent(w, r, "", time.Time{}, alone)
	return nil
}

func short(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:4])
}
