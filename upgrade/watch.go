package upgrade

import (
	"context"
	"slices"
	"time"
)

// Watch calls changed with the generations that live, now and whenever one has
// come or gone, until ctx ends; again a second later when changed fails.
func Watch(ctx context.Context, dir string, changed func(alive []Status) error) {
	var known []int
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		alive, err := Alive(dir)
		now := numbers(alive)
		if err == nil && !slices.Equal(now, known) && changed(alive) == nil {
			known = now
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func numbers(all []Status) (n []int) {
	for _, s := range all {
		n = append(n, s.Generation)
	}
	return n
}
