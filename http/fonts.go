package http

import (
	"crypto/sha256"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"majestic/app"
	"majestic/app/canvas"
	"majestic/http/views"
)

// listFamilies answers with what every installation has; it fits into one page.
func (s *Server) listFamilies(w http.ResponseWriter, r *http.Request, _ app.Tenant) error {
	return writeJSON(w, http.StatusOK, app.List[app.Family]{Data: app.Families()})
}

func (s *Server) listFonts(w http.ResponseWriter, r *http.Request, t app.Tenant) error {
	page, err := pageOf(r)
	if err != nil {
		return err
	}
	fonts, err := t.Fonts(r.Context(), page)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, fonts)
}

func (s *Server) createFont(w http.ResponseWriter, r *http.Request, t app.Tenant) error {
	name, data, err := readUpload(w, r)
	if err != nil {
		return err
	}
	sum := sha256.Sum256(data)
	once, err := onceOf(r, append(sum[:], name...))
	if err != nil {
		return err
	}
	f, err := t.CreateFont(r.Context(), once, name, data)
	if err != nil {
		return err
	}
	sayReplayed(w, once)
	w.Header().Set("Location", s.o.BaseURL+"/api/v1/fonts/"+f.ID)
	return writeJSON(w, http.StatusCreated, f)
}

func (s *Server) getFont(w http.ResponseWriter, r *http.Request, t app.Tenant) error {
	f, err := t.Font(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, f)
}

func (s *Server) deleteFont(w http.ResponseWriter, r *http.Request, t app.Tenant) error {
	if err := t.DeleteFont(r.Context(), r.PathValue("id")); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (s *Server) getFontFile(w http.ResponseWriter, r *http.Request, t app.Tenant) error {
	f, content, err := t.OpenFont(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	defer content.Close()
	return serveFile(w, r, file{content: content, name: f.Name, mediaType: "font/" + f.Format, sha256: f.SHA256, made: f.CreatedAt})
}

func (s *Server) showFontFile(w http.ResponseWriter, r *http.Request, v visit) error {
	return s.getFontFile(w, r, v.Tenant)
}

func (s *Server) showFonts(w http.ResponseWriter, r *http.Request, v visit) error {
	return s.fontsPage(w, r, v, http.StatusOK, "")
}

func (s *Server) postFont(w http.ResponseWriter, r *http.Request, v visit) error {
	name, data, err := readUpload(w, r)
	if err == nil {
		_, err = v.CreateFont(r.Context(), nil, name, data)
	}
	return s.backToFonts(w, r, v, err)
}

func (s *Server) postFontDelete(w http.ResponseWriter, r *http.Request, v visit) error {
	return s.backToFonts(w, r, v, v.DeleteFont(r.Context(), r.PathValue("id")))
}

// backToFonts shows the page again, with what is wrong when that is the person's to mend.
func (s *Server) backToFonts(w http.ResponseWriter, r *http.Request, v visit, err error) error {
	if err == nil {
		return seeOther(w, views.Workspace(v.here.Slug, "fonts"))
	}
	var e *app.Error
	if mine := []app.Kind{app.Malformed, app.Invalid, app.Conflict, app.TooLarge}; !errors.As(err, &e) || !slices.Contains(mine, e.Kind) || wantsProblem(r) {
		return err
	}
	entryOf(r).err = err
	return s.fontsPage(w, r, v, statusOf(err), sentence(e.Message))
}

func (s *Server) fontsPage(w http.ResponseWriter, r *http.Request, v visit, status int, message string) error {
	own, err := v.FontFaces(r.Context())
	if err != nil {
		return err
	}
	return show(w, r, status, views.Fonts(s.easelFor(v, "Fonts"), views.FontsPage{Own: own, Edits: v.edits(), Query: r.URL.Query().Get("q"), Message: message}))
}

// showFontSheet names a workspace's fonts to the browser, which loads those that
// the page is written in. It is asked for anew with each page: a font may have come.
func (s *Server) showFontSheet(w http.ResponseWriter, r *http.Request, v visit) error {
	fonts, err := v.FontFaces(r.Context())
	if err != nil {
		return err
	}
	css := canvas.UploadedFaces(fonts, func(f app.Font) string { return views.Workspace(v.here.Slug, "fonts", f.ID) })
	h := w.Header()
	h.Set("Content-Type", "text/css; charset=utf-8")
	h.Set("Cache-Control", "private, no-cache")
	h.Set("ETag", `"`+short(css)+`"`)
	http.ServeContent(w, r, "", time.Time{}, strings.NewReader(css))
	return nil
}
