package http_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"majestic/app"
	"majestic/app/apptest"
	"majestic/app/logs"
	ours "majestic/http"
)

// Requests are counted by route, method and class, and no visitor can make more
// series than there are of these.
func TestMetrics(t *testing.T) {
	s := newSite(t)
	count := func(route, method, status string) float64 {
		t.Helper()
		return apptest.Measure(t, s.Metrics()...)[fmt.Sprintf(`majestic_http_request_duration_seconds_count{method="%s",route="%s",status="%s"}`, method, route, status)]
	}
	ask := func(method, path string) {
		t.Helper()
		s.do(method, path, nil)
	}
	ask("GET", "/signin")
	ask("GET", "/signin?next=%2Ft%2Facme")
	ask("HEAD", "/signin")
	ask("DELETE", "/signin")
	for i := range 20 {
		ask("GET", fmt.Sprintf("/nowhere/%d", i))
		ask("GET", fmt.Sprintf("/t/acme-%d/designs/%d", i, i))
		ask(fmt.Sprintf("VERB%d", i), "/signin")
		ask(fmt.Sprintf("VERB%d", i), fmt.Sprintf("/nowhere/%d", i))
	}
	s.api("GET", "/designs/none", nil)
	for _, test := range []struct {
		route, method, status string
		want                  float64
	}{
		{"/signin", "GET", "2xx", 2}, {"/signin", "HEAD", "2xx", 1}, {"none", "DELETE", "4xx", 1}, {"none", "GET", "4xx", 20},
		{"none", "other", "4xx", 40}, {"/t/{slug}/designs/{id}", "GET", "3xx", 20}, {"/api/v1/designs/{id}", "GET", "4xx", 1},
	} {
		// The last request may be counted only when its answer is out.
		for end := time.Now().Add(time.Minute); count(test.route, test.method, test.status) < test.want && time.Now().Before(end); {
			time.Sleep(time.Millisecond)
		}
		if got := count(test.route, test.method, test.status); got != test.want {
			t.Errorf("%v: %v", test, got)
		}
	}
	series := 0
	for name := range apptest.Measure(t, s.Metrics()...) {
		if strings.HasPrefix(name, "majestic_http_request_duration_seconds_count") {
			series++
		}
	}
	if series != 7 {
		t.Errorf("%d series", series)
	}
}

// A stream is in flight for as long as it lasts.
func TestInFlight(t *testing.T) {
	s := newSite(t)
	x := makeThings(t, s.tenant, "Card")
	made, err := s.tenant.CreateRender(t.Context(), nil, app.RenderRequest{Design: x.design, Variables: map[string]string{"name": "a", "accent": "#000"}})
	if err != nil {
		t.Fatal(err)
	}
	await := func(want float64) {
		t.Helper()
		for apptest.Measure(t, s.Metrics()...)["majestic_http_requests_in_flight"] != want {
			time.Sleep(time.Millisecond)
		}
	}
	await(0)
	r, err := http.NewRequest("GET", s.url+"/t/acme/renders/"+made.ID+"/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Accept", "text/event-stream")
	r.AddCookie(s.cookie)
	answer, err := http.DefaultClient.Do(r)
	if err != nil || answer.StatusCode != 200 {
		t.Fatal(err, answer)
	}
	await(1)
	answer.Body.Close()
	await(0)
}

// What measuring costs of a request: the whole of it, and the measuring alone, on
// the cheapest route there is and on one that asks the database.
//
//	go test -run xxx -bench Measuring ./http
func BenchmarkMeasuring(b *testing.B) {
	s := newSite(b, func(o *ours.Options) { o.Log = logs.New(io.Discard, logs.Options{JSON: true}) })
	for _, path := range []string{"/healthz", "/api/v1/designs"} {
		b.Run(path, func(b *testing.B) {
			r := httptest.NewRequest("GET", path, nil)
			r.Header.Set("Authorization", "Bearer "+s.key)
			b.ReportAllocs()
			for b.Loop() {
				s.ServeHTTP(discard{}, r)
			}
			whole := float64(b.Elapsed()) / float64(b.N)
			const n = 100_000
			began := time.Now()
			for range n {
				s.Measure(r, "GET "+path, 200)
			}
			alone := float64(time.Since(began)) / n
			b.ReportMetric(alone, "ns-measuring/op")
			b.ReportMetric(100*alone/whole, "%-of-GET")
		})
	}
}

type discard struct{ http.ResponseWriter }

func (discard) Header() http.Header         { return http.Header{} }
func (discard) Write(p []byte) (int, error) { return io.Discard.Write(p) }
func (discard) WriteHeader(int)             {}
