package http

import (
	"net/http"
	"time"
)

// Patterns are the routes, for tests that hold each of them to something.
func (s *Server) Patterns() []string {
	var all []string
	for _, r := range s.routes() {
		all = append(all, r.pattern)
	}
	return all
}

// Measure is what measuring does about a request.
func (s *Server) Measure(r *http.Request, pattern string, status int) {
	s.metrics.begin()
	s.metrics.end(r, pattern, status, time.Millisecond)
}
