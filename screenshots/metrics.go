package screenshots

import "github.com/prometheus/client_golang/prometheus"

// Metrics are what the pool measures of itself.
func (p *Pool) Metrics() []prometheus.Collector {
	gauge := func(name, help string, value func() float64) prometheus.Collector {
		return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "majestic_chrome_" + name, Help: help}, value)
	}
	return []prometheus.Collector{
		gauge("tabs", "Tabs, each in a browser of its own.", func() float64 { return float64(len(p.tabs)) }),
		gauge("tabs_busy", "Tabs that draw.", func() float64 { return float64(p.busy.Load()) }),
		gauge("shots_waiting", "Shots that wait for a tab or, with other processes of the instance, for a core.", func() float64 { return float64(p.waiting.Load()) }),
		prometheus.NewCounterFunc(prometheus.CounterOpts{Name: "majestic_chrome_restarts_total", Help: "Launches of a browser in place of one that failed."}, p.restarts),
	}
}

func (p *Pool) restarts() float64 {
	n := 0
	for _, t := range p.tabs {
		n += max(0, int(t.launches.Load())-1)
	}
	return float64(n)
}
