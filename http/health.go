package http

import (
	"context"
	"errors"
	"net/http"
	"time"

	"majestic/app"
)

// Check is something without which the server cannot work.
type Check struct {
	Name    string
	Ask     func(context.Context) error
	Outside bool // its fault is not this release's: no upgrade comes to nothing by it
}

// healthz says that the process lives.
func (s *Server) healthz(w http.ResponseWriter, r *http.Request) error {
	return writeJSON(w, http.StatusOK, map[string]string{"status": "ok"})
}

// readiness is whether the server can work, and what it takes.
type readiness struct {
	Status string    `json:"status"`
	Checks []finding `json:"checks"`
}

type finding struct {
	Name   string `json:"name"`
	OK     bool   `json:"ok"`
	Reason string `json:"reason,omitempty"`
}

// readyz says whether it can work: a load balancer asks before it sends people.
// Anybody may read the reasons; the causes stay in the log.
func (s *Server) readyz(w http.ResponseWriter, r *http.Request) error {
	found, err := s.ready(r.Context())
	status := http.StatusOK
	if err != nil {
		entryOf(r).err = err
		status = http.StatusServiceUnavailable
		w.Header().Set("Retry-After", "5")
	}
	w.Header().Set("Cache-Control", "no-store")
	return writeJSON(w, status, found)
}

// checkLimit is how long all checks may take; who asks does not wait for ever.
const checkLimit = 2 * time.Second

// ready asks one after the other. The error is for the log.
func (s *Server) ready(ctx context.Context) (readiness, error) {
	ctx, cancel := context.WithTimeout(ctx, checkLimit)
	defer cancel()
	found := readiness{Status: "ready", Checks: []finding{}}
	var errs []error
	for _, c := range s.o.Checks {
		f := finding{Name: c.Name, OK: true}
		if err := c.Ask(ctx); err != nil {
			found.Status, f.OK, f.Reason = "not ready", false, reason(err)
			errs = append(errs, err)
		}
		found.Checks = append(found.Checks, f)
	}
	return found, errors.Join(errs...)
}

// reason is what an error says to everybody.
func reason(err error) string {
	var e *app.Error
	if errors.As(err, &e) {
		return e.Message
	}
	return "this does not work; the log tells why"
}

// showVersion tells who serves a workspace: not always who has the port.
func (s *Server) showVersion(w http.ResponseWriter, r *http.Request, _ visit) error {
	return s.version(w, r)
}

func (s *Server) version(w http.ResponseWriter, r *http.Request) error {
	return writeJSON(w, http.StatusOK, struct {
		Version    string `json:"version"`
		Release    string `json:"release"`
		Generation int    `json:"generation"`
	}{s.o.Version, s.o.Release, s.o.Generation})
}
