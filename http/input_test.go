package http_test

import (
	"fmt"
	"strings"
	"testing"

	"majestic/app"
)

func TestBadInput(t *testing.T) {
	s := newSite(t)
	s.key = s.keyOf(s.tenant, app.AdminScope)
	x := makeThings(t, s.tenant, "Card")
	design := func(document string) string { return `{"name":"Card","document":` + document + `}` }
	render := func(rest string) string {
		return `{"design":"` + x.design + `","variables":{"name":"a","accent":"#000"},` + rest + `}`
	}
	const page = `{"version":1,"pages":[{"width":%d,"height":%d,"elements":[%s]}]}`
	for _, c := range []struct {
		name, path, body string
		status           int
		field            string
	}{
		{"unknown field", "/designs", `{"name":"Card","colour":"red","document":` + greeting + `}`, 422, "colour"},
		{"wrong type", "/designs", `{"name":7,"document":` + greeting + `}`, 422, "name"},
		{"no name", "/designs", `{"document":` + greeting + `}`, 422, "name"},
		{"no document", "/designs", `{"name":"Card"}`, 422, "document"},
		{"not an object", "/designs", `[]`, 422, ""},
		{"not JSON", "/designs", `{"name":`, 400, ""},
		{"two values", "/designs", `{"name":"Card"} {}`, 400, ""},
		{"a name twice", "/designs", `{"name":"Card","name":"Card"}`, 400, ""},
		{"nothing", "/designs", ` `, 400, ""},
		{"nested without end", "/designs", strings.Repeat("[", 1<<20), 400, ""},
		{"a document nested without end", "/designs", design(strings.Repeat(`{"a":`, 400_000)), 400, ""},
		{"variables nested without end", "/renders", `{"design":"` + x.design + `","variables":` + strings.Repeat(`{"a":`, 400_000), 400, ""},
		{"variables nested deep", "/renders", `{"design":"` + x.design + `","variables":{"name":` + strings.Repeat("[", 5000) + strings.Repeat("]", 5000) + `}}`, 422, "variables.name"},
		{"a row nested without end", "/batches", `{"design":"` + x.design + `","rows":[` + strings.Repeat(`[`, 1<<20), 400, ""},
		{"a key of no scope", "/keys", `{"name":"n","scope":"all"}`, 422, "scope"},
		{"a key that has expired", "/keys", `{"name":"n","scope":"read","expires_at":"2020-01-01T00:00:00Z"}`, 422, "expires_at"},
		{"a key until some day", "/keys", `{"name":"n","scope":"read","expires_at":"tomorrow"}`, 422, "expires_at"},
		{"unknown field of an element", "/designs", design(fmt.Sprintf(page, 10, 10, `{"id":"a","type":"rect","x":0,"y":0,"width":1,"height":1,"fil":"#fff"}`)), 422, "document.pages[0].elements[0].fil"},
		{"unknown font", "/designs", design(fmt.Sprintf(page, 10, 10, `{"id":"a","type":"text","x":0,"y":0,"width":1,"height":1,"text":"a","font":"Comic"}`)), 422, "document.pages[0].elements[0].font"},
		{"too large a page", "/designs", design(fmt.Sprintf(page, 6000, 6000, "")), 422, "document.pages[0].width"},
		{"space around a document", "/designs", design(strings.Repeat(" ", 1<<20) + greeting), 201, ""},
		{"too many bytes of a document", "/designs", design(fmt.Sprintf(page, 10, 10, strings.Repeat(" ", 1<<20))), 413, ""},
		{"too many bytes", "/designs", strings.Repeat(" ", 3<<20), 413, ""},
		{"no design", "/renders", `{}`, 422, "design"},
		{"an id that cannot be", "/renders", `{"design":"1"}`, 422, "design"},
		{"a missing variable", "/renders", `{"design":"` + x.design + `","variables":{"name":"a"}}`, 422, "variables.accent"},
		{"a bad colour", "/renders", `{"design":"` + x.design + `","variables":{"name":"a","accent":"red"}}`, 422, "variables.accent"},
		{"a variable that is a list", "/renders", `{"design":"` + x.design + `","variables":{"name":[]}}`, 422, "variables.name"},
		{"variables that are a list", "/renders", `{"design":"` + x.design + `","variables":[]}`, 422, "variables"},
		{"format", "/renders", render(`"format":"bmp"`), 422, "format"},
		{"scale", "/renders", render(`"scale":5`), 422, "scale"},
		{"scale 0", "/renders", render(`"scale":0`), 422, "scale"},
		{"scale in words", "/renders", render(`"scale":"2"`), 422, "scale"},
		{"a scale beyond words", "/renders", render(`"scale":1e300`), 422, "scale"},
		{"page", "/renders", render(`"page":2`), 422, "page"},
		{"a page of a pdf", "/renders", render(`"format":"pdf","page":1`), 422, "page"},
		{"pages of a png", "/renders", render(`"pages":"1"`), 422, "pages"},
		{"pages in numbers", "/renders", render(`"format":"pdf","pages":1`), 422, "pages"},
		{"pages that are not there", "/renders", render(`"format":"pdf","pages":"1-2"`), 422, "pages"},
		{"quality of a png", "/renders", render(`"quality":80`), 422, "quality"},
		{"quality 0", "/renders", render(`"format":"jpeg","quality":0`), 422, "quality"},
		{"too much quality", "/renders", render(`"format":"jpeg","quality":101`), 422, "quality"},
		{"half a quality", "/renders", render(`"format":"jpeg","quality":80.5`), 422, "quality"},
		{"a transparent jpeg", "/renders", render(`"format":"jpeg","transparent":true`), 422, "transparent"},
		{"transparent in words", "/renders", render(`"transparent":"yes"`), 422, "transparent"},
		{"an optimized webp", "/renders", render(`"format":"webp","optimize":true`), 422, "optimize"},
		{"a transparent batch of jpegs", "/batches", `{"design":"` + x.design + `","format":"jpeg","transparent":true,"rows":[{"name":"a","accent":"#000"}]}`, 422, "transparent"},
		{"half a page", "/renders", render(`"page":1.5`), 422, "page"},
		{"version", "/renders", render(`"version":9`), 422, "version"},
		{"a version beyond count", "/renders", render(`"version":9999999999`), 422, "version"},
		{"an id in other words", "/renders", `{"design":"urn:uuid:` + x.design + `","variables":{"name":"a","accent":"#000"}}`, 422, "design"},
		{"a NUL in a value", "/renders", `{"design":"` + x.design + `","variables":{"name":"a\u0000b","accent":"#000"}}`, 422, "variables.name"},
		{"a NUL in a variable's name", "/renders", `{"design":"` + x.design + `","variables":{"name":"a","accent":"#000","b\u0000c":"x"}}`, 422, ""},
		{"a NUL in a row", "/batches", `{"design":"` + x.design + `","rows":[{"name":"a","accent":"#000","b\u0000c":"x"}]}`, 422, ""},
		{"async in words", "/renders", render(`"async":"yes"`), 422, "async"},
		{"no rows", "/batches", `{"design":"` + x.design + `","rows":[]}`, 422, "rows"},
		{"rows that are none", "/batches", `{"design":"` + x.design + `","rows":"a"}`, 422, "rows"},
		{"a row that is none", "/batches", `{"design":"` + x.design + `","rows":[{"name":"a","accent":"#000"},7]}`, 422, "rows[1]"},
		{"a row that lacks a value", "/batches", `{"design":"` + x.design + `","rows":[{"name":"a","accent":"#000"},{"name":"b"}]}`, 422, "rows[1].accent"},
		{"a row with a list", "/batches", `{"design":"` + x.design + `","rows":[{"name":[],"accent":"#000"}]}`, 422, "rows[0].name"},
		{"a webhook inside", "/batches", `{"design":"` + x.design + `","rows":[{"name":"a","accent":"#000"}],"webhook_url":"https://10.0.0.1"}`, 422, "webhook_url"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := s.api("POST", c.path, c.body)
			if c.status < 300 {
				got.want(t, c.status)
				return
			}
			p := got.problem(t, c.status)
			if c.field == "" {
				return
			}
			if len(p.Errors) == 0 || p.Errors[0].Field != c.field {
				t.Errorf("%+v does not name %s", p, c.field)
			}
		})
	}
	for _, q := range []string{"limit=0", "limit=101", "limit=x", "after=x"} {
		s.api("GET", "/designs?"+q, nil).problem(t, 400)
	}
	s.api("GET", "/designs/1", nil).problem(t, 404)
	s.api("POST", "/renders", render(`"page":1`), "Idempotency-Key", "\xff").problem(t, 422)
	s.do("POST", "/api/v1/designs", strings.NewReader("{}"), "Authorization", "Bearer "+s.key).problem(t, 415)
	if p := s.api("POST", "/designs", "{\n  \"name\" \"Card\"}").problem(t, 400); !strings.Contains(p.Detail, "line 2, column 10") {
		t.Errorf("the fault has no place: %s", p.Detail)
	}
}
