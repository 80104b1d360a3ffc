package http

import (
	"fmt"
	"mime"
	"net/http"

	"majestic/app"
)

func (s *Server) getArchive(w http.ResponseWriter, r *http.Request, t app.Tenant) error {
	a, err := t.Archive(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "application/zip")
	h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": a.Batch.DesignName + ".zip"}))
	if r.Method == http.MethodHead {
		return nil
	}
	if err := a.Write(r.Context(), w); err != nil {
		// Nobody shall take half of it for the whole.
		panic(fmt.Errorf("%w: %w", err, http.ErrAbortHandler))
	}
	return nil
}

func (s *Server) showArchive(w http.ResponseWriter, r *http.Request, v visit) error {
	return s.getArchive(w, r, v.Tenant)
}
