package screenshots

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
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
	// This cancel and not chromedp's, which waits, and for ever when called twice
	// on a process that did not start.
	life, b.cancel = context.WithCancel(life)
	allocator, stop := chromedp.NewExecAllocator(life, c.options(profile, own)...)
	b.ctx, _ = chromedp.NewContext(allocator,
		chromedp.WithLogf(c.logf), chromedp.WithErrorf(c.logf),
		// The death of the page's process is the browser's: calls to it would wait for ever.
		chromedp.WithListener(func(event any) {
			if _, crashed := event.(*inspector.EventTargetCrashed); crashed {
				b.cancel()
			}
		}))

	late := time.AfterFunc(launchLimit, b.cancel)
	calledOff := context.AfterFunc(ctx, b.cancel)
	err = b.open()
	inTime, wanted := late.Stop(), calledOff()

	go func() {
		<-b.ctx.Done()
		stop()
		bury(profile)
		close(b.gone)
	}()
	switch {
	case !wanted:
		err = ctx.Err()
	case !inTime:
		err = fmt.Errorf("not ready after %s", launchLimit)
	}
	if err != nil {
		b.kill()
		return nil, fmt.Errorf("starting Chrome: %w", err)
	}
	return b, nil
}

// open starts the process and makes its tab ready.
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

func (c command) options(profile string, own []string) []chromedp.ExecAllocatorOption {
	options := []chromedp.ExecAllocatorOption{
		chromedp.ExecPath(c.place.chromium),
		chromedp.UserDataDir(profile),
		chromedp.NoInheritEnv, // it has our secrets
		chromedp.Env(append(append(strings.Fields(environment), own...), "HOME="+profile,
			"FONTCONFIG_FILE="+c.fontconfig,
			// The profile, by a short name: Chrome makes a socket in TMPDIR and dies when
			// its path has more than 107 bytes.
			"TMPDIR=/proc/self/cwd")...),
		chromedp.ModifyCmdFunc(func(cmd *exec.Cmd) { c.modify(cmd, profile) }),
	}
	for _, f := range flags() {
		options = append(options, chromedp.Flag(f.name, f.value))
	}
	if smallSharedMemory() {
		options = append(options, chromedp.Flag("disable-dev-shm-usage", true))
	}
	return options
}

// modify sets what chromedp would have set, too: this function replaces its own.
func (c command) modify(cmd *exec.Cmd, profile string) {
	cmd.Dir = profile
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Pdeathsig:  syscall.SIGKILL, // chromedp holds the thread that this is tied to
		Setpgid:    true,            // our Ctrl-C is not its
		Credential: c.account,
	}
}
