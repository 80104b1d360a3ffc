package app

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// report collects the faults of one document, the first twenty of them.
type report struct {
	faults   []Field
	more     bool
	elements int
}

// place is a value within a document: its path for a program, and the name of
// the part it belongs to for a person.
type place struct {
	path   string
	name   string
	report *report
}

// given is the set of optional names that the sender wrote down.
type given map[string]bool

const maxFaults = 20

func (r *report) err(what string) error {
	switch {
	case len(r.faults) == 0:
		return nil
	case len(r.faults) == 1:
		return &Error{Kind: Invalid, Message: what + " breaks a rule: " + r.faults[0].Message, Fields: r.faults}
	case r.more:
		return &Error{Kind: Invalid, Message: fmt.Sprintf("%s breaks many rules; the first %d are named", what, maxFaults), Fields: r.faults}
	default:
		return &Error{Kind: Invalid, Message: fmt.Sprintf("%s breaks %d rules; each is named", what, len(r.faults)), Fields: r.faults}
	}
}

func (r *report) add(field, message string) {
	if len(r.faults) == maxFaults {
		r.more = true
		return
	}
	r.faults = append(r.faults, Field{Field: field, Message: message})
}

func (p place) fault(format string, args ...any) {
	p.report.add(p.path, fmt.Sprintf(format, args...))
}

func (p place) at(name string) place {
	if p.path != "" {
		name = p.path + "." + name
	}
	p.path = name
	return p
}

func (p place) item(i int, name string) place {
	p.path += "[" + strconv.Itoa(i) + "]"
	p.name = name
	return p
}

// object reads the properties from raw and says which of them were there.
func (p place) object(raw json.RawMessage, properties []property) given {
	return p.read(p.members(raw), properties)
}

// members are the names and values of an object, nil (and a fault) when raw is
// something else.
func (p place) members(raw json.RawMessage) map[string]json.RawMessage {
	var members map[string]json.RawMessage
	if raw[0] != '{' || json.Unmarshal(raw, &members) != nil {
		p.fault("%s must be an object, not %s", p.name, describe(raw))
		return nil
	}
	return members
}

func (p place) read(members map[string]json.RawMessage, properties []property) given {
	if members == nil {
		return nil
	}
	seen := given{}
	var names []string
	for _, property := range properties {
		names = append(names, property.name)
		raw, ok := members[property.name]
		switch {
		case ok:
			seen[property.name] = true
			property.read(p.at(property.name), raw)
		case property.required:
			p.at(property.name).fault("%s: %s is missing", p.name, property.name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(members)) {
		if !seen[name] {
			p.at(clip(name)).fault("%s: there is no field %s here; there are %s", p.name, quote(name), strings.Join(names, ", "))
		}
	}
	return seen
}

// list is the values of an array with a number of them that is allowed.
func (p place) list(raw json.RawMessage, min, max int) []json.RawMessage {
	var list []json.RawMessage
	if raw[0] != '[' || json.Unmarshal(raw, &list) != nil {
		p.fault("%s: this must be a list, not %s", p.name, describe(raw))
		return nil
	}
	if len(list) < min || len(list) > max {
		p.fault("%s: the list has %d entries; it takes %d to %d", p.name, len(list), min, max)
		return nil
	}
	return list
}

// marshal writes what was given and what is not as by default.
func (g given) marshal(properties, defaults []property) ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, p := range properties {
		value, err := json.Marshal(p.value())
		if err != nil {
			return nil, fmt.Errorf("%s: %w", p.name, err)
		}
		if !p.required && !g[p.name] {
			plain, err := json.Marshal(defaults[i].value())
			if err != nil {
				return nil, fmt.Errorf("%s: %w", p.name, err)
			}
			if bytes.Equal(value, plain) {
				continue
			}
		}
		if b.Len() > 1 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, "%q:%s", p.name, value)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// parseJSON refuses what is not exactly one JSON value in UTF-8 with every name
// once (encoding/json would let the last one win), and says where.
func parseJSON(data []byte, what string) (json.RawMessage, error) {
	d := jsontext.NewDecoder(bytes.NewReader(data))
	value, err := d.ReadValue()
	if err != nil {
		return nil, malformed(data, what, err)
	}
	value = value.Clone() // the decoder reads on into the same memory
	if _, err := d.ReadToken(); err != io.EOF {
		return nil, malformed(data, what, &jsontext.SyntacticError{ByteOffset: d.InputOffset(), Err: errors.New("something follows the value")})
	}
	return json.RawMessage(value), nil
}

func malformed(data []byte, what string, err error) error {
	offset, reason := len(data), err
	var syntax *jsontext.SyntacticError
	if errors.As(err, &syntax) && syntax.Err != nil {
		offset, reason = min(int(syntax.ByteOffset), len(data)), syntax.Err
	}
	where := ""
	if syntax != nil && syntax.JSONPointer != "" {
		where = " at " + clip(string(syntax.JSONPointer))
	}
	before := data[:offset]
	line := bytes.Count(before, []byte("\n")) + 1
	column := utf8.RuneCount(before[bytes.LastIndexByte(before, '\n')+1:]) + 1
	return &Error{
		Kind:    Malformed,
		Message: fmt.Sprintf("%s is not JSON we can read: line %d, column %d: %s%s", what, line, column, clip(reason.Error()), where),
		Err:     err,
	}
}

// describe is a wrong value in words, short enough for a message.
func describe(raw json.RawMessage) string {
	switch raw[0] {
	case '{':
		return "an object"
	case '[':
		return "a list"
	case '"':
		var s string
		if json.Unmarshal(raw, &s) == nil {
			return "the text " + quote(s)
		}
	}
	return clip(string(raw))
}

func quote(s string) string { return strconv.Quote(clip(s)) }

func clip(s string) string {
	if utf8.RuneCountInString(s) <= 60 {
		return s
	}
	return string([]rune(s)[:60]) + "…"
}
