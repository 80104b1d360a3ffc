package http

import (
	"bytes"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"strconv"

	"github.com/a-h/templ"

	"majestic/app"
	"majestic/app/canvas"
	"majestic/http/views"
)

// showThumbnail shows the picture of a version. Its address holds the hash of the
// file, so that what a browser has kept is never stale. One that is gone leads to the
// present one: a gallery that has been open for long asks for it only now.
func (s *Server) showThumbnail(w http.ResponseWriter, r *http.Request, v visit) error {
	version, err := strconv.Atoi(r.PathValue("version"))
	if err != nil || version < 1 || version > math.MaxInt32 {
		return app.Errorf(app.NotFound, "there is no such thumbnail here")
	}
	made, f, err := v.OpenThumbnail(r.Context(), r.PathValue("id"), version)
	if app.KindOf(err) == app.NotFound {
		latest, err := v.LatestThumbnail(r.Context(), r.PathValue("id"), version)
		if err != nil {
			return err
		}
		return seeOther(w, views.Picture(v.here.Slug, latest.DesignID, latest.Version, *latest.SHA256))
	}
	if err != nil {
		return err
	}
	defer f.Close()
	return serveFile(w, r, file{content: f, name: "thumbnail." + made.Format, mediaType: mediaType(made.Format), sha256: *made.SHA256, made: *made.FinishedAt, keep: year})
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

// images are the addresses of a workspace's assets. What is elsewhere comes by us,
// so that nobody's browser tells other people's servers what it looks at.
func (s *Server) images(v visit) canvas.Images {
	return func(asset string) string {
		if app.IsAddress(asset) {
			return views.Workspace(v.here.Slug, "fetched") + "?address=" + url.QueryEscape(asset)
		}
		return views.Workspace(v.here.Slug, "assets", asset)
	}
}
