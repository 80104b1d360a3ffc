package jobs

import (
	"context"
	"errors"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Metrics are of the renders, which are this process's, and of the jobs, which are
// all of the instance's.
func (r *Runner) Metrics() []prometheus.Collector {
	return []prometheus.Collector{r.renders, counts{
		runner: r,
		count:  prometheus.NewDesc("majestic_jobs", "Jobs that are not done, and those given up lately, by state, kind and the release whose queue they are in.", []string{"state", "kind", "release"}, nil),
		oldest: prometheus.NewDesc("majestic_jobs_oldest_available_seconds", "How long the oldest job has waited that could run, by the release whose queue it is in.", []string{"release"}, nil),
	}}
}

// counts are of the jobs, when it is asked.
type counts struct {
	runner        *Runner
	count, oldest *prometheus.Desc
}

func (n counts) Describe(c chan<- *prometheus.Desc) {
	c <- n.count
	c <- n.oldest
}

func (n counts) Collect(c chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
	defer cancel()
	all, err := n.runner.tallies(ctx)
	if err != nil {
		c <- prometheus.NewInvalidMetric(n.count, err)
		return
	}
	oldest := map[string]float64{n.runner.release: 0}
	for _, t := range all {
		c <- prometheus.MustNewConstMetric(n.count, prometheus.GaugeValue, t.Jobs, t.State, t.Kind, t.release())
		if t.hurries() {
			oldest[t.release()] = max(oldest[t.release()], t.Age)
		}
	}
	for release, age := range oldest {
		c <- prometheus.MustNewConstMetric(n.oldest, prometheus.GaugeValue, age, release)
	}
}

func newRenders() *prometheus.HistogramVec {
	return prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "majestic_render_duration_seconds", Help: "Pictures, by format and outcome, and what drawing one took, waiting for a tab included.",
		Buckets: []float64{.05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60},
	}, []string{"format", "outcome"})
}

// outcomeOf tells how drawing came out: failed is the design's fault, error ours.
func outcomeOf(ctx context.Context, err error) string {
	_, theirs := fault(err)
	switch {
	case err == nil:
		return "succeeded"
	case errors.Is(ctx.Err(), context.Canceled):
		return "canceled"
	case theirs:
		return "failed"
	default:
		return "error"
	}
}
