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
)

// forever is for what is served under a name that changes with it.
const forever = "public, max-age=31536000, immutable"

// fonts are the font files of the renderer for people's browsers, so that a
// design looks the same in both, and the stylesheet that names them.
type fonts struct {
	files map[string]string // path on disk, by name in the address
	css   string
	sheet string // the stylesheet's address
}

// newFonts names each file after its size and time: to hash the bytes of all
// would cost a second of every start. One that is missing is not served.
func newFonts() fonts {
	f := fonts{files: map[string]string{}}
	f.css = canvas.FontFaces(func(file string) string {
		mark := file
		if info, err := os.Stat(file); err == nil {
			mark = fmt.Sprint(file, info.Size(), info.ModTime().UnixNano())
		}
		name := short(mark) + "-" + path.Base(file)
		f.files[name] = file
		return "/fonts/" + name
	})
	f.sheet = "/fonts/" + short(f.css) + ".css"
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
		http.ServeContent(w, r, "", time.Time{}, strings.NewReader(s.fonts.css))
		return nil
	}
	if path.Ext(r.URL.Path) == ".css" {
		// A page of another release asks: it gets what we have, and asks again.
		w.Header().Set("Content-Type", "text/css; charset=utf-8")
		w.Header().Set("Cache-Control", "no-store")
		http.ServeContent(w, r, "", time.Time{}, strings.NewReader(s.fonts.css))
		return nil
	}
	file, err := os.Open(s.fonts.files[r.PathValue("file")])
	if err != nil {
		return &app.Error{Kind: app.NotFound, Message: "there is no such font here; install the fonts with: app setup", Err: err}
	}
	defer file.Close()
	w.Header().Set("Content-Type", "font/"+strings.TrimPrefix(path.Ext(file.Name()), "."))
	w.Header().Set("Cache-Control", forever)
	http.ServeContent(w, r, "", time.Time{}, file)
	return nil
}

func short(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:4])
}
