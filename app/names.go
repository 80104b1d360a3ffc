package app

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// maxNameBytes is the most of a file's or a folder's name: file systems take 255.
const maxNameBytes = 200

// rowNumber stands for a row's number in a pattern, unless a column is called so.
const rowNumber = "row"

// Names gives the files of a table's rows their names, by a pattern such as
// cards/{name}: in braces stands a column, or row. Whatever is in the values, a
// name leads into the folder that the pattern says, is one on every system, and
// is no other row's, not even where capitals do not count.
type Names struct {
	path   [][]part // folders, and the file last
	ending string
	digits int
	taken  map[string]int // how often each was asked for
}

// part of a pattern is a text, or the name of a column.
type part struct {
	text   string
	column bool
}

// NewNames reads a pattern for so many rows. The ending, such as .png, comes after it.
func NewNames(pattern, ending string, columns []string, rows int) (*Names, error) {
	n := &Names{path: [][]part{nil}, ending: ending, digits: len(strconv.Itoa(rows)), taken: map[string]int{}}
	text, rest, found := strings.Cut(pattern, "{")
	n.write(text)
	if !found {
		return nil, Errorf(Invalid, "the pattern %s names every row alike; put a column into it, or {row} for the row's number", quote(pattern))
	}
	for found {
		name, after, closed := strings.Cut(rest, "}")
		if !closed {
			return nil, Errorf(Invalid, "the pattern %s has a brace that does not close; write a column as {name}", quote(pattern))
		}
		if name != rowNumber && !slices.Contains(columns, name) {
			return nil, Errorf(Invalid, "the pattern names {%s}, and there is no such column; there are %s, and {row} for the row's number", clip(name), some(columns, 20))
		}
		n.add(part{name, true})
		text, rest, found = strings.Cut(after, "{")
		n.write(text)
	}
	return n, nil
}

// Name is that of a row with these values. The first to ask for one gets it, the
// others get it with -2, -3 and so on.
func (n *Names) Name(row int, values map[string]string) string {
	path := make([]string, len(n.path))
	for i, parts := range n.path {
		path[i] = n.expand(parts, row, values)
	}
	stem := &path[len(path)-1]
	whole, suffix := *stem, ""
	for k, first := 1, ""; ; k++ {
		*stem = cut(whole, maxNameBytes-len(suffix)-len(n.ending)) + suffix + n.ending
		name := strings.Join(path, "/")
		key := fold(name)
		if k == 1 {
			first, k = key, max(1, n.taken[key])
		}
		if n.taken[key] == 0 {
			n.taken[key], n.taken[first] = 1, k
			return name
		}
		suffix = fmt.Sprintf("-%d", k+1)
	}
}

// write adds a text, at whose slashes folders end.
func (n *Names) write(text string) {
	for i, name := range strings.Split(text, "/") {
		if i > 0 {
			n.path = append(n.path, nil)
		}
		n.add(part{name, false})
	}
}

func (n *Names) add(p part) {
	last := &n.path[len(n.path)-1]
	*last = append(*last, p)
}

// expand is one name of the path. Where a value is in it, it is made safe.
func (n *Names) expand(parts []part, row int, values map[string]string) string {
	var b strings.Builder
	filled := false
	for _, p := range parts {
		value, given := values[p.text]
		switch {
		case !p.column:
			b.WriteString(p.text)
			continue
		case p.text == rowNumber && !given:
			fmt.Fprintf(&b, "%0*d", n.digits, row)
		default:
			b.WriteString(strings.Map(safe, value))
		}
		filled = true
	}
	if !filled {
		return b.String()
	}
	name := trimName(b.String())
	if name == "" || reserved(name) {
		name = "_" + name
	}
	return cut(name, maxNameBytes)
}

// safe takes what some system does not have in names, or takes for the end of one.
func safe(r rune) rune {
	if r == utf8.RuneError || unicode.IsControl(r) || strings.ContainsRune(`/\:*?"<>|`, r) {
		return '-'
	}
	return r
}

// trimName leaves out what hides a file, leads elsewhere, or gets lost on Windows.
func trimName(s string) string {
	return strings.TrimFunc(s, func(r rune) bool { return r == '.' || unicode.IsSpace(r) })
}

// reserved tells whether a name is a device on Windows, whatever ending it has.
func reserved(name string) bool {
	name, _, _ = strings.Cut(strings.ToUpper(name), ".")
	name = strings.TrimSpace(name)
	for _, port := range []string{"COM", "LPT"} {
		if n, ok := strings.CutPrefix(name, port); ok && utf8.RuneCountInString(n) == 1 && strings.Contains("0123456789¹²³", n) {
			return true
		}
	}
	return slices.Contains([]string{"CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"}, name)
}

// cut keeps whole characters.
func cut(s string, most int) string {
	if len(s) <= most {
		return s
	}
	for most > 0 && !utf8.RuneStart(s[most]) {
		most--
	}
	return trimName(s[:most])
}

// fold makes those names the same that a file system may take for the same.
func fold(name string) string {
	return norm.NFD.String(cases.Fold().String(norm.NFD.String(name)))
}
