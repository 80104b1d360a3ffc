package canvas_test

import (
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"majestic/app"
	"majestic/app/canvas"
)

func TestPagePutsElementsInTheirPlace(t *testing.T) {
	page := drawn(t, parse(t, `{"version":1,"pages":[{"width":300,"height":200,"background":"#ABC","elements":[
		{"id":"a","type":"rect","x":1.5,"y":-20,"width":30,"height":40.25,"fill":"#11223344","rotation":-12,"opacity":0.5,"radius":7},
		{"id":"b","type":"text","x":0,"y":0,"width":9,"height":9,"text":"one\n two","font":"Lobster","size":20,"weight":700,"italic":true,"align":"right","fit":"shrink","min_size":8,"max_lines":2},
		{"id":"c","type":"line","x":50,"y":60,"width":-30,"height":40,"stroke":"#000","stroke_width":2},
		{"id":"d","type":"rect","x":0,"y":0,"width":9,"height":9,"fill":{"type":"linear","angle":90,"stops":[["#f00",0],["#00f",1]]}},
		{"id":"e","type":"image","x":0,"y":0,"width":9,"height":9,"asset":"logo_1","name":"Our logo","object_fit":"contain"},
		{"id":"f","type":"rect","x":0,"y":0,"width":9,"height":9,"hidden":true}]}]}`))

	for id, want := range map[string]map[string]string{
		"a": {"left": "1.5px", "top": "-20px", "width": "30px", "height": "40.25px", "transform": "rotate(-12deg)", "opacity": "0.5", "border-radius": "7px", "background-color": "#11223344"},
		"c": {"left": "20px", "top": "60px", "width": "30px", "height": "40px"},
		"d": {"background-image": "linear-gradient(90deg,#ff0000ff 0%,#0000ffff 100%)"},
		"e": {"object-fit": "contain"},
	} {
		got := styleOf(t, element(t, page, id))
		for property, value := range want {
			if got[property] != value {
				t.Errorf("%s: %s is %q, want %q", id, property, got[property], value)
			}
		}
	}
	text := element(t, page, "b").FirstChild
	if text.FirstChild.Data != "one\n two" {
		t.Errorf("text %q", text.FirstChild.Data)
	}
	style := styleOf(t, text)
	if style["font-size"] != "20px" || style["font-weight"] != "400" || style["font-style"] != "italic" || style["text-align"] != "right" ||
		!strings.HasPrefix(style["font-family"], `"Lobster",var(--fallback),`) {
		t.Errorf("text style %v", style)
	}
	if attr(text, "data-fit") != "shrink" || attr(text, "data-size") != "20" || attr(text, "data-min-size") != "8" || attr(text, "data-max-lines") != "2" {
		t.Errorf("fitting %v", text.Attr)
	}
	if image := element(t, page, "e"); attr(image, "src") != "data:image/png,logo_1" || attr(image, "alt") != "Our logo" {
		t.Errorf("image %v", image.Attr)
	}
	if find(page, func(n *html.Node) bool { return attr(n, "data-element") == "f" }) != nil {
		t.Error("a hidden element is drawn")
	}
}

func TestPageDrawsNothingThatACustomerWroteAsMarkup(t *testing.T) {
	const hostile = `</style></div><script>alert(1)</script><img src=x onerror=alert(1)>";'{{x}}` + "\u2028&amp;<!--"
	d := app.Document{Version: 1, Pages: []app.Page{{
		Width: 9, Height: 9, Background: app.Fill{Color: hostile},
		Elements: []app.Element{
			{ID: hostile, Type: app.Text, Text: hostile, Font: `x",y;color:red`, Color: "#fff;background:url(//x)", Align: "left", VAlign: "top", Size: 9, LineHeight: 1, Fit: app.FitNone},
			{ID: "image", Type: app.Image, Asset: hostile, Name: hostile, ObjectFit: "cover"},
			{ID: "rect", Type: app.Rect, Fill: app.Fill{Gradient: &app.Gradient{Stops: []app.Stop{{Color: "red;x:url(//x)"}, {Color: "{{c}}", At: 1}}}}},
			{ID: "line", Type: app.Line, Stroke: hostile, Shadow: &app.Shadow{Color: hostile}},
		}}}}
	page := drawn(t, d)

	text := element(t, page, hostile)
	if got := text.FirstChild.FirstChild.Data; got != hostile {
		t.Errorf("text %q, want %q", got, hostile)
	}
	if image := element(t, page, "image"); attr(image, "alt") != hostile || attr(image, "src") != "data:image/png,"+hostile {
		t.Errorf("image %v", image.Attr)
	}
	for n := range page.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		if !slices.Contains([]string{"div", "img"}, n.Data) {
			t.Errorf("there is a <%s>", n.Data)
		}
		for _, a := range n.Attr {
			if !slices.Contains([]string{"data-element", "lang", "style", "alt", "src"}, a.Key) {
				t.Errorf("<%s> has %s=%q", n.Data, a.Key, a.Val)
			}
		}
		if style := attr(n, "style"); strings.Contains(style, "url") || strings.Contains(style, "red") || strings.Contains(style, "alert") {
			t.Errorf("style %s", style)
		}
	}
}

// A page must look the same in an editor full of styles: every box starts from nothing.
func TestPageResetsEveryBox(t *testing.T) {
	page := drawn(t, parse(t, string(sample(t, "certificate.json"))))
	boxes := 0
	for n := range page.Descendants() {
		if n.Type == html.ElementNode {
			boxes++
			if !strings.HasPrefix(attr(n, "style"), "all:initial;direction:ltr;") {
				t.Errorf("%s %s starts with %.40q", n.Data, attr(n, "data-element"), attr(n, "style"))
			}
		}
	}
	if boxes < 10 {
		t.Errorf("only %d boxes", boxes)
	}
}

func TestHTMLHasASheetForEachPage(t *testing.T) {
	d := parse(t, `{"version":1,"pages":[{"width":300,"height":200},{"width":10,"height":20}]}`)
	source, err := canvas.HTML(t.Context(), d.Pages, images, "")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"@page sheet1{size:300px 200px;margin:0}", "@page sheet2{size:10px 20px;margin:0}", ".sheet2{page:sheet2}"} {
		if !strings.Contains(source, want) {
			t.Errorf("no %s in %s", want, source)
		}
	}
	root, err := html.Parse(strings.NewReader(source))
	if err != nil {
		t.Fatal(err)
	}
	pages := 0
	for n := range root.Descendants() {
		if n.Data == "section" {
			pages++
		}
	}
	if pages != 2 {
		t.Errorf("%d sections", pages)
	}
}

func TestFontFaces(t *testing.T) {
	css := canvas.FontFaces(
		func(_ app.Family, face app.Face) string {
			return "/fonts" + face.File[strings.LastIndex(face.File, "/"):]
		},
		func(family app.Family, _ app.Face) string { return "U+1-2" })
	for _, want := range []string{
		`@font-face{font-family:"Inter";font-weight:700;font-style:italic;font-display:block;src:url("/fonts/Inter-BoldItalic.otf") format("opentype")}`,
		`@font-face{font-family:"Noto Sans Thai";font-weight:400;unicode-range:U+1-2;font-display:block;src:url("/fonts/NotoSansThai-Regular.ttf") format("truetype")}`,
	} {
		if !strings.Contains(css, want) {
			t.Errorf("no %s", want)
		}
	}
	for _, family := range app.Families() {
		if strings.Count(css, `font-family:"`+family.Name+`"`) != len(family.Faces) {
			t.Errorf("not every face of %s", family.Name)
		}
	}
}

// What a file calls itself is a stranger's text: the stylesheet has a name of ours.
func TestUploadedFaces(t *testing.T) {
	const hostile = `x"}</style><script>alert(1)</script>`
	css := canvas.UploadedFaces([]app.Font{{ID: "1", Family: hostile, Weight: 100, MaxWeight: 900, Italic: true, Format: "woff2"}},
		func(f app.Font) string { return "data:font/" + f.ID })
	want := `@font-face{font-family:` + app.CSSFamily(hostile) + `;font-weight:100 900;font-style:italic;font-display:block;src:url("data:font/1") format("woff2")}`
	if strings.TrimSpace(css) != want || strings.Contains(css, "script") {
		t.Errorf("%s, want %s", css, want)
	}
}

func images(asset string) string { return "data:image/png," + asset }

// drawn is the first page of a document as the browser reads it.
func drawn(t *testing.T, d app.Document) *html.Node {
	t.Helper()
	source, err := canvas.HTML(t.Context(), d.Pages[:1], images, "")
	if err != nil {
		t.Fatal(err)
	}
	root, err := html.Parse(strings.NewReader(source))
	if err != nil {
		t.Fatal(err)
	}
	page := find(root, func(n *html.Node) bool {
		return slices.ContainsFunc(n.Attr, func(a html.Attribute) bool { return a.Key == "data-page" })
	})
	if page == nil {
		t.Fatalf("no page in %s", source)
	}
	return page
}

func element(t *testing.T, page *html.Node, id string) *html.Node {
	t.Helper()
	n := find(page, func(n *html.Node) bool { return attr(n, "data-element") == id })
	if n == nil {
		t.Fatalf("element %q is not drawn", id)
	}
	return n
}

func find(root *html.Node, is func(*html.Node) bool) *html.Node {
	for n := range root.Descendants() {
		if is(n) {
			return n
		}
	}
	return nil
}

func attr(n *html.Node, key string) string {
	for _, a := range n.Attr {
		if a.Key == key {
			return a.Val
		}
	}
	return ""
}

func styleOf(t *testing.T, n *html.Node) map[string]string {
	t.Helper()
	style := map[string]string{}
	for declaration := range strings.SplitSeq(strings.TrimSuffix(attr(n, "style"), ";"), ";") {
		property, value, ok := strings.Cut(declaration, ":")
		if !ok {
			t.Fatalf("style %q", attr(n, "style"))
		}
		style[property] = value
	}
	return style
}
