// Package metrics answers Prometheus, at an address of its own, with what each
// room measures of itself.
package metrics

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Build is what runs.
type Build struct {
	Version, Release string
	Generation       int
}

// Serve answers on a listener until the function that it returns is called. A room
// that cannot measure just now is left out, and logged.
func Serve(l net.Listener, log *slog.Logger, b Build, rooms ...prometheus.Collector) (stop func()) {
	registry := prometheus.NewRegistry()
	registry.MustRegister(append(rooms, b.info(), collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))...)
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{
		ErrorHandling: promhttp.ContinueOnError, Registry: registry, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelWarn),
		MaxRequestsInFlight: 4, Timeout: 10 * time.Second,
	}))
	server := http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug)}
	// A connection that is kept would lead to this process when another has the address.
	server.SetKeepAlivesEnabled(false)
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) && !errors.Is(err, net.ErrClosed) {
			log.Error("the metrics are not served any more", "err", err)
		}
	}()
	return func() {
		server.Close()
		<-done
	}
}

// askLimit bounds what a scrape waits for a room that asks others.
const askLimit = 3 * time.Second

// Generations counts the processes of the instance by their state; list answers
// with the state of each that lives.
func Generations(list func(context.Context) ([]string, error)) []prometheus.Collector {
	return []prometheus.Collector{generations{list, prometheus.NewDesc("majestic_generations", "Processes of the instance, by state.", []string{"state"}, nil)}}
}

type generations struct {
	list func(context.Context) ([]string, error)
	desc *prometheus.Desc
}

func (g generations) Describe(c chan<- *prometheus.Desc) { c <- g.desc }

func (g generations) Collect(c chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), askLimit)
	defer cancel()
	states, err := g.list(ctx)
	if err != nil {
		c <- prometheus.NewInvalidMetric(g.desc, err)
		return
	}
	count := map[string]int{"warming": 0, "serving": 0, "draining": 0}
	for _, s := range states {
		count[s]++
	}
	for state, n := range count {
		c <- prometheus.MustNewConstMetric(g.desc, prometheus.GaugeValue, float64(n), state)
	}
}

func (b Build) info() prometheus.Collector {
	info := prometheus.NewGauge(prometheus.GaugeOpts{Name: "majestic_build_info", Help: "What runs; always 1.", ConstLabels: prometheus.Labels{
		"version": b.Version, "release": b.Release, "generation": strconv.Itoa(b.Generation),
	}})
	info.Set(1)
	return info
}
