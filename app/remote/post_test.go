package remote_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"golang.org/x/net/dns/dnsmessage"

	"majestic/app"
	"majestic/app/apptest"
	"majestic/app/remote"
)

// A message goes where it is sent and nowhere else, whatever is answered.
func TestPost(t *testing.T) {
	var elsewhere atomic.Int32
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		switch r.URL.Path {
		case "/elsewhere":
			elsewhere.Add(1)
		case "/moved", "/moved/kept":
			w.Header().Set("Location", "/elsewhere")
			w.WriteHeader(map[string]int{"/moved": 302, "/moved/kept": 307}[r.URL.Path])
		case "/private":
			http.Redirect(w, r, "https://192.168.0.1/", http.StatusPermanentRedirect)
		case "/busy":
			w.Header().Set("Retry-After", "120")
			w.WriteHeader(http.StatusTooManyRequests)
		case "/huge":
			for range 1000 {
				if _, err := w.Write(make([]byte, 1<<20)); err != nil {
					return
				}
			}
			t.Error("all of a huge answer was read")
		default:
			if r.Method != http.MethodPost || string(body) != `{"a":1}` || r.Header.Get("webhook-id") != "msg_1" || r.Header.Get("Content-Type") != "application/json" {
				t.Errorf("%s %v %s", r.Method, r.Header, body)
			}
		}
	}))
	defer server.Close()
	client := remote.Loopback(apptest.Roots())
	for path, want := range map[string]int{"/": 200, "/moved": 302, "/moved/kept": 307, "/private": 308, "/busy": 429, "/huge": 200} {
		a, err := client.Post(t.Context(), app.Message{Address: server.URL + path, Headers: map[string]string{"webhook-id": "msg_1"}, Body: []byte(`{"a":1}`)})
		if err != nil || a.Code != want || (path == "/busy") != (a.Wait.Minutes() == 2) {
			t.Errorf("%s: %+v, %v", path, a, err)
		}
	}
	if elsewhere.Load() != 0 {
		t.Error("it followed")
	}
	server.Close()
	if _, err := client.Post(t.Context(), app.Message{Address: server.URL}); app.KindOf(err) != app.Invalid || !strings.Contains(err.Error(), "refuses the connection") {
		t.Errorf("nobody listens: %v", err)
	}
}

// A server lets go of a connection that is kept, just when the next message goes over
// it: that one goes over another.
func TestPostOverADroppedConnection(t *testing.T) {
	var used sync.Map
	var dropped atomic.Int32
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header["Idempotency-Key"] != nil {
			t.Errorf("%v", r.Header)
		}
		if _, again := used.LoadOrStore(r.RemoteAddr, true); again {
			dropped.Add(1)
			panic(http.ErrAbortHandler)
		}
	}))
	defer server.Close()
	client := remote.Loopback(apptest.Roots())
	for range 2 {
		if a, err := client.Post(t.Context(), app.Message{Address: server.URL, Body: []byte(`{}`)}); err != nil || a.Code != 200 {
			t.Errorf("%+v, %v", a, err)
		}
	}
	if dropped.Load() != 1 {
		t.Errorf("%d connections were dropped", dropped.Load())
	}
}

// A server is believed by its certificate.
func TestPostNeedsCertificate(t *testing.T) {
	server := httptest.NewTLSServer(nil)
	defer server.Close()
	if _, err := remote.Loopback(nil).Post(t.Context(), app.Message{Address: server.URL}); err == nil || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("an unknown certificate: %v", err)
	}
}

// A server that never answers, and one that never comes to an end, cost their time and no more.
func TestPostWaits(t *testing.T) {
	t.Parallel()
	client := remote.Loopback(apptest.Roots())
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/endless" {
			w.WriteHeader(http.StatusAccepted)
			w.(http.Flusher).Flush()
		}
		io.Copy(io.Discard, r.Body)
		<-r.Context().Done()
	}))
	defer server.Close()
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	type result struct {
		path string
		app.Answer
		err error
	}
	results := make(chan result)
	for _, address := range []string{server.URL + "/never", server.URL + "/endless", "https://" + silent.Addr().String()} {
		go func() {
			a, err := client.Post(context.Background(), app.Message{Address: address, Body: []byte("{}")})
			results <- result{address, a, err}
		}()
	}
	for range 3 {
		r := <-results
		if strings.HasSuffix(r.path, "/endless") {
			if r.err != nil || r.Code != http.StatusAccepted {
				t.Errorf("%+v", r)
			}
		} else if app.KindOf(r.err) != app.Invalid || !strings.Contains(r.err.Error(), "its server takes longer than 15s") {
			t.Errorf("%+v", r)
		}
	}
}

// What leads elsewhere than to a public server is refused, in words where it says so
// itself, and else when it is dialled: a name may lead to another address each time.
func TestPostRefused(t *testing.T) {
	var asked atomic.Int32
	server := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Add(1) }))
	defer server.Close()
	client := remote.New()
	for address, early := range map[string]bool{
		"https://127.0.0.1/":               true,
		"https://LOCALHOST./":              true,
		"https://hooks.localhost/":         true,
		"https://[::1]/":                   true,
		"https://[::ffff:127.0.0.1]/":      true,
		"https://169.254.169.254/latest":   true,
		"https://10.1.2.3/":                true,
		"https://[fd00::1]/":               true,
		"http://example.com/":              true,
		server.URL:                         true,
		"https://example.com:8443/":        true,
		"https://ada:secret@example.com/":  true,
		"https://2130706433/":              false,
		"https://hook.majestic.invalid/":   false,
		"https://rebind.majestic.invalid/": false,
	} {
		if err := client.Check(address); (err != nil) != early {
			t.Errorf("%s: %v", address, err)
		}
	}
	names := &nameserver{answers: map[string][]string{
		"hook.majestic.invalid.":     {"10.0.0.1"},
		"rebind.majestic.invalid.":   {"127.0.0.1"},
		"metadata.majestic.invalid.": {"169.254.169.254", "127.0.0.1"},
	}}
	names.serve(t)
	for _, address := range []string{"https://hook.majestic.invalid/", "https://rebind.majestic.invalid/", "https://metadata.majestic.invalid/"} {
		if _, err := client.Post(t.Context(), app.Message{Address: address}); app.KindOf(err) != app.Invalid || !strings.Contains(err.Error(), "not public") {
			t.Errorf("%s: %v", address, err)
		}
	}

	// A client that may reach this machine alone finds its name there once, and then elsewhere.
	_, port, _ := net.SplitHostPort(server.Listener.Addr().String())
	own := remote.Loopback(apptest.Roots())
	names.set("example.com.", "127.0.0.1")
	if _, err := own.Post(t.Context(), app.Message{Address: "https://example.com:" + port}); err != nil || asked.Load() != 1 {
		t.Errorf("asked %d times, %v", asked.Load(), err)
	}
	names.set("example.com.", "10.0.0.1")
	if _, err := remote.Loopback(apptest.Roots()).Post(t.Context(), app.Message{Address: "https://example.com:" + port}); err == nil || !strings.Contains(err.Error(), "not public") || asked.Load() != 1 {
		t.Errorf("asked %d times, %v", asked.Load(), err)
	}
}

// nameserver answers the questions of this process, for the time of a test.
type nameserver struct {
	mu      sync.Mutex
	answers map[string][]string
}

func (n *nameserver) set(name string, addresses ...string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.answers[name] = addresses
}

func (n *nameserver) serve(t *testing.T) {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	before := net.DefaultResolver
	net.DefaultResolver = &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "udp", conn.LocalAddr().String())
	}}
	t.Cleanup(func() {
		net.DefaultResolver = before
		conn.Close()
	})
	go func() {
		packet := make([]byte, 1500)
		for {
			size, from, err := conn.ReadFrom(packet)
			if err != nil {
				return
			}
			if answer, err := n.answer(packet[:size]); err == nil {
				conn.WriteTo(answer, from)
			}
		}
	}()
}

func (n *nameserver) answer(packet []byte) ([]byte, error) {
	var m dnsmessage.Message
	if err := m.Unpack(packet); err != nil {
		return nil, err
	}
	m.Response, m.Additionals = true, nil
	q := m.Questions[0]
	n.mu.Lock()
	defer n.mu.Unlock()
	addresses, known := n.answers[q.Name.String()]
	if !known {
		m.RCode = dnsmessage.RCodeNameError
	}
	for _, a := range addresses {
		if q.Type == dnsmessage.TypeA {
			m.Answers = append(m.Answers, dnsmessage.Resource{
				Header: dnsmessage.ResourceHeader{Name: q.Name, Type: q.Type, Class: q.Class},
				Body:   &dnsmessage.AResource{A: [4]byte(net.ParseIP(a).To4())},
			})
		}
	}
	return m.Pack()
}
