package app

import (
	"encoding/hex"
	"image/color"
	"strings"
)

// Color is a colour as written: #rgb, #rrggbb or #rrggbbaa, or a text with
// variables that becomes one.
type Color string

// NRGBA is the colour's value; ok is false while it is none, as long as its
// variables are not resolved.
func (c Color) NRGBA() (rgba color.NRGBA, ok bool) {
	digits, found := strings.CutPrefix(string(c), "#")
	if !found {
		return rgba, false
	}
	if len(digits) == 3 {
		digits = string([]byte{digits[0], digits[0], digits[1], digits[1], digits[2], digits[2]})
	}
	if len(digits) == 6 {
		digits += "ff"
	}
	b, err := hex.DecodeString(digits)
	if err != nil || len(b) != 4 {
		return rgba, false
	}
	return color.NRGBA{R: b[0], G: b[1], B: b[2], A: b[3]}, true
}

func (c Color) check() string {
	if _, ok := c.NRGBA(); ok || hasVariable(string(c)) {
		return ""
	}
	return "must be a colour such as #2563eb, #fff or #00000040, not " + quote(string(c))
}

func paint(name string, to *Color) property {
	return text(name, to, 0, 200, Color.check)
}
