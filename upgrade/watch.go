package upgrade

import (
	"context"
	"slices"
	"time"
)

// Watch calls changed with the generations that live, whenever one has come or
// gone while this one is in charge, until ctx ends; again a second later when
// changed fails.
func (g *Generation) Watch(ctx context.Context, changed func(alive []Status) error) {
	var known []int
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		alive, err := Alive(g.o.Dir)
		now := numbers(alive)
		if err == nil && g.InCharge() && !slices.Equal(now, known) && changed(alive) == nil {
			known = now
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		case <-g.woken:
		}
	}
}

func numbers(all []Status) (n []int) {
	for _, s := range all {
		n = append(n, s.Generation)
	}
	return n
}
