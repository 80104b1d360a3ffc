package apptest_test

import (
	"fmt"
	"os"
	"regexp"
	"strconv"
	"testing"
	"time"

	"majestic/app/apptest"
)

// From nothing (initdb included) until /readyz says so, and again on a cluster
// that is there; the idle memory is of the app process alone.
//
//	go test -run xxx -bench Serve -benchtime 3x ./app/apptest
func BenchmarkServe(b *testing.B) {
	binary := apptest.Binary(b, "bench")
	b.Run("fresh", func(b *testing.B) {
		for b.Loop() {
			b.StopTimer()
			dir := apptest.Dir(b)
			b.StartTimer()
			serveOnce(b, binary, dir)
		}
	})
	b.Run("existing", func(b *testing.B) {
		dir := apptest.Dir(b)
		serveOnce(b, binary, dir)
		b.ResetTimer()
		for b.Loop() {
			serveOnce(b, binary, dir)
		}
	})
}

func serveOnce(b *testing.B, binary, dir string) {
	b.Helper()
	p := apptest.Serve(b, binary, dir)
	b.StopTimer()
	b.ReportMetric(resident(b, p.Pid), "MB-RSS")
	apptest.Must(b, binary, dir, "stop")
	b.StartTimer()
}

var rss = regexp.MustCompile(`VmRSS:\s+(\d+) kB`)

// resident is the memory of a process after a few idle seconds, in MB.
func resident(b *testing.B, pid int) float64 {
	b.Helper()
	time.Sleep(3 * time.Second)
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		b.Fatal(err)
	}
	kB, err := strconv.ParseFloat(string(rss.FindSubmatch(status)[1]), 64)
	if err != nil {
		b.Fatal(err)
	}
	return kB / 1024
}
