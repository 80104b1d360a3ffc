package app

import (
	"maps"
	"slices"
	"strings"
	"unicode"
)

// Mapping says what the variables of a design are in a row of a table: the value
// that stands in a column, or one that is the same in all rows.
type Mapping struct {
	Columns map[string]string // by variable
	Values  map[string]string // of variables that have no column
}

// MatchColumns gives each variable the column of its name; where there is none, one
// that is written otherwise: First Name is first_name.
func MatchColumns(variables, columns []string) Mapping {
	m := Mapping{Columns: map[string]string{}, Values: map[string]string{}}
	for _, v := range variables {
		if slices.Contains(columns, v) {
			m.Columns[v] = v
			continue
		}
		i := slices.IndexFunc(columns, func(c string) bool { return plain(c) == plain(v) })
		if i >= 0 {
			m.Columns[v] = columns[i]
		}
	}
	return m
}

// check finds a column or a value for every variable.
func (m Mapping) check(variables, columns []string) error {
	var faults []Field
	for _, v := range variables {
		column, mapped := m.Columns[v]
		if _, given := m.Values[v]; mapped && !slices.Contains(columns, column) || !mapped && !given {
			faults = append(faults, Field{"variables." + v, "has no column; the table has " + some(columns, 20)})
		}
	}
	if faults == nil {
		return nil
	}
	return &Error{Kind: Invalid, Message: "the table lacks columns for some variables of the design", Fields: faults}
}

// variables are those of a row, and the columns that are named besides.
func (m Mapping) variables(columns []string, row Row, besides []string) map[string]string {
	all := map[string]string{}
	value := func(column string) (string, bool) {
		i := slices.Index(columns, column)
		if i < 0 {
			return "", false
		}
		return row.Values[i], true
	}
	for _, column := range besides {
		if v, ok := value(column); ok {
			all[column] = v
		}
	}
	maps.Copy(all, m.Values)
	for variable, column := range m.Columns {
		if v, ok := value(column); ok {
			all[variable] = v
		}
	}
	return all
}

// column is what a person knows a variable by: the column that it comes from.
func (m Mapping) column(variable string) string {
	if c, ok := m.Columns[variable]; ok {
		return c
	}
	return variable
}

// plain is a name without what people write differently.
func plain(name string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, name)
}
