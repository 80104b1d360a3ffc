package http

import (
	"net/http"

	"majestic/app"
	"majestic/http/views"
)

// showBackups tells an operator what the instance can come back from.
func (s *Server) showBackups(w http.ResponseWriter, r *http.Request, user app.User) error {
	shell, err := s.shellOf(r, user, "Backups")
	if err != nil {
		return err
	}
	return show(w, r, http.StatusOK, views.Backups(shell, s.o.Copies()))
}
