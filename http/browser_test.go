package http_test

import (
	"context"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"majestic/app"
	"majestic/app/apptest"
)

// TestStudioMovesByItself in a person's browser: what is typed is drawn, what is
// wrong is said beside its input, and a render arrives without a reload.
func TestStudioMovesByItself(t *testing.T) {
	s := newSite(t)
	d, err := s.tenant.CreateDesign(context.Background(), nil, "Card", document(t, greeting))
	if err != nil {
		t.Fatal(err)
	}
	b := apptest.Browser(t, 1000, 800)
	if _, err := chromedp.Call(b, network.SetCookie, network.SetCookieParams{Name: "session", Value: s.cookie.Value, URL: s.url}); err != nil {
		t.Fatal(err)
	}
	do := func(what string, steps ...chromedp.Action[chromedp.Void]) {
		t.Helper()
		if err := chromedp.Do(b, steps...); err != nil {
			t.Fatalf("%s: %v", what, err)
		}
	}
	type css = chromedp.CSS
	// until waits for a condition in the page: it is looked at with every change.
	until := func(condition string) {
		t.Helper()
		js := `new Promise((resolve) => {
			const look = () => (` + condition + `) && (observer.disconnect(), resolve(true));
			const observer = new MutationObserver(look);
			observer.observe(document, { subtree: true, childList: true, attributes: true, characterData: true });
			look();
		})`
		if _, err := chromedp.Run(b, chromedp.Evaluate[bool](js, chromedp.EvalAwaitPromise)); err != nil {
			t.Fatalf("%s: %v", condition, err)
		}
	}
	do("open", chromedp.Navigate(s.url+"/t/acme/designs/"+d.ID))
	do("mark the page, to see that it stays", chromedp.Evaluate[chromedp.Void](`document.body.dataset.mark = "same"`))

	do("type", chromedp.SendKeys(css("#var-name"), "Žiža "))
	until(`document.querySelector("#drawing [data-element=hello]").textContent === "Hello Žiža Name"`)

	do("type a colour that is none", chromedp.Evaluate[chromedp.Void](`document.querySelector("#var-accent").select()`), chromedp.SendKeys(css("#var-accent"), "red"))
	until(`document.querySelector("#var-accent[aria-invalid=true]") && document.querySelector("#fault-accent").textContent.includes("colour")`)
	do("type one", chromedp.Evaluate[chromedp.Void](`document.querySelector("#var-accent").select()`), chromedp.SendKeys(css("#var-accent"), "#0f0"))
	until(`!document.querySelector("#var-accent[aria-invalid]") && document.querySelector("#drawing [data-element=band]").style.backgroundColor === "rgb(0, 255, 0)"`)

	do("render", chromedp.Click(css("form[data-preview] button")))
	until(`document.querySelector("#renders [data-status=queued]")`)
	l, err := s.tenant.Renders(context.Background(), d.ID, app.PageRequest{})
	if err != nil || len(l.Data) != 1 {
		t.Fatalf("%+v %v", l, err)
	}
	if got := l.Data[0].Variables; got["name"] != "Žiža Name" || got["accent"] != "#0f0" {
		t.Errorf("rendered with %v", got)
	}
	finish(t, s.tenant, l.Data[0].ID)
	until(`document.querySelector("#renders [data-status=succeeded] a[download]") && document.querySelectorAll("#renders article").length === 1`)

	do("render again", chromedp.Click(css("form[data-preview] button")))
	until(`document.querySelector("#renders [data-status=queued]")`)
	do("and think better of it", chromedp.Click(css("#renders form[data-cancel] button")))
	until(`document.querySelector("#renders [data-status=canceled]") && document.querySelector("#renders [data-status=canceled] a") === document.activeElement`)
	if l, err = s.tenant.Renders(context.Background(), d.ID, app.PageRequest{}); err != nil || l.Data[0].Status != app.Canceled {
		t.Errorf("%+v %v", l, err)
	}
	mark, err := chromedp.Run(b, chromedp.Evaluate[string](`document.body.dataset.mark + " " + location.pathname`))
	if err != nil || !strings.HasPrefix(mark, "same /t/acme/designs/") {
		t.Errorf("the page was left: %s %v", mark, err)
	}
}
