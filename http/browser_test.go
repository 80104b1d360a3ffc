package http_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"majestic/app"
	"majestic/app/apptest"
	ours "majestic/http"
)

// TestStudioMovesByItself in a person's browser: what is typed is drawn, what is
// wrong is said beside its input, and a render arrives without a reload.
func TestStudioMovesByItself(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	d, err := s.tenant.CreateDesign(context.Background(), nil, "Card", document(t, greeting))
	if err != nil {
		t.Fatal(err)
	}
	b := s.browser()
	type css = chromedp.CSS
	b.do("open", chromedp.Navigate(s.url+"/t/acme/designs/"+d.ID))
	b.until(`document.querySelector("[data-copy]:not([hidden])")`)
	b.do("write the call anew, which the server has written", chromedp.Evaluate[chromedp.Void](`document.body.dataset.was = document.querySelector("[data-call]").textContent; document.querySelector("#format").dispatchEvent(new Event("input", {bubbles: true}))`))
	b.until(`document.body.dataset.was === document.querySelector("[data-call]").textContent`)
	b.do("mark the page, to see that it stays", chromedp.Evaluate[chromedp.Void](`document.body.dataset.mark = "same"`))

	b.do("type", chromedp.SendKeys(css("#var-name"), "Žiža "))
	b.until(`document.querySelector("#drawing [data-element=hello]").textContent === "Hello Žiža Name"`)
	b.until(`document.querySelector("[data-call]").textContent.includes('"name":"Žiža Name"') && !document.querySelector("[data-copy]").hidden`)
	b.until(`document.querySelector("#address [data-address]").textContent.includes("name=%C5%BDi%C5%BEa+Name") && document.querySelector("[data-tags]").textContent.includes("og:image")`)

	b.do("type a colour that is none", chromedp.Evaluate[chromedp.Void](`document.querySelector("#var-accent").select()`), chromedp.SendKeys(css("#var-accent"), "red"))
	b.until(`document.querySelector("#var-accent[aria-invalid=true]") && document.querySelector("#fault-accent").textContent.includes("colour")`)
	b.do("type one", chromedp.Evaluate[chromedp.Void](`document.querySelector("#var-accent").select()`), chromedp.SendKeys(css("#var-accent"), "#0f0"))
	b.until(`!document.querySelector("#var-accent[aria-invalid]") && document.querySelector("#drawing [data-element=band]").style.backgroundColor === "rgb(0, 255, 0)"`)

	b.do("render", chromedp.Click(css("form[data-preview] button")))
	b.until(`document.querySelector("#renders [data-status=queued]")`)
	l, err := s.tenant.Renders(context.Background(), d.ID, app.PageRequest{})
	if err != nil || len(l.Data) != 1 {
		t.Fatalf("%+v %v", l, err)
	}
	if got := l.Data[0].Variables; got["name"] != "Žiža Name" || got["accent"] != "#0f0" {
		t.Errorf("rendered with %v", got)
	}
	finish(t, s.tenant, l.Data[0].ID)
	b.until(`document.querySelector("#renders [data-status=succeeded] a[download]") && document.querySelectorAll("#renders article").length === 1`)

	b.do("render again", chromedp.Click(css("form[data-preview] button")))
	b.until(`document.querySelector("#renders [data-status=queued]")`)
	b.do("and think better of it", chromedp.Click(css("#renders form[data-cancel] button")))
	b.until(`document.querySelector("#renders [data-status=canceled]") && document.querySelector("#renders [data-status=canceled] a") === document.activeElement`)
	if l, err = s.tenant.Renders(context.Background(), d.ID, app.PageRequest{}); err != nil || l.Data[0].Status != app.Canceled {
		t.Errorf("%+v %v", l, err)
	}
	mark, err := chromedp.Run(b.ctx, chromedp.Evaluate[string](`document.body.dataset.mark + " " + location.pathname`))
	if err != nil || !strings.HasPrefix(mark, "same /t/acme/designs/") {
		t.Errorf("the page was left: %s %v", mark, err)
	}
}

// TestReleaseIsOffered to a page that the release before has made; what is typed
// into it outlives the reload.
func TestReleaseIsOffered(t *testing.T) {
	t.Parallel()
	var o ours.Options
	s := newSite(t, func(of *ours.Options) { o = *of })
	x := makeThings(t, s.tenant, "Card")
	b := s.browser()
	type css = chromedp.CSS
	b.do("open", chromedp.Navigate(s.url+"/t/acme/designs/"+x.design))

	before := o
	before.Release, before.Generation = "0000before00", o.Generation-1
	s.serving.Store(ours.New(before))
	b.do("type", chromedp.SendKeys(css("#var-name"), "Žiža "))
	b.until(`document.querySelector("#drawing [data-element=hello]").textContent === "Hello Žiža Card"`)
	b.do("ask", chromedp.Evaluate[chromedp.Void](`fetch("/version").then(() => document.body.dataset.asked = "yes")`))
	b.until(`document.body.dataset.asked`)
	if offered, err := chromedp.Run(b.ctx, chromedp.Evaluate[bool](`!!document.querySelector("[data-offer] button")`)); err != nil || offered {
		t.Errorf("an older release, which answers a last time, is offered: %v", err)
	}

	after := o
	after.Release, after.Generation = "0000after000", o.Generation+1
	s.serving.Store(ours.New(after))
	b.do("type more", chromedp.SendKeys(css("#var-name"), "Ž"))
	b.until(`document.querySelector("[data-offer] button")`)
	b.do("choose", chromedp.Evaluate[chromedp.Void](`document.querySelector("#format").value = "webp"`))
	b.do("take it", chromedp.Click(css("[data-offer] button")))
	b.until(`document.documentElement.dataset.release === "0000after000" && document.querySelector("#format").value === "webp"`)
	b.until(`document.querySelector("#drawing [data-element=hello]").textContent.includes("Ž")`)
	if offered, err := chromedp.Run(b.ctx, chromedp.Evaluate[bool](`!!document.querySelector("[data-offer] button")`)); err != nil || offered {
		t.Errorf("it is offered again: %v", err)
	}
	b.do("reload by hand", chromedp.Reload())
	b.until(`document.querySelector("#var-name").value === "Card" && document.querySelector("#format").value === "png"`)
}

// TestManyTabs follow their renders, and leave the browser a connection for another page.
func TestManyTabs(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	x := makeThings(t, s.tenant, "Card")
	first := s.browser()
	tabs := []*browser{first}
	for range 5 {
		ctx, leave := chromedp.NewContext(first.ctx)
		t.Cleanup(leave)
		tabs = append(tabs, &browser{t, ctx})
	}
	var renders []string
	for _, tab := range tabs {
		r, err := s.tenant.CreateRender(context.Background(), nil, app.RenderRequest{Design: x.design, Variables: map[string]string{"name": "a", "accent": "#000"}})
		if err != nil {
			t.Fatal(err)
		}
		renders = append(renders, r.ID)
		tab.do("open a render", chromedp.Navigate(s.url+"/t/acme/renders/"+r.ID))
		tab.until(`document.querySelector("article[data-events]")`)
	}
	ctx, leave := chromedp.NewContext(first.ctx)
	t.Cleanup(leave)
	another := &browser{t, ctx}
	another.do("open another page", chromedp.Navigate(s.url+"/t/acme/"))
	another.until(`document.querySelector(".gallery")`)

	for _, id := range renders {
		finish(t, s.tenant, id)
	}
	for _, tab := range tabs {
		tab.until(`document.querySelector("article[data-status=succeeded]")`)
	}
}

// TestThumbnailsCome into the gallery as they are made, and nothing of the page is lost.
func TestThumbnailsCome(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	x := makeThings(t, s.tenant, "Card")
	b := s.browser()
	b.do("open", chromedp.Navigate(s.url+"/t/acme/"))
	b.do("go to a card", chromedp.Evaluate[chromedp.Void](`document.querySelector(".gallery a").focus()`))
	b.until(`document.querySelectorAll(".gallery [data-awaited]").length === 2`)
	shift := `document.querySelector(".gallery li:last-child").getBoundingClientRect().top`
	before, err := chromedp.Run(b.ctx, chromedp.Evaluate[float64](shift))
	if err != nil {
		t.Fatal(err)
	}
	finish(t, s.tenant, s.thumbnail(x.design))
	b.until(`document.querySelector("#thumbnail-` + x.design + ` img")?.naturalWidth === 400 && document.querySelectorAll(".gallery [data-awaited]").length === 1`)
	b.until(`document.activeElement === document.querySelector(".gallery a")`)
	if after, err := chromedp.Run(b.ctx, chromedp.Evaluate[float64](shift)); err != nil || after != before {
		t.Errorf("the page has jumped from %v to %v, %v", before, after, err)
	}
}

// browser is a tab of Ada's.
type browser struct {
	t   testing.TB
	ctx context.Context
}

func (s *site) browser() *browser {
	s.t.Helper()
	b := &browser{s.t, apptest.Browser(s.t, 1000, 800)}
	s.signIn(b)
	return b
}

func (s *site) signIn(b *browser) {
	s.t.Helper()
	if _, err := chromedp.Call(b.ctx, network.SetCookie, network.SetCookieParams{Name: "session", Value: s.cookie.Value, URL: s.url}); err != nil {
		s.t.Fatal(err)
	}
}

func (b *browser) do(what string, steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	if err := chromedp.Do(b.ctx, steps...); err != nil {
		b.t.Fatalf("%s: %v", what, err)
	}
}

// until waits for a condition in the page, or in the next one. The page itself looks
// again and again, which costs less than to ask it, and gives word before it may be left.
func (b *browser) until(condition string) {
	b.t.Helper()
	look := `new Promise((tell) => {
		const wait = setTimeout.bind(window), end = performance.now() + 500;
		const look = () => {
			let is = false;
			try { is = !!(` + condition + `); } catch {}
			is || performance.now() > end ? tell(is) : wait(look, 10);
		};
		look();
	})`
	for range time.Tick(20 * time.Millisecond) {
		is, err := chromedp.Run(b.ctx, chromedp.Evaluate[bool](look, chromedp.EvalAwaitPromise))
		if err == nil && is {
			return
		}
		if b.ctx.Err() != nil {
			b.t.Fatalf("%s: %v", condition, err)
		}
	}
}
