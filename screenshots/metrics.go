package screenshots

import "github.com/prometheus/client_golang/prometheus"

// Metrics are what the pool measures of itself.
func (p *Pool) Metrics() []prometheus.Collector {
	gauge := func(name, help string, value func() float64) prometheus.Collector {
		return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "majestic_chrome_" + name, Help: help}, value)
	}
	counter := func(name, help string, of func(*tab) int64) prometheus.Collector {
		return prometheus.NewCounterFunc(prometheus.CounterOpts{Name: "majestic_chrome_" + name, Help: help}, func() (sum float64) {
			for _, t := range p.tabs {
				sum += float64(of(t))
			}
			return sum
		})
	}
	return []prometheus.Collector{
		gauge("tabs", "Tabs, each in a browser of its own.", func() float64 { return float64(len(p.tabs)) }),
		gauge("tabs_busy", "Tabs that draw.", p.busy),
		gauge("shots_waiting", "Shots that wait for a tab or, with other processes of the instance, for a core.", p.waiting),
		counter("restarts_total", "Launches of a browser in place of one that failed.", func(t *tab) int64 { return max(0, t.launches.Load()-1) }),
		counter("renewals_total", "Browsers replaced because they were worn.", func(t *tab) int64 { return t.renewals.Load() }),
	}
}

func (p *Pool) busy() (n float64) {
	for _, t := range p.tabs {
		if t.busy.Load() {
			n++
		}
	}
	return n
}

func (p *Pool) waiting() float64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return float64(p.line.length)
}
