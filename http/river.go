package http

import (
	"net/http"
	"strings"

	"majestic/app"
)

// RiverPath is where operators find River's own page.
const RiverPath = "/operator/river"

// riverPolicy is for a page of somebody else's, which styles itself as it runs.
var riverPolicy = strings.Replace(policy, "style-src 'self'", "style-src 'self' 'unsafe-inline'", 1)

func (s *Server) showRiver(w http.ResponseWriter, r *http.Request, _ app.User) error {
	if s.o.River == nil {
		return nothingAt(r)
	}
	w.Header().Set("Content-Security-Policy", riverPolicy)
	s.o.River.ServeHTTP(w, r)
	return nil
}
