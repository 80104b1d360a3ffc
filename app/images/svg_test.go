package images_test

import (
	"encoding/xml"
	"fmt"
	"io"
	"regexp"
	"strings"
	"testing"

	"majestic/app/images"
)

const svgHead = `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" xmlns:i="http://inkscape.example" width="20" height="10">`

func TestSVG(t *testing.T) {
	file, err := images.Check([]byte(`<?xml version="1.0"?><!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd">
		<!-- made by hand -->` + svgHead + `<title>Logo</title><metadata><i:x onload="a()"/></metadata><script>alert(1)</script><i:view/>
		<defs><style>/* c */ .a, .b { fill: url(#g); behavior: url(http://x); stroke:#fff }</style>
		<linearGradient id="g" xlink:href="#h"/><linearGradient id="h"><stop offset="0" stop-color="rgb(1,2,3)"/></linearGradient>
		<clipPath id="c"><circle r="3" class="b"/></clipPath></defs>
		<g clip-path="url(#c)" onclick="alert(2)" data-x="1" style="opacity:.5;background:url(//x)"><path class="a" i:y="2" d="M0 0h9"/><use xlink:href="#c"/></g></svg>`))
	if err != nil {
		t.Fatal(err)
	}
	const want = `<svg height="10" preserveAspectRatio="none" viewBox="0 0 20 10" width="20" xmlns="http://www.w3.org/2000/svg">` +
		`<defs><style>.a{fill:url(#g);stroke:#fff;}.b{fill:url(#g);stroke:#fff;}</style>` +
		`<linearGradient href="#h" id="g"></linearGradient><linearGradient id="h"><stop offset="0" stop-color="rgb(1,2,3)"></stop></linearGradient>` +
		`<clipPath id="c"><circle class="b" r="3"></circle></clipPath></defs>` +
		`<g clip-path="url(#c)" style="opacity:.5;"><path class="a" d="M0 0h9"></path><use href="#c"></use></g></svg>`
	if got := string(file.Data); got != want || file.Width != 20 || file.Height != 10 || file.MediaType != "image/svg+xml" {
		t.Errorf("%d x %d of %s\n%s", file.Width, file.Height, file.MediaType, got)
	}
	again, err := images.Check(file.Data)
	if err != nil || string(again.Data) != want {
		t.Errorf("a second time: %v\n%s", err, again.Data)
	}
}

func TestSVGSizes(t *testing.T) {
	for _, c := range []struct {
		root          string
		width, height int
	}{
		{`width="20mm" height="1in"`, 76, 96}, {`viewBox="0 0 30 40"`, 30, 40}, {`width="100%" height="100%" viewBox="5,5 30 40"`, 30, 40},
		{`width="0.1" height="0.1"`, 1, 1}, {``, 0, 0}, {`width="-1" height="9"`, 0, 0}, {`width="1e9" height="1"`, 0, 0}, {`width="NaN" height="1"`, 0, 0}, {`viewBox="0 0 0 9"`, 0, 0},
	} {
		file, err := images.Check([]byte(`<svg ` + c.root + ` xmlns="http://www.w3.org/2000/svg"/>`))
		if file.Width != c.width || file.Height != c.height || (err == nil) != (c.width > 0) {
			t.Errorf("%s: %d x %d, %v", c.root, file.Width, file.Height, err)
		}
	}
}

// What could script, fetch, move or grow is refused by its name.
func TestSVGRefuses(t *testing.T) {
	laughs := svgHead + `<g id="l0"><path d="M0 0"/></g>`
	for i := range 30 {
		laughs += fmt.Sprintf(`<g id="l%d">%s</g>`, i+1, strings.Repeat(fmt.Sprintf(`<use href="#l%d"/>`, i), 10))
	}
	for body, want := range map[string]string{
		`<foreignObject><div xmlns="http://www.w3.org/1999/xhtml"/></foreignObject>`: "<foreignObject>",
		`<image href="data:image/png;base64,AA"/>`:                                   "<image>",
		`<text>Hello</text>`: "<text>",
		`<filter id="f"><feGaussianBlur stdDeviation="9999"/></filter>`:        "<filter>",
		`<animate attributeName="x"/>`:                                         "<animate>",
		`<set/>`:                                                               "<set>",
		`<a href="javascript:alert(1)"/>`:                                      "<a>",
		`<iframe/>`:                                                            "<iframe>",
		`<pattern/>`:                                                           "<pattern>",
		`<use xlink:href="https://example.com/a.svg#b"/>`:                      "outside of itself",
		`<use href="other.svg#b"/>`:                                            "outside of itself",
		`<use href="data:image/svg+xml,x#b"/>`:                                 "outside of itself",
		`<path fill="url(https://example.com/#a)"/>`:                           "url(https:",
		`<path style="fill:u\72l(https://example.com/)"/>`:                     "is not drawn",
		`<path style="mask:image-set('a.png' 1x)"/>`:                           "image-set",
		`<path style="filter:blur(9999px)"/>`:                                  "filter",
		`<path filter="url(#f)"/>`:                                             "filter",
		`<path transform="expression(alert(1))"/>`:                             "expression",
		`<style>@import url(https://example.com/a.css);</style>`:               "<style>",
		`<style>path { fill: red }</style>`:                                    "<style>",
		`<style>.a { fill: url(//example.com/a) }</style>`:                     "url(//example.com/a)",
		`<style>.a { filter: url(#f) }</style>`:                                "filter",
		`<g id="a"><use href="#a"/></g>`:                                       "contains itself",
		`<mask id="m"><path mask="url(#m)"/></mask>`:                           "contains itself",
		`<style>.m{mask:url(#m)}</style><mask id="m"><path class="m"/></mask>`: "contains itself",
		`<g id="a"/><path fill="url(#a)"/>`:                                    "paints with <g>",
		strings.TrimPrefix(laughs, svgHead):                                    "more than 100000 shapes",
		strings.Repeat(`<g>`, 100) + strings.Repeat(`</g>`, 100):               "simplify",
		strings.Repeat(`<g/>`, 20_001):                                         "simplify",
		strings.Repeat(` `, 3<<20):                                             "2 MiB",
		`<path d="&x;"/>`:                                                      "well-formed",
		`<path>`:                                                               "well-formed",
	} {
		_, err := images.Check([]byte(svgHead + body + `</svg>`))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.80s: %v, want %s", body, err, want)
		}
	}
	const entities = `<!DOCTYPE svg [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>` + svgHead + `<path d="&b;"/></svg>`
	if _, err := images.Check([]byte(entities)); err == nil || !strings.Contains(err.Error(), "well-formed") {
		t.Errorf("entities: %v", err)
	}
	if _, err := images.Check([]byte(`<html><body><svg/></body></html>`)); err == nil {
		t.Error("HTML is an SVG")
	}
}

var outside = regexp.MustCompile(`url\(\s*["']?[^"'#\s]|javascript:|[\\]`)

// Whatever comes in, what comes out has known names, and no value that leads away.
func FuzzSVG(f *testing.F) {
	f.Add(svgHead + `<style>.a{fill:red}</style><g class="a" onload="x"><path d="M0 0"/></g></svg>`)
	f.Add(svgHead + `<script>x</script><use xlink:href="#a"/></svg>`)
	f.Fuzz(func(t *testing.T, s string) {
		file, err := images.Check([]byte(s))
		if err != nil || file.MediaType != "image/svg+xml" {
			return
		}
		for d := xml.NewDecoder(strings.NewReader(string(file.Data))); ; {
			token, err := d.Token()
			if err == io.EOF {
				return
			}
			if err != nil {
				t.Fatalf("%v in %s", err, file.Data)
			}
			e, ok := token.(xml.StartElement)
			for _, a := range e.Attr {
				name, value := strings.ToLower(a.Name.Local), strings.ToLower(a.Value)
				if strings.HasPrefix(name, "on") || name == "href" && !strings.HasPrefix(value, "#") ||
					name != "id" && name != "class" && outside.MatchString(value) {
					t.Errorf("%s=%q in %s", name, value, file.Data)
				}
			}
			if ok && (strings.EqualFold(e.Name.Local, "script") || strings.EqualFold(e.Name.Local, "foreignObject")) {
				t.Errorf("%s", file.Data)
			}
		}
	})
}
