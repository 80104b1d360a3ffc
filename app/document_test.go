package app_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"reflect"
	"strings"
	"testing"

	"majestic/app"
)

func TestParseDocumentRefuses(t *testing.T) {
	element := func(fields string) string {
		return `{"version":1,"pages":[{"width":100,"height":100,"elements":[{"id":"it","x":0,"y":0,"width":9,"height":9,` + fields + `}]}]}`
	}
	many := func(n int, one string) string { return strings.TrimSuffix(strings.Repeat(one+",", n), ",") }
	page := func(elements string) string { return `{"width":9,"height":9,"elements":[` + elements + `]}` }
	rects := func(from, n int) string {
		var list []string
		for i := range n {
			list = append(list, fmt.Sprintf(`{"id":"r%d","type":"rect","x":0,"y":0,"width":1,"height":1}`, from+i))
		}
		return strings.Join(list, ",")
	}

	for name, test := range map[string]struct {
		document string
		kind     app.Kind
		field    string
		message  string
	}{
		"over 1 MiB":            {`{"version":1,"pages":[]}` + strings.Repeat(" ", 1<<20), app.TooLarge, "", "1 MiB"},
		"empty":                 {``, app.Malformed, "", "line 1, column 1"},
		"not JSON":              {"{\"version\":1,\n  \"pages\":[}", app.Malformed, "", "line 2, column 12"},
		"two values":            {`{"version":1,"pages":[]} {}`, app.Malformed, "", "something follows"},
		"a name twice":          {element(`"type":"rect","opacity":1,"opacity":0`), app.Malformed, "", "duplicate object member name at /pages/0/elements/0/opacity"},
		"not UTF-8":             {element("\"type\":\"text\",\"text\":\"\xff\""), app.Malformed, "", "UTF-8"},
		"half a surrogate":      {element(`"type":"text","text":"\ud800"`), app.Malformed, "", "surrogate"},
		"nested without end":    {strings.Repeat("[", 500_000), app.Malformed, "", "depth"},
		"nested":                {element(`"type":"rect","fill":` + strings.Repeat(`{"a":`, 5000) + "1" + strings.Repeat("}", 5000)), app.Invalid, "pages[0].elements[0].fill.type", "is missing"},
		"a list":                {`[]`, app.Invalid, "", "must be an object, not a list"},
		"null":                  {`null`, app.Invalid, "", "must be an object, not null"},
		"no version":            {`{"pages":[{"width":1,"height":1}]}`, app.Invalid, "version", "is missing"},
		"another version":       {`{"version":2,"pages":[{"width":1,"height":1}]}`, app.Invalid, "version", "must be 1, not 2"},
		"no pages":              {`{"version":1}`, app.Invalid, "pages", "is missing"},
		"an empty list":         {`{"version":1,"pages":[]}`, app.Invalid, "pages", "takes 1 to 50"},
		"51 pages":              {`{"version":1,"pages":[` + many(51, `{"width":1,"height":1}`) + `]}`, app.Invalid, "pages", "51 entries"},
		"unknown at the top":    {`{"version":1,"pages":[{"width":1,"height":1}],"title":"x"}`, app.Invalid, "title", "there is no field"},
		"unknown in a page":     {`{"version":1,"pages":[{"width":1,"height":1,"hieght":2}]}`, app.Invalid, "pages[0].hieght", "background"},
		"no width":              {`{"version":1,"pages":[{"height":1}]}`, app.Invalid, "pages[0].width", "page 1: width is missing"},
		"a page of nothing":     {`{"version":1,"pages":[{"width":0,"height":1}]}`, app.Invalid, "pages[0].width", "from 1 to"},
		"half a pixel":          {`{"version":1,"pages":[{"width":10.5,"height":1}]}`, app.Invalid, "pages[0].width", "whole number"},
		"26 megapixels":         {`{"version":1,"pages":[{"width":5200,"height":5000}]}`, app.Invalid, "pages[0].width", "26.0 megapixels"},
		"too many in one page":  {`{"version":1,"pages":[` + page(rects(0, 2001)) + `]}`, app.Invalid, "pages[0].elements", "2001 entries"},
		"too many in all pages": {`{"version":1,"pages":[` + page(rects(0, 1500)) + "," + page(rects(0, 501)) + `]}`, app.Invalid, "pages[1].elements", "more than 2000"},
		"an element of text":    {`{"version":1,"pages":[` + page(`"x"`) + `]}`, app.Invalid, "pages[0].elements[0]", `must be an object, not the text "x"`},
		"an id twice":           {`{"version":1,"pages":[` + page(rects(1, 1)+","+rects(1, 1)) + `]}`, app.Invalid, "pages[0].elements[1].id", `element "r1"`},
		"no id":                 {`{"version":1,"pages":[` + page(`{"type":"rect","x":0,"y":0,"width":1,"height":1}`) + `]}`, app.Invalid, "pages[0].elements[0].id", "element 1 of page 1: id is missing"},
		"no type":               {element(`"opacity":1`), app.Invalid, "pages[0].elements[0].type", `element "it": type must be text, image, rect, ellipse or line, not null`},
		"an unknown type":       {element(`"type":"video"`), app.Invalid, "pages[0].elements[0].type", `not the text "video"`},
		"a text as a number":    {element(`"type":"text","text":"x","size":"big"`), app.Invalid, "pages[0].elements[0].size", `element "it": size must be a number from 1 to 4000, not the text "big"`},
		"null as a number":      {element(`"type":"text","text":"x","size":null`), app.Invalid, "pages[0].elements[0].size", "not null"},
		"a number as a text":    {element(`"type":"text","text":7`), app.Invalid, "pages[0].elements[0].text", "must be a text, not 7"},
		"a text as a flag":      {element(`"type":"text","text":"x","italic":"yes"`), app.Invalid, "pages[0].elements[0].italic", "true or false"},
		"no text":               {element(`"type":"text"`), app.Invalid, "pages[0].elements[0].text", "is missing"},
		"no asset":              {element(`"type":"image"`), app.Invalid, "pages[0].elements[0].asset", "is missing"},
		"no stroke":             {element(`"type":"line"`), app.Invalid, "pages[0].elements[0].stroke", "is missing"},
		"another type's field":  {element(`"type":"rect","text":"x"`), app.Invalid, "pages[0].elements[0].text", `there is no field "text" here; there are id, type`},
		"another case":          {element(`"type":"rect","Opacity":1`), app.Invalid, "pages[0].elements[0].Opacity", "there is no field"},
		"a wrong choice":        {element(`"type":"text","text":"x","align":"justify"`), app.Invalid, "pages[0].elements[0].align", "left, center or right"},
		"a control in a font":   {element(`"type":"text","text":"x","font":"Inter\n"`), app.Invalid, "pages[0].elements[0].font", "control character"},
		"a colour by name":      {element(`"type":"rect","fill":"red"`), app.Invalid, "pages[0].elements[0].fill", "#2563eb"},
		"a colour and more":     {element(`"type":"rect","fill":"#fff;color:red"`), app.Invalid, "pages[0].elements[0].fill", "must be a colour"},
		"four digits":           {element(`"type":"rect","stroke":"#ffff"`), app.Invalid, "pages[0].elements[0].stroke", "must be a colour"},
		"a fill of numbers":     {element(`"type":"rect","fill":7`), app.Invalid, "pages[0].elements[0].fill", "a colour or a gradient, not 7"},
		"a gradient's type":     {element(`"type":"rect","fill":{"type":"conic","stops":[["#fff",0],["#000",1]]}`), app.Invalid, "pages[0].elements[0].fill.type", "linear or radial"},
		"one stop":              {element(`"type":"rect","fill":{"type":"linear","stops":[["#fff",0]]}`), app.Invalid, "pages[0].elements[0].fill.stops", "takes 2 to 32"},
		"a stop of one":         {element(`"type":"rect","fill":{"type":"linear","stops":[["#fff",0],["#000"]]}`), app.Invalid, "pages[0].elements[0].fill.stops[1]", "a stop must be"},
		"a stop's colour":       {element(`"type":"rect","fill":{"type":"linear","stops":[["blue",0],["#000",1]]}`), app.Invalid, "pages[0].elements[0].fill.stops[0][0]", `not "blue"`},
		"a stop's place":        {element(`"type":"rect","fill":{"type":"linear","stops":[["#fff",0],["#000",100]]}`), app.Invalid, "pages[0].elements[0].fill.stops[1][1]", "from 0 to 1, not 100"},
		"stops out of order":    {element(`"type":"rect","fill":{"type":"linear","stops":[["#fff",1],["#000",0]]}`), app.Invalid, "pages[0].elements[0].fill.stops[1]", "order them"},
		"an angle of a radial":  {element(`"type":"rect","fill":{"type":"radial","angle":4,"stops":[["#fff",0],["#000",1]]}`), app.Invalid, "pages[0].elements[0].fill.angle", "there is no field"},
		"a shadow of text":      {element(`"type":"rect","shadow":"soft"`), app.Invalid, "pages[0].elements[0].shadow", "must be an object"},
		"a shadow's blur":       {element(`"type":"rect","shadow":{"blur":-1}`), app.Invalid, "pages[0].elements[0].shadow.blur", "from 0 to 1000, not -1"},
		"more than any number":  {element(`"type":"rect","rotation":1e999`), app.Invalid, "pages[0].elements[0].rotation", "not 1e999"},
		"an absurd length":      {element(`"type":"rect","radius":1e6`), app.Invalid, "pages[0].elements[0].radius", "from 0 to 100000"},
		"opacity over 1":        {element(`"type":"rect","opacity":50`), app.Invalid, "pages[0].elements[0].opacity", "from 0 to 1, not 50"},
		"no lines":              {element(`"type":"text","text":"x","max_lines":0`), app.Invalid, "pages[0].elements[0].max_lines", "whole number from 1"},
		"shrinking upward":      {element(`"type":"text","text":"x","size":10,"fit":"shrink","min_size":11`), app.Invalid, "pages[0].elements[0].min_size", "is more than size 10"},
		"a picture by script":   {element(`"type":"image","asset":"javascript:alert(1)"`), app.Invalid, "pages[0].elements[0].asset", "the id of an uploaded asset"},
		"a picture by path":     {element(`"type":"image","asset":"../../secret.key"`), app.Invalid, "pages[0].elements[0].asset", "the id of an uploaded asset"},
		"a NUL":                 {element(`"type":"text","text":"a\u0000b"`), app.Invalid, "pages[0].elements[0].text", "NUL"},
		"a long text":           {element(`"type":"text","text":"` + strings.Repeat("é", 20_001) + `"`), app.Invalid, "pages[0].elements[0].text", "20001 characters"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := app.ParseDocument([]byte(test.document))
			wantFault(t, err, test.kind, test.field, test.message)
		})
	}
}

// Width, height at 0 would be drawn as nothing, so only a line may have them.
func TestParseDocumentFlatElements(t *testing.T) {
	doc := `{"version":1,"pages":[{"width":9,"height":9,"elements":[{"id":"it","type":%q,"x":0,"y":0,"width":-3,"height":0%s}]}]}`
	if _, err := app.ParseDocument(fmt.Appendf(nil, doc, "line", `,"stroke":"#000"`)); err != nil {
		t.Error(err)
	}
	_, err := app.ParseDocument(fmt.Appendf(nil, doc, "rect", ""))
	wantFault(t, err, app.Invalid, "pages[0].elements[0].width", "from 0.01")
}

func TestParseDocumentNamesManyFaults(t *testing.T) {
	var elements []string
	for i := range 30 {
		elements = append(elements, fmt.Sprintf(`{"id":"e%d","type":"rect","x":"a","y":0,"width":1,"height":1}`, i))
	}
	_, err := app.ParseDocument([]byte(`{"version":1,"pages":[{"width":9,"height":9,"elements":[` + strings.Join(elements, ",") + `]}]}`))
	wantFault(t, err, app.Invalid, "pages[0].elements[19].x", `"e19"`)
	var e *app.Error
	if errors.As(err, &e); len(e.Fields) != 20 || !strings.Contains(e.Message, "the first 20") {
		t.Errorf("%d faults, %q", len(e.Fields), e.Message)
	}
}

func TestParseDocumentDefaults(t *testing.T) {
	d := parse(t, `{"version":1,"pages":[{"width":9,"height":9,"elements":[
		{"id":"t","type":"text","x":1,"y":2,"width":3,"height":4,"text":""},
		{"id":"i","type":"image","x":1,"y":2,"width":3,"height":4,"asset":"abc"},
		{"id":"r","type":"rect","x":1,"y":2,"width":3,"height":4,"stroke":"#123","shadow":{}}]}]}`)
	page := d.Pages[0]
	if page.Background.Color != "#ffffff" {
		t.Error("background", page.Background)
	}
	text := page.Elements[0]
	if text.Font != "Inter" || text.Size != 16 || text.Weight != 400 || text.Color != "#000000" || text.Align != "left" ||
		text.VAlign != "top" || text.LineHeight != 1.2 || text.Fit != app.FitNone || text.Opacity != 1 || text.Rotation != 0 {
		t.Errorf("text %+v", text)
	}
	if rect := page.Elements[2]; !rect.Fill.IsZero() || rect.StrokeWidth != 1 || rect.Shadow.Color == "" {
		t.Errorf("rect %+v", rect)
	}
	if page.Elements[1].ObjectFit != "cover" {
		t.Error("object_fit", page.Elements[1].ObjectFit)
	}
}

func TestDocumentComesBackAsWritten(t *testing.T) {
	read := func(name string) string {
		data, err := os.ReadFile("apptest/testdata/" + name)
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	for name, document := range map[string]string{
		"country card": read("country-card.json"),
		"certificate":  read("certificate.json"),
		"explicit defaults": `{"version":1,"pages":[{"width":9,"height":9,"background":"#ffffff","elements":[
			{"id":"t","type":"text","x":1,"y":2,"width":3,"height":4,"text":"a <b> & \u2028","rotation":0,"opacity":1,"hidden":false,"locked":false,"font":"Inter",
			 "size":16,"weight":400,"italic":false,"color":"{{c}}","align":"left","valign":"top","line_height":1.2,"letter_spacing":0,"fit":"none","name":"","group":""},
			{"id":"i","type":"image","x":1,"y":2,"width":3,"height":4,"asset":"https://example.com/{{a}}.png","object_fit":"cover","radius":0},
			{"id":"r","type":"rect","x":1.25,"y":-2e1,"width":3,"height":4,"shadow":{"x":0},"fill":{"type":"radial","stops":[["{{c}}",0],["#00f",1]]}}]},
			{"width":1,"height":1}, {"width":1,"height":1,"elements":[]}]}`,
	} {
		t.Run(name, func(t *testing.T) {
			d := parse(t, document)
			again, err := json.Marshal(d)
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(anything(t, again), anything(t, []byte(document))) {
				t.Errorf("came back as %s", again)
			}
			var stored app.Document
			if err := json.Unmarshal(again, &stored); err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(stored, d) {
				t.Errorf("read again as %+v", stored)
			}
		})
	}
}

func FuzzParseDocument(f *testing.F) {
	f.Add([]byte(`{"version":1,"pages":[{"width":9,"height":9,"elements":[{"id":"a","type":"rect","x":0,"y":0,"width":1,"height":1,"fill":{"type":"linear","stops":[["#fff",0],["{{c}}",1]]}}]}]}`))
	f.Add([]byte(`{"version":1,"pages":[{"width":9,"height":9,"elements":[{"id":"a","type":"text","x":0,"y":0,"width":1,"height":1,"text":"{{{a}} {{b c}}"}]}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		d, err := app.ParseDocument(data)
		if err != nil {
			return
		}
		again, err := json.Marshal(d)
		if err != nil {
			t.Fatal(err)
		}
		if d2, err := app.ParseDocument(again); err != nil || !reflect.DeepEqual(d, d2) {
			t.Fatalf("%s came back as %s: %v", data, again, err)
		}
	})
}

func parse(t *testing.T, document string) app.Document {
	t.Helper()
	d, err := app.ParseDocument([]byte(document))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func anything(t *testing.T, data []byte) (v any) {
	t.Helper()
	if err := json.Unmarshal(data, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

// wantFault asserts that err is of a kind and names field with a message that
// holds words; with no field, the error's own message holds them.
func wantFault(t *testing.T, err error, kind app.Kind, field, words string) {
	t.Helper()
	var e *app.Error
	if !errors.As(err, &e) {
		t.Fatalf("error %v, want kind %d", err, kind)
	}
	if e.Kind != kind {
		t.Fatalf("kind %d, want %d: %v", e.Kind, kind, err)
	}
	if kind != app.Invalid {
		if !strings.Contains(e.Message, words) {
			t.Fatalf("message %q, want %q in it", e.Message, words)
		}
		return
	}
	for _, f := range e.Fields {
		if f.Field == field && strings.Contains(f.Message, words) {
			return
		}
	}
	t.Fatalf("fields %+v, want %q with %q", e.Fields, field, words)
}
