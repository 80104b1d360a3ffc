package apptest

import (
	"context"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"majestic/screenshots"
)

// Browser is a person's browser: a fresh profile, scripts on. The context it
// gives is for chromedp; it ends after two minutes or with the test.
func Browser(t testing.TB, width, height int) context.Context {
	t.Helper()
	chromium, err := screenshots.Find("")
	if err != nil {
		t.Fatal(err)
	}
	profile := filepath.Join(Dir(t), "profile")
	if err := os.Mkdir(profile, 0o700); err != nil {
		t.Fatal(err)
	}
	var account *syscall.Credential
	if os.Geteuid() == 0 {
		account = Nobody(t) // as root Chrome has no sandbox
		if err := os.Chown(profile, int(account.Uid), int(account.Gid)); err != nil {
			t.Fatal(err)
		}
	}
	limit, stop := context.WithTimeout(context.Background(), 2*time.Minute)
	t.Cleanup(stop)
	allocator, stopAllocator := chromedp.NewExecAllocator(limit,
		chromedp.ExecPath(chromium), chromedp.Headless, chromedp.NoFirstRun, chromedp.NoDefaultBrowserCheck,
		chromedp.UserDataDir(profile), chromedp.WindowSize(width, height),
		chromedp.Flag("disable-background-networking", true), chromedp.Flag("disable-component-update", true),
		chromedp.Flag("disable-gpu", true), chromedp.Flag("force-prefers-reduced-motion", true),
		chromedp.Env("HOME="+profile, "TMPDIR="+profile),
		chromedp.ModifyCmdFunc(func(c *exec.Cmd) {
			c.SysProcAttr = &syscall.SysProcAttr{Credential: account, Setpgid: true}
		}))
	t.Cleanup(stopAllocator)
	ctx, stopBrowser := chromedp.NewContext(allocator)
	t.Cleanup(stopBrowser)
	if err := chromedp.Do(ctx, chromedp.EmulateViewport(int64(width), int64(height))); err != nil {
		t.Fatal(err)
	}
	return ctx
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
