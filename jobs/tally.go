package jobs

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"majestic/app"
)

// Backlogs are those of all releases in whose queues there is something.
func (r *Runner) Backlogs(ctx context.Context) (all []app.Backlog, err error) {
	tallies, err := r.tallies(ctx)
	for _, t := range tallies {
		i := slices.IndexFunc(all, func(b app.Backlog) bool { return b.Release == t.release() })
		if i < 0 {
			i, all = len(all), append(all, app.Backlog{Release: t.release()})
		}
		b, n := &all[i], int(t.Jobs)
		switch {
		case t.State == "running":
			b.Running += n
		case t.hurries():
			b.Available += n
			b.Oldest = max(b.Oldest, time.Duration(t.Age*float64(time.Second)))
		case t.State == "discarded":
			b.Discarded += n
		default:
			b.Waiting += n
		}
	}
	return all, err
}

// tally counts the jobs of a state, kind and queue.
type tally struct {
	State, Kind, Queue string
	Jobs               float64
	Age                float64 // of the oldest, in seconds since it could run
}

func (t tally) release() string { return strings.TrimPrefix(t.Queue, queueOf("")) }

// hurries tells whether they could run, and somebody waits for them.
func (t tally) hurries() bool { return t.State == "available" && t.Kind != thumbnail }

func (r *Runner) tallies(ctx context.Context) ([]tally, error) {
	rows, err := r.pool.Query(ctx, `
		SELECT state::text, CASE WHEN $1 = ANY(tags) THEN $1 ELSE kind END AS kind, queue, count(*)::float8 AS jobs, greatest(0, extract(epoch FROM now() - min(scheduled_at)))::float8 AS age
		FROM river_job WHERE state IN ('available', 'pending', 'retryable', 'running', 'scheduled', 'discarded')
		GROUP BY 1, 2, 3 ORDER BY 3, 1, 2`, thumbnail)
	if err != nil {
		return nil, fmt.Errorf("count jobs: %w", err)
	}
	all, err := pgx.CollectRows(rows, pgx.RowToStructByName[tally])
	if err != nil {
		return nil, fmt.Errorf("count jobs: %w", err)
	}
	return all, nil
}
