package app_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"majestic/app"
	"majestic/app/sfnt"
)

// A template is drawn on every machine: by shipped fonts alone, which have all its
// characters, and without any picture. Its layers have names, its sample all values.
func TestTemplates(t *testing.T) {
	if n := len(app.Templates()); n != 12 {
		t.Errorf("there are %d templates", n)
	}
	for _, template := range app.Templates() {
		t.Run(template.Slug, func(t *testing.T) {
			if wanted, given := slices.Sorted(slices.Values(template.Document.Variables())), slices.Sorted(maps.Keys(template.Sample)); !slices.Equal(wanted, given) {
				t.Errorf("it asks for %v and its sample has %v", wanted, given)
			}
			drawn, err := template.Document.Resolve(template.Sample)
			if err != nil {
				t.Fatal(err)
			}
			if err := drawn.CheckFonts("", nil); err != nil {
				t.Error(err)
			}
			err = drawn.CheckCharacters(func(e app.Element) ([]sfnt.Coverage, error) {
				family, _ := app.FindFamily(e.Font)
				own, err := sfnt.ReadCoverage(family.Face(e.Weight, e.Italic).File, family.Name)
				return []sfnt.Coverage{own}, err
			})
			if err != nil {
				t.Error(err)
			}
			for _, e := range drawn.Pages[0].Elements {
				if e.Type == app.Image || e.Name == "" {
					t.Errorf("%s is a picture, or has no name", e.ID)
				}
			}
			if found, ok := app.FindTemplate(template.Slug); !ok || found.Name != template.Name {
				t.Errorf("%s is found as %q", template.Slug, found.Name)
			}
		})
	}
	if _, ok := app.FindTemplate("../secret"); ok {
		t.Error("there is one that is not there")
	}
}

func TestBlank(t *testing.T) {
	if d, err := app.Blank(794, 1123); err != nil || d.Pages[0].Height != 1123 || len(d.Pages[0].Elements) != 0 {
		t.Errorf("%+v, %v", d, err)
	}
	if _, err := app.Blank(20_000, 10); app.KindOf(err) != app.Invalid || !strings.Contains(err.Error(), "width") {
		t.Errorf("too wide: %v", err)
	}
}
