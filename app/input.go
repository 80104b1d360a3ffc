package app

import (
	"slices"
	"strings"
)

// Input is what a form asks for so that a document can be drawn: a variable, what
// it becomes there (Text, Image or ColorInput), and a value to begin with, so that
// nobody is shown a design full of {{braces}}. A picture has none: any would be
// another's.
type Input struct {
	Name, Type, Value string
}

// ColorInput is the type of a variable that becomes a colour.
const ColorInput = "color"

// Inputs are the document's variables in the order of Variables.
func (d Document) Inputs() []Input {
	emoji := d.emoji()
	var list []Input
	d.copy().templates(func(t template) {
		for name, variable := range parts(t.text) {
			if !variable {
				continue
			}
			i := slices.IndexFunc(list, func(in Input) bool { return in.Name == name })
			if i < 0 {
				i = len(list)
				list = append(list, Input{name, Text, label(name)})
				if emoji[name] {
					list[i].Value = "🌍"
				}
			}
			// A variable in several places is what the strictest of them takes.
			switch {
			case list[i].Type != Text || t.name == "text":
			case t.name == "asset":
				list[i] = Input{name, Image, ""}
			default:
				list[i] = Input{name, ColorInput, colorFor(t, name)}
			}
		}
	})
	return list
}

// emoji are the variables that stand alone in a text set in emoji: letters would
// be drawn there in another font, and at an emoji's size.
func (d Document) emoji() map[string]bool {
	found := map[string]bool{}
	for _, page := range d.Pages {
		for _, e := range page.Elements {
			if name := strings.Trim(e.Text, "{} "); e.Font == "Noto Color Emoji" && e.Text == "{{"+name+"}}" {
				found[name] = true
			}
		}
	}
	return found
}

// label is a variable's name as a person writes it: first_name becomes First name.
func label(name string) string {
	words := strings.Join(strings.FieldsFunc(name, func(r rune) bool { return r == '_' || r == '.' || r == '-' }), " ")
	if words == "" {
		return name
	}
	return strings.ToUpper(words[:1]) + words[1:]
}

// colorFor is the colour, or the part of one, that makes the template whole.
func colorFor(t template, name string) string {
	const value = "#2563eb"
	for _, v := range []string{value, value[1:]} {
		if text, _, missing := expand(t.text, map[string]string{name: v}); missing == nil && t.check(text) == "" {
			return v
		}
	}
	return value
}
