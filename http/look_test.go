package http_test

import (
	"cmp"
	"context"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/accessibility"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
)

// TestLook goes through the pages as people see them, each in one of the ways: wide or
// narrow, light or dark. None logs an error, moves by itself, scrolls sideways or is
// heavy; every text stands out, every control has a name and is reached by the keyboard.
func TestLook(t *testing.T) {
	lookAround(t, func(n int) []view {
		return []view{{width: []int64{wide, narrow}[n%2], dark: []bool{n/2%2 == 1}}}
	})
}

// view is a window that a page is seen in, by day or by night.
type view struct {
	width int64
	dark  []bool
}

const wide, narrow = 1440, 360

// lookAround looks at each page, by its number, in some ways.
func lookAround(t *testing.T, ways func(int) []view) {
	s := newSite(t, troubled)
	x := makeThings(t, s.tenant, "Card")
	ctx := context.Background()
	s.post("/t/acme/invitations", url.Values{"email": {"bob@example.com"}, "role": {"editor"}}).want(t, 303)
	if _, err := s.tenant.Deliver(ctx, x.delivery); err != nil { // to where nobody listens
		t.Fatal(err)
	}
	d, err := s.tenant.CreateDesign(ctx, nil, "Poster", document(t, strings.Replace(poster, "ASSET", x.asset, 1)))
	if err != nil {
		t.Fatal(err)
	}
	photo, err := s.tenant.CreateDesign(ctx, nil, "Portrait", document(t,
		`{"version":1,"pages":[{"width":400,"height":300,"elements":[{"id":"p","type":"image","x":20,"y":20,"width":360,"height":260,"asset":"{{photo}}"}]}]}`))
	if err != nil {
		t.Fatal(err)
	}
	edit := "/t/acme/designs/" + d.ID + "/edit"
	picked := func(id string) func(*workbench) {
		return func(w *workbench) {
			w.do("pick "+id, chromedp.Evaluate[chromedp.Void](`document.querySelector("li[data-id='`+id+`'] .pick").click()`))
		}
	}
	b := s.browser()
	for i, p := range []sight{
		{name: "gallery", path: "/t/acme/"},
		{name: "design", path: "/t/acme/designs/" + x.design},
		{name: "design, picture", path: "/t/acme/designs/" + photo.ID, then: func(w *workbench) {
			w.until(`document.querySelector("[data-picture] .ways")`)
		}},
		{name: "choosing a picture", path: "/t/acme/designs/" + photo.ID, then: func(w *workbench) {
			w.until(`document.querySelector("dialog.pictures[open] img")?.complete || (document.querySelector("[data-picture] .ways button:last-of-type:enabled")?.click(), false)`)
		}},
		{name: "render", path: "/t/acme/renders/" + x.render},
		{name: "fonts", path: "/t/acme/fonts"},
		{name: "history", path: "/t/acme/designs/" + d.ID + "/history"},
		{name: "templates", path: "/t/acme/new", drawn: true},
		{name: "renders", path: "/t/acme/renders"},
		{name: "batches", path: "/t/acme/batches"},
		{name: "members", path: "/t/acme/members"},
		{name: "keys", path: "/t/acme/keys"},
		{name: "webhooks", path: "/t/acme/webhooks"},
		{name: "webhook", path: "/t/acme/webhooks/" + x.webhook, then: func(w *workbench) {
			w.do("open", chromedp.Evaluate[chromedp.Void](`document.querySelectorAll(".sent").forEach((n) => (n.open = true))`))
		}},
		{name: "api", path: "/t/acme/api"},
		{name: "account", path: "/account"},
		{name: "new workspace", path: "/workspaces/new"},
		{name: "overview", path: "/operator/"},
		{name: "backups", path: "/operator/backups"},
		{name: "tenants", path: "/operator/tenants"},
		{name: "releases", path: "/operator/releases"},
		{name: "periodic", path: "/operator/periodic"},
		{name: "nothing here", path: "/t/acme/nothing", logs: "404"},
		{name: "editor", path: edit},
		{name: "editor, text", path: edit, then: picked("headline"), open: "properties"},
		{name: "editor, shape", path: edit, then: picked("sun"), open: "properties", alike: true},
		{name: "editor, layers", path: edit, then: picked("sea"), open: "layers", alike: true},
		{name: "editor, picture", path: edit, open: "properties", alike: true, then: func(w *workbench) {
			picked("photo")(w)
			w.do("crop", chromedp.Evaluate[chromedp.Void](`document.querySelector("[data-command=crop]").click()`))
		}},
		{name: "editor, help", path: edit, then: func(w *workbench) { w.keys("?") }},
		{name: "editor, dispute", path: edit, logs: "412", then: func(w *workbench) {
			now, err := s.tenant.Design(ctx, d.ID)
			if err == nil {
				theirs := strings.Replace(poster, `"x":860`, fmt.Sprintf(`"x":%d`, 860+now.Version), 1)
				_, err = s.tenant.SaveDesign(ctx, d.ID, now.Version, "Theirs", document(t, strings.Replace(theirs, "ASSET", x.asset, 1)))
			}
			if err != nil {
				t.Fatal(err)
			}
			w.until(`document.querySelector("[data-part=dispute][open]") || (window.changed ??= !document.querySelector("[data-command=page-add]").click(), false)`)
		}},
		{name: "sign in", path: "/signin", out: true},
		{name: "reset", path: "/reset", out: true},
	} {
		t.Run(p.name, func(t *testing.T) {
			ctx, stop := context.WithTimeout(b.ctx, 2*time.Minute)
			defer stop()
			w := &workbench{browser: &browser{t, ctx}, site: s}
			w.watch()
			w.expects(cmp.Or(p.logs, "favicon"))
			w.look(p, ways(i))
		})
	}
}

// sight is a page and what is done there.
type sight struct {
	name, path string
	then       func(*workbench)
	open       string // the sheet of the editor that a narrow window opens
	logs       string // what the browser logs, as it should
	out        bool   // for those who are signed out
	alike      bool   // with controls that have been walked through elsewhere
	drawn      bool   // with drawings in it, which weigh what pictures do
}

func (w *workbench) look(p sight, ways []view) {
	w.t.Helper()
	if p.out {
		w.signOut()
	}
	for _, way := range ways {
		width := way.width
		w.do("size", chromedp.EmulateViewport(width, 800))
		w.dark(false)
		w.do("open", chromedp.Navigate(w.site.url+p.path))
		w.until(`document.readyState === "complete" && (!document.querySelector("[data-editor]") || document.querySelector("[data-ready]"))`)
		w.do("bring the tools", chromedp.Evaluate[chromedp.Void](string(must(os.ReadFile("testdata/look.js")))+`; window.look = look; document.fonts.ready`, chromedp.EvalAwaitPromise))
		for _, shift := range ask[[]string](w, `look.shift()`) {
			w.t.Errorf("%d px: it moves by itself: %s", width, shift)
		}
		if n := ask[int](w, `look.weight()`); n > 100_000 && !p.drawn || n < 4_000 {
			w.t.Errorf("%d px: it weighs %d bytes", width, n)
		}
		if p.then != nil {
			p.then(w)
		}
		if width == wide && !p.alike {
			w.reach()
		}
		if width == narrow && p.open != "" {
			w.do("open the sheet", chromedp.Click(chromedp.CSS("[data-sheet="+p.open+"]")))
		}
		for _, n := range ask[[]string](w, `look.wider()`) {
			w.t.Errorf("%d px: it scrolls sideways: %s", width, n)
		}
		w.named()
		for _, dark := range way.dark {
			w.dark(dark)
			if n := ask[int](w, `look.seen()`); n < 5 {
				w.t.Errorf("only %d texts are there to see", n)
			}
			for _, f := range ask[[]string](w, `look.faint()`) {
				w.t.Errorf("%d px, dark %t: too faint: %s", width, dark, f)
			}
			w.picture(fmt.Sprintf("%s, %d%s.png", p.name, width, map[bool]string{true: ", dark"}[dark]))
		}
	}
}

// reach goes from control to control by Tab, until it has been at each or round.
func (w *workbench) reach() {
	w.t.Helper()
	type place struct {
		Number int
		Name   string
		Shown  bool
	}
	missing := map[int]string{}
	for i, name := range ask[[]string](w, `look.reachable()`) {
		missing[i] = name
	}
	tab := chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, input.DispatchKeyEvent, input.DispatchKeyEventParams{Type: input.DispatchKeyEventTypeRawKeyDown, Key: "Tab", Code: "Tab", WindowsVirtualKeyCode: 9})
		return err
	})
	w.do("begin", chromedp.Evaluate[chromedp.Void](`document.activeElement.blur(); look.follow()`))
	for range len(missing) + 5 {
		w.do("tab", tab)
	}
	for _, here := range ask[[]place](w, `look.followed`) {
		if _, first := missing[here.Number]; first && !here.Shown {
			w.t.Errorf("one does not see that %s has the focus", here.Name)
		}
		delete(missing, here.Number)
	}
	w.do("back to the top", chromedp.Evaluate[chromedp.Void](`document.activeElement.blur(); scrollTo(0, 0)`))
	for _, name := range missing {
		w.t.Errorf("the keyboard does not reach %s", name)
	}
}

// named looks for controls that a screen reader has no name for.
func (w *workbench) named() {
	w.t.Helper()
	tree, err := chromedp.Call(w.ctx, accessibility.GetFullAXTree, accessibility.GetFullAXTreeParams{})
	if err != nil {
		w.t.Fatal(err)
	}
	controls := " button link textbox searchbox combobox listbox checkbox radio spinbutton slider ColorWell toolbar dialog image "
	for _, n := range tree.Nodes {
		if n.Ignored || n.Role == nil || !strings.Contains(controls, " "+strings.Trim(string(n.Role.Value), `"`)+" ") {
			continue
		}
		if n.Name == nil || strings.Trim(string(n.Name.Value), `" `) == "" {
			w.t.Errorf("a %s has no name: node %d", n.Role.Value, n.BackendDOMNodeID)
		}
	}
}

func (w *workbench) dark(yes bool) {
	w.t.Helper()
	value := map[bool]string{true: "dark", false: "light"}[yes]
	if _, err := chromedp.Call(w.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: value}, {Name: "prefers-reduced-motion", Value: "reduce"}},
	}); err != nil {
		w.t.Fatal(err)
	}
}

// picture keeps what is to be seen, where somebody asked for it.
func (w *workbench) picture(name string) {
	w.t.Helper()
	folder := os.Getenv("LOOK")
	if folder == "" {
		return
	}
	data, err := chromedp.Run(w.ctx, chromedp.CaptureScreenshot())
	if err == nil {
		err = os.WriteFile(filepath.Join(folder, name), data, 0o644)
	}
	if err != nil {
		w.t.Fatal(err)
	}
}

func ask[T any](w *workbench, expression string) T {
	w.t.Helper()
	got, err := chromedp.Run(w.ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		w.t.Fatalf("%s: %v", expression, err)
	}
	return got
}

// poster has one of each kind of element.
const poster = `{"version":1,"pages":[{"width":1200,"height":630,"background":{"type":"linear","angle":160,"stops":[["#0f172a",0],["#1e3a8a",1]]},"elements":[
	{"id":"sun","type":"ellipse","x":860,"y":90,"width":220,"height":220,"fill":{"type":"radial","stops":[["#fde68a",0],["#f59e0b",1]]},"shadow":{"x":0,"y":0,"blur":60,"color":"#f59e0b80"}},
	{"id":"sea","type":"rect","x":0,"y":470,"width":1200,"height":160,"fill":"#0ea5e9","opacity":0.8,"name":"Sea"},
	{"id":"horizon","type":"line","x":0,"y":470,"width":1200,"height":0,"stroke":"#e0f2fe","stroke_width":3},
	{"id":"photo","type":"image","x":420,"y":350,"width":300,"height":180,"asset":"ASSET","radius":16,"rotation":-6,"zoom":1.5,"focus_x":0.3},
	{"id":"headline","type":"text","x":80,"y":120,"width":720,"height":200,"text":"Summer in {{town}}","size":84,"weight":700,"color":"#ffffff","line_height":1.1,"fit":"shrink","name":"Headline"},
	{"id":"badge","type":"rect","x":80,"y":360,"width":260,"height":64,"fill":"{{accent}}","radius":32,"group":"label"},
	{"id":"badge-text","type":"text","x":80,"y":360,"width":260,"height":64,"text":"from {{price}}","size":28,"weight":600,"color":"#0f172a","align":"center","valign":"middle","group":"label"}]},
	{"width":794,"height":1123,"elements":[]}]}`
