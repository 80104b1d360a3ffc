package app

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// defaultPattern names files by their rows' numbers.
const defaultPattern = "{" + rowNumber + "}"

var columnInPattern = regexp.MustCompile(`\{([^}]*)\}`)

// patternColumns are the columns that a pattern of Names names.
func patternColumns(pattern string) (columns []string) {
	for _, found := range columnInPattern.FindAllStringSubmatch(pattern, -1) {
		columns = append(columns, found[1])
	}
	return columns
}

// checkPattern holds a pattern to names that stay where an archive is unpacked, on
// every system: what comes from values Names makes safe, this is the rest.
func checkPattern(pattern string, columns []string) (string, error) {
	pattern = strings.TrimSpace(pattern)
	if pattern == "" {
		return defaultPattern, nil
	}
	refuse := func(message string) (string, error) {
		return "", &Error{Kind: Invalid, Message: "the files cannot be named so", Fields: []Field{{"file_names", message}}}
	}
	if utf8.RuneCountInString(pattern) > maxNameBytes {
		return refuse("must have at most 200 characters")
	}
	for folder := range strings.SplitSeq(columnInPattern.ReplaceAllString(pattern, "x"), "/") {
		switch {
		case folder != trimName(folder) || folder == "":
			return refuse("must not have a folder or a file whose name is empty, or begins or ends with a dot or a space")
		case reserved(folder), strings.ContainsFunc(folder, func(r rune) bool { return unicode.IsControl(r) || safe(r) != r }):
			return refuse(`must have no \ : * ? " < > | outside of braces, and no name that Windows keeps for itself`)
		}
	}
	if _, err := NewNames(pattern, "", columns, 1); err != nil {
		return refuse(err.(*Error).Message)
	}
	return pattern, nil
}

// FileName is what the file of a draft's row will be called.
func (d Draft) FileName(pattern, format string, row int, variables map[string]string) (string, error) {
	columns := append(d.Document.Variables(), d.Columns...)
	pattern, err := checkPattern(pattern, columns)
	if err != nil {
		return "", err
	}
	names, err := NewNames(pattern, Output{Format: format}.Extension(), columns, d.Total)
	if err != nil {
		return "", err
	}
	return names.Name(row, variables), nil
}
