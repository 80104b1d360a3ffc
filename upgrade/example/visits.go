package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// visits is an ordinary web server but for two things: another process may write
// its file at the same time, and it ends without closing a connection under a
// client's pen, which http.Server's Shutdown would do.
type visits struct {
	file    string
	release string
	server  http.Server
	served  chan struct{}  // closed when no connection can be accepted any more
	open    sync.WaitGroup // connections
	busy    atomic.Int64   // requests under way
	leaving atomic.Bool
}

func newVisits(dir, release string) *visits {
	v := &visits{file: filepath.Join(dir, "visits"), release: release, served: make(chan struct{})}
	v.server = http.Server{
		Handler:           v,
		ReadHeaderTimeout: 2 * time.Second,
		IdleTimeout:       2 * time.Second,
		ConnState: func(_ net.Conn, s http.ConnState) {
			switch s {
			case http.StateNew:
				v.open.Add(1)
			case http.StateClosed, http.StateHijacked:
				v.open.Done()
			}
		},
	}
	return v
}

// ServeHTTP counts one visit. The answer may be asked to be slow: /?for=10s.
func (v *visits) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	v.busy.Add(1)
	defer v.busy.Add(-1)
	w.Header().Set("X-Release", v.release)
	if d, err := time.ParseDuration(r.FormValue("for")); err == nil {
		select {
		case <-time.After(d):
		case <-r.Context().Done():
			return
		}
	}
	n, err := v.count(1)
	if v.leaving.Load() {
		w.Header().Set("Connection", "close") // come again: to another
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	fmt.Fprintln(w, n)
}

func (v *visits) serve(l net.Listener) {
	defer close(v.served)
	v.server.Serve(l)
}

// leave returns when every connection has ended, each in its own time, or ctx
// does. The gate is closed by then: whoever else holds the socket is in front.
func (v *visits) leave(ctx context.Context) {
	v.leaving.Store(true)
	quiet := make(chan struct{})
	go func() {
		defer close(quiet)
		<-v.served
		v.open.Wait()
	}()
	select {
	case <-quiet:
	case <-ctx.Done():
	}
}

func (v *visits) underWay() int { return int(v.busy.Load()) }

// count adds visits to the file, which every generation writes, and tells the sum.
func (v *visits) count(more int) (sum int, err error) {
	f, err := os.OpenFile(v.file, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); err != nil {
		return 0, err
	}
	b, err := io.ReadAll(f)
	if err != nil {
		return 0, err
	}
	sum, _ = strconv.Atoi(string(b))
	sum += more
	_, err = f.WriteAt([]byte(strconv.Itoa(sum)), 0)
	return sum, err
}
