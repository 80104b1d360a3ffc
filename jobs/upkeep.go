package jobs

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"majestic/app"
)

// upkeep does what the installation does for itself, while this process leads.
type upkeep struct {
	app *app.App
	log *slog.Logger

	mu   sync.Mutex
	stop context.CancelFunc // nil while it does not lead
	done chan struct{}
}

// start begins; twice is harmless.
func (u *upkeep) start() {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.stop != nil {
		return
	}
	var ctx context.Context
	ctx, u.stop = context.WithCancel(context.Background())
	u.done = make(chan struct{})
	go func(done chan struct{}) {
		defer close(done)
		u.run(ctx)
	}(u.done)
}

// end returns when nothing is under way; what was is begun again by whoever leads next.
func (u *upkeep) end() {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.stop != nil {
		u.stop()
		<-u.done
		u.stop = nil
	}
}

// rest is how long it waits at most: the clock may be set.
const rest = 10 * time.Minute

func (u *upkeep) run(ctx context.Context) {
	for ctx.Err() == nil {
		next, err := u.app.DoDue(ctx)
		if err != nil && ctx.Err() == nil {
			u.log.Error("what is done from time to time cannot be done now, trying again", "err", err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(max(time.Second, min(next, rest))):
		}
	}
}
