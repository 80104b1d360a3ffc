package app

import (
	"encoding/json"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// property is one name of an object of the design document: how it is read and
// checked, and what it holds. The lists of them in document.go and element.go
// are the schema; reading and writing both follow it.
type property struct {
	name     string
	required bool
	read     func(place, json.RawMessage)
	value    func() any
}

func required(p property) property {
	p.required = true
	return p
}

// number takes a value from min to max. JSON cannot say NaN, and what overflows
// is outside any range.
func number(name string, to *float64, min, max float64) property {
	return property{
		name:  name,
		value: func() any { return *to },
		read: func(p place, raw json.RawMessage) {
			v, ok := readNumber(raw)
			if !ok || v < min || v > max {
				p.fault("%s: %s must be a number from %s to %s, not %s", p.name, name, decimal(min), decimal(max), describe(raw))
				return
			}
			*to = v
		},
	}
}

func whole(name string, to *int, min, max int) property {
	return property{
		name:  name,
		value: func() any { return *to },
		read: func(p place, raw json.RawMessage) {
			v, ok := readNumber(raw)
			if !ok || v != math.Trunc(v) || v < float64(min) || v > float64(max) {
				p.fault("%s: %s must be a whole number from %d to %d, not %s", p.name, name, min, max, describe(raw))
				return
			}
			*to = int(v)
		},
	}
}

func flag(name string, to *bool) property {
	return property{
		name:  name,
		value: func() any { return *to },
		read: func(p place, raw json.RawMessage) {
			if s := string(raw); s != "true" && s != "false" {
				p.fault("%s: %s must be true or false, not %s", p.name, name, describe(raw))
				return
			}
			*to = string(raw) == "true"
		},
	}
}

// text takes a string of min to max characters for which check, when there is
// one, finds no complaint.
func text[S ~string](name string, to *S, min, max int, check func(S) string) property {
	return property{
		name:  name,
		value: func() any { return string(*to) },
		read: func(p place, raw json.RawMessage) {
			var s string
			if raw[0] != '"' || json.Unmarshal(raw, &s) != nil {
				p.fault("%s: %s must be a text, not %s", p.name, name, describe(raw))
				return
			}
			if n := utf8.RuneCountInString(s); n < min || n > max {
				p.fault("%s: %s has %d characters; it takes %d to %d", p.name, name, n, min, max)
				return
			}
			// Postgres stores no NUL, and a page drops it.
			if strings.ContainsRune(s, 0) {
				p.fault("%s: %s holds a NUL character; remove it", p.name, name)
				return
			}
			if check != nil {
				if complaint := check(S(s)); complaint != "" {
					p.fault("%s: %s %s", p.name, name, complaint)
					return
				}
			}
			*to = S(s)
		},
	}
}

func oneOf[S ~string](name string, to *S, choices ...S) property {
	return property{
		name:  name,
		value: func() any { return string(*to) },
		read: func(p place, raw json.RawMessage) {
			var s S
			if raw[0] != '"' || json.Unmarshal(raw, &s) != nil || !slices.Contains(choices, s) {
				p.fault("%s: %s must be %s, not %s", p.name, name, either(choices), describe(raw))
				return
			}
			*to = s
		},
	}
}

func readNumber(raw json.RawMessage) (float64, bool) {
	v, err := strconv.ParseFloat(string(raw), 64)
	return v, err == nil
}

func decimal(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }

// either is a list in words: a, b or c.
func either[S ~string](choices []S) string {
	var b strings.Builder
	for i, c := range choices {
		switch {
		case i == 0:
		case i == len(choices)-1:
			b.WriteString(" or ")
		default:
			b.WriteString(", ")
		}
		b.WriteString(string(c))
	}
	return b.String()
}
