// Package http serves the pages and the API: it reads a request, makes one call
// on app, and writes what came of it.
package http

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"time"

	"majestic/app"
	"majestic/static"
)

// Options are what a Server needs.
type Options struct {
	App            *app.App
	Events         *app.Events
	Static         *static.Files
	Release        string
	Version        string
	Generation     int
	BaseURL        string   // the address that people use
	RateLimit      float64  // requests a second for each API key; 0 is off
	TrustedProxies []string // addresses and networks whose X-Forwarded-For is believed
	Log            *slog.Logger
	Ready          func(context.Context) error

	Wait time.Duration // for a render, before a POST is answered without it; 0 means 10 s
}

// Server answers requests. It is an http.Handler, and listens for a living by Serve.
type Server struct {
	o         Options
	mux       *http.ServeMux
	server    *http.Server
	origin    *http.CrossOriginProtection
	proxies   []netip.Prefix
	fonts     fonts
	limits    *limits
	secure    bool // people come by https
	closing   chan struct{}
	closeOnce sync.Once
}

// New makes a Server.
func New(o Options) *Server {
	o.BaseURL = strings.TrimRight(o.BaseURL, "/")
	if o.Wait == 0 {
		o.Wait = 10 * time.Second
	}
	s := &Server{
		o:       o,
		mux:     http.NewServeMux(),
		origin:  http.NewCrossOriginProtection(),
		fonts:   newFonts(),
		limits:  newLimits(o.RateLimit),
		secure:  strings.HasPrefix(o.BaseURL, "https://"),
		closing: make(chan struct{}),
	}
	if err := s.origin.AddTrustedOrigin(o.BaseURL); err != nil {
		o.Log.Warn("BASE_URL is not an origin such as https://design.example.com; forms posted through a proxy may be refused", "base_url", o.BaseURL, "err", err)
	}
	s.proxies = parseProxies(o.TrustedProxies, o.Log)
	for _, r := range s.routes() {
		s.mux.HandleFunc(r.pattern, s.handle(r.handler))
	}
	// No limit on the whole of a request or an answer: uploads are held to time
	// where they are read, and streams last as long as their render.
	s.server = &http.Server{
		Handler:           s,
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       2 * time.Minute,
		ErrorLog:          slog.NewLogLogger(o.Log.Handler(), slog.LevelDebug),
	}
	return s
}

// Serve answers on l until Close.
func (s *Server) Serve(l net.Listener) error {
	if err := s.server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// Close ends the streams, lets running requests finish for a while, and cuts
// what is left. Twice is harmless.
func (s *Server) Close() error {
	s.closeOnce.Do(func() { close(s.closing) })
	ctx, cancel := context.WithTimeout(context.Background(), 15*time.Second)
	defer cancel()
	if err := s.server.Shutdown(ctx); err != nil {
		s.o.Log.Warn("some requests did not end and are cut", "err", err)
		return s.server.Close()
	}
	return nil
}
