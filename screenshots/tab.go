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

// tab is a place in the pool. Its browser is replaced when it fails.
type tab struct {
	launch  func(context.Context) (*browser, error)
	prepare string
	limit   time.Duration
	log     *slog.Logger
	browser *browser

	launches atomic.Int64
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
func (t *tab) warm(ctx context.Context) (err error) {
	if t.alive() {
		return nil
	}
	t.drop()
	t.launches.Add(1)
	if t.browser, err = t.launch(ctx); err == nil {
		t.failed.Store(nil)
	} else if ctx.Err() == nil {
		t.failed.Store(&err)
	}
	return err
}

func (t *tab) alive() bool { return t.browser != nil && t.browser.ctx.Err() == nil }

func (t *tab) drop() {
	if t.browser != nil {
		t.browser.kill()
		t.browser = nil
	}
}

// try takes one picture and drops a browser that could not.
func (t *tab) try(ctx context.Context, s Shot) (Picture, error) {
	if err := t.warm(ctx); err != nil {
		return Picture{}, err
	}
	by := t.browser.by
	data, err := t.browser.shoot(s, t.prepare, t.limit)
	if err != nil && !isPage(err) {
		t.drop()
	}
	return Picture{data, by}, err
}

func isPage(err error) bool {
	_, ok := errors.AsType[*PageError](err)
	return ok
}
