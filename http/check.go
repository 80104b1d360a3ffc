package http

import (
	"context"
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
		_, err = io.Copy(io.Discard, answer.Body)
		answer.Body.Close()
		if err != nil {
			return fmt.Errorf("GET %s: %w", path, err)
		}
		if answer.StatusCode != http.StatusOK {
			return fmt.Errorf("GET %s answers %s", path, answer.Status)
		}
	}
	return nil
}

// Sane fails when a handler has ever panicked.
func (s *Server) Sane() error {
	if said := s.panicked.Load(); said != nil {
		return fmt.Errorf("a handler panicked: %s", *said)
	}
	return nil
}
