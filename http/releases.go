package http

import (
	"net/http"

	"majestic/app"
	"majestic/http/views"
)

// lastUpgrades is how many upgrades are shown to who does not ask for all.
const lastUpgrades = 20

// showReleases tells an operator who serves whom, and how upgrades came out. The page
// is its own live part: a module loads it again.
func (s *Server) showReleases(w http.ResponseWriter, r *http.Request, user app.User) error {
	living, err := s.o.Generations(r.Context())
	if err != nil {
		return err
	}
	last := lastUpgrades
	if r.URL.Query().Has("all") {
		last = app.MostUpgrades
	}
	releases, err := s.o.App.Releases(r.Context(), living, last)
	if err != nil {
		return err
	}
	shell, err := s.shellOf(r, user, "Releases")
	if err != nil {
		return err
	}
	shell.Module = "releases.js"
	return show(w, r, http.StatusOK, views.Releases(shell, releases))
}
