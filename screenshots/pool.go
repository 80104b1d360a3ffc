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
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
)

// Options says where Chrome is, where it may write, and what it may draw with.
type Options struct {
	Chromium string       // the executable; "" looks in the usual places
	Runtime  string       // the folder of a frozen runtime, whose browser, libraries and fonts are used instead; "" is the system's
	Dir      string       // scratch; profiles and font caches go below it
	Slots    string       // folder whose locks say who may draw, shared by all pools that shall not draw more than a page a core together; "" is none
	Fonts    []Font       // all the fonts there are
	Tabs     int          // shots at the same time; 0 is one a core
	Prepare  string       // a JavaScript function: `() => null`, or the problems [{element, message}] that fail the shot
	User     string       // the account Chrome runs under when we are root; "" is majestic-chrome, else nobody
	Log      *slog.Logger // nil is slog.Default
}

// Pool is a set of warm tabs.
type Pool struct {
	tabs    []*tab
	idle    chan *tab
	waiting atomic.Int64 // shots that have no tab or slot yet
	busy    atomic.Int64 // shots under way
	slots   slots
	folder  *folder
	place   place
	newest  atomic.Pointer[Fingerprint] // of the browser launched last
	life    context.Context
	end     context.CancelFunc
	close   func() error
}

// Start returns when the first tab is warm; the others follow.
func Start(ctx context.Context, o Options) (*Pool, error) {
	if o.Log == nil {
		o.Log = slog.Default()
	}
	if o.Tabs <= 0 {
		o.Tabs = runtime.NumCPU()
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
	p := &Pool{idle: make(chan *tab, o.Tabs), slots: slots, folder: folder, place: place}
	p.life, p.end = context.WithCancel(context.Background())
	p.close = sync.OnceValue(p.shutdown)

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
			if err == nil {
				p.meet(b, o.Log)
			}
			return b, err
		}}
	}
	if err := p.tabs[0].warm(ctx); err != nil {
		p.end()
		return nil, err
	}
	p.idle <- p.tabs[0]
	for _, t := range p.tabs[1:] {
		go p.put(t)
	}
	return p, nil
}

// Capture draws one page. It waits for a free tab; when ctx ends first, or in
// the middle, it returns ctx's error and the tab finishes by itself. The error is
// a *PageError when the page is at fault and a *BrowserError when Chrome is.
func (p *Pool) Capture(ctx context.Context, s Shot) (Picture, error) {
	if err := s.check(); err != nil {
		return Picture{}, err
	}
	var t *tab
	p.waiting.Add(1)
	select {
	case <-ctx.Done():
		p.waiting.Add(-1)
		return Picture{}, ctx.Err()
	case <-p.life.Done():
		p.waiting.Add(-1)
		return Picture{}, errClosed()
	case t = <-p.idle:
	}
	type result struct {
		picture Picture
		err     error
	}
	done := make(chan result, 1)
	go func() {
		picture, err := p.shoot(ctx, t, s)
		done <- result{picture, err}
		p.put(t)
	}()
	select {
	case <-ctx.Done():
		return Picture{}, ctx.Err()
	case r := <-done:
		if r.err != nil && p.life.Err() != nil {
			return Picture{}, errClosed()
		}
		return r.picture, r.err
	}
}

// Ready fails while no browser can be started. Those that died idle are started
// again, so that a pool which nobody asks for a shot gets well, too.
func (p *Pool) Ready() error {
	for range p.tabs {
		select {
		case t := <-p.idle:
			if t.alive() {
				p.idle <- t
			} else {
				go p.put(t)
			}
			continue
		default: // the others draw, or are being started
		}
		break
	}
	var last error
	for _, t := range p.tabs {
		failed := t.failed.Load()
		if failed == nil {
			return nil
		}
		last = *failed
	}
	return fmt.Errorf("no browser can be started: %w", last)
}

// Fingerprint is what draws the next shot, most likely: a Chrome that is replaced
// on disk comes in with the next launch. What did draw it stands in the picture.
func (p *Pool) Fingerprint() Fingerprint { return *p.newest.Load() }

// Close ends the shots under way, the browsers, and removes all they wrote.
func (p *Pool) Close() error { return p.close() }

// shoot waits for a slot, too, and draws.
func (p *Pool) shoot(ctx context.Context, t *tab, s Shot) (Picture, error) {
	waiting, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(p.life, cancel)()
	give, err := p.slots.take(waiting)
	p.waiting.Add(-1)
	if err != nil {
		return Picture{}, err
	}
	defer give()
	p.busy.Add(1)
	defer p.busy.Add(-1)
	return t.shoot(ctx, s)
}

// meet remembers what the newest browser is.
func (p *Pool) meet(b *browser, log *slog.Logger) {
	was := p.newest.Swap(&b.by)
	if was != nil && *was != b.by {
		log.Warn("Chromium was replaced, and draws from now on", "changes", was.Changes(b.by), "hint", "app doctor --render tells whether designs come out otherwise; app runtime freeze keeps one as it is")
	}
}

// put gives the tab back for the next shot, with a living browser in it.
func (p *Pool) put(t *tab) {
	if err := t.warm(p.life); err != nil && p.life.Err() == nil {
		t.log.Warn("Chrome did not come back; the next shot tries again", "err", err)
	}
	p.idle <- t
}

func (p *Pool) shutdown() error {
	p.end()
	for range cap(p.idle) {
		t := <-p.idle
		t.drop()
	}
	defer p.place.close()
	return p.folder.remove()
}

func errClosed() error {
	return &BrowserError{errors.New("the pool is closed")}
}
