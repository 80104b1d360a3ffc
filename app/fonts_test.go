package app_test

import (
	"os"
	"strings"
	"testing"

	"majestic/app"
)

func TestFontFiles(t *testing.T) {
	for _, font := range app.Fonts() {
		regular := false
		for _, face := range font.Faces {
			if _, err := os.Stat(face.File); err != nil {
				t.Errorf("%s: %v: install %s", font.Family, err, font.Package)
			}
			regular = regular || face.Weight == 400 && !face.Italic
		}
		if !regular {
			t.Errorf("%s has no regular face", font.Family)
		}
	}
}

func TestFontStack(t *testing.T) {
	for family, want := range map[string]string{
		"Lobster":          `"Lobster","Noto Sans","Noto Sans Arabic",`,
		"Noto Sans Arabic": `"Noto Sans Arabic","Noto Sans","Noto Sans Hebrew",`,
		"Noto Color Emoji": `"Noto Color Emoji","Noto Sans",`,
		`x";color:red`:     `"Noto Sans","Noto Sans Arabic",`,
	} {
		if got := app.FontStack(family); !strings.HasPrefix(got, want) {
			t.Errorf("stack of %q is %s, want %s first", family, got, want)
		}
	}
}
