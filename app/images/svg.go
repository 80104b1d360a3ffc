package images

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// The limits of an SVG.
const (
	maxSVGBytes    = 2 << 20
	maxSVGElements = 20_000
	maxSVGDepth    = 64
	maxSVGDrawn    = 100_000 // elements, each as often as it is drawn
)

// The browser draws an SVG, in an <img> and so without scripts and requests. What
// it gets is written anew from what is known to draw: shapes, gradients, clips
// and masks. What draws nothing is left out; all else is refused by its name,
// because a drawing without it would be another.
const (
	drawnElements   = "svg g defs symbol use path rect circle ellipse line polyline polygon linearGradient radialGradient stop clipPath mask style"
	ignoredElements = "title desc metadata script"
	svgNamespace    = "http://www.w3.org/2000/svg"
	linkNamespace   = "http://www.w3.org/1999/xlink"
)

// refusals say what to do about what is common and cannot be drawn.
var refusals = map[string]string{
	"text":          "its letters would differ from machine to machine: convert them to outlines",
	"image":         "upload that picture by itself",
	"foreignObject": "a picture has no HTML in it",
	"filter":        "flatten its effects, or use the shadow of the design",
}

var lengths = regexp.MustCompile(`^([0-9.eE+-]+?)\s*(px|pt|pc|mm|cm|in)?$`)

func looksLikeSVG(data []byte) bool {
	head := bytes.TrimSpace(bytes.TrimPrefix(data[:min(len(data), 4096)], []byte("\xef\xbb\xbf")))
	return bytes.HasPrefix(head, []byte("<")) && bytes.Contains(head, []byte("<svg"))
}

// node is an element of the drawing.
type node struct {
	name       string
	attributes map[string]string
	text       string // of a stylesheet
	children   []*node
	draws      []string // ids of what is drawn along with it
	weight     int      // of all it draws; -1 while it is counted
}

// drawing is an SVG being read.
type drawing struct {
	count   int
	byID    map[string]*node
	classes map[string][]string // what each class draws along
	paints  []string            // ids that must be gradients
}

func cleanSVG(data []byte) (File, error) {
	if len(data) > maxSVGBytes {
		return File{}, errors.New("is an SVG of more than 2 MiB; simplify it, or save it as PNG")
	}
	d := &drawing{byID: map[string]*node{}, classes: map[string][]string{}}
	root, err := d.read(data)
	if err != nil {
		return File{}, err
	}
	if err := d.check(root); err != nil {
		return File{}, err
	}
	width, height, err := root.frame()
	if err != nil {
		return File{}, err
	}
	var out bytes.Buffer
	root.write(&out)
	return File{Data: out.Bytes(), MediaType: "image/svg+xml", Width: width, Height: height}, nil
}

// read makes the tree. Go's decoder expands no entities but XML's own five.
func (d *drawing) read(data []byte) (*node, error) {
	decoder := xml.NewDecoder(bytes.NewReader(data))
	var path []*node
	var root *node
	for {
		token, err := decoder.Token()
		if err == io.EOF && root != nil {
			return root, nil
		}
		if err != nil {
			return nil, errors.New("is damaged: it is no well-formed XML")
		}
		switch token := token.(type) {
		case xml.StartElement:
			n, err := d.element(token, len(path))
			if err != nil {
				return nil, err
			}
			switch {
			case n == nil:
				if err := decoder.Skip(); err != nil {
					return nil, errors.New("is damaged: it is no well-formed XML")
				}
				continue
			case len(path) > 0:
				path[len(path)-1].children = append(path[len(path)-1].children, n)
			case root != nil || n.name != "svg":
				return nil, errors.New("is not an SVG drawing")
			default:
				root = n
			}
			path = append(path, n)
		case xml.EndElement:
			n := path[len(path)-1]
			if n.text, err = d.stylesheet(n.text); err != nil {
				return nil, err
			}
			path = path[:len(path)-1]
		case xml.CharData:
			if len(path) > 0 && path[len(path)-1].name == "style" {
				path[len(path)-1].text += string(token)
			}
		}
	}
}

// element is nil for one that draws nothing.
func (d *drawing) element(e xml.StartElement, depth int) (*node, error) {
	name := e.Name.Local
	switch {
	case e.Name.Space != "" && e.Name.Space != svgNamespace, contains(ignoredElements, name):
		return nil, nil
	case !contains(drawnElements, name):
		advice := refusals[name]
		if advice == "" {
			advice = "save it without, or as PNG"
		}
		return nil, fmt.Errorf("is an SVG with <%.40s> in it, which is not drawn here; %s", name, advice)
	}
	if d.count++; d.count > maxSVGElements || depth >= maxSVGDepth {
		return nil, fmt.Errorf("is an SVG of more than %d elements, or more than %d within each other; simplify it, or save it as PNG", maxSVGElements, maxSVGDepth)
	}
	n := &node{name: name, attributes: map[string]string{}}
	for _, a := range e.Attr {
		if err := d.attribute(n, a); err != nil {
			return nil, err
		}
	}
	return n, nil
}

func (d *drawing) attribute(n *node, a xml.Attr) error {
	name, value := a.Name.Local, strings.TrimSpace(a.Value)
	switch {
	case name == "href" && (a.Name.Space == "" || a.Name.Space == linkNamespace):
		id, ok := strings.CutPrefix(value, "#")
		if !ok {
			return fmt.Errorf("is an SVG that refers to %.60q outside of itself; put all it shows into the file", value)
		}
		if n.name == "use" {
			n.draws = append(n.draws, id)
		} else {
			d.paints = append(d.paints, id)
		}
		n.attributes["href"] = value
		return nil
	case a.Name.Space != "":
		return nil
	case name == "id":
		if d.byID[value] == nil {
			d.byID[value] = n
		}
	case name == "class":
		for class := range strings.FieldsSeq(value) {
			n.draws = append(n.draws, "."+class)
		}
	case name == "style":
		draws, kept, err := d.declarations(value)
		if err != nil {
			return err
		}
		n.draws = append(n.draws, draws...)
		value = kept
	case contains(properties, name) || name == "filter":
		draws, err := d.property(name, value)
		if err != nil {
			return err
		}
		n.draws = append(n.draws, draws...)
	case contains(geometry, name):
		if err := plain(value); err != nil {
			return err
		}
	default:
		return nil
	}
	n.attributes[name] = value
	return nil
}

// check refuses a drawing that draws itself, or the same again and again: a few
// hundred bytes can ask for a billion shapes.
func (d *drawing) check(root *node) error {
	for _, id := range d.paints {
		if n := d.byID[id]; n != nil && n.name != "linearGradient" && n.name != "radialGradient" {
			return fmt.Errorf("is an SVG that paints with <%s>, and only gradients are painted with here; save it without, or as PNG", n.name)
		}
	}
	_, err := d.weigh(root)
	return err
}

func (d *drawing) weigh(n *node) (int, error) {
	switch {
	case n.weight < 0:
		return 0, errors.New("is an SVG with a part that contains itself")
	case n.weight > 0:
		return n.weight, nil
	}
	n.weight = -1
	weight := 1
	parts := slices.Clone(n.children)
	for _, id := range n.draws {
		ids := []string{id}
		if class, ok := strings.CutPrefix(id, "."); ok {
			ids = d.classes[class]
		}
		weight += len(ids) // also those that nothing has
		for _, id := range ids {
			if part := d.byID[id]; part != nil {
				parts = append(parts, part)
			}
		}
	}
	for _, part := range parts {
		more, err := d.weigh(part)
		if err != nil {
			return 0, err
		}
		if weight += more; weight > maxSVGDrawn {
			return 0, fmt.Errorf("is an SVG that draws more than %d shapes; simplify it, or save it as PNG", maxSVGDrawn)
		}
	}
	n.weight = weight
	return weight, nil
}

// frame gives the root a size and a view, so that it is scaled like any picture.
func (root *node) frame() (width, height int, err error) {
	w, h := length(root.attributes["width"]), length(root.attributes["height"])
	view := numbers(root.attributes["viewBox"])
	if len(view) == 4 && (w == 0 || h == 0) {
		w, h = view[2], view[3]
	}
	if !(w > 0 && h > 0 && w < 1e6 && h < 1e6) {
		return 0, 0, errors.New("is an SVG without a size; give it a width and a height, or a viewBox")
	}
	if len(view) != 4 {
		root.attributes["viewBox"] = "0 0 " + decimal(w) + " " + decimal(h)
	}
	// Otherwise object-fit: fill would not stretch it.
	same := len(view) != 4 || math.Abs(view[2]/view[3]/(w/h)-1) < 0.01
	if root.attributes["preserveAspectRatio"] == "" && same {
		root.attributes["preserveAspectRatio"] = "none"
	}
	root.attributes["width"], root.attributes["height"] = decimal(w), decimal(h)
	root.attributes["xmlns"] = svgNamespace
	return max(1, int(math.Round(w))), max(1, int(math.Round(h))), nil
}

func (n *node) write(out *bytes.Buffer) {
	out.WriteString("<" + n.name)
	for _, name := range slices.Sorted(maps.Keys(n.attributes)) {
		out.WriteString(" " + name + `="`)
		xml.EscapeText(out, []byte(n.attributes[name]))
		out.WriteByte('"')
	}
	out.WriteByte('>')
	xml.EscapeText(out, []byte(n.text))
	for _, child := range n.children {
		child.write(out)
	}
	out.WriteString("</" + n.name + ">")
}

// length is in pixels; 0 is none, or one that depends on the surroundings.
func length(s string) float64 {
	units := map[string]float64{"": 1, "px": 1, "pt": 96.0 / 72, "pc": 16, "mm": 96 / 25.4, "cm": 96 / 2.54, "in": 96}
	m := lengths.FindStringSubmatch(s)
	if m == nil {
		return 0
	}
	v, err := strconv.ParseFloat(m[1], 64)
	if err != nil {
		return 0
	}
	return v * units[m[2]]
}

func numbers(s string) (list []float64) {
	for _, field := range strings.FieldsFunc(s, func(r rune) bool { return r == ' ' || r == ',' || r == '\n' || r == '\t' || r == '\r' }) {
		v, err := strconv.ParseFloat(field, 64)
		if err != nil {
			return nil
		}
		list = append(list, v)
	}
	if len(list) == 4 && !(list[2] > 0 && list[3] > 0) {
		return nil
	}
	return list
}

func decimal(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }

func contains(words, word string) bool {
	return !strings.Contains(word, " ") && strings.Contains(" "+words+" ", " "+word+" ")
}
