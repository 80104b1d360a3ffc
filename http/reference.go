package http

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"majestic/app"
	"majestic/http/views"
)

// showReference explains the API with calls that work as they stand, but for the key:
// what they name is of the workspace.
func (s *Server) showReference(w http.ResponseWriter, r *http.Request, v visit) error {
	own, err := ownThings(r, v)
	if err != nil {
		return err
	}
	page := views.ReferencePage{Address: s.o.BaseURL + "/api/v1"}
	for _, tag := range s.api.Tags {
		section := views.ReferenceSection{Name: tag.Name, Text: tag.Description}
		for _, route := range s.routes() {
			method, path, _ := strings.Cut(route.pattern, " ")
			path, ours := strings.CutPrefix(path, "/api/v1")
			o := s.api.Paths[path][strings.ToLower(method)]
			if ours && slices.Contains(o.Tags, tag.Name) {
				section.Calls = append(section.Calls, views.ReferenceCall{
					ID: o.ID, Method: method, Path: path, Summary: o.Summary, Text: o.Description, Curl: own.curl(page.Address, method, path, o),
				})
			}
		}
		page.Sections = append(page.Sections, section)
	}
	return show(w, r, http.StatusOK, views.Reference(s.shellFor(v, "API"), page))
}

// things are what a workspace has, one of each by the noun of its path: the newest, or
// a word where there is none. The two rows are values of the design's variables.
type things struct {
	ids  map[string]string
	rows [2]string
}

func ownThings(r *http.Request, v visit) (own things, err error) {
	own.ids = map[string]string{}
	ctx, newest := r.Context(), app.PageRequest{Limit: 1}
	designs, err := v.Designs(ctx, newest)
	if err != nil {
		return own, err
	}
	var inputs []app.Input
	if len(designs.Data) > 0 {
		d, err := v.PublishedDesign(ctx, designs.Data[0].ID)
		if err != nil {
			return own, err
		}
		own.ids["designs"], inputs = d.ID, d.Document.Inputs()
	}
	renders, err := v.Renders(ctx, "", newest)
	if err != nil {
		return own, err
	}
	for _, r := range renders.Data {
		own.ids["renders"] = r.ID
	}
	batches, err := v.Batches(ctx, newest)
	if err != nil {
		return own, err
	}
	for _, b := range batches.Data {
		own.ids["batches"] = b.ID
	}
	assets, err := v.Assets(ctx, newest)
	if err != nil {
		return own, err
	}
	for _, a := range assets.Data {
		own.ids["assets"] = a.ID
	}
	fonts, err := v.Fonts(ctx, newest)
	if err != nil {
		return own, err
	}
	for _, f := range fonts.Data {
		own.ids["fonts"] = f.ID
	}
	webhooks, err := v.Webhooks(ctx, newest)
	if err != nil {
		return own, err
	}
	for _, w := range webhooks.Data {
		own.ids["webhooks"] = w.ID
		sent, err := v.Deliveries(ctx, w.ID, newest)
		if err != nil {
			return own, err
		}
		for _, d := range sent.Data {
			own.ids["deliveries"] = d.ID
		}
	}
	for i := range own.rows {
		own.rows[i] = own.row(inputs, i)
	}
	return own, nil
}

// row is values for a design, of which the texts differ from row to row.
func (t things) row(inputs []app.Input, i int) string {
	var fields []string
	for _, in := range inputs {
		value := in.Value
		switch {
		case in.Type == app.Image && t.ids["assets"] != "":
			value = t.ids["assets"]
		case in.Type == app.Image:
			value = "https://example.com/photo.jpg"
		case in.Type == app.Text && i > 0:
			value = fmt.Sprint(value, " ", i+1)
		}
		fields = append(fields, compact(in.Name)+":"+compact(value))
	}
	return "{" + strings.Join(fields, ",") + "}"
}

// curl is an operation as one types it into a terminal.
func (t things) curl(address, method, path string, o operation) string {
	noun, _, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	id := t.ids[noun]
	if id == "" || method == "DELETE" || method == "PUT" || method == "PATCH" { // what takes something away is not there to be pasted
		id = "ID"
	}
	query := url.Values{}
	headers := []string{`-H "Authorization: Bearer $KEY"`}
	for _, p := range o.Parameters {
		switch example := fmt.Sprint(p.Example); {
		case p.Example == nil:
		case p.In == "path" && p.Name != "id":
			path = strings.ReplaceAll(path, "{"+p.Name+"}", t.fill(example))
		case p.In == "query":
			query.Set(p.Name, t.fill(example))
		case p.In == "header":
			headers = append(headers, "-H '"+p.Name+": "+example+"'")
		}
	}
	at := address + strings.ReplaceAll(path, "{id}", id)
	if len(query) > 0 {
		at = "'" + at + "?" + query.Encode() + "'"
	}
	lines := []string{"curl " + option(method, o) + at}
	if form := o.RequestBody.Content["multipart/form-data"].Example; form != nil && o.RequestBody.Content["application/json"].Example == nil {
		lines = append(lines, strings.Join(headers, " "), t.form(form))
	} else if body := o.RequestBody.Content["application/json"].Example; body != nil {
		lines = append(lines, strings.Join(append(headers, "-H 'Content-Type: application/json'"), " "), "-d '"+strings.ReplaceAll(t.fill(compact(body)), "'", `'\''`)+"'")
	} else {
		lines = append(lines, strings.Join(headers, " "))
	}
	return strings.Join(lines, " \\\n  ")
}

// option is what curl must be told of the method, and of what to do with the answer.
func option(method string, o operation) string {
	files := map[string]string{"image/*": "picture.png", "font/*": "font.woff2", "application/zip": "pictures.zip"}
	for mediaType := range o.Responses["200"].Content {
		if file, ok := files[mediaType]; ok {
			return "-o " + file + " "
		}
		if mediaType == "text/event-stream" {
			return "-N "
		}
	}
	sends := o.RequestBody.Content["application/json"].Example != nil || o.RequestBody.Content["multipart/form-data"].Example != nil
	if method == http.MethodGet || method == http.MethodPost && sends {
		return ""
	}
	return "-X " + method + " "
}

// form is the fields of a form; @ is a file.
func (t things) form(example json.RawMessage) string {
	var fields map[string]string
	if err := json.Unmarshal(example, &fields); err != nil {
		panic(fmt.Errorf("openapi.json: an example of a form: %w", err)) // it is ours
	}
	var options []string
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		options = append(options, "-F "+name+"="+t.fill(fields[name]))
	}
	return strings.Join(options, " ")
}

// fill puts the workspace's things into an example.
func (t things) fill(example string) string {
	var own []string
	if design := t.ids["designs"]; design != "" {
		own = append(own, "DESIGN_ID", design, `{"name":"Ada"}`, t.rows[0], `{"name":"Bob"}`, t.rows[1])
	}
	if delivery := t.ids["deliveries"]; delivery != "" {
		own = append(own, "DELIVERY_ID", delivery)
	}
	return strings.NewReplacer(own...).Replace(example)
}

// compact is JSON on one line, with < and & as they are.
func compact(v any) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.Encode(v) // a buffer takes all
	return strings.TrimSuffix(b.String(), "\n")
}
