package http

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"majestic/app"
	"majestic/http/views"
)

// showDesign shows a design filled in as it was last rendered.
func (s *Server) showDesign(w http.ResponseWriter, r *http.Request, v visit) error {
	d, err := v.Design(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	last, err := v.Renders(r.Context(), d.ID, app.PageRequest{Limit: 1})
	if err != nil {
		return err
	}
	q := app.RenderRequest{Format: "png", Scale: 1}
	if len(last.Data) > 0 {
		q = app.RenderRequest{Variables: last.Data[0].Variables, Format: last.Data[0].Format, Scale: last.Data[0].Scale}
	}
	return s.writeStudio(w, r, v, http.StatusOK, d, q, nil)
}

// showCanvas draws a design with the values of a form that is being filled in.
func (s *Server) showCanvas(w http.ResponseWriter, r *http.Request, v visit) error {
	d, err := v.Design(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	pages, err := draw(d.Document, variables(r.URL.Query()))
	if err != nil {
		return err
	}
	return show(w, r, http.StatusOK, views.Drawing(pages, s.images(v)))
}

// postRender renders a design as its form was filled in. What is wrong is shown
// in the form, which keeps what was typed.
func (s *Server) postRender(w http.ResponseWriter, r *http.Request, v visit) error {
	if err := s.readForm(w, r); err != nil {
		return err
	}
	d, err := v.Design(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	q := app.RenderRequest{Design: d.ID, Version: d.Version, Variables: variables(r.PostForm), Format: r.PostForm.Get("format")}
	var made app.Render
	if q.Scale, err = strconv.ParseFloat(r.PostForm.Get("scale"), 64); err != nil || q.Scale == 0 {
		err = invalid(app.Field{Field: "scale", Message: "must be from 0.1 to 4"})
	} else {
		made, err = v.CreateRender(r.Context(), nil, q)
	}
	var e *app.Error
	if errors.As(err, &e) && e.Kind == app.Invalid && !wantsProblem(r) {
		entryOf(r).err = err
		return s.writeStudio(w, r, v, http.StatusUnprocessableEntity, d, q, e)
	}
	if err != nil {
		return err
	}
	return seeOther(w, views.Workspace(v.here.Slug, "renders", made.ID))
}

func (s *Server) writeStudio(w http.ResponseWriter, r *http.Request, v visit, status int, d app.Design, q app.RenderRequest, wrong *app.Error) error {
	renders, err := v.Renders(r.Context(), d.ID, app.PageRequest{Limit: 24})
	if err != nil {
		return err
	}
	pages, _ := draw(d.Document, q.Variables)
	page := views.DesignPage{
		Design: d, Pages: pages, Images: s.images(v), Renders: renders.Data,
		Format: q.Format, Scale: strconv.FormatFloat(q.Scale, 'f', -1, 64),
	}
	known := []string{"format", "scale"}
	for _, in := range d.Document.Inputs() {
		if value, ok := q.Variables[in.Name]; ok {
			in.Value = value
		}
		page.Inputs = append(page.Inputs, views.Input{Input: in})
		known = append(known, "variables."+in.Name)
	}
	if wrong != nil {
		page.Faults = byField(wrong.Fields)
		for i, in := range page.Inputs {
			page.Inputs[i].Fault = page.Faults["variables."+in.Name]
		}
		if !slices.ContainsFunc(wrong.Fields, func(f app.Field) bool { return slices.Contains(known, f.Field) }) {
			page.Message = sentence(wrong.Message)
			for _, f := range wrong.Fields {
				page.Message += " " + sentence(f.Message)
			}
		}
	}
	return show(w, r, status, views.Design(s.shellFor(v, d.Name), page))
}

func (s *Server) showRender(w http.ResponseWriter, r *http.Request, v visit) error {
	made, err := v.Render(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	d, err := v.Design(r.Context(), made.DesignID)
	if err != nil {
		return err
	}
	return show(w, r, http.StatusOK, views.Render(s.shellFor(v, "Render of "+d.Name), d, made))
}

func (s *Server) showRenderFile(w http.ResponseWriter, r *http.Request, v visit) error {
	return s.getRenderFile(w, r, v.Tenant)
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
