package jobs

import (
	"math/rand/v2"
	"sync"
	"time"
)

// Batches run for as long as their rows, so they may not have all slots: some are
// left for renders, and it takes eight tenants to fill the rest. Five let a
// tenant's short batches by his long one; more of them would draw nothing faster.
const (
	batchSeats  = slots - 10
	tenantSeats = 5
)

// seats are the batches that run in this process, by tenant.
type seats struct {
	mu    sync.Mutex
	all   int
	taken map[string]int
}

// take is whether another batch of the tenant may run.
func (s *seats) take(tenant string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.all >= batchSeats || s.taken[tenant] >= tenantSeats {
		return false
	}
	if s.taken == nil {
		s.taken = map[string]int{}
	}
	s.all++
	s.taken[tenant]++
	return true
}

func (s *seats) give(tenant string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.all--
	if s.taken[tenant]--; s.taken[tenant] == 0 {
		delete(s.taken, tenant)
	}
}

// awhile is how long a batch without a seat waits. River keeps a job available
// that is put off for less than five seconds, and so a draining process works it,
// too. Not all come back at once.
func awhile() time.Duration { return time.Second + rand.N(3*time.Second) }
