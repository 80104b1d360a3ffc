package screenshots

import (
	"time"
)

// work is the life of a tab: it takes shots off the line, and sees to its browser.
func (p *Pool) work(t *tab) {
	for next := p.await(t); next != nil; next = p.await(t) {
		next(t)
	}
}

// await returns what there is to do for a tab that is idle; nil when the pool is closed.
// A tab gets its first browser when there are more shots than tabs for them.
func (p *Pool) await(t *tab) func(*tab) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for {
		switch {
		case p.life.Err() != nil:
			return nil
		case t.next != nil:
			return p.replace
		case !t.alive():
			if t.launches.Load() > 0 || p.line.length > p.free() {
				t.mending = true
				return p.mend
			}
		case p.line.length > p.coming:
			p.coming++
			return p.serve
		}
		p.change.Wait()
	}
}

// serve draws a shot. Which one is decided when a slot is free, and not before:
// somebody more urgent may come while it waits.
func (p *Pool) serve(t *tab) {
	alive := t.browser.Load().ctx
	give, err := p.slots.take(alive)
	if err == nil {
		defer give()
	}
	w := p.pick(t, alive.Err() == nil)
	if w == nil {
		return
	}
	if err != nil {
		w.take(nil, err)
		return
	}
	w.take(t, nil)
	t.busy.Store(false)
	if b := t.browser.Load(); b != nil && b.worn() {
		p.renew(t)
	}
}

// pick ends a tab's way to a slot, and takes the shot whose turn it is when it has come there.
func (p *Pool) pick(t *tab, there bool) *waiter {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.coming--
	if there {
		w := p.line.next()
		t.busy.Store(w != nil)
		return w
	}
	p.change.Broadcast()
	return nil
}

// free is how many tabs draw nothing, with a browser or soon.
func (p *Pool) free() (n int) {
	for _, t := range p.tabs {
		if t.mending || t.alive() && !t.busy.Load() {
			n++
		}
	}
	return n
}

// mend starts a browser in the place of one that is gone. When all fail, nobody
// waits any longer.
func (p *Pool) mend(t *tab) {
	gone, was := t.browser.Load(), t.failed.Load()
	if gone != nil && time.Since(gone.born) > longLife {
		t.falls = 0
	}
	select {
	case <-p.life.Done():
		return
	case <-time.After(rest(t.falls, t.took)):
	}
	err := t.warm(p.life)
	if gone != nil || err != nil {
		t.falls++
	}
	switch {
	case p.life.Err() != nil:
	case err == nil && was != nil:
		t.log.Info("Chrome is back")
	case err != nil && was == nil:
		t.log.Warn("Chrome does not come back; it is tried again and again", "err", err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	t.mending = false
	if why := p.refuse(); why != nil {
		p.dismiss(why)
	}
}

// A browser that lives so long has not begun a series of falls.
const longLife = time.Minute

// rest is how long to wait before a browser is started again: not at all after the
// first fall, then longer each time, up to ten times what that takes. A crash costs
// seconds of all cores; that there is no program costs nothing, and ends soonest.
func rest(falls int, took time.Duration) time.Duration {
	const first = time.Second / 4
	if falls == 0 {
		return 0
	}
	return min(first<<min(falls-1, 10), max(first, 10*took))
}

// renew launches a browser that shall take the place of a worn one, which draws
// on meanwhile. All tabs of the pool do so one after the other.
func (p *Pool) renew(t *tab) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if t.renewing {
		return
	}
	t.renewing = true
	p.works.Go(func() {
		p.renewal.Lock()
		defer p.renewal.Unlock()
		b, err := t.launch(p.life)
		if err != nil && p.life.Err() == nil {
			t.log.Warn("Chrome cannot be renewed yet; the old one draws on", "err", err)
		}
		p.mu.Lock()
		defer p.mu.Unlock()
		t.renewing, t.next = false, b
		p.change.Broadcast()
	})
}

// replace has the browser that was launched meanwhile draw from now on.
func (p *Pool) replace(t *tab) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if old := t.browser.Swap(t.next); old != nil {
		old.cancel()
	}
	t.next = nil
	t.renewals.Add(1)
}

// dismiss sends away all who wait.
func (p *Pool) dismiss(why error) {
	for w := p.line.next(); w != nil; w = p.line.next() {
		w.take(nil, why)
	}
}
