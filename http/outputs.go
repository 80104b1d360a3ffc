package http

import (
	"net/url"
	"strconv"

	"majestic/app"
	"majestic/http/views"
)

// outputBody is a file as it is asked for, of a render and of all in a batch.
type outputBody struct {
	Format      string   `json:"format"`
	Scale       *float64 `json:"scale"`
	Page        *int     `json:"page"`
	Pages       string   `json:"pages"`
	Quality     *int     `json:"quality"`
	Transparent bool     `json:"transparent"`
	Optimize    bool     `json:"optimize"`
}

func (in outputBody) output() (o app.Output, faults []app.Field) {
	o = app.Output{Format: in.Format, Pages: in.Pages, Transparent: in.Transparent, Optimize: in.Optimize}
	faults = given("scale", in.Scale, &o.Scale)
	faults = append(faults, given("page", in.Page, &o.Page)...)
	return o, append(faults, given("quality", in.Quality, &o.Quality)...)
}

// outputForm is a file as a form asks for it. The form shows only what the format
// has; what it sends of the rest counts as not said.
func outputForm(form url.Values) (o app.Output, err error) {
	o.Format = form.Get("format")
	var faults []app.Field
	whole := func(name string, to *int) {
		if form.Get(name) == "" {
			return
		}
		n, err := strconv.Atoi(form.Get(name))
		if err != nil {
			faults = append(faults, app.Field{Field: name, Message: "must be a whole number"})
			return
		}
		faults = append(faults, given(name, &n, to)...)
	}
	if o.Format == "pdf" {
		o.Pages = form.Get("pages")
	} else {
		whole("page", &o.Page)
		if o.Scale, err = strconv.ParseFloat(form.Get("scale"), 64); err != nil || o.Scale == 0 {
			faults = append(faults, app.Field{Field: "scale", Message: "must be from 0.1 to 4"})
		}
	}
	if app.HasQuality(o.Format) {
		whole("quality", &o.Quality)
	}
	o.Transparent = app.HasTransparency(o.Format) && form.Has("transparent")
	o.Optimize = o.Format == "png" && form.Has("optimize")
	if faults != nil {
		return o, invalid(faults...)
	}
	return o, nil
}

// typed is what a form has of a file that was asked for before.
func typed(o app.Output) views.Output {
	t := views.Output{
		Format: o.Format, Scale: strconv.FormatFloat(o.Scale, 'f', -1, 64), Page: strconv.Itoa(o.Page), Pages: o.Pages,
		Quality: strconv.Itoa(o.Quality), Transparent: o.Transparent, Optimize: o.Optimize,
	}
	if o.Quality == 0 {
		t.Quality = strconv.Itoa(app.DefaultQuality)
	}
	return t
}

// retyped is what was typed into the form, right or wrong.
func retyped(form url.Values) views.Output {
	return views.Output{
		Format: form.Get("format"), Scale: form.Get("scale"), Page: form.Get("page"), Pages: form.Get("pages"),
		Quality: form.Get("quality"), Transparent: form.Has("transparent"), Optimize: form.Has("optimize"),
	}
}

// given takes over a number that was written down; 0 would mean that it was not.
func given[T int | float64](name string, from, to *T) []app.Field {
	if from == nil {
		return nil
	}
	if *from == 0 {
		return []app.Field{{Field: name, Message: "must not be 0; leave it out for the default"}}
	}
	*to = *from
	return nil
}
