package screenshots

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"image/color"
	"os"
	"reflect"
	"regexp"
	"strings"
	"sync"
	"testing"
)

func TestCapture(t *testing.T) {
	p := startPool(t, Options{Tabs: 2, Prepare: `() => {
		for (const e of document.querySelectorAll("[data-widen]")) e.style.width = "100px";
		return [...document.querySelectorAll("[data-refuse]")].map((e) => ({ element: e.dataset.element, message: "too long" }));
	}`})

	t.Run("pixels where the page has them", func(t *testing.T) {
		s := page100(box(10, 20, 30, 5, "#ff0000"))
		m := decode(t, capture(t, p, s))
		if got := m.Bounds().Size().String(); got != "(100,50)" {
			t.Errorf("size %s", got)
		}
		for _, c := range []struct {
			x, y int
			want string
		}{
			{10, 20, "#ff0000ff"}, {39, 24, "#ff0000ff"},
			{9, 20, "#ffffffff"}, {10, 19, "#ffffffff"}, {40, 24, "#ffffffff"}, {39, 25, "#ffffffff"},
		} {
			if got := at(m, c.x, c.y); got != c.want {
				t.Errorf("(%d,%d) is %s, not %s", c.x, c.y, got, c.want)
			}
		}
	})

	t.Run("scale", func(t *testing.T) {
		s := page100(box(10, 20, 30, 5, "#ff0000"))
		s.Scale = 2
		m := decode(t, capture(t, p, s))
		if got := m.Bounds().Size().String(); got != "(200,100)" {
			t.Errorf("size %s", got)
		}
		for _, c := range []struct {
			x, y int
			want string
		}{
			{20, 40, "#ff0000ff"}, {79, 49, "#ff0000ff"}, {19, 40, "#ffffffff"}, {80, 49, "#ffffffff"},
		} {
			if got := at(m, c.x, c.y); got != c.want {
				t.Errorf("(%d,%d) is %s, not %s", c.x, c.y, got, c.want)
			}
		}
	})

	t.Run("formats", func(t *testing.T) {
		for format, magic := range map[Format]string{PNG: "\x89PNG", JPEG: "\xff\xd8\xff", WebP: "RIFF", PDF: "%PDF-"} {
			s := page100(box(0, 0, 100, 50, "#0000ff"))
			s.Format = format
			data := capture(t, p, s)
			if !strings.HasPrefix(string(data), magic) {
				t.Errorf("%s begins with %q", format, data[:8])
			}
			if format == PDF {
				continue
			}
			r, g, b, _ := decode(t, data).At(50, 25).RGBA()
			if r>>8 > 20 || g>>8 > 20 || b>>8 < 235 {
				t.Errorf("%s: the middle is %d %d %d, not blue", format, r>>8, g>>8, b>>8)
			}
		}
	})

	t.Run("quality", func(t *testing.T) {
		s := Shot{HTML: card(t), Width: 1200, Height: 630, Scale: 1, Format: JPEG, Quality: 20}
		small := len(capture(t, p, s))
		s.Quality = 95
		if large := len(capture(t, p, s)); large <= small {
			t.Errorf("quality 95 has %d bytes, quality 20 has %d", large, small)
		}
	})

	t.Run("PDF pages", func(t *testing.T) {
		s := Shot{Width: 400, Height: 300, Scale: 1, Format: PDF, HTML: `<!doctype html><style>
			@page a { size: 400px 300px; margin: 0 } @page b { size: 200px 600px; margin: 0 }
			body { margin: 0 } section { break-after: page; font: 20px Inter } section:last-child { break-after: auto }
			#a { page: a; height: 300px; background: #00f } #b { page: b; height: 600px }
			</style><section id=a>One</section><section id=b>Two</section>`}
		first := capture(t, p, s)
		// Chrome rounds a page's sides to 0.24 points.
		boxes := regexp.MustCompile(`/MediaBox \[[^\]]*\]`).FindAllString(string(first), -1)
		if want := []string{"/MediaBox [0 0 300 224.87999]", "/MediaBox [0 0 150 450]"}; !reflect.DeepEqual(boxes, want) {
			t.Errorf("pages %q, not %q", boxes, want)
		}
		if !bytes.Contains(first, []byte("+Inter-Regular")) {
			t.Error("the text is not there as text in Inter")
		}
		if !bytes.Equal(first, capture(t, p, s)) {
			t.Error("the same pages gave other bytes")
		}
	})

	t.Run("transparent", func(t *testing.T) {
		s := page100(box(0, 0, 50, 50, "#00ff0080"))
		s.Transparent = true
		for _, format := range []Format{PNG, WebP} {
			s.Format = format
			m := decode(t, capture(t, p, s))
			if got := at(m, 75, 25); got != "#00000000" {
				t.Errorf("%s: where nothing is, there is %s", format, got)
			}
			if _, _, _, a := m.At(25, 25).RGBA(); a>>8 != 0x80 {
				t.Errorf("%s: the half transparent box has alpha %02x", format, a>>8)
			}
		}
		s = page100("")
		if got := at(decode(t, capture(t, p, s)), 75, 25); got != "#ffffffff" {
			t.Errorf("the next page is %s, not white", got)
		}
	})

	t.Run("images are waited for", func(t *testing.T) {
		url := dataURL(t, 3000, 3000, color.NRGBA{R: 255, B: 255, A: 255})
		s := page100(`<img src="` + url + `" width=100 height=50>`)
		if got := at(decode(t, capture(t, p, s)), 50, 25); got != "#ff00ffff" {
			t.Errorf("the image is %s", got)
		}
	})

	t.Run("fonts of the page are waited for", func(t *testing.T) {
		file, err := os.ReadFile(lobster)
		if err != nil {
			t.Fatal(err)
		}
		s := page100(`<style>@font-face { font-family: Brought; src: url(data:font/otf;base64,` + base64String(file) + `) }
			div { font: 32px Brought }</style><div>Rabbit</div>`)
		brought := capture(t, p, s)
		s.HTML = strings.ReplaceAll(s.HTML, "32px Brought", "32px Inter")
		if bytes.Equal(brought, capture(t, p, s)) {
			t.Error("the page's own font was not drawn")
		}
	})

	t.Run("a broken image fails the shot", func(t *testing.T) {
		good := dataURL(t, 2, 2, color.Black)
		s := page100(`<div data-element=logo><img src="` + good + `"></div><div data-element=photo><p><img src="data:image/png;base64,AAAA"></p></div>`)
		_, err := p.Capture(t.Context(), s)
		page, ok := errors.AsType[*PageError](err)
		if !ok || len(page.Problems) != 1 || page.Problems[0].Element != "photo" {
			t.Errorf("%v, not a problem of photo alone", err)
		}
	})

	t.Run("a broken font fails the shot", func(t *testing.T) {
		_, err := p.Capture(t.Context(), page100(`<style>@font-face { font-family: "Broken one"; src: url(data:font/otf;base64,AAAA) } p { font: 20px "Broken one", Inter }</style>
			<div data-element=title><p>a</p></div><div data-element=other><i>b</i></div>`))
		page, ok := errors.AsType[*PageError](err)
		if !ok || !reflect.DeepEqual(page.Problems, []Problem{{"title", "its font cannot be read"}}) {
			t.Errorf("%v, not the problem of title", err)
		}
	})

	t.Run("prepare", func(t *testing.T) {
		s := page100(`<div data-widen style="width:10px;height:50px;background:#ff0000"></div>`)
		if got := at(decode(t, capture(t, p, s)), 95, 25); got != "#ff0000ff" {
			t.Errorf("the box was not widened before the picture: %s", got)
		}
		_, err := p.Capture(t.Context(), page100(`<div data-refuse data-element=title></div>`))
		page, ok := errors.AsType[*PageError](err)
		if !ok || !reflect.DeepEqual(page.Problems, []Problem{{"title", "too long"}}) {
			t.Errorf("%v, not the problem of title", err)
		}
	})

	t.Run("scripts and frames of the page do nothing", func(t *testing.T) {
		red := `document.documentElement.style.background = 'red'`
		for _, body := range []string{
			`<script>` + red + `</script>`,
			`<svg onload="` + red + `"></svg>`,
			`<input autofocus onfocus="` + red + `">`,
			`<img onload="` + red + `" src="` + dataURL(t, 2, 2, color.Black) + `">`,
			`<iframe style="position:absolute;left:0;top:0;width:100px;height:50px;border:0" src="data:text/html,<body bgcolor=red>"></iframe>`,
		} {
			if got := at(decode(t, capture(t, p, page100(body))), 98, 48); got != "#ffffffff" {
				t.Errorf("%s painted the page %s", body, got)
			}
		}
	})

	t.Run("nothing of a page is seen by the next", func(t *testing.T) {
		defer hold(t, p)() // so that all is drawn by the other tab
		clean := Shot{HTML: card(t), Width: 1200, Height: 630, Scale: 1, Format: PNG}
		first := capture(t, p, clean)
		dirty := Shot{Width: 300, Height: 2000, Scale: 3, Format: WebP, Transparent: true, HTML: `<html style="color-scheme:dark;zoom:2">
			<meta name=viewport content="width=100"><base target=x>
			<style>@property --p { syntax: "*"; inherits: true; initial-value: 1 } @font-face { font-family: Inter; src: local(Lobster) }
			* { color: red !important; font-size: 9px } body { width: 5000px; height: 9000px }</style>
			<body data-element=name><p id=end style="position:absolute;top:8000px"><input autofocus style="position:absolute;top:8000px">`}
		capture(t, p, dirty)
		if !bytes.Equal(first, capture(t, p, clean)) {
			t.Error("the same page gave other bytes after another page")
		}
	})

	t.Run("thirty at once", func(t *testing.T) {
		var wg sync.WaitGroup
		for i := range 30 {
			wg.Go(func() {
				want := fmt.Sprintf("#%02x%02x%02xff", i*8, 255-i*8, i)
				s := page100(box(0, 0, 100+i, 50+i, want))
				s.Width, s.Height = 100+i, 50+i
				picture, err := p.Capture(t.Context(), s)
				if err != nil {
					t.Error(err)
					return
				}
				m := decode(t, picture.Data)
				if m.Bounds().Dx() != 100+i || at(m, 50, 25) != want || at(m, 99+i, 49+i) != want {
					t.Errorf("shot %d: %v %s, not %s", i, m.Bounds(), at(m, 99+i, 49+i), want)
				}
			})
		}
		wg.Wait()
	})

	t.Run("painted in parts", func(t *testing.T) { testPaintedInParts(t, p) })
	t.Run("many tiles", func(t *testing.T) { testManyTiles(t, p, 2) })
	t.Run("a font by another name", func(t *testing.T) { testAFontByAnotherName(t, p) })

	t.Run("whoever gives up waits no longer", func(t *testing.T) {
		defer hold(t, p)()
		defer hold(t, p)()
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := p.Capture(ctx, page100("")); !errors.Is(err, context.Canceled) {
			t.Errorf("%v, not canceled", err)
		}
	})
}

func TestCheck(t *testing.T) {
	for name, change := range map[string]func(*Shot){
		"no such format":     func(s *Shot) { s.Format = "gif" },
		"over zero":          func(s *Shot) { s.Width = 0 },
		"at scale 0 ":        func(s *Shot) { s.Scale = 0 },
		"<meta http-equiv>,": func(s *Shot) { s.HTML = `<META content="default-src" HTTP-EQUIV=Content-Security-Policy>` },
		"<meta http-equiv>":  func(s *Shot) { s.HTML = `<meta charset=utf-8><p><meta content="a>b"` + "\n" + `http-equiv=refresh>` },
		"less than a pixel":  func(s *Shot) { s.Height, s.Scale = 1, 0.9 },
	} {
		s := page100(`&lt;meta http-equiv=refresh&gt; <meta name="description" content="x">http-equiv="refresh"`)
		if err := s.check(); err != nil {
			t.Fatal(err)
		}
		change(&s)
		if err := s.check(); err == nil || !strings.Contains(err.Error(), strings.TrimSpace(name)) {
			t.Errorf("%q: %v", name, err)
		}
	}
}

func card(t testing.TB) string {
	t.Helper()
	html, err := os.ReadFile("testdata/country-card.html")
	if err != nil {
		t.Fatal(err)
	}
	return string(html)
}

func base64String(b []byte) string { return base64.StdEncoding.EncodeToString(b) }
