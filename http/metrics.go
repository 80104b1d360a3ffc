package http

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Metrics are what the server measures of the requests.
func (s *Server) Metrics() []prometheus.Collector {
	return []prometheus.Collector{s.metrics.inFlight, s.metrics.duration}
}

// metrics of requests have no label that a visitor can choose: there are as many
// series as routes allow.
type metrics struct {
	inFlight prometheus.Gauge
	duration *prometheus.HistogramVec
}

func newMetrics() metrics {
	return metrics{
		prometheus.NewGauge(prometheus.GaugeOpts{Name: "majestic_http_requests_in_flight", Help: "Requests being answered, streams among them."}),
		prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "majestic_http_request_duration_seconds", Help: "Requests, by route, method and class of status, and what they took.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30},
		}, []string{"route", "method", "status"}),
	}
}

func (m metrics) begin() { m.inFlight.Inc() }

func (m metrics) end(r *http.Request, pattern string, status int, took time.Duration) {
	m.inFlight.Dec()
	_, route, _ := strings.Cut(pattern, " ")
	if route == "" {
		route = "none"
	}
	method := r.Method
	if !slices.Contains(methods, method) {
		method = "other"
	}
	m.duration.WithLabelValues(route, method, strconv.Itoa(status/100)+"xx").Observe(took.Seconds())
}

var methods = []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodDelete, http.MethodHead, http.MethodPatch, http.MethodOptions}
