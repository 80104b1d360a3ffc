package http

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
)

// Check asks this server, over one of its own listeners, for what needs all that
// it has: the database, a page, its style.
func (s *Server) Check(ctx context.Context, at net.Addr) error {
	t := &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, at.Network(), at.String())
	}}
	for _, path := range []string{"/readyz", "/signin", s.o.Static.Path("app.css")} {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://check"+path, nil)
		if err != nil {
			return err
		}
		answer, err := t.RoundTrip(r)
		if err != nil {
			return fmt.Errorf("GET %s: %w", path, err)
		}
		body, err := io.ReadAll(answer.Body)
		answer.Body.Close()
		if err != nil {
			return fmt.Errorf("GET %s: %w", path, err)
		}
		if answer.StatusCode != http.StatusOK && !s.excused(body) {
			return fmt.Errorf("GET %s answers %s: %s", path, answer.Status, bytes.TrimSpace(body[:min(len(body), 500)]))
		}
	}
	return nil
}

// excused tells whether an answer is one of /readyz that finds fault with nothing
// but what lies outside.
func (s *Server) excused(answer []byte) bool {
	var found readiness
	if json.Unmarshal(answer, &found) != nil || len(found.Checks) != len(s.o.Checks) {
		return false
	}
	faults := 0
	for i, f := range found.Checks {
		if !f.OK && !s.o.Checks[i].Outside {
			return false
		}
		if !f.OK {
			faults++
		}
	}
	return faults > 0
}

// Sane fails when a handler has ever panicked.
func (s *Server) Sane() error {
	if said := s.panicked.Load(); said != nil {
		return fmt.Errorf("a handler panicked: %s", *said)
	}
	return nil
}
