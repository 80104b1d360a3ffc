package http

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"net/http/httputil"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"majestic/app"
	"majestic/app/logs"
)

// Peers are the processes of other releases, with which this one shares the
// tenants while an upgrade goes tenant by tenant. They are reached by their private
// listeners.
type Peers interface {
	// Whose tells who answers for a tenant that is assigned to a release: 0 is this
	// process, less than 0 nobody just now.
	Whose(release string) (generation int)
	Dial(ctx context.Context, generation int) (net.Conn, error)
}

// What one process tells another about a request that it passes on. It is believed
// at the private listener only.
const (
	passedClient   = "Majestic-Client"    // the address that it came from
	passedRequest  = "Majestic-Request"   // its id
	passedTenant   = "Majestic-Tenant"    // whose it is
	passedRelease  = "Majestic-Release"   // to which that was assigned
	passedReadOnly = "Majestic-Read-Only" // its key may only read
	passedKey      = "Majestic-Key"       // the id of its key
	passedScope    = "Majestic-Scope"     // what that may do; older releases say only whether it may read only
	passedHops     = "Majestic-Hops"      // how often it was passed on
)

const (
	// mostHops is more than there are generations: a tenant may move while its request is on the way.
	mostHops = 6
	// peerPatience is how long a request waits when nobody serves its tenant: a crashed
	// process is back after a second or two.
	peerPatience = 10 * time.Second
	peerRetry    = 20 * time.Millisecond
)

// share answers a tenant's request, or has it answered by the process that serves
// the tenant. Should the tenant move under the answer, before anything was made,
// the request follows it.
func (s *Server) share(w http.ResponseWriter, r *http.Request, t app.Tenant, answer func() error) error {
	if s.o.Peers == nil {
		return answer()
	}
	to := s.o.Peers.Whose(t.Release())
	for end := time.Now().Add(peerPatience); ; {
		switch {
		case to == 0:
			err := answer()
			moved, ok := errors.AsType[*app.Moved](err)
			if !ok {
				return err
			}
			rewind(r)
			t = t.AssignedTo(moved.Release)
			if to = s.o.Peers.Whose(moved.Release); to > 0 {
				continue
			}
		case to > 0:
			err := s.pass(w, r, t, to)
			if err == nil || !errors.Is(err, errUndelivered) {
				return err
			}
			rewind(r)
		}
		if time.Now().After(end) {
			return app.Errorf(app.Unavailable, "the release that serves this workspace does not answer; try again in a moment")
		}
		select {
		case <-r.Context().Done():
			return r.Context().Err()
		case <-time.After(peerRetry):
		}
		var err error
		if t, err = t.LookUp(r.Context()); err != nil {
			return err
		}
		to = s.o.Peers.Whose(t.Release())
	}
}

// errUndelivered is of a request of which the other process has seen nothing, or
// that may be asked twice.
var errUndelivered = errors.New("the other process was not reached")

// pass hands a request on, and its answer back, both as they come.
func (s *Server) pass(w http.ResponseWriter, r *http.Request, t app.Tenant, to int) (err error) {
	hops := 0
	if private(r) {
		hops, _ = strconv.Atoi(r.Header.Get(passedHops))
	}
	if hops >= mostHops {
		return app.Errorf(app.Unavailable, "this workspace is on the move; try again in a moment")
	}
	logs.Note(r.Context(), slog.Int("passed_to", to))
	ours := w.Header().Clone()
	clear(w.Header()) // the answer brings its own
	for _, name := range []string{"Connection", rateLimit, rateLimitPolicy} {
		if ours.Get(name) != "" {
			w.Header().Set(name, ours.Get(name)) // but this connection is ours, and the count
		}
	}
	body := &passedBody{ReadCloser: r.Body}
	out := *r
	out.Body = body
	proxy := httputil.ReverseProxy{
		Transport: s.peers,
		ErrorLog:  slog.NewLogLogger(s.o.Log.Handler(), slog.LevelDebug),
		Rewrite: func(p *httputil.ProxyRequest) {
			p.Out.URL.Scheme, p.Out.URL.Host, p.Out.Host = "http", "generation-"+strconv.Itoa(to), p.In.Host
			p.Out.URL.RawQuery = p.In.URL.RawQuery
			p.Out.Header.Set(passedClient, s.client(r))
			p.Out.Header.Set(passedRequest, entryOf(r).id)
			p.Out.Header.Set(passedTenant, t.ID())
			p.Out.Header.Set(passedRelease, t.Release())
			p.Out.Header.Del(passedReadOnly) // whatever the client wrote there
			if t.ReadOnly() {
				p.Out.Header.Set(passedReadOnly, "yes")
			}
			key, scope := t.Key()
			p.Out.Header.Set(passedKey, key)
			p.Out.Header.Set(passedScope, scope)
			p.Out.Header.Set(passedHops, strconv.Itoa(hops+1))
		},
		ErrorHandler: func(_ http.ResponseWriter, _ *http.Request, failed error) { err = failed },
	}
	proxy.ServeHTTP(w, &out)
	if err == nil {
		return nil
	}
	maps.Copy(w.Header(), ours)
	dial, unreached := errors.AsType[*net.OpError](err)
	unreached = unreached && dial.Op == "dial"
	safe := r.Method == http.MethodGet || r.Method == http.MethodHead
	switch {
	case r.Context().Err() != nil:
		return r.Context().Err()
	case (unreached || safe) && (!body.read.Load() || entryOf(r).body != nil):
		return fmt.Errorf("%w: %w", errUndelivered, err)
	}
	return &app.Error{Kind: app.Unavailable, Err: err,
		Message: "the process that worked on this ended before it answered, so it is not known whether it was done; look, or send it again with the same Idempotency-Key"}
}

// passedBody stays open when it was passed on in vain, and knows whether it is whole.
type passedBody struct {
	io.ReadCloser
	read atomic.Bool
}

func (b *passedBody) Read(p []byte) (int, error) {
	b.read.Store(true)
	return b.ReadCloser.Read(p)
}

func (b *passedBody) Close() error { return nil }

// rewind makes the body of a request that was read whole ready to be read again.
// Uploads are not kept: they make no job, and so are never refused for a move.
func rewind(r *http.Request) {
	e := entryOf(r)
	if e.body == nil && r.PostForm != nil {
		e.body = []byte(r.PostForm.Encode())
	}
	if e.body != nil {
		r.Body, r.ContentLength, r.TransferEncoding = io.NopCloser(strings.NewReader(string(e.body))), int64(len(e.body)), nil
	}
	r.Form, r.PostForm = nil, nil
}

// peerIdle is how long a connection to another process is kept. That one leaves when
// there is none any more, and so never closes one under our pen.
const peerIdle = 200 * time.Millisecond

func toPeers(p Peers) *http.Transport {
	return &http.Transport{MaxIdleConnsPerHost: 100, IdleConnTimeout: peerIdle, DisableCompression: true, DialContext: func(ctx context.Context, _, addr string) (net.Conn, error) {
		host, _, _ := net.SplitHostPort(addr)
		generation, err := strconv.Atoi(strings.TrimPrefix(host, "generation-"))
		if err != nil {
			return nil, err
		}
		return p.Dial(ctx, generation)
	}}
}

// private tells whether a request came by the private listener: from another
// process of the instance, or from ourselves.
func private(r *http.Request) bool {
	_, unix := r.Context().Value(http.LocalAddrContextKey).(*net.UnixAddr)
	return unix
}

// passed tells whether another process has passed the request on to this one.
func passed(r *http.Request) bool { return private(r) && r.Header.Get(passedHops) != "" }
