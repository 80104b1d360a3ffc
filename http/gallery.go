package http

import (
	"net/http"

	"majestic/app"
	"majestic/http/views"
)

// galleryPage is how many designs the gallery shows at once: their pictures are small,
// and come when they are looked at.
const galleryPage = 96

func (s *Server) toGallery(w http.ResponseWriter, r *http.Request, v visit) error {
	return seeOther(w, views.Workspace(v.here.Slug))
}

func (s *Server) showGallery(w http.ResponseWriter, r *http.Request, v visit) error {
	return s.gallery(w, r, v, http.StatusOK, "")
}

func (s *Server) postName(w http.ResponseWriter, r *http.Request, v visit) error {
	if err := s.readForm(w, r); err != nil {
		return err
	}
	_, err := v.RenameDesign(r.Context(), r.PathValue("id"), r.PostForm.Get("name"))
	return s.backToGallery(w, r, v, "renamed", err)
}

func (s *Server) postDuplicate(w http.ResponseWriter, r *http.Request, v visit) error {
	_, err := v.DuplicateDesign(r.Context(), r.PathValue("id"))
	return s.backToGallery(w, r, v, "duplicated", err)
}

func (s *Server) postArchive(w http.ResponseWriter, r *http.Request, v visit) error {
	return s.backToGallery(w, r, v, "archived", v.ArchiveDesign(r.Context(), r.PathValue("id")))
}

func (s *Server) postUnarchive(w http.ResponseWriter, r *http.Request, v visit) error {
	return s.backToGallery(w, r, v, "unarchived", v.UnarchiveDesign(r.Context(), r.PathValue("id")))
}

// backToGallery shows it again, with what was done, or why it was not.
func (s *Server) backToGallery(w http.ResponseWriter, r *http.Request, v visit, done string, err error) error {
	if refused(r, err) {
		said := s.note(w, r, err)
		return s.gallery(w, r, v, said.status, sentence(said.text()))
	}
	if err != nil {
		return err
	}
	return seeOther(w, views.Workspace(v.here.Slug)+"?done="+done)
}

func (s *Server) gallery(w http.ResponseWriter, r *http.Request, v visit, status int, message string) error {
	q := r.URL.Query()
	f := app.DesignFilter{Name: q.Get("q"), Archived: q.Get("archived") == "true", ByName: q.Get("sort") == "name"}
	designs, err := v.Thumbnails(r.Context(), f, app.PageRequest{Limit: galleryPage, After: q.Get("after")})
	if err != nil {
		return err
	}
	page := views.GalleryPage{Designs: designs.Data, Filter: f, After: q.Get("after"), Done: q.Get("done"), Message: message}
	if designs.Next != nil {
		page.Next = *designs.Next
	}
	return show(w, r, status, views.Gallery(s.shellFor(v, v.here.Name), page))
}
