package http

import (
	"net/http"
	"strconv"
	"time"

	"majestic/app"
	"majestic/http/views"
)

// keyBody is a key as it is asked for.
type keyBody struct {
	Name      string  `json:"name"`
	Scope     string  `json:"scope"`
	ExpiresAt *string `json:"expires_at"`
}

func (s *Server) listKeys(w http.ResponseWriter, r *http.Request, t app.Tenant) error {
	page, err := pageOf(r)
	if err != nil {
		return err
	}
	keys, err := t.APIKeyPage(r.Context(), page)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, keys)
}

func (s *Server) createKey(w http.ResponseWriter, r *http.Request, t app.Tenant) error {
	var in keyBody
	body, err := readJSON(w, r, maxBody, &in)
	if err != nil {
		return err
	}
	once, err := onceOf(r, body)
	if err != nil {
		return err
	}
	expires, err := in.expiry()
	if err != nil {
		return err
	}
	made, err := t.CreateAPIKeyOnce(r.Context(), once, in.Name, in.Scope, expires)
	if err != nil {
		return err
	}
	sayReplayed(w, once)
	w.Header().Set("Cache-Control", "no-store")
	return writeJSON(w, http.StatusCreated, made)
}

func (s *Server) revokeKey(w http.ResponseWriter, r *http.Request, t app.Tenant) error {
	if err := t.RevokeAPIKey(r.Context(), r.PathValue("id")); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (s *Server) showKeys(w http.ResponseWriter, r *http.Request, v visit) error {
	return s.keys(w, r, v, http.StatusOK, views.KeysPage{Scope: app.ReadScope})
}

// postKey shows the key in its own answer: nowhere else is it ever to be read.
func (s *Server) postKey(w http.ResponseWriter, r *http.Request, v visit) error {
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

func (s *Server) postRevoke(w http.ResponseWriter, r *http.Request, v visit) error {
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

func (in keyBody) expiry() (*time.Time, error) {
	if in.ExpiresAt == nil {
		return nil, nil
	}
	at, err := time.Parse(time.RFC3339, *in.ExpiresAt)
	if err != nil || !at.After(time.Now()) {
		return nil, invalid(app.Field{Field: "expires_at", Message: "must be a time to come, such as 2030-01-31T12:00:00Z"})
	}
	return &at, nil
}
