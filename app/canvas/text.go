package canvas

import (
	"strconv"

	"github.com/a-h/templ"

	"majestic/app"
)

// textBoxStyle is the box a text stands in: at its top, middle or bottom.
func textBoxStyle(e app.Element) templ.Attributes {
	justify := map[string]string{"top": "flex-start", "middle": "center", "bottom": "flex-end"}[e.VAlign]
	return box(e).set("display", "flex").set("flex-direction", "column").set("justify-content", justify).css()
}

func textStyle(e app.Element) templ.Attributes {
	s := reset().
		set("flex", "none").
		set("width", "100%").
		set("font-family", stack(e.Font)).
		set("font-size", px(e.Size)).
		set("font-weight", strconv.Itoa(weight(e))).
		// A weight or slant that a family lacks is not made up: each browser makes up another.
		set("font-synthesis", "none").
		set("line-height", number(e.LineHeight)).
		set("letter-spacing", px(e.LetterSpacing)).
		set("color", color(e.Color)).
		set("text-align", e.Align).
		set("white-space", "pre-wrap").
		set("overflow-wrap", "anywhere").
		// Each paragraph runs in the direction of its own script.
		set("unicode-bidi", "plaintext").
		// Otherwise letters stand on whole pixels, and lines break elsewhere at scale 2.
		set("text-rendering", "geometricPrecision")
	if e.Italic {
		s.set("font-style", "italic")
	}
	if e.Shadow != nil {
		s.set("text-shadow", shadow(*e.Shadow))
	}
	return s.css()
}

// fitting is what static/fit.js reads from a text that shrinks or is cut.
func fitting(e app.Element) templ.Attributes {
	if e.Fit == app.FitNone {
		return nil
	}
	a := templ.Attributes{
		"data-fit":         e.Fit,
		"data-size":        number(e.Size),
		"data-line-height": number(e.LineHeight),
	}
	if e.Fit == app.FitShrink {
		a["data-min-size"] = number(min(e.MinSize, e.Size))
	}
	if e.MaxLines > 0 {
		a["data-max-lines"] = strconv.Itoa(e.MaxLines)
	}
	return a
}
