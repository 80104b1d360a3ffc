package http

import (
	"bytes"
	"fmt"
	"net/http"
	"net/url"
	"strconv"

	"github.com/a-h/templ"

	"majestic/app"
	"majestic/app/canvas"
	"majestic/http/views"
)

func (s *Server) toGallery(w http.ResponseWriter, r *http.Request, v visit) error {
	return seeOther(w, views.Workspace(v.here.Slug))
}

func (s *Server) showGallery(w http.ResponseWriter, r *http.Request, v visit) error {
	designs, err := v.Designs(r.Context(), app.PageRequest{Limit: 24, After: r.URL.Query().Get("after")})
	if err != nil {
		return err
	}
	latest, err := v.LatestVariables(r.Context(), designs.Data)
	if err != nil {
		return err
	}
	var all []views.Thumbnail
	for _, d := range designs.Data {
		pages, err := draw(d.Document, latest[d.ID])
		if err != nil { // the design has changed since then
			pages, _ = draw(d.Document, nil)
		}
		all = append(all, views.Thumbnail{Design: d, Pages: pages})
	}
	next := ""
	if designs.Next != nil {
		next = *designs.Next
	}
	return show(w, r, http.StatusOK, views.Gallery(s.shellFor(v, v.here.Name), all, next, s.images(v)))
}

// show writes a page, or nothing when it cannot be written whole.
func show(w http.ResponseWriter, r *http.Request, status int, page templ.Component) error {
	var b bytes.Buffer
	if err := page.Render(r.Context(), &b); err != nil {
		return fmt.Errorf("write the page: %w", err)
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Length", strconv.Itoa(b.Len()))
	if h.Get("Cache-Control") == "" {
		h.Set("Cache-Control", "no-store")
	}
	w.WriteHeader(status)
	w.Write(b.Bytes())
	return nil
}

// noImage stands for the picture that a variable would bring.
const noImage = "none"

// draw resolves a document with values, or with readable ones where there are none.
func draw(doc app.Document, values map[string]string) ([]app.Page, error) {
	all := map[string]string{}
	for _, in := range doc.Inputs() {
		all[in.Name] = in.Value
		if v, ok := values[in.Name]; ok {
			all[in.Name] = v
		}
		if in.Type == app.Image && all[in.Name] == "" {
			all[in.Name] = noImage
		}
	}
	resolved, err := doc.Resolve(all)
	return resolved.Pages, err
}

// images are the addresses of a workspace's assets. What is elsewhere comes by us,
// so that nobody's browser tells other people's servers what it looks at.
func (s *Server) images(v visit) canvas.Images {
	return func(asset string) string {
		if asset == noImage {
			return s.o.Static.Path("placeholder.svg")
		}
		if app.IsAddress(asset) {
			return views.Workspace(v.here.Slug, "fetched") + "?address=" + url.QueryEscape(asset)
		}
		return views.Workspace(v.here.Slug, "assets", asset)
	}
}
