package app_test

import (
	"bytes"
	"encoding/json"
	"os"
	"reflect"
	"strings"
	"testing"

	"majestic/app"
	"majestic/app/sfnt"
)

func TestFamilies(t *testing.T) {
	seen := map[string]bool{}
	for _, family := range app.Families() {
		if seen[family.Name] {
			t.Errorf("%s is there twice", family.Name)
		}
		seen[family.Name] = true
		regular := false
		for _, face := range family.Faces {
			if face.Weight == 0 {
				t.Errorf("%s: no weight is known for %s", family.Name, face.File)
			}
			if _, err := sfnt.ReadCoverage(face.File, family.Name); err != nil {
				t.Errorf("%s: %v: install %s", family.Name, err, family.Package)
			}
			regular = regular || face.Weight == 400 && !face.Italic
		}
		if !regular {
			t.Errorf("%s has no regular face", family.Name)
		}
		license, err := os.ReadFile("/usr/share/doc/" + family.Package + "/copyright")
		words := map[string]string{"OFL-1.1": "OFL", "Apache-2.0": "Apache"}[family.License]
		if err != nil || words == "" || !strings.Contains(string(license), words) {
			t.Errorf("%s: %s is not what its package says: %v", family.Name, family.License, err)
		}
	}
}

func TestNearestFace(t *testing.T) {
	for _, test := range []struct {
		family string
		weight int
		italic bool
		want   string
	}{
		{"Roboto", 200, false, "Roboto-Thin.ttf"},   // lighter first
		{"Roboto", 450, false, "Roboto-Medium.ttf"}, // up to 500 first
		{"Roboto", 600, false, "Roboto-Bold.ttf"},   // bolder first
		{"Roboto", 800, true, "Roboto-BlackItalic.ttf"},
		{"Roboto", 1000, false, "Roboto-Black.ttf"},
		{"Noto Sans", 500, false, "NotoSans-Regular.ttf"},
		{"Noto Sans", 300, true, "NotoSans-Italic.ttf"},
		{"EB Garamond", 700, true, "EBGaramond12-Italic.otf"}, // the slant before the weight
		{"Lobster", 900, true, "lobster.otf"},
	} {
		family, ok := app.FindFamily(test.family)
		if got := family.Face(test.weight, test.italic).File; !ok || !strings.HasSuffix(got, "/"+test.want) {
			t.Errorf("%s at %d (italic: %v) is %s, want %s", test.family, test.weight, test.italic, got, test.want)
		}
	}
	variable := func(i int) (int, int, bool) {
		return [][2]int{{100, 300}, {600, 900}}[i][0], [][2]int{{100, 300}, {600, 900}}[i][1], false
	}
	for weight, want := range map[int]int{250: 0, 350: 0, 400: 0, 550: 1, 650: 1, 1000: 1} {
		if got := app.NearestFace(2, variable, weight, false); got != want {
			t.Errorf("%d is drawn by face %d, want %d", weight, got, want)
		}
	}
}

// A stylesheet gets no name that a stranger chose.
func TestCSSFamily(t *testing.T) {
	if got := app.CSSFamily("Inter"); got != `"Inter"` {
		t.Error(got)
	}
	one, two := app.CSSFamily(`x";color:red`), app.CSSFamily("y")
	if strings.Contains(one, "red") || one == two {
		t.Error(one, two)
	}
}

func TestFontsCommand(t *testing.T) {
	system := func() (string, error) { return "the system", nil }
	var out bytes.Buffer
	if err := (&app.FontsCommand{}).Run(system, &out); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"FAMILY", "EB Garamond", "100 200 300 400 500 600 700 800 900, with italics", "Apache-2.0", "fonts-noto-cjk", "the files are of the system"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %s in\n%s", want, out.String())
		}
	}
	out.Reset()
	var read struct{ Families []app.Family }
	if err := (&app.FontsCommand{JSON: true}).Run(system, &out); err != nil || json.Unmarshal(out.Bytes(), &read) != nil || len(read.Families) != len(app.Families()) || !reflect.DeepEqual(read.Families[0].Faces[1], app.Face{Weight: 100, Italic: true}) {
		t.Errorf("%v: %s", err, out.String())
	}
}
