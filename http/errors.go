package http

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"strings"

	"majestic/app"
	"majestic/http/views"
)

// refusal is what is wrong with a request as HTTP, where app has no word for it.
type refusal struct {
	status  int
	message string
	allow   string // the methods that would do
}

func (e *refusal) Error() string { return e.message }

// statusOf is the one place where an error becomes a status.
func statusOf(err error) int {
	var r *refusal
	if errors.As(err, &r) {
		return r.status
	}
	switch app.KindOf(err) {
	case app.Malformed:
		return http.StatusBadRequest
	case app.Invalid:
		return http.StatusUnprocessableEntity
	case app.Unauthenticated:
		return http.StatusUnauthorized
	case app.Forbidden:
		return http.StatusForbidden
	case app.NotFound:
		return http.StatusNotFound
	case app.Conflict:
		return http.StatusConflict
	case app.Stale:
		return http.StatusPreconditionFailed
	case app.Unconditional:
		return http.StatusPreconditionRequired
	case app.TooLarge:
		return http.StatusRequestEntityTooLarge
	case app.TooMany:
		return http.StatusTooManyRequests
	case app.Unavailable:
		return http.StatusServiceUnavailable
	default:
		return http.StatusInternalServerError
	}
}

// fault is an error as its reader sees it. The cause stays in the log.
type fault struct {
	status  int
	message string
	fields  []app.Field
	allow   string
}

func faultOf(err error, request string) fault {
	f := fault{status: statusOf(err)}
	var e *app.Error
	var r *refusal
	switch {
	case f.status == http.StatusInternalServerError:
		f.message = fmt.Sprintf("something went wrong on our side, and it has been noted; try again, and if it stays, name request %s to whoever runs this server", request)
	case errors.As(err, &e):
		f.message, f.fields = e.Message, e.Fields
	case errors.As(err, &r):
		f.message, f.allow = r.message, r.allow
	}
	return f
}

// problem is an error for a program (RFC 9457).
type problem struct {
	Type     string      `json:"type"`
	Title    string      `json:"title"`
	Status   int         `json:"status"`
	Detail   string      `json:"detail"`
	Instance string      `json:"instance"`
	Errors   []app.Field `json:"errors,omitempty"`
}

// fail answers with an error: a problem for a program, a page for a person.
func (s *Server) fail(w http.ResponseWriter, r *http.Request, err error) {
	e := entryOf(r)
	if errors.Is(err, context.Canceled) && r.Context().Err() != nil {
		e.err = err
		return // nobody is there to read an answer
	}
	f := s.note(w, r, err)
	switch f.status {
	case http.StatusMethodNotAllowed:
		w.Header().Set("Allow", f.allow)
	case http.StatusServiceUnavailable:
		w.Header().Set("Retry-After", "5")
	case http.StatusUnauthorized:
		if isAPI(r) {
			w.Header().Set("WWW-Authenticate", `Bearer realm="api"`)
		}
	}
	if wantsProblem(r) {
		w.Header().Set("Content-Type", "application/problem+json")
		w.WriteHeader(f.status)
		json.NewEncoder(w).Encode(problem{
			Type: "about:blank", Title: http.StatusText(f.status), Status: f.status,
			Detail: f.message, Instance: "urn:request:" + e.id, Errors: f.fields,
		})
		return
	}
	m := views.MessagePage{Text: sentence(f.message), Request: e.id, Link: "Go to the start", To: "/"}
	for _, field := range f.fields {
		m.Faults = append(m.Faults, sentence(field.Field+" "+field.Message))
	}
	if f.status == http.StatusUnauthorized {
		m.Link, m.To = "Sign in", "/signin"
	}
	shell := s.shell(title(f.status))
	if err := show(w, r, f.status, views.Message(shell, m)); err != nil {
		s.o.Log.ErrorContext(r.Context(), "the page that tells of an error cannot be written", "err", err)
	}
}

// note has the log tell of an error that is answered here, by a page of its own.
func (s *Server) note(w http.ResponseWriter, r *http.Request, err error) fault {
	e := entryOf(r)
	e.err = err
	w.Header().Set("Cache-Control", "no-store")
	var ours *app.Error
	if errors.As(err, &ours) && ours.Wait > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(ours.Wait.Seconds()))))
	}
	return faultOf(err, e.id)
}

// refused tells whether an error is to be said on the page where the form is.
func refused(r *http.Request, err error) bool {
	switch app.KindOf(err) {
	case app.Invalid, app.Conflict, app.TooMany:
		return !wantsProblem(r)
	}
	return false
}

// miss is the error of a request that no route answers: the mux knows whether
// another method would do.
func (s *Server) miss(h http.Handler, r *http.Request) error {
	answer := discard{}
	h.ServeHTTP(answer, r)
	allow := http.Header(answer).Get("Allow")
	if allow == "" {
		return nothingAt(r)
	}
	return &refusal{http.StatusMethodNotAllowed, fmt.Sprintf("%s does not work here; what does: %s", r.Method, allow), allow}
}

func nothingAt(r *http.Request) error {
	return app.Errorf(app.NotFound, "there is nothing at %s", r.URL.Path)
}

// discard is an answer of which only the headers count.
type discard http.Header

func (d discard) Header() http.Header         { return http.Header(d) }
func (d discard) Write(b []byte) (int, error) { return len(b), nil }
func (d discard) WriteHeader(int)             {}

func isAPI(r *http.Request) bool { return strings.HasPrefix(r.URL.Path, "/api/") }

func wantsProblem(r *http.Request) bool {
	return isAPI(r) || r.URL.Path == "/readyz" || strings.HasPrefix(r.URL.Path, "/i/") || strings.Contains(r.Header.Get("Accept"), "json")
}

// title heads the page of an error.
func title(status int) string {
	switch status {
	case http.StatusNotFound:
		return "Nothing here"
	case http.StatusUnauthorized:
		return "Please sign in"
	case http.StatusForbidden:
		return "Not allowed"
	case http.StatusInternalServerError:
		return "Sorry, that failed"
	case http.StatusServiceUnavailable:
		return "Not available right now"
	default:
		return "That did not work"
	}
}

// sentence is a message of the log's style as a person reads it.
func sentence(s string) string {
	if s == "" {
		return s
	}
	s = strings.ToUpper(s[:1]) + s[1:]
	if !strings.HasSuffix(s, ".") {
		s += "."
	}
	return s
}
