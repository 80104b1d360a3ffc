package jobs

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
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
		release := strings.TrimPrefix(t.Queue, queueOf(""))
		c <- prometheus.MustNewConstMetric(n.count, prometheus.GaugeValue, t.Jobs, t.State, t.Kind, release)
		if t.State == "available" && t.Kind != thumbnail {
			oldest[release] = max(oldest[release], t.Age)
		}
	}
	for release, age := range oldest {
		c <- prometheus.MustNewConstMetric(n.oldest, prometheus.GaugeValue, age, release)
	}
}

// tally counts the jobs of a state, kind and queue.
type tally struct {
	State, Kind, Queue string
	Jobs               float64
	Age                float64 // of the oldest, in seconds since it could run
}

func (r *Runner) tallies(ctx context.Context) ([]tally, error) {
	rows, err := r.pool.Query(ctx, `
		SELECT state::text, CASE WHEN $1 = ANY(tags) THEN $1 ELSE kind END AS kind, queue, count(*)::float8 AS jobs, greatest(0, extract(epoch FROM now() - min(scheduled_at)))::float8 AS age
		FROM river_job WHERE state IN ('available', 'pending', 'retryable', 'running', 'scheduled', 'discarded')
		GROUP BY 1, 2, 3`, thumbnail)
	if err != nil {
		return nil, fmt.Errorf("count jobs: %w", err)
	}
	all, err := pgx.CollectRows(rows, pgx.RowToStructByName[tally])
	if err != nil {
		return nil, fmt.Errorf("count jobs: %w", err)
	}
	return all, nil
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
