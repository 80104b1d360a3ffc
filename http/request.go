package http

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"slices"
	"time"

	"majestic/app/logs"
)

// entry is what becomes known of a request on its way, for the log.
type entry struct {
	id      string
	route   string
	started time.Time
	body    []byte // once it was read whole
	err     error
}

type entryKey struct{}

func entryOf(r *http.Request) *entry { return r.Context().Value(entryKey{}).(*entry) }

// ServeHTTP is the way of every request: it gets an id and the headers of every
// answer, finds its route, and is logged, whatever happens to it.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	random := make([]byte, 10)
	rand.Read(random)
	e := &entry{id: hex.EncodeToString(random), started: time.Now()}
	if passed(r) {
		e.id = r.Header.Get(passedRequest)
	}
	rec := &recorder{ResponseWriter: w, control: http.NewResponseController(w)}
	rec.control.SetWriteDeadline(time.Time{}) // that of the answer before, on the same connection
	ctx := logs.With(r.Context(), slog.String("request", e.id))
	r = r.WithContext(context.WithValue(ctx, entryKey{}, e))
	s.setHeaders(rec.Header(), r, e)

	s.metrics.begin()
	defer s.log(rec, r, e)
	defer s.recover(rec, r, e)
	missing, pattern := s.mux.Handler(r)
	if pattern == "" {
		s.fail(rec, r, s.miss(missing, r))
		return
	}
	e.route = pattern
	s.mux.ServeHTTP(rec, r)
}

// handle lets a handler fail.
func (s *Server) handle(h handler) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if err := h(w, r); err != nil {
			s.fail(w, r, err)
		}
	}
}

// setHeaders writes what every answer says.
func (s *Server) setHeaders(h http.Header, r *http.Request, e *entry) {
	h.Set("X-Request-Id", e.id)
	h.Set("X-Release", s.o.Release)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Content-Security-Policy", policy)
	if s.secure {
		h.Set("Strict-Transport-Security", "max-age=31536000")
	}
	select {
	case <-s.leaving(r):
		h.Set("Connection", "close")
	default:
	}
}

// leaving is closed when the sender of a request shall come again elsewhere. Who
// comes by another process is sent there by that one.
func (s *Server) leaving(r *http.Request) <-chan struct{} {
	if private(r) {
		return nil
	}
	return s.closing
}

// policy lets a page use what this server serves and nothing else. A drawing is
// made of style attributes; they can hold neither scripts nor addresses.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; style-src-attr 'unsafe-inline'; " +
	"img-src 'self' data: blob:; font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// recover turns a panic into an answer. One that comes after the answer has
// begun cuts the connection, so that nobody takes half of it for the whole.
func (s *Server) recover(w *recorder, r *http.Request, e *entry) {
	v := recover()
	if v == nil {
		return
	}
	err, ok := v.(error)
	if ok && errors.Is(err, http.ErrAbortHandler) {
		e.err = err
		panic(http.ErrAbortHandler)
	}
	said := fmt.Sprintf("%s: %v", e.route, v)
	s.panicked.Store(&said)
	s.o.Log.ErrorContext(r.Context(), "a handler panicked", "panic", fmt.Sprint(v), "stack", string(debug.Stack()))
	if w.status != 0 {
		panic(http.ErrAbortHandler)
	}
	s.fail(w, r, fmt.Errorf("panic: %v", v))
}

// log tells of the request and its answer, and has them counted.
func (s *Server) log(w *recorder, r *http.Request, e *entry) {
	level := slog.LevelInfo
	if slices.Contains(frequent, e.route) {
		level = slog.LevelDebug
	}
	if private(r) && !passed(r) {
		level = slog.LevelDebug // a check of our own
	}
	if w.status == 0 {
		w.status = gone
	}
	took := time.Since(e.started)
	s.metrics.end(r, e.route, w.status, took)
	attrs := []slog.Attr{
		slog.String("method", r.Method), slog.String("route", e.route),
		slog.Int("status", w.status), slog.Int64("bytes", w.bytes), slog.Duration("duration", took),
		slog.String("client", s.client(r)),
	}
	if e.err != nil {
		attrs = append(attrs, slog.String("err", e.err.Error()))
		if w.status >= 500 {
			level = slog.LevelError
		}
	}
	s.o.Log.LogAttrs(context.WithoutCancel(r.Context()), level, "request", attrs...)
}

// frequent are the routes that would hide the others in the log.
var frequent = []string{"GET /healthz", "GET /readyz", "GET /static/{file}", "GET /fonts/{file}", "GET /i/{design}/{file}", "GET /t/{slug}/designs/{id}/versions/{version}/thumbnail"}

// gone is logged, as nginx does it, for a request whose sender did not wait for the answer.
const gone = 499

// stalled is how long one who gets an answer may take nothing of it. A download
// may take as long as it likes, and a server that leaves waits for it; a client
// that has gone without a word must not keep it.
const stalled = time.Minute

// recorder remembers what was answered.
type recorder struct {
	http.ResponseWriter
	control *http.ResponseController
	status  int
	bytes   int64
}

func (w *recorder) WriteHeader(status int) {
	if w.status == 0 && status >= 200 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *recorder) Write(b []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	w.control.SetWriteDeadline(time.Now().Add(stalled))
	n, err := w.ResponseWriter.Write(b)
	w.bytes += int64(n)
	return n, err
}

// Unwrap is for http.ResponseController.
func (w *recorder) Unwrap() http.ResponseWriter { return w.ResponseWriter }
