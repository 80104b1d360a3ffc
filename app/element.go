package app

import (
	"encoding/json"
	"net/url"
	"slices"
	"strings"
)

// The types of element.
const (
	Text    = "text"
	Image   = "image"
	Rect    = "rect"
	Ellipse = "ellipse"
	Line    = "line"
)

// The ways a text is fitted into its box.
const (
	FitNone     = "none"     // as written, also over the edge
	FitShrink   = "shrink"   // the largest size down to MinSize at which it fits
	FitEllipsis = "ellipsis" // cut with … where the box ends
)

// Element is one thing on a page. Which fields count depends on its type; those
// left out hold their defaults.
type Element struct {
	ID, Type            string
	X, Y, Width, Height float64
	Name, Group         string
	Rotation, Opacity   float64
	Hidden, Locked      bool
	Shadow              *Shadow

	Text                      string
	Font                      string
	Size                      float64
	Weight                    int
	Italic                    bool
	Color                     Color
	Align, VAlign             string
	LineHeight, LetterSpacing float64
	Fit                       string
	MinSize                   float64
	MaxLines                  int // 0: as many as there is room for

	Asset, ObjectFit     string
	Radius               float64
	Zoom, FocusX, FocusY float64 // how much larger a picture is drawn than it fits, and which part shows

	Fill        Fill
	Stroke      Color
	StrokeWidth float64

	given given
}

// Shadow falls from an element by X and Y.
type Shadow struct {
	X, Y, Blur float64
	Color      Color

	given given
}

// The limits of one element. A length beyond them is a slip of the pen, and
// browsers round it silently.
const (
	MaxTextRunes = 20_000
	maxLength    = 100_000
	maxAngle     = 36_000
	maxZoom      = 20
)

// MarshalJSON writes the element as its sender gave it.
func (e Element) MarshalJSON() ([]byte, error) {
	defaults := newElement(e.Type)
	return e.given.marshal(e.properties(), defaults.properties())
}

// MarshalJSON writes the shadow as its sender gave it.
func (s Shadow) MarshalJSON() ([]byte, error) {
	defaults := newShadow()
	return s.given.marshal(s.properties(), defaults.properties())
}

func parseElement(p place, raw json.RawMessage) Element {
	members := p.members(raw)
	if id := peek(members, "id"); id != "" {
		p.name = "element " + quote(id)
	}
	e := newElement(peek(members, "type"))
	if types := []string{Text, Image, Rect, Ellipse, Line}; members != nil && !slices.Contains(types, e.Type) {
		required(oneOf("type", &e.Type, types...)).read(p.at("type"), orNull(members["type"]))
		return e
	}
	e.given = p.read(members, e.properties())
	if e.Fit == FitShrink && e.given["min_size"] && e.MinSize > e.Size {
		p.at("min_size").fault("%s: min_size %s is more than size %s; a text shrinks from size to min_size", p.name, decimal(e.MinSize), decimal(e.Size))
	}
	return e
}

func newElement(kind string) Element {
	e := Element{Type: kind, Opacity: 1}
	switch kind {
	case Text:
		e.Font, e.Size, e.Weight, e.Color = "Inter", 16, 400, "#000000"
		e.Align, e.VAlign, e.LineHeight = "left", "top", 1.2
		e.Fit, e.MinSize = FitNone, 12
	case Image:
		e.ObjectFit, e.Zoom, e.FocusX, e.FocusY = "cover", 1, 0.5, 0.5
	case Rect, Ellipse, Line:
		e.StrokeWidth = 1
	}
	return e
}

func newShadow() Shadow {
	return Shadow{Color: "#00000040"}
}

func (e *Element) properties() []property {
	smallest := 0.01
	if e.Type == Line {
		smallest = -maxLength
	}
	list := []property{
		required(text("id", &e.ID, 1, 100, checkID)),
		required(text("type", &e.Type, 1, 20, nil)),
		required(number("x", &e.X, -maxLength, maxLength)),
		required(number("y", &e.Y, -maxLength, maxLength)),
		required(number("width", &e.Width, smallest, maxLength)),
		required(number("height", &e.Height, smallest, maxLength)),
		text("name", &e.Name, 0, 200, nil),
		text("group", &e.Group, 0, 200, nil),
		number("rotation", &e.Rotation, -maxAngle, maxAngle),
		number("opacity", &e.Opacity, 0, 1),
		flag("hidden", &e.Hidden),
		flag("locked", &e.Locked),
	}
	switch e.Type {
	case Text:
		list = append(list,
			required(text("text", &e.Text, 0, MaxTextRunes, nil)),
			text("font", &e.Font, 1, 100, checkFamily),
			number("size", &e.Size, 1, 4_000),
			whole("weight", &e.Weight, 1, 1_000),
			flag("italic", &e.Italic),
			paint("color", &e.Color),
			oneOf("align", &e.Align, "left", "center", "right"),
			oneOf("valign", &e.VAlign, "top", "middle", "bottom"),
			number("line_height", &e.LineHeight, 0.1, 10),
			number("letter_spacing", &e.LetterSpacing, -1_000, 1_000),
			oneOf("fit", &e.Fit, FitNone, FitShrink, FitEllipsis),
			number("min_size", &e.MinSize, 1, 4_000),
			whole("max_lines", &e.MaxLines, 1, 1_000),
		)
	case Image:
		list = append(list,
			required(text("asset", &e.Asset, 1, 2_000, checkAsset)),
			oneOf("object_fit", &e.ObjectFit, "cover", "contain", "fill"),
			number("radius", &e.Radius, 0, maxLength),
			number("zoom", &e.Zoom, 1, maxZoom),
			number("focus_x", &e.FocusX, 0, 1),
			number("focus_y", &e.FocusY, 0, 1),
		)
	case Rect:
		list = append(list,
			fill("fill", &e.Fill),
			number("radius", &e.Radius, 0, maxLength),
			paint("stroke", &e.Stroke),
			number("stroke_width", &e.StrokeWidth, 0, maxLength),
		)
	case Ellipse:
		list = append(list,
			fill("fill", &e.Fill),
			paint("stroke", &e.Stroke),
			number("stroke_width", &e.StrokeWidth, 0, maxLength),
		)
	case Line:
		list = append(list,
			required(paint("stroke", &e.Stroke)),
			number("stroke_width", &e.StrokeWidth, 0, maxLength),
		)
	}
	return append(list, property{
		name:  "shadow",
		value: func() any { return e.Shadow },
		read: func(p place, raw json.RawMessage) {
			s := newShadow()
			p.name += ": the shadow"
			s.given = p.object(raw, s.properties())
			e.Shadow = &s
		},
	})
}

func (s *Shadow) properties() []property {
	return []property{
		number("x", &s.X, -maxLength, maxLength),
		number("y", &s.Y, -maxLength, maxLength),
		number("blur", &s.Blur, 0, 1_000),
		paint("color", &s.Color),
	}
}

func checkID(id string) string {
	if strings.ContainsFunc(id, isControl) {
		return "holds a control character; use letters, digits and dashes"
	}
	return ""
}

func checkFamily(name string) string {
	if strings.ContainsFunc(name, isControl) {
		return "holds a control character; a font is named as its file names it"
	}
	return ""
}

func checkAsset(asset string) string {
	if hasVariable(asset) || IsAddress(asset) {
		return ""
	}
	for _, r := range asset {
		if !('a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || r == '-' || r == '_') {
			return "must be the id of an uploaded asset or an https address, not " + quote(asset)
		}
	}
	return ""
}

// IsAddress tells whether an image's asset is to be fetched from elsewhere.
func IsAddress(asset string) bool {
	lower := strings.ToLower(asset)
	return strings.HasPrefix(lower, "https://") || strings.HasPrefix(lower, "http://")
}

// checkAddress takes what a person may copy out of a browser; who fetches it has
// rules of its own.
func checkAddress(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "https" || u.Hostname() == "" || u.User != nil {
		return "must be an https address such as https://example.com/photo.jpg, not " + quote(address)
	}
	return ""
}

func isControl(r rune) bool { return r < ' ' || r == 0x7f }

// peek is a text among the members, without complaint when it is none: the
// schema that follows has the words for that.
func peek(members map[string]json.RawMessage, name string) (s string) {
	if raw := orNull(members[name]); json.Unmarshal(raw, &s) != nil {
		return ""
	}
	return s
}

func orNull(raw json.RawMessage) json.RawMessage {
	if raw == nil {
		return json.RawMessage("null")
	}
	return raw
}
