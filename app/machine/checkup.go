package machine

import (
	"context"
	"os"
	"sync"
	"time"

	"majestic/app"
)

// Checkup is the doctor's look for a page: what is quickly seen is looked at each
// time, and what does not change by itself, or takes long, once in an hour.
type Checkup struct {
	host  host
	needs Needs

	mu      sync.Mutex
	settled []app.Finding
	at      time.Time
}

// settledFor is for how long a look at what hardly changes is good.
const settledFor = time.Hour

// NewCheckup looks at nothing yet.
func NewCheckup(n Needs) *Checkup {
	return &Checkup{host: host{root: "/", uid: os.Geteuid()}, needs: n}
}

// Findings are how all is, each with the time at which it was looked at.
func (c *Checkup) Findings(ctx context.Context) []app.Finding {
	vital := findings(c.host.vital(ctx, c.needs))
	c.mu.Lock()
	defer c.mu.Unlock()
	if age := time.Since(c.at); age < 0 || age >= settledFor {
		settled := findings(append(c.host.settled(ctx, c.needs), c.host.table(c.needs)...))
		if ctx.Err() != nil { // a look that was cut tells nothing
			return vital
		}
		c.settled, c.at = settled, time.Now()
	}
	return append(vital, c.settled...)
}

func findings(rows []row) (all []app.Finding) {
	for _, r := range rows {
		s := r.look().advised()
		all = append(all, app.Finding{Name: s.Name, Why: s.Why, Found: s.Found, Problem: s.Problem, Remedy: s.Remedy, At: time.Now()})
	}
	return all
}
