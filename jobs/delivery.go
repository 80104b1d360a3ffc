package jobs

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"sync"
	"time"

	"github.com/riverqueue/river"

	"majestic/app"
)

type deliveryWorker struct {
	river.WorkerDefaults[app.DeliveryJob]
	app   *app.App
	seats *seats
	turns *turns
}

// Work sends a message to a webhook. A server that does not take it costs the job no
// attempt: it is put off until the next is due.
func (w *deliveryWorker) Work(ctx context.Context, job *river.Job[app.DeliveryJob]) error {
	if job.Args.Version > app.DeliveryJobVersion {
		return river.JobSnooze(unknownWait)
	}
	if w.app.Muted() {
		return river.JobSnooze(mutedWait)
	}
	if !w.seats.take(job.Args.TenantID) {
		return river.JobSnooze(w.turns.next(job.Args.TenantID, time.Now()))
	}
	defer w.seats.give(job.Args.TenantID)
	tenant := w.app.In(job.Args.TenantID)
	wait, err := tenant.Deliver(ctx, job.Args.DeliveryID)
	switch {
	case settled(err):
		return nil
	case errors.Is(ctx.Err(), context.Canceled):
		return river.JobSnooze(0) // we are stopping: whoever comes next sends it
	case err == nil && wait > 0:
		return river.JobSnooze(wait)
	case err == nil:
		return nil
	}
	if job.Attempt >= job.MaxAttempts {
		err = errors.Join(err, tenant.GiveUpDelivery(ctx, job.Args.DeliveryID, "our server failed several times; send it again"))
	}
	return fmt.Errorf("delivery %s: %w", job.Args.DeliveryID, err)
}

// turns puts off a tenant's deliveries one behind the other: when thousands wait for
// a slow server, only some come each second to see whether there is a seat.
type turns struct {
	mu   sync.Mutex
	last map[string]time.Time
}

const (
	firstTurn   = time.Second
	betweenTurn = 50 * time.Millisecond
)

// next is how long until a tenant's next turn.
func (t *turns) next(tenant string, now time.Time) time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	maps.DeleteFunc(t.last, func(_ string, at time.Time) bool { return at.Before(now) })
	if t.last == nil {
		t.last = map[string]time.Time{}
	}
	at := now.Add(firstTurn)
	if after := t.last[tenant].Add(betweenTurn); after.After(at) {
		at = after
	}
	t.last[tenant] = at
	return at.Sub(now)
}
