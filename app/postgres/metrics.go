package postgres

import "github.com/prometheus/client_golang/prometheus"

// Metrics are what the pool of connections measures of itself.
func (db *DB) Metrics() []prometheus.Collector {
	gauge := func(name, help, state string, value func() int32) prometheus.Collector {
		o := prometheus.GaugeOpts{Name: "majestic_database_" + name, Help: help}
		if state != "" {
			o.ConstLabels = prometheus.Labels{"state": state}
		}
		return prometheus.NewGaugeFunc(o, func() float64 { return float64(value()) })
	}
	counter := func(name, help string, value func() float64) prometheus.Collector {
		return prometheus.NewCounterFunc(prometheus.CounterOpts{Name: "majestic_database_" + name, Help: help}, value)
	}
	const connections = "Connections of the pool, by state."
	return []prometheus.Collector{
		gauge("connections", connections, "acquired", func() int32 { return db.Pool.Stat().AcquiredConns() }),
		gauge("connections", connections, "idle", func() int32 { return db.Pool.Stat().IdleConns() }),
		gauge("connections", connections, "constructing", func() int32 { return db.Pool.Stat().ConstructingConns() }),
		gauge("connections_max", "Connections that the pool may have.", "", func() int32 { return db.Pool.Stat().MaxConns() }),
		counter("acquires_total", "How often a connection was taken from the pool.", func() float64 { return float64(db.Pool.Stat().AcquireCount()) }),
		counter("waits_total", "How often none was idle, and it was waited for.", func() float64 { return float64(db.Pool.Stat().EmptyAcquireCount()) }),
		counter("wait_seconds_total", "What those have waited.", func() float64 { return db.Pool.Stat().EmptyAcquireWaitTime().Seconds() }),
	}
}
