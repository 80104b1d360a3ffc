package screenshots

import (
	"bytes"
	"fmt"
	"image/color"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
)

// Whatever a page tries to leave behind in the tab, the next one, which has the same
// names and nothing to set them right with, comes out as in a fresh browser.
func TestNothingIsLeftBehind(t *testing.T) {
	leaveBehind(t, func(n int) []int { return []int{0, 1 + n%3} })
}

// leaveBehind has some victims come after each hostile page, by its number.
func leaveBehind(t *testing.T, after func(int) []int) {
	file, err := os.ReadFile(lobster)
	if err != nil {
		t.Fatal(err)
	}
	font := "data:font/otf;base64," + base64String(file)
	red := dataURL(t, 40, 40, color.NRGBA{R: 255, A: 255})
	victims := []Shot{
		page100(`<style>p { font: 20px Brand, Inter; counter-increment: c } p::after { content: counter(c, marks) } i { color: var(--ours, green) }</style>
			<div id=end data-element=name><p>text <i>var</i> <a href="#end">link</a></p><input name=q value=mine><img src="` + red + `" width=9 height=9></div>`),
		{HTML: `<p>no doctype, no style`, Width: 100, Height: 50, Scale: 1, Format: PNG},
		{HTML: card(t), Width: 1200, Height: 630, Scale: 1, Format: PNG},
		{HTML: card(t), Width: 1200, Height: 630, Scale: 0.5, Format: JPEG},
	}
	p := startPool(t, Options{Tabs: 1})
	var want [][]byte
	for _, v := range victims {
		want = append(want, capture(t, p, v))
	}
	pages := map[string]string{
		"a font of the same name":         `<style>@font-face { font-family: Brand; src: url(` + font + `) } @font-face { font-family: Inter; src: url(` + font + `) } p { font: 20px Brand }</style><p>a<p style="font-family:Inter">b`,
		"styles for everything":           `<style>:root, * { color: red !important; zoom: 3; letter-spacing: 9px !important; transform: rotate(9deg) }</style><p>a`,
		"styles in wrong places":          `<p>a</p></body></html><style>* { background: red !important }</style><svg><style>p { fill: red; color: red }</style></svg><template><style>* { color: red }</style></template>`,
		"properties, counters, layers":    `<style>@property --ours { syntax: "<color>"; inherits: true; initial-value: red } @counter-style marks { system: cyclic; symbols: "X" } @layer a { p { color: red } } @page { margin: 9cm } :root { --ours: red; counter-reset: c 40 }</style>`,
		"animations and transitions":      `<style>@keyframes k { to { background: red } } * { transition: all 99s; animation: k 1s infinite } @view-transition { navigation: auto }</style><p>a`,
		"a huge page, scrolled":           `<style>html { scroll-behavior: auto } body { width: 9000px; height: 90000px }</style><p id=end style="position:absolute;top:80000px;left:8000px"><input autofocus style="position:absolute;top:80000px;left:8000px">`,
		"a scroll position that snaps":    `<style>html { scroll-snap-type: y mandatory; overflow: scroll } div { height: 400px; scroll-snap-align: end } :target { color: red }</style><div></div><div id=end style="scroll-initial-target: nearest">a</div><div></div>`,
		"a base and named frames":         `<base href="data:text/html,x" target=theirs><iframe name=theirs srcdoc="<body bgcolor=red>"></iframe><iframe name=q src="data:text/html,<body bgcolor=red>"></iframe><object name=end data="data:text/html,x"></object>`,
		"form values":                     `<form name=q><input name=q value=theirs autofocus><select name=s><option selected>b</select><textarea>t</textarea><input type=checkbox checked></form>`,
		"what lies on top":                `<dialog open style="width:100vw;height:100vh;background:red">a</dialog><div popover=manual style="display:block;background:red">b</div><details open><summary>c</details>`,
		"languages, directions, schemes":  `<html lang=ar dir=rtl style="color-scheme:dark;writing-mode:vertical-rl;zoom:2"><meta name=color-scheme content=dark><meta name=viewport content="width=30,initial-scale=4"><meta name=theme-color content=red><meta name=referrer content=unsafe-url><p>a`,
		"colours of links, for documents": `<body link=red vlink=red alink=red><form name=querySelectorAll></form><a href="#end">a`,
		"quirks":                          `<html style="background:red"><body bgcolor=red text=red link=red vlink=red marginwidth=40 topmargin=40><table><tr><td>a`,
		"pictures with the same address":  `<img src="` + red + `"><style>body { background: url("` + red + `") } p { border-image: url("` + red + `") 9; cursor: url("` + red + `"), auto; mask: url("` + red + `") }</style><p>a`,
		"scripts":                         `<script>localStorage.a = 1; window.name = "theirs"; document.title = "theirs"; history.pushState(1, "", "#end"); new FontFace("Brand", "url(` + font[:99] + `)")</script><svg onload="document.body.style.background='red'"></svg><a href="javascript:1" id=end>a</a>`,
		"tags that are never closed":      `<plaintext><style>* { color: red }`,
		"a comment that is never closed":  `<p>a<!-- <style>* { color: red }`,
		"a title, a frameset and plugins": `<title>theirs</title><frameset cols="50%,50%"><frame name=q src="data:text/html,x"><frame></frameset>`,
	}
	for n, name := range slices.Sorted(maps.Keys(pages)) {
		t.Run(name, func(t *testing.T) {
			body := pages[name]
			hostile := Shot{HTML: body, Width: 150, Height: 300, Scale: 1.5, Format: WebP, Transparent: true, For: "them", Lane: Batch}
			if !strings.HasPrefix(body, "<html") {
				hostile.HTML = "<!doctype html><meta charset=utf-8>" + body
			}
			for _, i := range after(n) {
				p.Capture(t.Context(), hostile) // that it cannot be drawn is as well
				v := victims[i]
				v.For = "us"
				if got := capture(t, p, v); !bytes.Equal(got, want[i]) {
					t.Errorf("page %d comes out otherwise after it", i)
				}
			}
		})
	}
	if n := p.tabs[0].launches.Load(); n != 1 {
		t.Errorf("%d browsers were used: fresh ones prove nothing", n)
	}
}

// A busy machine paints a page before all of it is there, and then the rest. The
// picture is the same, at crooked scales, too.
func testPaintedInParts(t *testing.T, p *Pool) {
	s := designs(t, 0)[5]
	half := strings.LastIndex(s.HTML[:len(s.HTML)/2], "<i ")
	rest := strings.TrimSuffix(s.HTML[half:], "</div>")
	between(t, p, func(tab *tab) {
		b := tab.browser.Load()
		draw := func(page string) []byte {
			t.Helper()
			part := s
			part.HTML = page
			data, err := b.draw(b.ctx, part, "")
			if err != nil {
				t.Error(err)
			}
			return data
		}
		for _, s.Scale = range []float64{1.3, 1.5} {
			want := draw(s.HTML)
			draw(s.HTML[:half])
			if err := b.evaluate(b.ctx, fmt.Sprintf(`document.querySelector(".page").insertAdjacentHTML("beforeend", %q) ?? null`, rest), new(any)); err != nil {
				t.Error(err)
			}
			got, err := b.photograph(b.ctx, s)
			if err != nil || !bytes.Equal(got, want) {
				t.Errorf("at scale %g it comes out otherwise: %v", s.Scale, err)
			}
			if !bytes.Equal(draw(s.HTML), want) {
				t.Errorf("at scale %g it comes out otherwise afterwards", s.Scale)
			}
		}
	})
}

// A page of several tiles is whole, at whatever scale and whatever was shown before.
// In a window that is narrower than the picture, Chrome takes one in five of these
// while tiles of it are still white.
func testManyTiles(t *testing.T, p *Pool, times int) {
	sheet, long := designs(t, 0)[2], proofs()[0]
	story := sheet
	story.Width, story.Height = 1080, 1920
	story.HTML = `<!doctype html><style>body { margin: 0 } div { width: 1080px; height: 1920px; background: linear-gradient(160deg, #1e1b4b, #ef5350) }</style><div></div>`
	shots := []Shot{sheet, story, long}
	var want [3][]byte
	for i, s := range shots {
		want[i] = capture(t, p, s)
	}
	whole := decode(t, want[1])
	for y := range 4 {
		for x := range 3 {
			if c := at(whole, 100+x*979, 100+y*1210); c == "#ffffffff" {
				t.Fatalf("the first is white at %d, %d", 100+x*979, 100+y*1210)
			}
		}
	}
	var drawn sync.WaitGroup
	for range 2 {
		drawn.Go(func() {
			for range times {
				for i, s := range shots {
					if got, err := p.Capture(t.Context(), s); err != nil || !bytes.Equal(got.Data, want[i]) {
						t.Errorf("shot %d comes out otherwise: %v", i, err)
					}
				}
			}
		})
	}
	drawn.Wait()
}
