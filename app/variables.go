package app

import (
	"encoding/json"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"
)

// maxResolvedRunes bounds all texts of a document together, so that a few long
// values in many places cannot fill the memory.
const maxResolvedRunes = 1_000_000

// ParseVariables reads the values of variables: an object of texts, numbers
// (kept as written) and booleans.
func ParseVariables(data json.RawMessage) (map[string]string, error) {
	if len(data) == 0 {
		return map[string]string{}, nil
	}
	raw, err := parseJSON(data, "the list of variables")
	if err != nil {
		return nil, err
	}
	var r report
	p := place{path: "variables", name: "variables", report: &r}
	members := p.members(raw)
	vars := make(map[string]string, len(members))
	for _, name := range slices.Sorted(maps.Keys(members)) {
		switch raw := members[name]; raw[0] {
		case '"':
			var s string
			if err := json.Unmarshal(raw, &s); err != nil {
				return nil, err
			}
			if strings.ContainsRune(s, 0) {
				p.at(clip(name)).fault("variable %s holds a NUL character; remove it", quote(name))
			}
			vars[name] = s
		case '{', '[', 'n':
			p.at(clip(name)).fault("variable %s must be a text, a number, true or false, not %s", quote(name), describe(raw))
		default:
			vars[name] = string(raw)
		}
	}
	return vars, r.err("the list of variables")
}

// Variables are the names a document asks for, in order of first appearance.
// Hidden elements ask for nothing.
func (d Document) Variables() []string {
	var names []string
	d.copy().templates(func(t template) {
		for part, variable := range parts(t.text) {
			if variable && !slices.Contains(names, part) {
				names = append(names, part)
			}
		}
	})
	return names
}

// Resolve is the document with its variables replaced by their values: what is
// drawn. A value is put in as it is, braces and all; values without a variable
// are ignored.
func (d Document) Resolve(vars map[string]string) (Document, error) {
	d = d.copy()
	var r report
	runes := 0
	d.templates(func(t template) {
		text, used, missing := expand(t.text, vars)
		for _, name := range missing {
			r.add("variables."+name, fmt.Sprintf("element %s: its %s needs the variable %s, which has no value", quote(t.element), t.name, quote(name)))
		}
		if len(missing) > 0 {
			return
		}
		field := t.path
		if len(used) > 0 {
			field = "variables." + used[0]
		}
		if complaint := t.check(text); complaint != "" {
			if len(used) > 0 {
				complaint += ", which came from the variable " + quote(used[0])
			}
			r.add(field, fmt.Sprintf("element %s: %s %s", quote(t.element), t.name, complaint))
			return
		}
		before := runes
		if runes += utf8.RuneCountInString(text); before > maxResolvedRunes {
			return // said already, of the first one too many
		}
		if runes > maxResolvedRunes {
			r.add(field, fmt.Sprintf("element %s: all texts together have more than %d characters; shorten the values", quote(t.element), maxResolvedRunes))
			return
		}
		t.set(text)
	})
	if err := r.err("the design with these variables"); err != nil {
		return Document{}, err
	}
	return d, nil
}

// template is a value of a document that may hold variables.
type template struct {
	path, element, name string
	text                string
	check               func(string) string
	set                 func(string)
}

// templates visits the values of the elements that are drawn, in their order.
func (d Document) templates(visit func(template)) {
	for i := range d.Pages {
		page := &d.Pages[i]
		path := fmt.Sprintf("pages[%d]", i)
		visitFill(visit, path, fmt.Sprintf("page %d", i+1), "background", &page.Background)
		for j := range page.Elements {
			e := &page.Elements[j]
			if e.Hidden {
				continue
			}
			path := fmt.Sprintf("%s.elements[%d]", path, j)
			switch e.Type {
			case Text:
				visit(template{path + ".text", e.ID, "text", e.Text, checkText, func(s string) { e.Text = s }})
				visitColor(visit, path+".color", e.ID, "color", &e.Color)
			case Image:
				visit(template{path + ".asset", e.ID, "asset", e.Asset, checkResolvedAsset, func(s string) { e.Asset = s }})
			}
			visitFill(visit, path, e.ID, "fill", &e.Fill)
			if e.Stroke != "" {
				visitColor(visit, path+".stroke", e.ID, "stroke", &e.Stroke)
			}
			if e.Shadow != nil {
				visitColor(visit, path+".shadow.color", e.ID, "shadow", &e.Shadow.Color)
			}
		}
	}
}

func visitFill(visit func(template), path, element, name string, f *Fill) {
	if f.Gradient == nil {
		if f.Color != "" {
			visitColor(visit, path+"."+name, element, name, &f.Color)
		}
		return
	}
	for i := range f.Gradient.Stops {
		visitColor(visit, fmt.Sprintf("%s.%s.stops[%d][0]", path, name, i), element, name, &f.Gradient.Stops[i].Color)
	}
}

func visitColor(visit func(template), path, element, name string, c *Color) {
	visit(template{path, element, name, string(*c), checkResolvedColor, func(s string) { *c = Color(s) }})
}

func checkText(s string) string {
	if n := utf8.RuneCountInString(s); n > MaxTextRunes {
		return fmt.Sprintf("would have %d characters or more; a text has at most %d", n, MaxTextRunes)
	}
	return ""
}

func checkResolvedColor(s string) string {
	if _, ok := Color(s).NRGBA(); !ok {
		return "must be a colour such as #2563eb, #fff or #00000040, not " + quote(s)
	}
	return ""
}

func checkResolvedAsset(s string) string {
	if s == "" || hasVariable(s) {
		return "must be the id of an uploaded asset or an https address, not " + quote(s)
	}
	if IsAddress(s) {
		return checkAddress(s)
	}
	return checkAsset(s)
}

// expand puts values in the places of their variables, in one pass. It stops
// soon after the text has grown beyond what any text may be.
func expand(s string, vars map[string]string) (text string, used, missing []string) {
	var b strings.Builder
	for part, variable := range parts(s) {
		if b.Len() > 4*MaxTextRunes {
			break
		}
		if !variable {
			b.WriteString(part)
			continue
		}
		value, ok := vars[part]
		if !ok {
			if !slices.Contains(missing, part) {
				missing = append(missing, part)
			}
			continue
		}
		used = append(used, part)
		b.WriteString(value)
	}
	return b.String(), used, missing
}

// parts cuts a text into what stands as it is and the names of variables. Only
// {{name}} is a variable; all other braces are text.
func parts(s string) iter.Seq2[string, bool] {
	return func(yield func(string, bool) bool) {
		from, start := 0, 0
		for {
			i := strings.Index(s[start:], "}}")
			if i < 0 {
				break
			}
			end := start + i
			open := strings.LastIndex(s[start:end], "{{") + start
			if open < start || !isVariable(strings.Trim(s[open+2:end], " ")) {
				start = end + 1
				continue
			}
			if open > from && !yield(s[from:open], false) {
				return
			}
			if !yield(strings.Trim(s[open+2:end], " "), true) {
				return
			}
			from, start = end+2, end+2
		}
		if from < len(s) {
			yield(s[from:], false)
		}
	}
}

func hasVariable(s string) bool {
	for _, variable := range parts(s) {
		if variable {
			return true
		}
	}
	return false
}

func isVariable(name string) bool {
	for i, r := range name {
		letter := 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || r == '_'
		if !letter && (i == 0 || !('0' <= r && r <= '9' || r == '.' || r == '-')) {
			return false
		}
	}
	return name != ""
}

// copy is a document that can be changed without changing d.
func (d Document) copy() Document {
	d.Pages = slices.Clone(d.Pages)
	for i := range d.Pages {
		page := &d.Pages[i]
		page.Background = page.Background.copy()
		page.Elements = slices.Clone(page.Elements)
		for j := range page.Elements {
			e := &page.Elements[j]
			e.Fill = e.Fill.copy()
			if e.Shadow != nil {
				s := *e.Shadow
				e.Shadow = &s
			}
		}
	}
	return d
}
