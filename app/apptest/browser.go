package apptest

import (
	"context"
	"os"
	"os/exec"
	"os/user"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"majestic/screenshots"
)

// Browser is a person's browser: nothing is left of others, scripts on. The context it
// gives is for chromedp; it ends after five minutes or with the test. All that a
// process opens are of one Chrome, which is slower to start than they are.
func Browser(t testing.TB, width, height int) context.Context {
	t.Helper()
	return open(t, sharedChrome(t), width, height, chromedp.WithNewBrowserContext())
}

// OwnBrowser is one in a Chrome of its own: it asks for pages ahead of time, which it
// does for nobody in a context.
func OwnBrowser(t testing.TB, width, height int) context.Context {
	t.Helper()
	ctx, stop := startChrome(t)
	t.Cleanup(stop)
	return open(t, ctx, width, height)
}

func open(t testing.TB, chrome context.Context, width, height int, how ...chromedp.ContextOption) context.Context {
	t.Helper()
	limit, stop := context.WithTimeout(chrome, 5*time.Minute)
	t.Cleanup(stop)
	ctx, leave := chromedp.NewContext(limit, how...)
	t.Cleanup(leave)
	// Each has the focus, though one window at a time would.
	if err := chromedp.Do(ctx, chromedp.EmulateViewport(int64(width), int64(height)), focused); err != nil {
		t.Fatal(err)
	}
	return ctx
}

var focused = chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
	_, err := cdp.Call(ctx, t, emulation.SetFocusEmulationEnabled, emulation.SetFocusEmulationEnabledParams{Enabled: true})
	return err
})

// chrome is the one that tests share.
var chrome struct {
	sync.Mutex
	ctx  context.Context
	stop func()
}

func sharedChrome(t testing.TB) context.Context {
	t.Helper()
	chrome.Lock()
	defer chrome.Unlock()
	if chrome.ctx == nil {
		chrome.ctx, chrome.stop = startChrome(t)
		if !lasting {
			t.Cleanup(closeChrome)
		}
	}
	return chrome.ctx
}

func closeChrome() {
	if chrome.ctx != nil {
		chrome.stop()
		chrome.ctx = nil
	}
}

func startChrome(t testing.TB) (ctx context.Context, stop func()) {
	t.Helper()
	chromium, err := screenshots.Find("")
	if err != nil {
		t.Fatal(err)
	}
	profile, err := makeDir()
	if err != nil {
		t.Fatal(err)
	}
	var account *syscall.Credential
	if os.Geteuid() == 0 {
		account = Nobody(t) // as root Chrome has no sandbox
		if err := os.Chown(profile, int(account.Uid), int(account.Gid)); err != nil {
			t.Fatal(err)
		}
	}
	allocator, stopAllocator := chromedp.NewExecAllocator(context.Background(),
		chromedp.ExecPath(chromium), chromedp.Headless, chromedp.NoFirstRun, chromedp.NoDefaultBrowserCheck,
		chromedp.UserDataDir(profile),
		chromedp.Flag("disable-background-networking", true), chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-extensions", true),
		// As in screenshots: else each window has two processes more, which nobody looks at.
		chromedp.Flag("disable-features", "SpareRendererForSitePerProcess,WebUIOmniboxPopup,WebUIOmniboxFullPopup,WebUIOmniboxAimPopup"),
		chromedp.Flag("disable-gpu", true), chromedp.Flag("force-prefers-reduced-motion", true),
		// A window behind another one is as quick as it would be alone.
		chromedp.Flag("disable-renderer-backgrounding", true), chromedp.Flag("disable-background-timer-throttling", true), chromedp.Flag("disable-backgrounding-occluded-windows", true),
		chromedp.Env("HOME="+profile, "TMPDIR="+profile),
		chromedp.ModifyCmdFunc(func(c *exec.Cmd) {
			c.SysProcAttr = &syscall.SysProcAttr{Credential: account, Setpgid: true}
		}))
	ctx, stopBrowser := chromedp.NewContext(allocator)
	stop = func() {
		stopBrowser()
		stopAllocator()
		os.RemoveAll(profile)
	}
	if err := chromedp.Do(ctx); err != nil {
		stop()
		t.Fatal(err)
	}
	return ctx, stop
}

// Nobody is an account without rights, for root to run things as.
func Nobody(t testing.TB) *syscall.Credential {
	t.Helper()
	u, err := user.Lookup("nobody")
	if err != nil {
		t.Fatal(err)
	}
	uid, err := strconv.ParseUint(u.Uid, 10, 32)
	if err != nil {
		t.Fatal(err)
	}
	gid, err := strconv.ParseUint(u.Gid, 10, 32)
	if err != nil {
		t.Fatal(err)
	}
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
}
