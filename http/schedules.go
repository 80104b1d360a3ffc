package http

import (
	"net/http"
	"strconv"

	"majestic/app"
	"majestic/http/views"
)

// showSchedules tells an operator what the installation does for itself, and how it went.
func (s *Server) showSchedules(w http.ResponseWriter, r *http.Request, user app.User) error {
	all, err := s.o.App.Schedules(r.Context())
	if err != nil {
		return err
	}
	shell, err := s.shellOf(r, user, "Periodic jobs")
	if err != nil {
		return err
	}
	return show(w, r, http.StatusOK, views.Schedules(shell, all))
}

// postKeep sets for how many days a workspace keeps its renders.
func (s *Server) postKeep(w http.ResponseWriter, r *http.Request, v visit) error {
	if err := s.readForm(w, r); err != nil {
		return err
	}
	var days *int
	if typed := r.PostForm.Get("days"); typed != "" {
		n, err := strconv.Atoi(typed)
		if err != nil {
			n = 0
		}
		days = &n
	}
	if err := v.SetKeepRenders(r.Context(), days); err != nil {
		return err
	}
	return seeOther(w, views.Workspace(v.here.Slug, "renders"))
}
