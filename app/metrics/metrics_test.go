package metrics_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"majestic/app/logs"
	"majestic/app/metrics"
)

// What one room cannot measure is left out and logged, and the others are there.
// No connection is kept: the next scrape shall find who has the address then.
func TestServe(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var states []string
	var fails error
	said := &safe{}
	room := prometheus.NewCounter(prometheus.CounterOpts{Name: "room_total", Help: "A room's."})
	stop := metrics.Serve(l, logs.New(said, logs.Options{}), metrics.Build{Version: "v1", Release: "ab12", Generation: 7},
		append(metrics.Generations(func(context.Context) ([]string, error) { return states, fails }), room)...)
	get := func(path string) (*http.Response, string) {
		t.Helper()
		r, err := http.Get("http://" + l.Addr().String() + path)
		if err != nil {
			t.Fatal(err)
		}
		defer r.Body.Close()
		b, err := io.ReadAll(r.Body)
		if err != nil {
			t.Fatal(err)
		}
		return r, string(b)
	}
	room.Inc()
	states = []string{"serving", "draining", "draining"}
	r, body := get("/metrics")
	for _, want := range []string{
		`majestic_build_info{generation="7",release="ab12",version="v1"} 1`, "room_total 1", "\ngo_goroutines ", "\nprocess_resident_memory_bytes ",
		`majestic_generations{state="draining"} 2`, `majestic_generations{state="serving"} 1`, `majestic_generations{state="warming"} 0`,
	} {
		if !strings.Contains(body, want) {
			t.Errorf("there is no %s:\n%s", want, body)
		}
	}
	if r.StatusCode != 200 || !r.Close {
		t.Errorf("%s, closed %v", r.Status, r.Close)
	}
	fails = errors.New("nobody answers")
	if r, body := get("/metrics"); r.StatusCode != 200 || !strings.Contains(body, "room_total 1") || strings.Contains(body, "majestic_generations") {
		t.Errorf("%s\n%s", r.Status, body)
	}
	if !strings.Contains(said.String(), "nobody answers") || !strings.Contains(said.String(), "level=WARN") {
		t.Errorf("logged: %s", said)
	}
	if r, _ := get("/"); r.StatusCode != 404 {
		t.Errorf("/: %s", r.Status)
	}
	stop()
	if _, err := http.Get("http://" + l.Addr().String() + "/metrics"); err == nil {
		t.Error("served after stop")
	}
}

type safe struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *safe) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(b)
}

func (s *safe) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}
