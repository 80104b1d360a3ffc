package jobs

import (
	"math/rand/v2"
	"sync"
	"time"
)

// Batches run for as long as their rows, and deliveries wait for other people's
// servers, so they may not have all slots: some are left for renders. It takes eight
// tenants to fill those of batches, ten with slow servers those of deliveries. Five
// let a tenant's short batches by his long one; more of them would draw nothing faster.
const (
	batchSeats       = 40
	tenantBatches    = 5
	deliverySeats    = 40
	tenantDeliveries = 4
)

// seats are the jobs of a kind that run in this process, by tenant.
type seats struct {
	most, each int // in all, and of one tenant

	mu    sync.Mutex
	all   int
	taken map[string]int
}

// take is whether another job of the tenant may run.
func (s *seats) take(tenant string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.all >= s.most || s.taken[tenant] >= s.each {
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
