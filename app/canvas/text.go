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
		set("font-family", app.FontStack(e.Font)).
		set("font-size", px(e.Size)).
		set("font-weight", strconv.Itoa(e.Weight)).
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
	if e.Fit == app.FitEllipsis {
		s.set("display", "-webkit-box").
			set("-webkit-box-orient", "vertical").
			set("-webkit-line-clamp", strconv.Itoa(lines(e))).
			set("overflow-x", "visible").
			set("overflow-y", "clip")
	}
	return s.css()
}

// fitting is what static/fit.js reads from a text that shrinks.
func fitting(e app.Element) templ.Attributes {
	if e.Fit != app.FitShrink {
		return nil
	}
	a := templ.Attributes{
		"data-fit":         app.FitShrink,
		"data-size":        number(e.Size),
		"data-min-size":    number(min(e.MinSize, e.Size)),
		"data-line-height": number(e.LineHeight),
	}
	if e.MaxLines > 0 {
		a["data-max-lines"] = strconv.Itoa(e.MaxLines)
	}
	return a
}

// lines is how many lines of a text its box holds, one at least.
func lines(e app.Element) int {
	room := max(1, int(e.Height/(e.Size*e.LineHeight)+1e-6))
	if e.MaxLines > 0 {
		room = min(room, e.MaxLines)
	}
	return room
}
