package screenshots

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"
)

// shotLimit is when a tab counts as hung: 25 Mpx on a busy machine take 10 s.
const shotLimit = 30 * time.Second

// tab is a place in the pool. Its browser is replaced when it fails or is worn.
type tab struct {
	launch  func(context.Context) (*browser, error)
	prepare string
	limit   time.Duration
	log     *slog.Logger
	browser atomic.Pointer[browser] // nil when there is none
	busy    atomic.Bool             // with a shot

	falls    int           // browsers that did not come, or ended while idle, since the last picture
	took     time.Duration // to launch the last
	mending  bool          // a browser is launched where there is none
	renewing bool          // a browser is launched in the place of the one that is there
	next     *browser      // that has been

	launches atomic.Int64
	renewals atomic.Int64          // launches in the place of a browser that was worn, besides
	failed   atomic.Pointer[error] // why the last launch failed; nil when it did not
}

// shoot takes the picture, a second time in a fresh browser when the first one
// crashed or hung. A page on which that one fails as well is at fault itself: to
// try again would hold up all behind it.
func (t *tab) shoot(ctx context.Context, s Shot) (Picture, error) {
	picture, err := t.try(ctx, s)
	if err == nil || isPage(err) {
		return picture, err
	}
	if ctx.Err() != nil {
		return Picture{}, ctx.Err()
	}
	t.log.WarnContext(ctx, "Chrome failed; the shot is tried once more in a fresh one", "err", err)
	if err := t.warm(ctx); err != nil {
		return Picture{}, &BrowserError{err}
	}
	if picture, err = t.try(ctx, s); err == nil || isPage(err) || ctx.Err() != nil {
		return picture, err
	}
	t.log.WarnContext(ctx, "Chrome failed again; it is the page", "err", err)
	if errors.Is(err, context.DeadlineExceeded) {
		return Picture{}, &PageError{[]Problem{{Message: fmt.Sprintf("it takes longer than %s to draw; make it simpler or smaller", t.limit)}}}
	}
	return Picture{}, &PageError{[]Problem{{Message: "the browser breaks down on it; make it simpler or smaller"}}}
}

// warm makes sure that a browser is there.
func (t *tab) warm(ctx context.Context) error {
	if t.alive() {
		return nil
	}
	t.drop()
	t.launches.Add(1)
	began := time.Now()
	b, err := t.launch(ctx)
	t.took = time.Since(began)
	if err == nil {
		t.browser.Store(b)
		t.failed.Store(nil)
	} else if ctx.Err() == nil {
		t.failed.Store(&err)
	}
	return err
}

func (t *tab) alive() bool {
	b := t.browser.Load()
	return b != nil && b.ctx.Err() == nil
}

func (t *tab) drop() {
	if b := t.browser.Swap(nil); b != nil {
		b.kill()
	}
}

// try takes one picture and drops a browser that could not.
func (t *tab) try(ctx context.Context, s Shot) (Picture, error) {
	if err := t.warm(ctx); err != nil {
		return Picture{}, err
	}
	b := t.browser.Load()
	data, err := b.shoot(s, t.prepare, t.limit)
	switch {
	case err == nil, isPage(err):
		b.shots++
		t.falls = 0
	default:
		t.drop()
	}
	return Picture{data, b.by}, err
}

func isPage(err error) bool {
	_, ok := errors.AsType[*PageError](err)
	return ok
}
