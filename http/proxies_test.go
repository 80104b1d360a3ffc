package http

import (
	"log/slog"
	"net/http/httptest"
	"testing"
)

func TestClient(t *testing.T) {
	s := &Server{proxies: parseProxies([]string{"10.0.0.0/8", "192.0.2.1", "proxy.example.com"}, slog.New(slog.DiscardHandler))}
	for _, c := range []struct{ remote, forwarded, want string }{
		{"203.0.113.9:1000", "", "203.0.113.9"},
		{"203.0.113.9:1000", "1.2.3.4", "203.0.113.9"}, // no proxy of ours: its word counts nothing
		{"10.0.0.1:1000", "203.0.113.9", "203.0.113.9"},
		{"10.0.0.1:1000", "1.2.3.4, 203.0.113.9", "203.0.113.9"}, // the left one the sender wrote
		{"10.0.0.1:1000", "203.0.113.9, 192.0.2.1", "203.0.113.9"},
		{"[::ffff:10.0.0.1]:1000", "203.0.113.9", "203.0.113.9"},
		{"10.0.0.1:1000", "", "10.0.0.1"},
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.RemoteAddr = c.remote
		if c.forwarded != "" {
			r.Header.Set("X-Forwarded-For", c.forwarded)
		}
		if got := s.client(r); got != c.want {
			t.Errorf("%s, %q: %s, want %s", c.remote, c.forwarded, got, c.want)
		}
	}
}
