package app_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"majestic/app"
)

func TestVariables(t *testing.T) {
	data, err := os.ReadFile("apptest/testdata/country-card.json")
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"flag", "name", "official_name", "alpha_2", "alpha_3", "numeric"}
	if got := parse(t, string(data)).Variables(); !slices.Equal(got, want) {
		t.Errorf("variables %q, want %q", got, want)
	}
}

func TestResolveText(t *testing.T) {
	vars := map[string]string{"a": "1", "b-c.d_2": "2", "braces": "{{a}}", "empty": "", "unused": "!"}
	for text, want := range map[string]string{
		"{{a}}":                  "1",
		"{{ a }}{{a}}":           "11",
		"x{{b-c.d_2}}y":          "x2y",
		"{{braces}}":             "{{a}}",
		"[{{empty}}]":            "[]",
		"{a} {{}} {{ }} {{1}} {": "{a} {{}} {{ }} {{1}} {",
		"{{a b}} {{a":            "{{a b}} {{a",
		"{{{a}}}":                "{1}",
		"{{x y}} }} {{a}}":       "{{x y}} }} 1",
		"}}{{a}}":                "}}1",
		"{{é}}":                  "{{é}}",
	} {
		d, err := textDocument(t, text).Resolve(vars)
		if err != nil {
			t.Errorf("%q: %v", text, err)
			continue
		}
		if got := d.Pages[0].Elements[0].Text; got != want {
			t.Errorf("%q is resolved to %q, want %q", text, got, want)
		}
	}
}

func TestResolveEverywhere(t *testing.T) {
	d := parse(t, `{"version":1,"pages":[{"width":9,"height":9,"background":"{{bg}}","elements":[
		{"id":"t","type":"text","x":0,"y":0,"width":1,"height":1,"text":"x","color":"#{{hex}}"},
		{"id":"i","type":"image","x":0,"y":0,"width":1,"height":1,"asset":"{{logo}}"},
		{"id":"i2","type":"image","x":0,"y":0,"width":1,"height":1,"asset":"{{logo}}"},
		{"id":"r","type":"rect","x":0,"y":0,"width":1,"height":1,"stroke":"{{line}}","fill":{"type":"radial","stops":[["{{in}}",0],["#000",1]]},"shadow":{"color":"{{dark}}"}},
		{"id":"h","type":"text","x":0,"y":0,"width":1,"height":1,"text":"{{nobody}}","hidden":true}]}]}`)
	want := []string{"bg", "hex", "logo", "in", "line", "dark"}
	if got := d.Variables(); !slices.Equal(got, want) {
		t.Errorf("variables %q, want %q", got, want)
	}
	before, err := json.Marshal(d)
	if err != nil {
		t.Fatal(err)
	}
	drawn, err := d.Resolve(map[string]string{"bg": "#111", "hex": "222222", "logo": "asset_1", "in": "#333", "line": "#444", "dark": "#55555555"})
	if err != nil {
		t.Fatal(err)
	}
	page := drawn.Pages[0]
	rect := page.Elements[3]
	got := fmt.Sprint(page.Background.Color, page.Elements[0].Color, rect.Fill.Gradient.Stops[0].Color, rect.Stroke, rect.Shadow.Color)
	if want := "#111#222222#333#444#55555555"; strings.ReplaceAll(got, " ", "") != want {
		t.Errorf("colours %s, want %s", got, want)
	}
	if got := drawn.Assets(); !slices.Equal(got, []string{"asset_1"}) {
		t.Errorf("assets %q", got)
	}
	after, err := json.Marshal(d)
	if err != nil {
		t.Fatal(err)
	}
	if string(after) != string(before) {
		t.Errorf("resolving changed the design itself:\n%s\n%s", before, after)
	}
}

func TestResolveRefuses(t *testing.T) {
	element := func(fields string) string {
		return `{"version":1,"pages":[{"width":9,"height":9,"elements":[{"id":"it","x":0,"y":0,"width":1,"height":1,` + fields + `}]}]}`
	}
	long := strings.Repeat("x", 20_001)
	for name, test := range map[string]struct {
		document, variable, value string
		field, message            string
	}{
		"a missing variable":      {element(`"type":"text","text":"{{name}}"`), "nam", "", "variables.name", `element "it": its text needs the variable "name"`},
		"a colour that is none":   {element(`"type":"rect","fill":"{{brand}}"`), "brand", "blue;x:y", "variables.brand", `element "it": fill must be a colour such as #2563eb, #fff or #00000040, not "blue;x:y", which came from the variable "brand"`},
		"a colour that is empty":  {element(`"type":"line","stroke":"{{brand}}"`), "brand", "", "variables.brand", `not ""`},
		"a stop that is none":     {element(`"type":"rect","fill":{"type":"linear","stops":[["#fff",0],["{{to}}",1]]}`), "to", "{{to}}", "variables.to", "must be a colour"},
		"an address of a picture": {element(`"type":"image","asset":"{{logo}}"`), "logo", "http://example.com/a.png", "variables.logo", "https"},
		"an address with a name":  {element(`"type":"image","asset":"{{logo}}"`), "logo", "https://ada@example.com/a.png", "variables.logo", "https"},
		"a fixed address":         {element(`"type":"image","asset":"http://example.com/a.png"`), "", "", "pages[0].elements[0].asset", "https"},
		"a script for a picture":  {element(`"type":"image","asset":"{{logo}}"`), "logo", "javascript:alert(1)", "variables.logo", "the id of an uploaded asset"},
		"no picture":              {element(`"type":"image","asset":"{{logo}}"`), "logo", "", "variables.logo", "the id of an uploaded asset"},
		"a variable for one":      {element(`"type":"image","asset":"{{logo}}"`), "logo", "{{logo}}", "variables.logo", "the id of an uploaded asset"},
		"a long text":             {element(`"type":"text","text":"{{name}}"`), "name", long, "variables.name", "at most 20000"},
		"a text grown long":       {element(`"type":"text","text":"` + strings.Repeat("{{name}}", 2000) + `"`), "name", long[:20_000], "variables.name", "at most 20000"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := parse(t, test.document).Resolve(map[string]string{test.variable: test.value})
			wantFault(t, err, app.Invalid, test.field, test.message)
		})
	}
}

func TestResolveBoundsAllTexts(t *testing.T) {
	var elements []string
	for i := range 60 {
		elements = append(elements, fmt.Sprintf(`{"id":"t%d","type":"text","x":0,"y":0,"width":1,"height":1,"text":"{{long}}"}`, i))
	}
	d := parse(t, `{"version":1,"pages":[{"width":9,"height":9,"elements":[`+strings.Join(elements, ",")+`]}]}`)
	_, err := d.Resolve(map[string]string{"long": strings.Repeat("x", 20_000)})
	wantFault(t, err, app.Invalid, "variables.long", `element "t49": all texts together`)
	if e, _ := errors.AsType[*app.Error](err); len(e.Fields) != 1 {
		t.Errorf("what comes after it is named, too: %+v", e.Fields)
	}
}

func TestParseVariables(t *testing.T) {
	_, err := app.ParseVariables(json.RawMessage(`{"a":"x\"y","b":004.50e1}`))
	wantFault(t, err, app.Malformed, "", "line 1, column")
	got, err := app.ParseVariables(json.RawMessage(` { "a" : "x\"y", "b": 1.50e3, "c": -0, "d": true, "e": 12345678901234567890 }`))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"a": `x"y`, "b": "1.50e3", "c": "-0", "d": "true", "e": "12345678901234567890"}
	if !maps.Equal(got, want) {
		t.Errorf("variables %q, want %q", got, want)
	}
	for name, test := range map[string]struct{ variables, field, message string }{
		"null":   {`{"a":null}`, "variables.a", "not null"},
		"list":   {`{"b":["x"]}`, "variables.b", "not a list"},
		"object": {`{"c":{}}`, "variables.c", "not an object"},
		"NUL":    {`{"d":"\u0000"}`, "variables.d", "NUL"},
		"text":   {`"x"`, "variables", "must be an object"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := app.ParseVariables(json.RawMessage(test.variables))
			wantFault(t, err, app.Invalid, test.field, test.message)
		})
	}
}

func textDocument(t *testing.T, text string) app.Document {
	t.Helper()
	quoted, err := json.Marshal(text)
	if err != nil {
		t.Fatal(err)
	}
	return parse(t, `{"version":1,"pages":[{"width":9,"height":9,"elements":[{"id":"it","type":"text","x":0,"y":0,"width":1,"height":1,"text":`+string(quoted)+`}]}]}`)
}
