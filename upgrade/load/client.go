package load

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// patience is how long an answer may take.
const patience = 30 * time.Second

// client speaks HTTP by itself: net/http's would repeat requests on connections
// that were closed, and hide what this package is for.
type client struct {
	name    string // begins the ids of its requests
	address string
	rtt     time.Duration
	kept    chan *conn // connections that are idle, the longest first; nil is one not open
}

// conn is a connection that carries one request at a time.
type conn struct {
	*wire
	read *bufio.Reader
}

func newClient(p Plan) *client {
	c := &client{name: strconv.FormatInt(time.Now().UnixNano(), 36), address: p.Address, rtt: p.RTT, kept: make(chan *conn, p.Connections)}
	for range p.Connections {
		c.kept <- nil
	}
	return c
}

func (c *client) close() {
	for range cap(c.kept) {
		if conn := <-c.kept; conn != nil {
			conn.Close()
		}
	}
}

// do sends a request, once, and reads the whole answer.
func (c *client) do(s Sort, r *http.Request) (status int, release string, err error) {
	var on *conn
	if s.Keep {
		on = <-c.kept
		defer func() { c.kept <- on }()
	}
	if on != nil && on.ended() {
		on.Close()
		on = nil
	}
	if on == nil {
		if on, err = c.open(); err != nil {
			return 0, "", err
		}
	}
	time.Sleep(s.Early)
	status, release, again, err := on.exchange(r, s.Pause)
	if !again || !s.Keep {
		on.Close()
		on = nil
	}
	return status, release, err
}

// watch reads a stream until it ends, or we have seen enough.
func (c *client) watch(ctx context.Context, r *http.Request) (status int, release string, err error) {
	on, err := c.open()
	if err != nil {
		return 0, "", err
	}
	defer on.Close()
	defer context.AfterFunc(ctx, func() { on.Close() })()
	a, err := on.ask(r, 0)
	if err == nil {
		status, release = a.StatusCode, a.Header.Get("X-Release")
		_, err = io.Copy(io.Discard, a.Body)
		if err != nil {
			err = errCut{err}
		}
	}
	if ctx.Err() != nil {
		return status, release, nil
	}
	return status, release, errors.Join(err, bad(status))
}

func (c *client) open() (*conn, error) {
	w, err := connect(c.address, c.rtt)
	if err != nil {
		return nil, err
	}
	return &conn{w, bufio.NewReader(w)}, nil
}

// exchange is a request and its answer; again tells whether another may follow.
func (c *conn) exchange(r *http.Request, pause time.Duration) (status int, release string, again bool, err error) {
	late := time.AfterFunc(pause+patience, func() { c.Close() })
	defer late.Stop()
	a, err := c.ask(r, pause)
	if err != nil {
		return 0, "", false, err
	}
	defer a.Body.Close()
	status, release = a.StatusCode, a.Header.Get("X-Release")
	if _, err := io.Copy(io.Discard, a.Body); err != nil {
		return status, release, false, errCut{err}
	}
	return status, release, !a.Close, bad(status)
}

// ask sends a request, its body in two halves when there is a pause, and reads
// the head of the answer.
func (c *conn) ask(r *http.Request, pause time.Duration) (*http.Response, error) {
	var text bytes.Buffer
	if err := r.Write(&text); err != nil {
		return nil, err
	}
	b := text.Bytes()
	if pause > 0 {
		half := len(b) - int(r.ContentLength)/2
		if _, err := c.Write(b[:half]); err != nil {
			return nil, err
		}
		time.Sleep(pause)
		b = b[half:]
	}
	if _, err := c.Write(b); err != nil {
		return nil, err
	}
	return http.ReadResponse(c.read, r)
}

// errCut is an answer that ended in its middle.
type errCut struct{ error }

func (e errCut) Error() string { return "cut: " + strings.TrimPrefix(e.error.Error(), "cut: ") }
func (e errCut) Unwrap() error { return e.error }

// bad is an answer that is no success.
func bad(status int) error {
	if status >= 200 && status < 400 {
		return nil
	}
	return fmt.Errorf("answered %d", status)
}
