package images

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// What may be said of a shape: where it is, and how it is painted.
const (
	geometry = "x y width height cx cy r rx ry x1 y1 x2 y2 fx fy fr d points offset transform viewBox preserveAspectRatio pathLength " +
		"gradientUnits gradientTransform spreadMethod clipPathUnits maskUnits maskContentUnits"
	properties = "fill fill-opacity fill-rule stroke stroke-width stroke-opacity stroke-linecap stroke-linejoin stroke-miterlimit stroke-dasharray " +
		"stroke-dashoffset vector-effect paint-order opacity color stop-color stop-opacity clip-path clip-rule mask mask-type display visibility overflow " +
		"transform transform-origin transform-box mix-blend-mode isolation shape-rendering color-interpolation"
	functions = "rgb rgba hsl hsla matrix translate scale rotate skewX skewY"
)

var (
	comment = regexp.MustCompile(`(?s)/\*.*?\*/`)
	rule    = regexp.MustCompile(`^\s*((?:\.[\w-]+\s*,?\s*)+)\{([^{}]*)\}`)
	local   = regexp.MustCompile(`(?s)^url\(\s*["']?#([\w.:-]+)["']?\s*\)(.*)$`)
	call    = regexp.MustCompile(`([\w-]*)\s*\(`)
)

// stylesheet reads rules for classes, the only ones there may be, and writes them anew.
func (d *drawing) stylesheet(css string) (kept string, err error) {
	css = comment.ReplaceAllString(css, " ")
	for css = strings.TrimSpace(css); css != ""; css = strings.TrimSpace(css) {
		m := rule.FindStringSubmatch(css)
		if m == nil {
			return "", errors.New("is an SVG with a <style> of more than rules for classes; save it with its styles in attributes")
		}
		draws, declarations, err := d.declarations(m[2])
		if err != nil {
			return "", err
		}
		for class := range strings.FieldsFuncSeq(m[1], func(r rune) bool { return strings.ContainsRune("., \t\r\n", r) }) {
			d.classes[class] = append(d.classes[class], draws...)
			kept += "." + class + "{" + declarations + "}"
		}
		css = css[len(m[0]):]
	}
	return kept, nil
}

// declarations reads "name: value; …": what of it draws, and what else is drawn by it.
func (d *drawing) declarations(css string) (draws []string, kept string, err error) {
	for declaration := range strings.SplitSeq(css, ";") {
		name, value, ok := strings.Cut(declaration, ":")
		name, value = strings.TrimSpace(name), strings.TrimSpace(value)
		if !ok || !contains(properties, name) && name != "filter" {
			continue
		}
		also, err := d.property(name, value)
		if err != nil {
			return nil, "", err
		}
		draws = append(draws, also...)
		kept += name + ":" + value + ";"
	}
	return draws, kept, nil
}

// property answers with what is drawn by it.
func (d *drawing) property(name, value string) (draws []string, err error) {
	if name == "filter" && value != "none" {
		return nil, fmt.Errorf("is an SVG with a filter in it, which is not drawn here; %s", refusals["filter"])
	}
	url := local.FindStringSubmatch(value)
	if url == nil {
		return nil, plain(value)
	}
	switch name {
	case "clip-path", "mask":
		draws = append(draws, url[1])
	case "fill", "stroke":
		d.paints = append(d.paints, url[1])
	default:
		return nil, plain(value)
	}
	return draws, plain(url[2])
}

// plain refuses a value that could be more than numbers, words and colours.
func plain(value string) error {
	for _, m := range call.FindAllStringSubmatch(value, -1) {
		if !contains(functions, m[1]) {
			return fmt.Errorf("is an SVG with the value %.60q in it, which is not drawn here; save it without, or as PNG", value)
		}
	}
	if i := strings.IndexAny(value, `\@<>{}&`); i >= 0 {
		return fmt.Errorf("is an SVG with the value %.60q in it, which is not drawn here; save it without, or as PNG", value)
	}
	return nil
}
