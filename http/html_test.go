package http_test

import (
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// element is part of a page, for tests that ask what a page means.
type element struct{ *html.Node }

func parse(t *testing.T, body string) element {
	t.Helper()
	doc, err := html.Parse(strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	return element{doc}
}

// all are the elements below of a name (any when empty) that have each attribute as
// given: "name=email", or "download" with whatever value.
func (e element) all(name string, attributes ...string) (found []element) {
	for n := range e.Descendants() {
		if n.Type != html.ElementNode || name != "" && n.Data != name {
			continue
		}
		here := element{n}
		if !slices.ContainsFunc(attributes, func(a string) bool {
			key, want, exact := strings.Cut(a, "=")
			got, ok := here.lookup(key)
			return !ok || exact && got != want
		}) {
			found = append(found, here)
		}
	}
	return found
}

// one is the only such element.
func (e element) one(t *testing.T, name string, attributes ...string) element {
	t.Helper()
	found := e.all(name, attributes...)
	if len(found) != 1 {
		t.Fatalf("%d elements are <%s %s>, not one", len(found), name, strings.Join(attributes, " "))
	}
	return found[0]
}

func (e element) attr(key string) string {
	v, _ := e.lookup(key)
	return v
}

func (e element) lookup(key string) (string, bool) {
	for _, a := range e.Attr {
		if a.Key == key {
			return a.Val, true
		}
	}
	return "", false
}

// text is what is to be read in an element, with single spaces.
func (e element) text() string {
	var b strings.Builder
	for n := range e.Descendants() {
		if n.Type == html.TextNode {
			b.WriteString(n.Data + " ")
		}
	}
	return strings.Join(strings.Fields(b.String()), " ")
}
