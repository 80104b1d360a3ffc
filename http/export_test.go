package http

// Patterns are the routes, for tests that hold each of them to something.
func (s *Server) Patterns() []string {
	var all []string
	for _, r := range s.routes() {
		all = append(all, r.pattern)
	}
	return all
}
