package http

import (
	"math"
	"net/http"
	"strconv"

	"majestic/app"
	"majestic/http/views"
)

// historyPage is how many versions are shown at once. Each is drawn, unless it has
// so many elements that a dozen of it would be slow to load.
const (
	historyPage = 12
	smallEnough = 200
)

// showHistory shows the versions of a design, each as it was.
func (s *Server) showHistory(w http.ResponseWriter, r *http.Request, v visit) error {
	d, err := v.Design(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	past, err := v.History(r.Context(), d.ID, app.PageRequest{Limit: historyPage, After: r.URL.Query().Get("after")})
	if err != nil {
		return err
	}
	samples, err := v.Samples(r.Context(), d.ID)
	if err != nil {
		return err
	}
	page := views.HistoryPage{Design: d, Images: s.images(v)}
	for _, p := range past.Data {
		then := drawnThen(p, samples)
		if len(then.Pages) > 0 && len(then.Pages[0].Elements) <= smallEnough {
			then.Pages = then.Pages[:1]
		} else {
			then.Pages = nil
		}
		page.Past = append(page.Past, then)
	}
	if past.Next != nil {
		page.Next = *past.Next
	}
	return show(w, r, http.StatusOK, views.History(s.easelFor(v, "History of "+d.Name), page))
}

// showPast shows an earlier version beside the newest.
func (s *Server) showPast(w http.ResponseWriter, r *http.Request, v visit) error {
	return s.past(w, r, v, http.StatusOK, "")
}

// postRestore saves an earlier version over the newest, which the form names.
func (s *Server) postRestore(w http.ResponseWriter, r *http.Request, v visit) error {
	version, err := versionIn(r)
	if err != nil {
		return err
	}
	if err := s.readForm(w, r); err != nil {
		return err
	}
	seen, _ := strconv.Atoi(r.PostForm.Get("seen"))
	_, err = v.RestoreVersion(r.Context(), r.PathValue("id"), version, seen)
	return s.backToHistory(w, r, v, err)
}

// postPublish publishes the version that the form names, or no version by name.
func (s *Server) postPublish(w http.ResponseWriter, r *http.Request, v visit) error {
	if err := s.readForm(w, r); err != nil {
		return err
	}
	var version *int
	if text := r.PostForm.Get("version"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil {
			return invalid(app.Field{Field: "version", Message: "must be the number of a version"})
		}
		version = &n
	}
	_, err := v.PublishDesign(r.Context(), nil, r.PathValue("id"), version, nil)
	if err != nil {
		return err
	}
	return s.backToHistory(w, r, v, nil)
}

// backToHistory shows it with what has become of it, or says beside the two drawings why nothing was saved.
func (s *Server) backToHistory(w http.ResponseWriter, r *http.Request, v visit, err error) error {
	if refused(r, err) || app.KindOf(err) == app.Stale && !wantsProblem(r) {
		said := s.note(w, r, err)
		return s.past(w, r, v, said.status, sentence(said.text()))
	}
	if err != nil {
		return err
	}
	return seeOther(w, views.Workspace(v.here.Slug, "designs", r.PathValue("id"), "history"))
}

func (s *Server) past(w http.ResponseWriter, r *http.Request, v visit, status int, message string) error {
	version, err := versionIn(r)
	if err != nil {
		return err
	}
	d, err := v.Design(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	then, err := v.PastDesign(r.Context(), d.ID, version)
	if err != nil {
		return err
	}
	samples, err := v.Samples(r.Context(), d.ID)
	if err != nil {
		return err
	}
	now, _ := samples.Preview(d.Document)
	return show(w, r, status, views.Past(s.easelFor(v, d.Name+", version "+strconv.Itoa(version)), views.PastPage{
		Design: d, Now: now.Pages, Then: drawnThen(then, samples), Images: s.images(v), Message: message,
	}))
}

func drawnThen(p app.PastDesign, s app.Samples) views.DrawnVersion {
	drawn, _ := s.Preview(p.Document)
	return views.DrawnVersion{DesignVersion: p.DesignVersion, Pages: drawn.Pages}
}

// versionIn reads the version in the path; one that cannot be is not there.
func versionIn(r *http.Request) (int, error) {
	version, err := strconv.Atoi(r.PathValue("version"))
	if err != nil || version < 1 || version > math.MaxInt32 {
		return 0, app.Errorf(app.NotFound, "there is no such version here")
	}
	return version, nil
}
