package load

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// What a server does to its clients is seen: nothing is sent a second time, and no
// failure is hidden.
func TestFailuresAreSeen(t *testing.T) {
	for _, c := range []struct {
		what   string
		serve  func(conn *net.TCPConn, request int)
		failed string // "" for none
	}{
		{"it answers", func(c *net.TCPConn, _ int) { io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok") }, ""},
		{"it answers 503", func(c *net.TCPConn, _ int) { io.WriteString(c, "HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n") }, "answered 503"},
		{"it closes under the client's pen", func(c *net.TCPConn, n int) {
			if n == 1 {
				io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
			} else {
				c.Close()
			}
		}, "closed without an answer"},
		{"it resets", func(c *net.TCPConn, _ int) { c.SetLinger(0); c.Close() }, syscall.ECONNRESET.Error()},
		{"it stops in the middle", func(c *net.TCPConn, _ int) {
			io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf")
			c.Close()
		}, "closed without an answer"},
	} {
		t.Run(c.what, func(t *testing.T) {
			address, seen := server(t, c.serve)
			client := newClient(Plan{Address: address, RTT: 2 * time.Millisecond, Connections: 1})
			var last error
			sent := 0
			for sent < 2 && last == nil {
				sent++
				r, err := http.NewRequest("GET", "http://"+address+"/", nil)
				if err != nil {
					t.Fatal(err)
				}
				_, _, last = client.do(Sort{Keep: true}, r)
			}
			client.close()
			if last == nil && c.failed != "" || last != nil && plain(last) != c.failed {
				t.Errorf("%v, not %q", last, c.failed)
			}
			if n := seen(); n != sent {
				t.Errorf("%d requests were sent, %d arrived", sent, n)
			}
		})
	}
	if _, _, err := newClient(Plan{Address: "127.0.0.1:1", Connections: 1}).do(Sort{}, httptest.NewRequest("GET", "/", nil)); plain(err) != syscall.ECONNREFUSED.Error() {
		t.Errorf("nobody listens: %v", err)
	}
}

// A connection that the server has announced to close, or closed before the client
// knew of a request, is left without one.
func TestClosedConnectionsAreLeft(t *testing.T) {
	var requests atomic.Int32
	address, _ := server(t, func(c *net.TCPConn, n int) {
		header, all := "", requests.Add(1)
		if all == 1 {
			header = "Connection: close\r\n"
		}
		if n == 2 {
			return // the connection was to be left
		}
		io.WriteString(c, "HTTP/1.1 200 OK\r\n"+header+"Content-Length: 0\r\n\r\n")
		if all == 2 {
			c.Close()
		}
	})
	client := newClient(Plan{Address: address, RTT: 2 * time.Millisecond, Connections: 1})
	defer client.close()
	for i := range 3 {
		if i == 2 { // the end has to arrive first
			on := <-client.kept
			for on != nil && !on.ended() {
				time.Sleep(time.Millisecond)
			}
			client.kept <- on
		}
		r := httptest.NewRequest("GET", "http://"+address+"/", nil)
		if _, _, err := client.do(Sort{Keep: true}, r); err != nil {
			t.Errorf("request %d: %v", i, err)
		}
	}
}

// The end of the server's direction passes, and ours goes on.
func TestHalfClose(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	heard := make(chan string, 1)
	go func() {
		c, err := l.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		io.WriteString(c, "all I had to say")
		c.(*net.TCPConn).CloseWrite()
		b, _ := io.ReadAll(c)
		heard <- string(b)
	}()
	w, err := connect(l.Addr().String(), 4*time.Millisecond)
	if err != nil {
		t.Fatal(err)
	}
	if b, err := io.ReadAll(w); err != nil || string(b) != "all I had to say" {
		t.Errorf("%q, %v", b, err)
	}
	io.WriteString(w, "and ")
	io.WriteString(w, "I")
	w.Close() // what was written before arrives before
	if got := <-heard; got != "and I" {
		t.Errorf("the server heard %q", got)
	}
}

// A whole run: every request has a record, and every effect happens once.
func TestRun(t *testing.T) {
	var mu sync.Mutex
	did := map[string]int{}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Release", "v1")
		b, _ := io.ReadAll(r.Body)
		mu.Lock()
		defer mu.Unlock()
		did[string(b)]++
	}))
	defer s.Close()
	request := func(method, body string) *http.Request {
		return httptest.NewRequest(method, s.URL, strings.NewReader(body))
	}
	mix := Mixed(func(string) *http.Request { return request("GET", "") }, func(id string) *http.Request { return request("POST", id) })
	mix[5].Pause = 20 * time.Millisecond
	run := Start(Plan{Address: s.Listener.Addr().String(), Rate: 1000, RTT: time.Millisecond, Connections: 4, Mix: mix, Streams: 1,
		Stream: func() *http.Request { return request("GET", "") }})
	for {
		run.mu.Lock()
		n := len(run.records)
		run.mu.Unlock()
		if n > 400 {
			break
		}
		time.Sleep(time.Millisecond)
	}
	records := run.Stop()
	delete(did, "")
	e := account(records, did)
	if failures := Failures(records, Span{time.Time{}, time.Now()}); failures != nil || e.Sent < 50 || e != (Effects{e.Sent, e.Sent, e.Sent, 0, 0}) || len(did) != e.Sent {
		t.Errorf("%+v, %+v, %d done", failures, e, len(did))
	}
	if records[0].Release != "v1" || records[0].Status != 200 || !records[0].End.After(records[0].Start) {
		t.Errorf("%+v", records[0])
	}
}

func TestAccount(t *testing.T) {
	broken := errors.New("reset")
	records := []Record{
		{ID: "get"},
		{ID: "once", Effect: true},
		{ID: "twice", Effect: true},
		{ID: "lost", Effect: true},
		{ID: "not done, and said so", Effect: true, Err: broken},
		{ID: "done, and not said", Effect: true, Err: broken},
	}
	e := account(records, map[string]int{"once": 1, "twice": 2, "done, and not said": 1, "of another run": 1})
	if e != (Effects{Sent: 5, Acknowledged: 3, Executed: 3, Lost: 1, Twice: 1}) {
		t.Errorf("%+v", e)
	}
}

func TestGap(t *testing.T) {
	zero := time.Now()
	at := func(ms int, err error) Record {
		return Record{End: zero.Add(time.Duration(ms) * time.Millisecond), Err: err}
	}
	stream := at(30, nil)
	stream.Sort = streamSort
	records := []Record{at(90, nil), at(5, nil), at(10, nil), at(40, io.EOF), stream, at(60, nil), at(300, nil)}
	for _, c := range []struct{ from, to, gap int }{{0, 100, 50}, {0, 70, 50}, {0, 200, 110}, {55, 95, 30}, {100, 150, 50}} {
		s := Span{zero.Add(time.Duration(c.from) * time.Millisecond), zero.Add(time.Duration(c.to) * time.Millisecond)}
		if got := Gap(records, s); got != time.Duration(c.gap)*time.Millisecond {
			t.Errorf("%+v: %s", c, got)
		}
	}
}

// server calls serve for each request that arrives, with its number on the
// connection; seen counts them all.
func server(t *testing.T, serve func(conn *net.TCPConn, request int)) (address string, seen func() int) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(func() { cancel(); l.Close() })
	var mu sync.Mutex
	count := 0
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			context.AfterFunc(ctx, func() { c.Close() })
			go func() {
				for n, read := 1, bufio.NewReader(c); ; n++ {
					if _, err := http.ReadRequest(read); err != nil {
						return
					}
					mu.Lock()
					count++
					mu.Unlock()
					serve(c.(*net.TCPConn), n)
				}
			}()
		}
	}()
	return l.Addr().String(), func() int {
		mu.Lock()
		defer mu.Unlock()
		return count
	}
}
