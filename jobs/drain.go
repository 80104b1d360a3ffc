package jobs

import (
	"context"
	"errors"
	"fmt"
	"time"

	"majestic/app"
)

// Drain is how a runner leaves when another process has taken its place.
type Drain struct {
	Quiet   <-chan struct{} // closed when no request brings a job any more
	Timeout time.Duration   // for the jobs that wait; 0 is none

	// Heir answers with the release that serves now, "" for none, and whether a
	// newer process works our queue.
	Heir func() (release string, ours bool)
}

// Drain works off the jobs of the release that can run now, also those that come
// meanwhile; River's own Stop would leave them: a stopping client fetches nothing.
// What waits for later goes to the heir, and after the timeout all that has not
// begun; thumbnails and deliveries, which any release does as well, go at once. Running jobs are finished.
// When soft ends they are all that is; when hard ends they stop where they are,
// and go on elsewhere.
func (r *Runner) Drain(soft, hard context.Context, d Drain) error {
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	var late <-chan time.Time
	if d.Timeout > 0 {
		late = time.After(d.Timeout)
	}
	for quiet := false; ; {
		heir, ours := d.Heir()
		if ours {
			return r.leave(hard, d)
		}
		select {
		case <-soft.Done():
			return r.Stop(hard)
		case <-late:
			return errors.Join(r.bequeath(hard, heir, "available", "pending", "retryable", "scheduled"), r.leave(hard, d))
		case <-d.Quiet:
			quiet = true
		default:
		}
		var left Backlog
		err := r.bequeath(hard, heir)
		if err == nil {
			left, err = Count(hard, r.pool, r.release)
		}
		if err == nil && quiet && left.Running+left.Available == 0 {
			if err = r.bequeath(hard, heir, "pending", "retryable", "scheduled"); err == nil {
				return r.Stop(hard)
			}
		}
		select {
		case <-soft.Done():
		case <-tick.C:
		}
	}
}

// leave stops fetching, since a newer process works the queue, or the time for it is
// over. While we still finish what runs, the heir gets the jobs that wait and that
// nobody else fetches: the newer process may die, and some may have come late.
func (r *Runner) leave(hard context.Context, d Drain) error {
	stopped := make(chan error, 1)
	go func() { stopped <- r.Stop(hard) }()
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case err := <-stopped:
			return err
		case <-tick.C:
		}
		if heir, ours := d.Heir(); !ours {
			r.bequeath(hard, heir, "available", "pending", "retryable", "scheduled") // again at the next tick, should it fail
		}
	}
}

// bequeath gives the jobs in some states to the heir's queue, and thumbnails and deliveries that wait.
func (r *Runner) bequeath(ctx context.Context, heir string, states ...string) error {
	if heir == "" || heir == r.release {
		return nil // whoever starts next finds them
	}
	_, err := r.pool.Exec(ctx, `UPDATE river_job SET queue = $1
		WHERE queue = $2 AND (state = ANY($3::text[]::river_job_state[]) OR state = 'available' AND ($4 = ANY(tags) OR kind = $5))`,
		queueOf(heir), queueOf(r.release), states, thumbnail, (app.DeliveryJob{}).Kind())
	if err != nil {
		return fmt.Errorf("leave jobs to release %s: %w", heir, err)
	}
	return nil
}
