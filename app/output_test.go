package app_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"majestic/app"
)

const threePages = `{"version":1,"pages":[
	{"width":100,"height":50,"elements":[]},
	{"width":200,"height":50,"background":"#ffffff","elements":[]},
	{"width":9000,"height":2000,"background":"#000000","elements":[]}]}`

func TestOutput(t *testing.T) {
	doc := parse(t, threePages)
	for _, test := range []struct{ asked, want app.Output }{
		{app.Output{}, app.Output{Format: "png", Scale: 1, Page: 1}},
		{app.Output{Optimize: true, Transparent: true, Page: 2}, app.Output{Format: "png", Scale: 1, Page: 2, Optimize: true, Transparent: true}},
		{app.Output{Format: "jpeg", Scale: 0.5}, app.Output{Format: "jpeg", Scale: 0.5, Page: 1, Quality: 80}},
		{app.Output{Format: "webp", Quality: 100, Transparent: true, Scale: 4}, app.Output{Format: "webp", Scale: 4, Page: 1, Quality: 100, Transparent: true}},
		{app.Output{Format: "pdf"}, app.Output{Format: "pdf", Scale: 1, Page: 1}},
		{app.Output{Format: "pdf", Pages: "3, 1-2"}, app.Output{Format: "pdf", Scale: 1, Page: 1, Pages: "3, 1-2"}},
	} {
		if got, err := doc.Output(test.asked); err != nil || got != test.want {
			t.Errorf("%+v: %+v, %v, not %+v", test.asked, got, err, test.want)
		}
	}
	for _, test := range []struct {
		asked  app.Output
		fields []string
	}{
		{app.Output{Format: "gif", Scale: 9}, []string{"scale", "format"}},
		{app.Output{Scale: 4.01}, []string{"scale"}},
		{app.Output{Scale: 0.05}, []string{"scale"}},
		{app.Output{Page: 3, Scale: 2}, []string{"scale"}},
		{app.Output{Page: 4}, []string{"page"}},
		{app.Output{Page: -1}, []string{"page"}},
		{app.Output{Quality: 50}, []string{"quality"}},
		{app.Output{Format: "pdf", Quality: 50}, []string{"quality"}},
		{app.Output{Format: "jpeg", Quality: 101}, []string{"quality"}},
		{app.Output{Format: "webp", Quality: -1}, []string{"quality"}},
		{app.Output{Format: "jpeg", Transparent: true}, []string{"transparent"}},
		{app.Output{Format: "pdf", Transparent: true, Optimize: true}, []string{"transparent", "optimize"}},
		{app.Output{Format: "webp", Optimize: true}, []string{"optimize"}},
		{app.Output{Format: "png", Pages: "1"}, []string{"pages"}},
		{app.Output{Format: "pdf", Page: 1}, []string{"page"}},
		{app.Output{Format: "pdf", Pages: "4"}, []string{"pages"}},
		{app.Output{Format: "pdf", Pages: "0"}, []string{"pages"}},
		{app.Output{Format: "pdf", Pages: "2-1"}, []string{"pages"}},
		{app.Output{Format: "pdf", Pages: "1-3,2"}, []string{"pages"}},
		{app.Output{Format: "pdf", Pages: "1,"}, []string{"pages"}},
		{app.Output{Format: "pdf", Pages: "1-"}, []string{"pages"}},
		{app.Output{Format: "pdf", Pages: "1-2-3"}, []string{"pages"}},
		{app.Output{Format: "pdf", Pages: "all"}, []string{"pages"}},
		{app.Output{Format: "pdf", Pages: "1-99999999999999999999"}, []string{"pages"}},
	} {
		_, err := doc.Output(test.asked)
		var e *app.Error
		if !errors.As(err, &e) || e.Kind != app.Invalid {
			t.Errorf("%+v: %v", test.asked, err)
			continue
		}
		var fields []string
		for _, f := range e.Fields {
			fields = append(fields, f.Field)
		}
		if !slices.Equal(fields, test.fields) {
			t.Errorf("%+v: %v, not of %v", test.asked, e.Fields, test.fields)
		}
	}
}

// What is too large for the browser or the format is refused to the pixel; so is
// what has less than one.
func TestOutputSize(t *testing.T) {
	for _, test := range []struct {
		width, height int
		scale         float64
		format, want  string
	}{
		{5_000, 5_000, 1, "png", ""},
		{2_500, 2_500, 2, "webp", ""},
		{1_250, 1_250, 4, "jpeg", ""},
		{3_333, 3_333, 1.5, "png", ""},
		{3_334, 3_333, 1.5, "png", "makes 5001 x 5000 pixels of a page of 3334 x 3333; at most 25 million"},
		{2_501, 2_500, 2, "webp", "at most 25 million"},
		{1_251, 1_250, 4, "jpeg", "at most 25 million"},
		{16_383, 1_500, 1, "webp", ""},
		{16_384, 1, 1, "webp", "a webp has at most 16383 on a side"},
		{1, 8_192, 2, "webp", "a webp has at most"},
		{16_375, 1, 4, "jpeg", ""},
		{16_376, 1, 4, "jpeg", "a jpeg has at most 65500 on a side"},
		{16_384, 1, 4, "png", ""},
		{16_384, 1, 4, "pdf", ""},
		{1, 1, 1, "png", ""},
		{1, 1, 0.9, "png", "less than a pixel of a side"},
		{9, 500, 0.1, "png", "less than a pixel of a side"},
		{10, 500, 0.1, "png", ""},
		{1, 1, 0.5, "pdf", ""},
	} {
		doc := parse(t, fmt.Sprintf(`{"version":1,"pages":[{"width":%d,"height":%d}]}`, test.width, test.height))
		_, err := doc.Output(app.Output{Format: test.format, Scale: test.scale})
		if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
			t.Errorf("%d x %d at %g, %s: %v, want %q", test.width, test.height, test.scale, test.format, err, test.want)
		}
	}
}

func TestDrawn(t *testing.T) {
	doc := parse(t, threePages)
	for _, test := range []struct {
		output      app.Output
		widths      []int
		backgrounds []app.Color
	}{
		{app.Output{Format: "png", Page: 2}, []int{200}, []app.Color{"#ffffff"}},
		{app.Output{Format: "png", Page: 1}, []int{100}, []app.Color{"#ffffff"}},
		{app.Output{Format: "png", Page: 1, Transparent: true}, []int{100}, []app.Color{""}},
		{app.Output{Format: "png", Page: 2, Transparent: true}, []int{200}, []app.Color{"#ffffff"}}, // it was asked for
		{app.Output{Format: "pdf", Page: 1}, []int{100, 200, 9000}, []app.Color{"#ffffff", "#ffffff", "#000000"}},
		{app.Output{Format: "pdf", Page: 1, Pages: "3,1-2"}, []int{9000, 100, 200}, []app.Color{"#000000", "#ffffff", "#ffffff"}},
		{app.Output{Format: "pdf", Page: 1, Pages: " 2 - 3 "}, []int{200, 9000}, []app.Color{"#ffffff", "#000000"}},
	} {
		pages, err := test.output.Drawn(doc)
		if err != nil {
			t.Fatal(err)
		}
		var widths []int
		var backgrounds []app.Color
		for _, p := range pages {
			widths, backgrounds = append(widths, p.Width), append(backgrounds, p.Background.Color)
		}
		if !slices.Equal(widths, test.widths) || !slices.Equal(backgrounds, test.backgrounds) {
			t.Errorf("%+v: %v %q", test.output, widths, backgrounds)
		}
	}
}
