package screenshots

import (
	"testing"
	"time"
)

// BenchmarkCapture measures a whole shot of the country card, and in the same run
// its limit: the picture of the page that is already painted.
func BenchmarkCapture(b *testing.B) {
	p := startPool(b, Options{Tabs: 1})
	s := Shot{HTML: card(b), Width: 1200, Height: 630, Scale: 1, Format: PNG}
	for range 5 {
		capture(b, p, s)
	}
	var whole, limit time.Duration
	for b.Loop() {
		start := time.Now()
		capture(b, p, s)
		whole += time.Since(start)

		tab := <-p.idle
		start = time.Now()
		if _, err := tab.browser.photograph(tab.browser.ctx, s); err != nil {
			b.Fatal(err)
		}
		limit += time.Since(start)
		p.idle <- tab
	}
	b.ReportMetric(float64(whole.Microseconds())/1000/float64(b.N), "ms/shot")
	b.ReportMetric(float64(limit.Microseconds())/1000/float64(b.N), "ms/limit")
	b.ReportMetric(float64(whole)/float64(limit), "x-limit")
}
