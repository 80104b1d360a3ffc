package http

import (
	"net/http"
	"strconv"
	"time"

	"majestic/app"
	"majestic/http/views"
)

func (s *Server) showKeys(w http.ResponseWriter, r *http.Request, v visit) error {
	return s.keys(w, r, v, http.StatusOK, views.KeysPage{Scope: app.ReadScope})
}

// createKey shows the key in its own answer: nowhere else is it ever to be read.
func (s *Server) createKey(w http.ResponseWriter, r *http.Request, v visit) error {
	if err := s.readForm(w, r); err != nil {
		return err
	}
	page := views.KeysPage{Name: r.PostForm.Get("name"), Scope: r.PostForm.Get("scope"), Days: r.PostForm.Get("days")}
	expires, err := expiry(page.Days)
	key := ""
	if err == nil {
		key, err = v.CreateAPIKey(r.Context(), page.Name, page.Scope, expires)
	}
	if refused(r, err) {
		said := s.note(w, r, err)
		page.Faults = byField(said.fields)
		return s.keys(w, r, v, said.status, page)
	}
	if err != nil {
		return err
	}
	w.Header().Set("Cache-Control", "no-store")
	return s.keys(w, r, v, http.StatusCreated, views.KeysPage{Scope: app.ReadScope, Made: key})
}

func (s *Server) revokeKey(w http.ResponseWriter, r *http.Request, v visit) error {
	if err := v.RevokeAPIKey(r.Context(), r.PathValue("id")); err != nil {
		return err
	}
	return seeOther(w, views.Workspace(v.here.Slug, "keys"))
}

func (s *Server) keys(w http.ResponseWriter, r *http.Request, v visit, status int, page views.KeysPage) (err error) {
	if page.Keys, err = v.APIKeys(r.Context()); err != nil {
		return err
	}
	return show(w, r, status, views.Keys(s.shellFor(v, "API keys"), page))
}

// expiry is when a key ends that is good for so many days, nil when it does not.
func expiry(days string) (*time.Time, error) {
	if days == "" {
		return nil, nil
	}
	n, err := strconv.Atoi(days)
	if err != nil || n < 1 || n > 3650 {
		return nil, invalid(app.Field{Field: "days", Message: "must be from 1 to 3650, or empty"})
	}
	at := time.Now().AddDate(0, 0, n)
	return &at, nil
}
