package main

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"time"
)

// server answers; POST /ID writes the id to the file effects, each time it is asked.
type server struct {
	release string
	effects *os.File
	http    http.Server
	open    sync.WaitGroup
	leaving chan struct{}
}

func newServer(dir, release string) (*server, error) {
	effects, err := os.OpenFile(filepath.Join(dir, "effects"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, err
	}
	s := &server{release: release, effects: effects, leaving: make(chan struct{})}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /version", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, release) })
	mux.HandleFunc("POST /{id}", s.effect)
	mux.HandleFunc("GET /slow", s.slow)
	mux.HandleFunc("GET /events", s.events)
	mux.HandleFunc("GET /goroutines", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, runtime.NumGoroutine()) })
	s.http = http.Server{
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("X-Release", release)
			select {
			case <-s.leaving:
				w.Header().Set("Connection", "close")
			default:
			}
			mux.ServeHTTP(w, r)
		}),
		ReadHeaderTimeout: 5 * time.Second,
		IdleTimeout:       5 * time.Second, // longer than any client here is silent
		ConnState: func(_ net.Conn, state http.ConnState) {
			switch state {
			case http.StateNew:
				s.open.Add(1)
			case http.StateClosed:
				s.open.Done()
			}
		},
	}
	return s, nil
}

func (s *server) effect(w http.ResponseWriter, r *http.Request) {
	body := make([]byte, r.ContentLength)
	for read := 0; read < len(body); {
		n, err := r.Body.Read(body[read:])
		if read += n; err != nil && read < len(body) {
			return
		}
	}
	if _, err := fmt.Fprintf(s.effects, "%s %s\n", r.PathValue("id"), s.release); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
	}
}

func (s *server) slow(w http.ResponseWriter, _ *http.Request) {
	time.Sleep(1500 * time.Millisecond)
	fmt.Fprintln(w, "done")
}

func (s *server) events(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/event-stream")
	rc := http.NewResponseController(w)
	for tick := time.Tick(200 * time.Millisecond); ; {
		fmt.Fprintf(w, "data: %s\n\n", s.release)
		rc.Flush()
		select {
		case <-r.Context().Done():
			return
		case <-s.leaving:
			fmt.Fprint(w, "retry: 100\n\n")
			return
		case <-tick:
		}
	}
}

// leave returns when every connection has ended, or after rest.
func (s *server) leave(rest time.Duration) {
	close(s.leaving)
	quiet := make(chan struct{})
	go func() {
		defer close(quiet)
		s.open.Wait()
	}()
	select {
	case <-quiet:
	case <-time.After(rest):
	}
}
