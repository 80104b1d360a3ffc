package http

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"majestic/app"
	"majestic/http/views"
)

// showDesign shows what is published of a design, filled in as it was last rendered, or with its samples.
func (s *Server) showDesign(w http.ResponseWriter, r *http.Request, v visit) error {
	d, err := v.PublishedDesign(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	renders, err := v.Renders(r.Context(), d.ID, shown())
	if err != nil {
		return err
	}
	last := app.Render{Output: app.Output{Format: "png", Scale: 1, Page: 1}}
	// What somebody out there has opened at an address is not what was filled in here.
	if i := slices.IndexFunc(renders.Data, func(r app.Render) bool { return !r.Linked }); i >= 0 {
		last = renders.Data[i]
	} else {
		samples, err := v.Samples(r.Context(), d.ID)
		if err != nil {
			return err
		}
		last.Variables = samples.First()
	}
	page := s.studio(v, d, last.Variables, typed(last.Output), renders.Data)
	values := map[string]string{}
	for _, in := range page.Inputs {
		values[in.Name] = in.Value
	}
	if page.Link, err = s.linkTo(r.Context(), v, d, values, linkable(d.Document, last.Output)); err != nil {
		return err
	}
	return show(w, r, http.StatusOK, views.Design(s.easelFor(v, d.Name), page))
}

// showCanvas draws a design with the values of a form that is being filled in.
func (s *Server) showCanvas(w http.ResponseWriter, r *http.Request, v visit) error {
	d, err := v.PublishedDesign(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	drawn, err := d.Document.Preview(variables(r.URL.Query()))
	if err != nil {
		return err
	}
	return show(w, r, http.StatusOK, views.Drawing(drawn.Pages, s.images(v)))
}

// postRender renders a design as its form was filled in. What is wrong is shown
// in the form, which keeps what was typed.
func (s *Server) postRender(w http.ResponseWriter, r *http.Request, v visit) error {
	if err := s.readForm(w, r); err != nil {
		return err
	}
	d, err := v.PublishedDesign(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	q := app.RenderRequest{Design: d.ID, Version: d.Rendered(), Variables: variables(r.PostForm)}
	var made app.Render
	if q.Output, err = outputForm(r.PostForm); err == nil {
		made, err = v.CreateRender(r.Context(), nil, q)
	}
	var e *app.Error
	if errors.As(err, &e) && e.Kind == app.Invalid && !wantsProblem(r) {
		entryOf(r).err = err
		renders, err := v.Renders(r.Context(), d.ID, shown())
		if err != nil {
			return err
		}
		page := s.studio(v, d, q.Variables, retyped(r.PostForm), renders.Data)
		blame(&page, e)
		return show(w, r, http.StatusUnprocessableEntity, views.Design(s.easelFor(v, d.Name), page))
	}
	if err != nil {
		return err
	}
	return seeOther(w, views.Workspace(v.here.Slug, "renders", made.ID))
}

// shown is how many of a design's renders its page shows.
func shown() app.PageRequest { return app.PageRequest{Limit: 24} }

// studio is the page of a design with its form filled in.
func (s *Server) studio(v visit, d app.Design, variables map[string]string, output views.Output, renders []app.Render) views.DesignPage {
	drawn, _ := d.Document.Preview(variables)
	page := views.DesignPage{
		Design: d, Pages: drawn.Pages, Images: s.images(v), Renders: renders, Output: output, Edits: v.edits(), Address: s.o.BaseURL + "/api/v1/renders",
	}
	for _, in := range d.Document.Inputs() {
		if value, ok := variables[in.Name]; ok {
			in.Value = value
		}
		page.Inputs = append(page.Inputs, views.Input{Input: in})
	}
	return page
}

// blame puts what is wrong beside the inputs, and what has none above the form.
func blame(page *views.DesignPage, wrong *app.Error) {
	page.Faults = byField(wrong.Fields)
	placed := 0
	for i, in := range page.Inputs {
		page.Inputs[i].Fault = page.Faults["variables."+in.Name]
	}
	for _, f := range wrong.Fields {
		known := slices.Contains(views.OutputFields(), f.Field)
		for _, in := range page.Inputs {
			known = known || f.Field == "variables."+in.Name
		}
		if known {
			placed++
		} else {
			page.Message += sentence(f.Message) + " "
		}
	}
	if placed == 0 {
		page.Message = sentence(wrong.Message) + " " + page.Message
	}
}

// variables are the values of a form's inputs named var.NAME.
func variables(form url.Values) map[string]string {
	values := map[string]string{}
	for name := range form {
		if v, ok := strings.CutPrefix(name, "var."); ok {
			values[v] = form.Get(name)
		}
	}
	return values
}
