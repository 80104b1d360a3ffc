package views

import (
	"bytes"
	"encoding/json"
	"strings"

	"majestic/app"
)

// call is what a program sends for the same file, as one types it into a terminal.
// static/call.js writes the same while the form is filled in.
func call(d DesignPage) string {
	fields := []string{member("design", d.Design.ID)}
	var values []string
	for _, in := range d.Inputs {
		values = append(values, member(in.Name, in.Value))
	}
	fields = append(fields, quote("variables")+":{"+strings.Join(values, ",")+"}", member("format", d.Output.Format))
	number := func(name, value string) {
		if value != "" {
			fields = append(fields, quote(name)+":"+value)
		}
	}
	image := d.Output.Format != "pdf"
	if image {
		number("scale", d.Output.Scale)
	}
	if several := len(d.Design.Document.Pages) > 1; several && image {
		number("page", d.Output.Page)
	} else if several && d.Output.Pages != "" {
		fields = append(fields, member("pages", d.Output.Pages))
	}
	if app.HasQuality(d.Output.Format) {
		number("quality", d.Output.Quality)
	}
	if d.Output.Transparent && app.HasTransparency(d.Output.Format) {
		fields = append(fields, `"transparent":true`)
	}
	if d.Output.Optimize && d.Output.Format == "png" {
		fields = append(fields, `"optimize":true`)
	}
	body := strings.ReplaceAll("{"+strings.Join(fields, ",")+"}", "'", `'\''`)
	return "curl " + d.Address + ` \` + "\n" +
		`  -H "Authorization: Bearer $KEY" -H 'Content-Type: application/json' \` + "\n" +
		"  -d '" + body + "'"
}

func member(name, value string) string { return quote(name) + ":" + quote(value) }

// quote writes a text as JSON.stringify does.
func quote(s string) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.Encode(s) // a buffer takes all
	return strings.TrimSuffix(b.String(), "\n")
}
