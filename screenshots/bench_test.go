package screenshots

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// The limit of every figure is measured in the same run: the picture of a page
// that is already painted, taken again and again by one tab.

// BenchmarkOneTab draws the six designs in turn, in one tab.
func BenchmarkOneTab(b *testing.B) {
	p := startPool(b, Options{Tabs: 1})
	shots := designs(b, 0)
	warmUp(b, p, shots)
	var whole, limit usage
	for b.Loop() {
		for i, s := range shots {
			_ = i
			whole.add(measureUse(p, func() { capture(b, p, s) }))
			between(b, p, func(tab *tab) { limit.add(measureUse(p, func() { again(b, tab, s) })) })
		}
	}
	n := float64(b.N * len(shots))
	b.ReportMetric(whole.cpu.Seconds()*1000/n, "CPU-ms/shot")
	b.ReportMetric(limit.cpu.Seconds()*1000/n, "CPU-ms/limit")
	b.ReportMetric(whole.cpu.Seconds()/limit.cpu.Seconds(), "CPU-x-limit")
	b.ReportMetric(whole.wall.Seconds()*1000/n, "ms/shot")
	b.ReportMetric(limit.wall.Seconds()*1000/n, "ms/limit")
	b.ReportMetric(limit.wall.Seconds()/whole.wall.Seconds(), "wall-of-limit")
}

func again(b *testing.B, t *tab, s Shot) {
	if _, err := t.browser.Load().photograph(t.browser.Load().ctx, s); err != nil {
		b.Fatal(err)
	}
}

func warmUp(b *testing.B, p *Pool, shots []Shot) {
	for range 3 {
		for _, s := range shots {
			capture(b, p, s)
		}
	}
}

// BenchmarkAllCores
func BenchmarkAllCores(b *testing.B) {
	p := startPool(b, Options{})
	shots := designs(b, 0)
	warmUp(b, p, shots)
	n := 0
	use := usage{}
	b.ResetTimer()
	for b.Loop() {
		use.add(measureUse(p, func() {
			var all sync.WaitGroup
			for i := range 10 * len(shots) {
				n++
				all.Go(func() {
					if _, err := p.Capture(context.Background(), shots[i%len(shots)]); err != nil {
						b.Error(err)
					}
				})
			}
			all.Wait()
		}))
	}
	b.ReportMetric(use.cpu.Seconds()*1000/float64(n), "CPU-ms/shot")
	b.ReportMetric(float64(n)/use.wall.Seconds(), "shots/s")
}

type usage struct{ cpu, wall time.Duration }

func (u *usage) add(v usage) { u.cpu += v.cpu; u.wall += v.wall }

func measureUse(p *Pool, f func()) usage {
	before, start := used(p), time.Now()
	f()
	wall := time.Since(start)
	return usage{used(p) - before, wall}
}

// used is what our process and Chrome's have used.
func used(p *Pool) time.Duration {
	var own syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &own)
	sum := time.Duration(own.Utime.Nano() + own.Stime.Nano())
	for _, pid := range running(p.folder.path) {
		entries, _ := os.ReadDir(fmt.Sprintf("/proc/%d/task", pid))
		for _, e := range entries {
			b, _ := os.ReadFile(fmt.Sprintf("/proc/%d/task/%s/schedstat", pid, e.Name()))
			ns, _ := strconv.ParseInt(strings.Fields(string(b) + " 0")[0], 10, 64)
			sum += time.Duration(ns)
		}
	}
	return sum
}
