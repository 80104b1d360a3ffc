//go:build soak

package apptest_test

import (
	"syscall"
	"testing"

	"github.com/chromedp/chromedp"

	"majestic/app/apptest"
)

// A host that is killed has told operators of no end of its upgrade: the verdict does.
func TestVerdictInView(t *testing.T) {
	binary, dir := apptest.Binary(t, "v1"), apptest.Dir(t)
	first := apptest.Serve(t, binary, dir)
	operator := signedIn(t, signUp(t, first), first.URL)
	do(t, operator, chromedp.Navigate(first.URL+"/operator/releases"))
	apptest.Must(t, binary, dir, "upgrade", apptest.Binary(t, "v2"), "--no-wait", "--probation", "1m")
	kill(t, first.Pid, syscall.SIGKILL)
	poll(t, operator, `[...document.querySelectorAll("#history .badge")].map((b) => b.textContent).join() === "✓ Committed"`)
	apptest.Must(t, binary, dir, "stop")
}
