package screenshots

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	protocol "github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/inspector"
	"github.com/chromedp/chromedp"
	"golang.org/x/sys/unix"
)

// launchLimit is generous: a launch takes one to three seconds, more when all
// tabs of a busy machine start at once.
const launchLimit = time.Minute

// browser is one Chrome with one tab.
type browser struct {
	ctx     context.Context // ends with the process
	cancel  context.CancelFunc
	gone    chan struct{} // closed when nothing of it is left
	process *process
	target  *chromedp.Target
	frame   cdp.FrameID
	profile string
	view    view
	by      Fingerprint
	born    time.Time
	shots   int
}

// command is what it takes to start a Chrome.
type command struct {
	place      place
	folder     *folder
	fontconfig string
	account    *syscall.Credential
	by         Fingerprint // but for the version, which the browser tells, and the libraries
	log        *slog.Logger
}

// launch starts a browser that lives as long as life, and warms its tab. When ctx
// ends before that, the launch is given up.
func launch(life, ctx context.Context, c command) (*browser, error) {
	profile, err := c.folder.sub("profile-")
	if err != nil {
		return nil, fmt.Errorf("starting Chrome: %w", err)
	}
	own, err := c.place.furnish(profile)
	if err != nil {
		bury(profile)
		return nil, fmt.Errorf("starting Chrome: %w", err)
	}
	b := &browser{gone: make(chan struct{}), profile: profile, by: c.by, born: time.Now()}
	life, over := context.WithCancelCause(life)
	b.cancel = func() { over(nil) } // and not chromedp's, which waits
	if b.process, err = c.start(life, over, profile, own); err != nil {
		b.cancel()
		bury(profile)
		return nil, fmt.Errorf("starting Chrome: %w", err)
	}
	allocator, _ := chromedp.NewAllocatorContext(life, b.process)
	b.ctx, _ = chromedp.NewContext(allocator,
		chromedp.WithLogf(c.logf), chromedp.WithErrorf(c.logf),
		// The death of the page's process is the browser's: calls to it would wait for ever.
		chromedp.WithListener(func(event any) {
			if _, crashed := event.(*inspector.EventTargetCrashed); crashed {
				over(errors.New("the page's process has ended"))
			}
		}))

	late := time.AfterFunc(launchLimit, b.cancel)
	calledOff := context.AfterFunc(ctx, b.cancel)
	err = b.open()
	inTime, wanted := late.Stop(), calledOff()

	go func() {
		<-b.ctx.Done()
		bury(profile)
		<-b.process.ended
		close(b.gone)
	}()
	if err == nil && wanted && inTime {
		return b, nil
	}
	b.kill()
	switch {
	case !wanted:
		err = ctx.Err()
	case !inTime:
		err = fmt.Errorf("not ready after %s: %s", launchLimit, b.process.lastWords())
	default:
		err = fmt.Errorf("%w: %s", err, b.process.lastWords())
	}
	return nil, fmt.Errorf("starting Chrome: %w", err)
}

// open makes the tab ready.
func (b *browser) open() error {
	if err := chromedp.Do(b.ctx); err != nil {
		return err
	}
	b.target = chromedp.FromContext(b.ctx).Target
	version, err := chromedp.CallBrowser(b.ctx, protocol.GetVersion, cdp.Empty{})
	if err != nil {
		return err
	}
	b.by.Chromium = versionIn(version.Product)
	return b.settle(b.ctx)
}

// kill returns when no process and no file of the browser is left. It asks
// nothing of Chrome, which may be hung; the profile is thrown away anyhow.
func (b *browser) kill() {
	b.cancel()
	<-b.gone
}

// bury ends what is left of the browser's processes and removes the profile, into
// which they write to the end. Its name is on all their command lines, also on those
// of the crash handlers, which leave the process group; zombies have none.
func bury(profile string) {
	deadline := time.Now().Add(5 * time.Second)
	for pids := running(profile); len(pids) > 0 && time.Now().Before(deadline); pids = running(profile) {
		for _, pid := range pids {
			unix.Kill(pid, unix.SIGKILL)
		}
		time.Sleep(5 * time.Millisecond)
	}
	os.RemoveAll(profile)
}

// running lists the processes with a path on their command line.
func running(path string) []int {
	var pids []int
	files, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, file := range files {
		line, _ := os.ReadFile(file)
		if bytes.Contains(line, []byte(path)) {
			pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(file)))
			pids = append(pids, pid)
		}
	}
	return pids
}

func (c command) logf(format string, args ...any) {
	c.log.Debug("Chrome: " + fmt.Sprintf(format, args...))
}
