package http

import "net/http"

// healthz says that the process lives.
func (s *Server) healthz(w http.ResponseWriter, r *http.Request) error {
	return writeJSON(w, http.StatusOK, map[string]string{"status": "ok"})
}

// readyz says whether it can work: a load balancer asks before it sends people.
func (s *Server) readyz(w http.ResponseWriter, r *http.Request) error {
	if err := s.o.Ready(r.Context()); err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, map[string]string{"status": "ready"})
}

func (s *Server) version(w http.ResponseWriter, r *http.Request) error {
	return writeJSON(w, http.StatusOK, struct {
		Version    string `json:"version"`
		Release    string `json:"release"`
		Generation int    `json:"generation"`
	}{s.o.Version, s.o.Release, s.o.Generation})
}
