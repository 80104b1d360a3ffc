package app

import (
	"bytes"
	"embed"
	"fmt"
	"slices"
	"sync"
)

// Template is a design of ours to begin with.
type Template struct {
	Slug, Name string
	Document   Document
	Sample     map[string]string // values that show what it is for
}

// Templates are all, in the order they are offered.
func Templates() []Template { return templates() }

// FindTemplate is the one of that slug.
func FindTemplate(slug string) (Template, bool) {
	i := slices.IndexFunc(Templates(), func(t Template) bool { return t.Slug == slug })
	if i < 0 {
		return Template{}, false
	}
	return Templates()[i], true
}

// Blank is a document with one empty page.
func Blank(width, height int) (Document, error) {
	return ParseDocument(fmt.Appendf(nil, `{"version":1,"pages":[{"width":%d,"height":%d,"elements":[]}]}`, width, height))
}

// starter is the design that a new tenant opens on.
func starter() Template { return Templates()[0] }

//go:embed templates
var templateFiles embed.FS

// Each is a document and a table of one row, as app render takes them.
var templates = sync.OnceValue(func() (all []Template) {
	for _, slug := range []string{"social-card", "certificate", "badge", "price-label", "poster", "story", "invoice-head", "ticket", "quote", "banner", "menu", "thumbnail"} {
		t, err := readTemplate(slug)
		if err != nil {
			panic(fmt.Sprintf("the template %s: %v", slug, err)) // it is ours and tested, so it is whole
		}
		all = append(all, t)
	}
	return all
})

func readTemplate(slug string) (t Template, err error) {
	t = Template{Slug: slug, Name: label(slug), Sample: map[string]string{}}
	document, err := templateFiles.ReadFile("templates/" + slug + ".json")
	if err != nil {
		return t, err
	}
	if t.Document, err = ParseDocument(document); err != nil {
		return t, err
	}
	values, err := templateFiles.ReadFile("templates/" + slug + ".csv")
	if err != nil {
		return t, err
	}
	table, err := ReadTable(bytes.NewReader(values))
	if err != nil {
		return t, err
	}
	for row, err := range table.Rows() {
		if err != nil {
			return t, err
		}
		for i, column := range table.Columns {
			t.Sample[column] = row.Values[i]
		}
	}
	return t, nil
}
