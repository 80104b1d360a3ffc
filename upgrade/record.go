package upgrade

import (
	"context"
	"crypto/rand"
	"sync"
	"time"
)

// Upgrade is what is to be remembered of one, as far as it has come.
type Upgrade struct {
	ID          string
	Host        int // the generation that was to be replaced
	Generation  int // its successor; 0 while it has none
	From        string
	FromVersion string
	To          string // "" while it is not known
	ToVersion   string
	ByTenant    bool
	Began       time.Time
	Took        time.Duration
	Step        string // the last
	Result      string // "" while it is under way
	Reason      string
}

// record is an upgrade under way, on its way into the program's memory. An upgrade
// does not wait for that; what could not be kept is tried again.
type record struct {
	g    *Generation
	s    *successor
	keep func(context.Context, Upgrade) error
	news chan struct{}
	done chan struct{} // closed when the end is kept

	mu sync.Mutex
	of Upgrade
}

// remember begins the record of an upgrade; nil, of which nothing is kept, when the
// program does not care.
func (g *Generation) remember(s *successor) *record {
	keep := g.can().Remember
	if keep == nil {
		return nil
	}
	r := &record{g: g, s: s, keep: keep, news: make(chan struct{}, 1), done: make(chan struct{})}
	r.of = Upgrade{ID: rand.Text(), Host: g.Number(), From: g.o.Release, FromVersion: g.o.Version, ByTenant: s.order.ByTenant, Began: s.began}
	go r.write()
	r.tell()
	return r
}

// note takes down a step. With the end it returns when that is kept, or could not be
// in time: who asked for an upgrade shall find it among those that were.
func (r *record) note(p Step) {
	if r == nil {
		return
	}
	r.mu.Lock()
	r.of.Generation, r.of.To, r.of.ToVersion = r.s.number, r.s.release, r.s.version
	r.of.Took, r.of.Result, r.of.Reason = time.Since(r.s.began), p.Result, p.Reason
	if p.Result == "" {
		r.of.Step = p.Step
	}
	r.mu.Unlock()
	r.tell()
	if p.Result == "" {
		return
	}
	select {
	case <-r.done:
	case <-time.After(patience):
	}
}

func (r *record) write() {
	for failed := false; ; {
		<-r.news
		r.mu.Lock()
		now := r.of
		r.mu.Unlock()
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		err := r.keep(ctx, now)
		cancel()
		if err == nil && now.Result != "" {
			close(r.done)
			return
		}
		if err == nil {
			continue
		}
		if !failed {
			failed = true
			r.g.o.Log.Warn("what becomes of the upgrade cannot be kept; it is tried again", "err", err)
		}
		select {
		case <-r.g.closed: // and so is what it would be kept in
			return
		case <-time.After(5 * blink):
			r.tell()
		}
	}
}

// tell has what is new written.
func (r *record) tell() {
	select {
	case r.news <- struct{}{}:
	default: // it will be, with what was new before
	}
}
