package app

import (
	"encoding/json"
	"slices"
)

// Fill is what a surface is painted with: a colour, a gradient, or nothing.
type Fill struct {
	Color    Color
	Gradient *Gradient
}

// Gradient runs from stop to stop: along Angle when linear (0 upward, 90 to the
// right, 180 downward, as in CSS), from the centre outward when radial.
type Gradient struct {
	Type  string
	Angle float64
	Stops []Stop

	given given
}

// The types of gradient.
const (
	Linear = "linear"
	Radial = "radial"
)

// Stop is the colour of a gradient at a point between 0 and 1.
type Stop struct {
	Color Color
	At    float64
}

// IsZero tells whether nothing is painted.
func (f Fill) IsZero() bool { return f.Color == "" && f.Gradient == nil }

// MarshalJSON writes a colour as a text and a gradient as an object.
func (f Fill) MarshalJSON() ([]byte, error) {
	if f.Gradient != nil {
		return json.Marshal(f.Gradient)
	}
	return json.Marshal(f.Color)
}

// MarshalJSON writes the gradient as its sender gave it.
func (g Gradient) MarshalJSON() ([]byte, error) {
	defaults := newGradient(g.Type)
	return g.given.marshal(g.properties(), defaults.properties())
}

// MarshalJSON writes a stop as a pair.
func (s Stop) MarshalJSON() ([]byte, error) {
	return json.Marshal([]any{s.Color, s.At})
}

func fill(name string, to *Fill) property {
	return property{
		name:  name,
		value: func() any { return *to },
		read: func(p place, raw json.RawMessage) {
			switch raw[0] {
			case '{':
				p.name += ": the gradient of " + name
				members := p.members(raw)
				g := newGradient(peek(members, "type"))
				g.given = p.read(members, g.properties())
				*to = Fill{Gradient: &g}
			case '"':
				*to = Fill{}
				paint(name, &to.Color).read(p, raw)
			default:
				p.fault("%s: %s must be a colour or a gradient, not %s", p.name, name, describe(raw))
			}
		},
	}
}

func newGradient(kind string) Gradient {
	return Gradient{Type: kind, Angle: 180}
}

func (g *Gradient) properties() []property {
	list := []property{required(oneOf("type", &g.Type, Linear, Radial))}
	if g.Type != Radial {
		list = append(list, number("angle", &g.Angle, -maxAngle, maxAngle))
	}
	return append(list, required(property{
		name:  "stops",
		value: func() any { return g.Stops },
		read: func(p place, raw json.RawMessage) {
			for i, raw := range p.list(raw, 2, 32) {
				p := p.item(i, p.name)
				s := parseStop(p, raw)
				if i > 0 && s.At < g.Stops[i-1].At {
					p.fault("%s: stop %d stands before the one above it; order them from 0 to 1", p.name, i+1)
				}
				g.Stops = append(g.Stops, s)
			}
		},
	}))
}

func parseStop(p place, raw json.RawMessage) (s Stop) {
	var pair []json.RawMessage
	if json.Unmarshal(raw, &pair) != nil || len(pair) != 2 {
		p.fault(`%s: a stop must be a colour and a place from 0 to 1, such as ["#ff0000",0.5], not %s`, p.name, describe(raw))
		return s
	}
	paint("colour", &s.Color).read(p.item(0, p.name), pair[0])
	number("place", &s.At, 0, 1).read(p.item(1, p.name), pair[1])
	return s
}

// copy is a fill whose stops can be changed without changing f's.
func (f Fill) copy() Fill {
	if f.Gradient != nil {
		g := *f.Gradient
		g.Stops = slices.Clone(g.Stops)
		f.Gradient = &g
	}
	return f
}
