package http

import (
	"net/http"

	"majestic/app"
	"majestic/http/views"
)

// showOverview tells an operator how all is.
func (s *Server) showOverview(w http.ResponseWriter, r *http.Request, user app.User) (err error) {
	page := views.OverviewPage{Version: s.o.Version, Findings: s.o.Findings(r.Context()), Copies: s.o.Copies()}
	if page.Living, err = s.o.Generations(r.Context()); err != nil {
		return err
	}
	if page.Backlogs, err = s.o.Backlogs(r.Context()); err != nil {
		return err
	}
	shell, err := s.shellOf(r, user, "Overview")
	if err != nil {
		return err
	}
	return show(w, r, http.StatusOK, views.Overview(shell, page))
}
