package apptest_test

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"majestic/app"
	"majestic/app/apptest"
	"majestic/upgrade"
)

// While tenants move, operators see it; and an open tab of a tenant is offered the
// reload when its tenant has moved, and not before.
func TestTenantsMoveInView(t *testing.T) {
	binary, dir := apptest.Binary(t, "v1"), apptest.Dir(t)
	first := apptest.Serve(t, binary, dir)
	session := signUp(t, first)
	acmes := acme(t, binary, dir, first)
	others := apptest.API{URL: first.URL, Key: apptest.Key(t, binary, dir)}
	design := card(t, acmes)
	rows := apptest.Countries(t)
	var mine, theirs app.Batch
	acmes.Call(t, "POST", "/batches", map[string]any{"design": design, "rows": rows, "scale": 0.25}, 202, &mine)
	others.Call(t, "POST", "/batches", map[string]any{"design": card(t, others), "rows": rows, "scale": 0.25}, 202, &theirs)

	goOn := apptest.Slowly(t, dir)

	operator, tab := signedIn(t, session, first.URL), signedIn(t, session, first.URL)
	do(t, operator, chromedp.Navigate(first.URL+"/operator/releases"))
	poll(t, operator, `document.querySelector("#standing").textContent === "v1 serves 2 workspaces."`)
	do(t, tab, chromedp.Navigate(first.URL+"/t/acme/designs/"+design))
	poll(t, tab, `document.readyState === "complete"`)
	type css = chromedp.CSS
	// What is typed is drawn by who serves the tenant, and so the page hears of it.
	enter := func(text string) {
		t.Helper()
		do(t, tab, chromedp.Evaluate[chromedp.Void](`document.querySelector("#var-name").select()`), chromedp.SendKeys(css("#var-name"), text))
		poll(t, tab, `document.querySelector("#drawing [data-element=name]").textContent === "`+text+`"`)
	}

	done := make(chan upgrade.Step, 1)
	go func() {
		done <- upgradeTo(t, binary, dir, 0, apptest.Binary(t, "v2"), "--by-tenant", "--probation", "8s")
	}()
	until(t, "it is on probation", func() bool { return status(t, dir)[0].Probation })
	until(t, "the operator sees the probation", func() bool { // and does not wait for the next look
		return value(t, operator, chromedp.Evaluate[bool](`document.dispatchEvent(new Event("visibilitychange"));
			document.querySelector("#standing").textContent.includes("under way: on probation. v2 serves 0 workspaces.")`))
	})
	keepEverywhere(t, operator, "releases-probation")
	if last := <-done; last.Result != "committed" {
		t.Fatalf("%+v", last)
	}
	http.DefaultClient.CloseIdleConnections()
	poll(t, operator, `document.querySelector("#standing").textContent === "v2 serves 0 workspaces. 2 stay with an older release until the jobs there are done."`)
	poll(t, operator, `document.querySelectorAll("#living .staying li").length === 2 && document.querySelector("#history tbody tr").textContent.includes("Committed")`)

	enter("Before")
	said := value(t, tab, chromedp.Evaluate[string](`(async () => {
		const ask = async (address) => (await (await fetch(address)).json()).generation;
		while ((await ask("/version")) === 1); // by a connection that is left
		document.dispatchEvent(new Event("visibilitychange")); // as if somebody came back to the page
		return [await ask("/version"), await ask("/t/acme/version"), document.documentElement.dataset.generation].join();
	})()`, chromedp.EvalAwaitPromise))
	if said != "2,1,1" {
		t.Errorf("who has the port, who serves the workspace, and who made the page are %s", said)
	}
	enter("Still before")
	if count(t, tab, "[data-offer] button") > 0 {
		t.Error("the reload is offered before the tenant has moved")
	}

	acmes.Call(t, "DELETE", "/batches/"+mine.ID, nil, 200, nil)
	poll(t, operator, `document.querySelector("#living article .slugs")?.textContent.trim() === "acme" && document.querySelectorAll("#living .staying li").length === 1`)
	keepEverywhere(t, operator, "releases-moved")
	enter("After")
	poll(t, tab, `!!document.querySelector("[data-offer] button")`)
	do(t, tab, chromedp.Click(css("[data-offer] button")))
	until(t, "the page is v2's, and what was typed is there", func() bool {
		is, err := chromedp.Run(tab, chromedp.Evaluate[bool](`document.documentElement.dataset.generation === "2" && document.querySelector("#var-name")?.value === "After"`))
		return err == nil && is
	})

	others.Call(t, "DELETE", "/batches/"+theirs.ID, nil, 200, nil)
	goOn()
	if err := first.Wait(); err != nil {
		t.Errorf("%v\n%s", err, first.Output())
	}
	poll(t, operator, `document.querySelector("#standing").textContent === "v2 serves 2 workspaces."`)
	keepEverywhere(t, operator, "releases-history")
	apptest.Must(t, binary, dir, "stop")
}

// signedIn is a browser with somebody's session.
func signedIn(t *testing.T, session *http.Cookie, url string) context.Context {
	t.Helper()
	browser := apptest.Browser(t, 1440, 1000)
	if _, err := chromedp.Call(browser, network.SetCookie, network.SetCookieParams{Name: session.Name, Value: session.Value, URL: url}); err != nil {
		t.Fatal(err)
	}
	return browser
}

// keepEverywhere is keep for wide and narrow, by day and by night.
func keepEverywhere(t *testing.T, browser context.Context, name string) {
	t.Helper()
	if os.Getenv("APPTEST_PICTURES") == "" {
		return
	}
	for _, scheme := range []string{"light", "dark"} {
		feature := []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}
		if _, err := chromedp.Call(browser, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: feature}); err != nil {
			t.Fatal(err)
		}
		for _, width := range []int64{360, 1440} {
			do(t, browser, chromedp.EmulateViewport(width, 1000))
			keep(t, browser, strings.Join([]string{name, scheme, fmt.Sprint(width)}, "-"))
		}
	}
}
