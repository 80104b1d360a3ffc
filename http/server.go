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
	"sync/atomic"
	"time"

	"golang.org/x/sync/singleflight"

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
	FontFile       func(file string) string // where the renderer has a font of the system; nil is there
	BaseURL        string                   // the address that people use
	Mails          bool                     // there is a mail server; without one, mails are files that nobody is sent
	RateLimit      float64                  // requests a second for each API key; 0 is off
	TrustedProxies []string                 // addresses and networks whose X-Forwarded-For is believed
	Log            *slog.Logger
	Checks         []Check      // what /readyz asks
	Peers          Peers        // nil for a server that has none
	River          http.Handler // the jobs as River itself shows them, at RiverPath; nil is not there

	// The processes of the instance that live, the newest first.
	Generations func(context.Context) ([]app.Generation, error)

	// What operators see besides.
	Findings func(context.Context) []app.Finding
	Backlogs func(context.Context) ([]app.Backlog, error)
	Copies   func() app.Copies

	Wait time.Duration // for a render, before a POST is answered without it; 0 means 10 s
}

// Server answers requests. It is an http.Handler, and listens for a living by Serve.
type Server struct {
	o         Options
	mux       *http.ServeMux
	server    *http.Server
	private   *http.Server
	peers     *http.Transport
	origin    *http.CrossOriginProtection
	proxies   []netip.Prefix
	fonts     fonts
	limits    *limits
	links     singleflight.Group
	metrics   metrics
	api       description
	secure    bool // people come by https
	closing   chan struct{}
	closeOnce sync.Once

	connections connections
	inside      connections            // of the private listener
	panicked    atomic.Pointer[string] // what the last panic of a handler said
}

// New makes a Server.
func New(o Options) *Server {
	o.BaseURL = strings.TrimRight(o.BaseURL, "/")
	if o.Wait == 0 {
		o.Wait = 10 * time.Second
	}
	if o.FontFile == nil {
		o.FontFile = func(file string) string { return file }
	}
	s := &Server{
		o:       o,
		mux:     http.NewServeMux(),
		origin:  http.NewCrossOriginProtection(),
		fonts:   newFonts(o.FontFile),
		limits:  newLimits(o.RateLimit),
		metrics: newMetrics(),
		api:     newDescription(o.BaseURL),
		secure:  strings.HasPrefix(o.BaseURL, "https://"),
		closing: make(chan struct{}),

		connections: connections{all: map[net.Conn]since{}},
		inside:      connections{all: map[net.Conn]since{}},
		peers:       toPeers(o.Peers),
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
	serverOf := func(c *connections) *http.Server {
		return &http.Server{
			Handler:           s,
			ReadHeaderTimeout: 10 * time.Second,
			IdleTimeout:       2 * time.Minute,
			ConnState:         c.changed,
			ErrorLog:          slog.NewLogLogger(o.Log.Handler(), slog.LevelDebug),
		}
	}
	s.server, s.private = serverOf(&s.connections), serverOf(&s.inside)
	return s
}

// Serve answers on l until l is closed, or Retire.
func (s *Server) Serve(l net.Listener) error { return serve(s.server, l) }

// ServePeers answers other processes of the instance on l until Part.
func (s *Server) ServePeers(l net.Listener) error { return serve(s.private, l) }

func serve(s *http.Server, l net.Listener) error {
	if err := s.Serve(l); !errors.Is(err, http.ErrServerClosed) && !errors.Is(err, net.ErrClosed) {
		return err
	}
	return nil
}

// Part takes leave of other processes, which need this one no longer: it waits until
// none of them has had anything to say for a while, or ctx ends.
func (s *Server) Part(ctx context.Context) {
	const enough = 10
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	defer s.private.Close()
	for silent := 0; silent < enough; silent++ {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if s.inside.count() > 0 {
			silent = 0
		}
	}
}

// Retire makes a lame duck of the server, and returns when no connection is left
// or ctx ends, which cuts those that are: streams end and come back elsewhere,
// and with each answer a client is asked to connect anew. A connection on which
// nothing comes is closed when it was idle for as long as patience; any sooner,
// its client may just be writing. For that reason net/http's Shutdown is not for
// a server whose clients go on: it closes under their pens. Twice is harmless.
func (s *Server) Retire(ctx context.Context, patience time.Duration) {
	s.closeOnce.Do(func() { close(s.closing) })
	began := time.Now()
	for tick := time.NewTicker(20 * time.Millisecond); ; {
		if s.connections.quiet(began, patience) {
			tick.Stop()
			break
		}
		select {
		case <-ctx.Done():
			tick.Stop()
			if n := s.connections.count(); n > 0 {
				s.o.Log.Warn("some connections did not end and are cut", "connections", n)
			}
			s.server.Close()
			return
		case <-tick.C:
		}
	}
	s.server.Close()
}
