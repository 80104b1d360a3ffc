package http

import (
	"net/http"

	"majestic/app"
	"majestic/http/views"
)

// showTenants tells an operator who the customers are, and what they make of it.
func (s *Server) showTenants(w http.ResponseWriter, r *http.Request, user app.User) error {
	p, err := pageOf(r)
	if err != nil {
		return err
	}
	living, err := s.o.Generations(r.Context())
	if err != nil {
		return err
	}
	tenants, err := s.o.App.Customers(r.Context(), living, p)
	if err != nil {
		return err
	}
	shell, err := s.shellOf(r, user, "Workspaces")
	if err != nil {
		return err
	}
	return show(w, r, http.StatusOK, views.Tenants(shell, tenants.Data, nextOf(tenants)))
}
