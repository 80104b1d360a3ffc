package canvas

import (
	"math"
	"strconv"
	"strings"

	"github.com/a-h/templ"

	"majestic/app"
)

// style is the value of a style attribute. Everything that goes into it is a
// number, a colour or a word of ours: nothing a customer wrote is copied.
type style struct{ b strings.Builder }

// reset starts an element that neither a page's stylesheet nor its surroundings
// have touched. The two that all leaves alone follow it.
func reset() *style {
	s := &style{}
	return s.set("all", "initial").set("direction", "ltr").set("unicode-bidi", "normal").set("display", "block").set("box-sizing", "border-box")
}

func (s *style) set(property, value string) *style {
	s.b.WriteString(property + ":" + value + ";")
	return s
}

// css is the attribute. It does not go by templ's own style={…}, which escapes the
// quotes of a font's name twice.
func (s *style) css() templ.Attributes { return templ.Attributes{"style": s.b.String()} }

func pageStyle(page app.Page) templ.Attributes {
	s := reset().
		set("--fallback", fallback()).
		set("position", "relative").
		set("overflow", "hidden").
		set("contain", "size"). // so that a PDF breaks it nowhere: what lies below would get sheets of its own
		set("width", px(float64(page.Width))).
		set("height", px(float64(page.Height))).
		set("print-color-adjust", "exact")
	return s.fill(page.Background, "farthest-corner").css()
}

// box places an element and turns, fades and shades it.
func box(e app.Element) *style {
	s := reset().
		set("position", "absolute").
		set("left", px(math.Min(e.X, e.X+e.Width))).
		set("top", px(math.Min(e.Y, e.Y+e.Height))).
		set("width", px(math.Abs(e.Width))).
		set("height", px(math.Abs(e.Height)))
	// No transform where none is asked for: the browser then puts edges on whole pixels.
	if e.Rotation != 0 {
		s.set("transform", "rotate("+number(e.Rotation)+"deg)")
	}
	if e.Opacity != 1 {
		s.set("opacity", number(e.Opacity))
	}
	return s
}

func imageStyle(e app.Element) templ.Attributes {
	// A browser's own rules clip a picture to its box; the reset took them away.
	s := box(e).set("overflow", "clip").set("overflow-clip-margin", "content-box").
		set("object-fit", e.ObjectFit).focus(e).set("border-radius", px(e.Radius))
	return s.outlineShadow(e.Shadow).css()
}

// frameStyle is the box that a picture larger than it is looked at through.
func frameStyle(e app.Element) templ.Attributes {
	return box(e).set("overflow", "clip").set("border-radius", px(e.Radius)).outlineShadow(e.Shadow).css()
}

// zoomedStyle lays the picture so that the place it is looked at stays the same.
func zoomedStyle(e app.Element) templ.Attributes {
	size := percent(e.Zoom)
	return reset().set("position", "absolute").
		set("left", percent((1-e.Zoom)*e.FocusX)).set("top", percent((1-e.Zoom)*e.FocusY)).
		set("width", size).set("height", size).
		set("object-fit", e.ObjectFit).focus(e).css()
}

func (s *style) focus(e app.Element) *style {
	if e.FocusX == 0.5 && e.FocusY == 0.5 {
		return s
	}
	return s.set("object-position", percent(e.FocusX)+" "+percent(e.FocusY))
}

func shapeStyle(e app.Element) templ.Attributes {
	s, reach := box(e), "farthest-corner"
	switch e.Type {
	case app.Ellipse:
		s.set("border-radius", "50%")
		reach = "farthest-side"
	case app.Rect:
		s.set("border-radius", px(e.Radius))
	}
	// The gradient runs over the whole box, below the stroke as well.
	s.fill(e.Fill, reach).set("background-origin", "border-box")
	if e.Stroke != "" && e.StrokeWidth > 0 {
		// A border wider than half the box would make the box grow.
		width := min(e.StrokeWidth, e.Width/2, e.Height/2)
		s.set("border", px(width)+" solid "+color(e.Stroke))
	}
	if e.Shadow != nil {
		s.set("box-shadow", shadow(*e.Shadow))
	}
	return s.css()
}

func lineBoxStyle(e app.Element) templ.Attributes {
	return box(e).outlineShadow(e.Shadow).css()
}

// lineStyle lays a bar of the line's length over the middle of its box and turns
// it from corner to corner.
func lineStyle(e app.Element) templ.Attributes {
	length := math.Hypot(e.Width, e.Height)
	s := reset().
		set("position", "absolute").
		set("left", px((math.Abs(e.Width)-length)/2)).
		set("top", px((math.Abs(e.Height)-e.StrokeWidth)/2)).
		set("width", px(length)).
		set("height", px(e.StrokeWidth)).
		set("background-color", color(e.Stroke))
	if e.Height != 0 {
		s.set("transform", "rotate("+number(math.Atan2(e.Height, e.Width)*180/math.Pi)+"deg)")
	}
	return s.css()
}

func (s *style) fill(f app.Fill, reach string) *style {
	g := f.Gradient
	switch {
	case g != nil && g.Type == app.Radial:
		s.set("background-image", "radial-gradient(ellipse "+reach+" at center"+stops(g.Stops)+")")
	case g != nil:
		s.set("background-image", "linear-gradient("+number(g.Angle)+"deg"+stops(g.Stops)+")")
	case f.Color != "":
		s.set("background-color", color(f.Color))
	}
	return s
}

// outlineShadow follows what is drawn rather than the box around it.
func (s *style) outlineShadow(sh *app.Shadow) *style {
	if sh != nil {
		s.set("filter", "drop-shadow("+shadow(*sh)+")")
	}
	return s
}

func stops(list []app.Stop) string {
	var b strings.Builder
	for _, stop := range list {
		b.WriteString("," + color(stop.Color) + " " + number(stop.At*100) + "%")
	}
	return b.String()
}

func shadow(s app.Shadow) string {
	return px(s.X) + " " + px(s.Y) + " " + px(s.Blur) + " " + color(s.Color)
}

// color writes the colour's value anew. One that waits for its variable is not
// to be seen.
func color(c app.Color) string {
	v, ok := c.NRGBA()
	if !ok {
		return "transparent"
	}
	const digits = "0123456789abcdef"
	b := []byte{'#'}
	for _, n := range []uint8{v.R, v.G, v.B, v.A} {
		b = append(b, digits[n>>4], digits[n&15])
	}
	return string(b)
}

func px(v float64) string { return number(v) + "px" }

func percent(v float64) string { return number(v*100) + "%" }

// number has no exponent and four decimals at most, which is finer than any screen.
func number(v float64) string {
	v = math.Round(v*1e4) / 1e4
	if v == 0 {
		return "0" // never -0
	}
	return strconv.FormatFloat(v, 'f', -1, 64)
}
