// Package screenshots turns HTML into pictures and PDFs with a warm Chrome. It
// knows pages, pixels and fonts, nothing of what the pages are about.
//
// A Pool holds a few browsers with one tab each, made once and reused for every
// shot: making a tab costs ten times the picture. Page scripts are off, nothing
// can reach a network, and the only fonts are the ones in Options.
package screenshots

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"syscall"
)

// Options says where Chrome is, where it may write, and what it may draw with.
type Options struct {
	Chromium string       // the executable; "" looks in the usual places
	Runtime  string       // the folder of a frozen runtime, whose browser, libraries and fonts are used instead; "" is the system's
	Dir      string       // scratch; profiles and font caches go below it
	Slots    string       // folder whose locks say who may draw, shared by all pools that shall not draw more than one can do together; "" is none
	Fonts    []Font       // all the fonts there are
	Tabs     int          // shots at the same time; 0 is one more than cores
	Prepare  string       // a JavaScript function: `() => null`, or the problems [{element, message}] that fail the shot
	User     string       // the account Chrome runs under when we are root; "" is majestic-chrome, else nobody
	Log      *slog.Logger // nil is slog.Default
}

// Pool is a set of warm tabs, and the line before them.
type Pool struct {
	tabs   []*tab
	slots  slots
	folder *folder
	place  place
	newest atomic.Pointer[Fingerprint] // of the browser launched last
	life   context.Context
	end    context.CancelFunc
	close  func() error
	works  sync.WaitGroup // what tabs do
	lives  sync.WaitGroup // browsers

	mu     sync.Mutex
	change *sync.Cond // of anything that a tab waits for
	line   line
	coming int // tabs on their way to a slot, each for one in the line

	renewal sync.Mutex // held by the tab whose browser is renewed
}

// Start returns when the first tab is warm; the others follow when they are needed.
func Start(ctx context.Context, o Options) (*Pool, error) {
	if o.Log == nil {
		o.Log = slog.Default()
	}
	if o.Tabs <= 0 {
		o.Tabs = atOnce()
	}
	place, err := o.place()
	if err != nil {
		return nil, err
	}
	p, err := startAt(ctx, o, place)
	if err != nil {
		place.close()
		return nil, err
	}
	return p, nil
}

func startAt(ctx context.Context, o Options, place place) (*Pool, error) {
	account, err := unprivileged(o.User)
	if err != nil {
		return nil, err
	}
	if err := open(place.chromium, account); err != nil {
		return nil, fmt.Errorf("starting Chrome: %w", err)
	}
	if o.Fonts, err = place.fonts(o.Fonts); err != nil {
		return nil, err
	}
	folder, err := makeFolder(o.Dir, account)
	if err != nil {
		return nil, err
	}
	p, err := start(ctx, o, place, account, folder)
	if err != nil {
		return nil, errors.Join(err, folder.remove())
	}
	return p, nil
}

func start(ctx context.Context, o Options, place place, account *syscall.Credential, folder *folder) (*Pool, error) {
	fontconfig, err := writeFontconfig(folder, o.Fonts)
	if err != nil {
		return nil, err
	}
	slots, err := makeSlots(o.Slots)
	if err != nil {
		return nil, err
	}
	by, err := fingerprint(o.Fonts, o.Prepare)
	if err != nil {
		return nil, err
	}
	p := &Pool{slots: slots, folder: folder, place: place}
	p.change = sync.NewCond(&p.mu)
	p.life, p.end = context.WithCancel(context.Background())
	p.close = sync.OnceValue(p.shutdown)
	context.AfterFunc(p.life, p.stir)

	p.tabs = make([]*tab, o.Tabs)
	for i := range p.tabs {
		p.tabs[i] = &tab{prepare: o.Prepare, limit: shotLimit, log: o.Log, launch: func(ctx context.Context) (*browser, error) {
			by := by
			libraries, err := place.weigh()
			if err != nil {
				return nil, err
			}
			by.Libraries = libraries
			b, err := launch(p.life, ctx, command{place, folder, fontconfig, account, by, o.Log})
			if err != nil {
				return nil, err
			}
			p.lives.Go(func() { <-b.gone })
			context.AfterFunc(b.ctx, p.stir)
			p.meet(b, o.Log)
			return b, nil
		}}
	}
	if err := p.tabs[0].warm(ctx); err != nil {
		p.end()
		p.lives.Wait()
		return nil, err
	}
	for _, t := range p.tabs {
		p.works.Go(func() { p.work(t) })
	}
	return p, nil
}

// Capture draws one page. It waits in the line; when ctx ends first, or in the
// middle, it returns ctx's error and the tab finishes by itself. The error is a
// *PageError when the page is at fault and a *BrowserError when Chrome is.
func (p *Pool) Capture(ctx context.Context, s Shot) (Picture, error) {
	if err := s.check(); err != nil {
		return Picture{}, err
	}
	type result struct {
		picture Picture
		err     error
	}
	done := make(chan result, 1)
	w := &waiter{lane: s.Lane, owner: s.For, take: func(t *tab, err error) {
		var picture Picture
		if err == nil {
			picture, err = t.shoot(ctx, s)
			t.busy.Store(false) // before it is told: who asks for the next one at once needs no other tab
		}
		done <- result{picture, err}
	}}
	p.join(w)
	select {
	case <-ctx.Done():
		p.leave(w)
		return Picture{}, ctx.Err()
	case r := <-done:
		if r.err != nil && p.life.Err() != nil {
			return Picture{}, errClosed()
		}
		return r.picture, r.err
	}
}

// Ready fails while no browser lives. One that died is started again by itself.
func (p *Pool) Ready() error {
	why := errors.New("one is being started")
	for _, t := range p.tabs {
		if t.alive() {
			return nil
		}
		if failed := t.failed.Load(); failed != nil {
			why = *failed
		}
	}
	return fmt.Errorf("there is no browser: %w", why)
}

// Fingerprint is what draws the next shot, most likely: a Chrome that is replaced
// on disk comes in with the next launch. What did draw it stands in the picture.
func (p *Pool) Fingerprint() Fingerprint { return *p.newest.Load() }

// Tabs is how many shots are made at the same time.
func (p *Pool) Tabs() int { return len(p.tabs) }

// Close ends the shots under way, the browsers, and removes all they wrote.
func (p *Pool) Close() error { return p.close() }

func (p *Pool) join(w *waiter) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.refuse(); err != nil {
		w.take(nil, err)
		return
	}
	p.line.join(w)
	p.change.Broadcast()
}

func (p *Pool) leave(w *waiter) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.line.leave(w)
}

// refuse tells why nobody need wait.
func (p *Pool) refuse() error {
	if p.life.Err() != nil {
		return errClosed()
	}
	return p.down()
}

// down is the reason when no browser can be started.
func (p *Pool) down() (err error) {
	for _, t := range p.tabs {
		failed := t.failed.Load()
		switch {
		case failed != nil:
			err = &BrowserError{*failed}
		case t.launches.Load() > 0:
			return nil
		}
	}
	return err
}

// stir has everything that waits look again.
func (p *Pool) stir() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.change.Broadcast()
}

// meet remembers what the newest browser is.
func (p *Pool) meet(b *browser, log *slog.Logger) {
	was := p.newest.Swap(&b.by)
	if was != nil && *was != b.by {
		log.Warn("Chromium was replaced, and draws from now on", "changes", was.Changes(b.by), "hint", "app doctor --render tells whether designs come out otherwise; app runtime freeze keeps one as it is")
	}
}

func (p *Pool) shutdown() error {
	p.end()
	p.works.Wait()
	p.lives.Wait()
	p.mu.Lock()
	p.dismiss(errClosed())
	p.mu.Unlock()
	defer p.place.close()
	return p.folder.remove()
}

func errClosed() error {
	return &BrowserError{errors.New("the pool is closed")}
}
