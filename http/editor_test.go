package http_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"majestic/app"
)

// The editor is used as a person does, with mouse and keyboard, each time on a
// fresh design in the same tab.

func TestEditorTools(t *testing.T) {
	t.Parallel()
	inEditor(t, map[string]func(*testing.T, *workbench){
		"moving":    testMoving,
		"snapping":  testSnapping,
		"resizing":  testResizing,
		"selecting": testSelecting,
		"drawing":   testDrawing,
		"typing":    testTyping,
		"arranging": testArranging,
		"cropping":  testCropping,
		"given up":  testGivingUp,
		"locked":    testLocked,
		"looking":   testLooking,
	})
}

func TestEditorPanels(t *testing.T) {
	t.Parallel()
	inEditor(t, map[string]func(*testing.T, *workbench){
		"inspecting": testInspecting,
		"layers":     testLayers,
		"samples":    testSamples,
		"pictures":   testChoosingPictures,
		"help":       testHelp,
	})
}

func TestEditorKeeps(t *testing.T) {
	t.Parallel()
	inEditor(t, map[string]func(*testing.T, *workbench){
		"reloading":     testReloading,
		"offline":       testOffline,
		"somebody else": testSomebodyElse,
		"two tabs":      testTwoTabs,
		"leaving":       testLeaving,
		"gone":          testGone,
		"lost answer":   testLostAnswer,
		"signed out":    testSignedOut,
		"refused":       testRefused,
		"slow":          testSlow,
		"too large":     testTooLarge,
		"hostile":       testHostile,
		"pictures":      testPictures,
		"the clipboard": testClipboard,
	})
}

func inEditor(t *testing.T, tests map[string]func(*testing.T, *workbench)) {
	s := newSite(t)
	b := s.browser()
	for _, name := range slices.Sorted(maps.Keys(tests)) {
		t.Run(name, func(t *testing.T) { tests[name](t, s.workbench(t, b, shapes)) })
	}
}

// shapes are two squares and a text that asks for a name, on a page of 400 × 300.
const shapes = `{"version":1,"pages":[{"width":400,"height":300,"elements":[
	{"id":"a","type":"rect","x":40,"y":40,"width":60,"height":60,"fill":"#ff0000"},
	{"id":"b","type":"rect","x":200,"y":130,"width":60,"height":60,"fill":"#0000ff"},
	{"id":"t","type":"text","x":40,"y":220,"width":300,"height":40,"text":"Hello {{name}}","size":20}]}]}`

// workbench is the editor with a design of its own, open in Ada's browser.
type workbench struct {
	*browser
	site     *site
	design   string
	expected []string
}

// at is a place on the page that is edited.
type at struct{ x, y float64 }

func (s *site) workbench(t testing.TB, b *browser, doc string) *workbench {
	t.Helper()
	parsed, err := app.ParseDocument([]byte(doc))
	if err != nil {
		t.Fatal(err)
	}
	d, err := s.tenant.CreateDesign(context.Background(), nil, "Card", parsed)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithTimeout(b.ctx, 2*time.Minute)
	t.Cleanup(stop)
	w := &workbench{browser: &browser{t, ctx}, site: s, design: d.ID}
	w.watch()
	w.open()
	return w
}

// watch fails the test for each error that the page logs.
func (w *workbench) watch() {
	w.t.Helper()
	var mu sync.Mutex
	var said []string
	err := chromedp.Listen(w.ctx, func(event any) {
		mu.Lock()
		defer mu.Unlock()
		switch e := event.(type) {
		case *runtime.EventExceptionThrown:
			said = append(said, e.ExceptionDetails.Text+" "+e.ExceptionDetails.Exception.Description)
		case *log.EventEntryAdded:
			if e.Entry.Level == log.EntryLevelError {
				said = append(said, e.Entry.Text+" "+e.Entry.URL)
			}
		}
	})
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() {
		mu.Lock()
		defer mu.Unlock()
		for _, line := range said {
			if !slices.ContainsFunc(w.expected, func(e string) bool { return strings.Contains(line, e) }) {
				w.t.Errorf("the page logged: %s", line)
			}
		}
	})
}

// expects lets the browser log that a request failed, as it always does.
func (w *workbench) expects(texts ...string) { w.expected = append(w.expected, texts...) }

// until waits for a condition in the page, where board is what is drawn.
func (w *workbench) until(condition string) {
	w.t.Helper()
	w.browser.until(`((board) => ` + condition + `)(document.querySelector("[data-part=board]"))`)
}

func (w *workbench) open() {
	w.t.Helper()
	w.do("open", chromedp.Navigate(w.site.url+"/t/acme/designs/"+w.design+"/edit"))
	w.until(`document.querySelector("[data-editor][data-ready]")`)
}

// on is where a place on the page is in the window.
func (w *workbench) on(p at) (x, y float64) {
	w.t.Helper()
	got, err := chromedp.Run(w.ctx, chromedp.Evaluate[[]float64](fmt.Sprintf(`(() => {
		const page = document.querySelector("[data-part=board] [data-page]"), r = page.getBoundingClientRect();
		return [r.left + %g * r.width / page.offsetWidth, r.top + %g * r.height / page.offsetHeight];
	})()`, p.x, p.y)))
	if err != nil {
		w.t.Fatal(err)
	}
	return got[0], got[1]
}

// drag presses, moves in steps and lets go, with keys held down.
func (w *workbench) drag(from, to at, held ...chromedp.Modifier) {
	w.t.Helper()
	w.press(from, held...)
	w.moveTo(from, to, held...)
	w.release(to, held...)
}

func (w *workbench) press(p at, held ...chromedp.Modifier) {
	w.mouse(chromedp.MousePressed, p, held...)
}

func (w *workbench) release(p at, held ...chromedp.Modifier) {
	w.mouse(chromedp.MouseReleased, p, held...)
}

func (w *workbench) moveTo(from, to at, held ...chromedp.Modifier) {
	for step := range 4 {
		part := float64(step+1) / 4
		w.mouse(chromedp.MouseMoved, at{from.x + (to.x-from.x)*part, from.y + (to.y-from.y)*part}, held...)
	}
}

func (w *workbench) click(p at, held ...chromedp.Modifier) {
	w.press(p, held...)
	w.release(p, held...)
}

// clicks are several in quick succession.
func (w *workbench) clicks(p at, n int) {
	for i := range n {
		for _, what := range []input.DispatchMouseEventType{chromedp.MousePressed, chromedp.MouseReleased} {
			w.mouseTimes(what, p, i+1)
		}
	}
}

func (w *workbench) mouse(what input.DispatchMouseEventType, p at, held ...chromedp.Modifier) {
	w.t.Helper()
	w.mouseTimes(what, p, 1, held...)
}

func (w *workbench) mouseTimes(what input.DispatchMouseEventType, p at, times int, held ...chromedp.Modifier) {
	w.t.Helper()
	x, y := w.on(p)
	w.do("mouse", chromedp.MouseEvent(what, x, y, chromedp.ButtonLeft, chromedp.ClickCount(times), chromedp.ButtonModifiers(held...), func(e *input.DispatchMouseEventParams) {
		e.Buttons = 1
	}))
}

func (w *workbench) keys(keys string, held ...chromedp.Modifier) {
	w.t.Helper()
	w.do("keys "+keys, chromedp.KeyEvent(keys, chromedp.KeyModifiers(held...)))
}

// saved is the design as it is now.
func (w *workbench) saved() app.Design {
	w.t.Helper()
	d, err := w.site.tenant.Design(context.Background(), w.design)
	if err != nil {
		w.t.Fatal(err)
	}
	return d
}

// elements are those of the first page, saved at once: that it saves by itself after
// a rest is for the tests of saving, which wait for it.
func (w *workbench) elements() []map[string]any {
	w.t.Helper()
	if ask[bool](w, state+` === "Changed"`) {
		w.keys("s", ctrl)
	}
	w.until(state + ` === "Saved"`)
	text, err := json.Marshal(w.saved().Document)
	if err != nil {
		w.t.Fatal(err)
	}
	var doc struct {
		Pages []struct{ Elements []map[string]any }
	}
	if err := json.Unmarshal(text, &doc); err != nil {
		w.t.Fatal(err)
	}
	return doc.Pages[0].Elements
}

func (w *workbench) element(id string) map[string]any {
	w.t.Helper()
	for _, e := range w.elements() {
		if e["id"] == id {
			return e
		}
	}
	w.t.Fatalf("there is no element %s", id)
	return nil
}

// wants compares properties of an element, as it is saved.
func (w *workbench) wants(id string, properties ...any) {
	w.t.Helper()
	e := w.element(id)
	for i := 0; i < len(properties); i += 2 {
		want := properties[i+1]
		if n, ok := want.(int); ok {
			want = float64(n)
		}
		got := e[properties[i].(string)]
		n, isNumber := got.(float64)
		m, _ := want.(float64)
		if got != want && !(isNumber && math.Abs(n-m) < 0.5) {
			w.t.Errorf("%s has %v %v, not %v", id, properties[i], got, want)
		}
	}
}

func quote(s string) string { return string(must(json.Marshal(s))) }

func list(ids []string) string {
	if ids == nil {
		ids = []string{}
	}
	return string(must(json.Marshal(ids)))
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func keyEvent(what input.DispatchKeyEventType, key string) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, input.DispatchKeyEvent, input.DispatchKeyEventParams{Type: what, Key: key, Code: "Space"})
		return err
	})
}
