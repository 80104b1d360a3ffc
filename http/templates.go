package http

import (
	"net/http"
	"strconv"
	"strings"

	"majestic/app"
	"majestic/http/views"
)

// showTemplates shows what a design can begin with.
func (s *Server) showTemplates(w http.ResponseWriter, r *http.Request, v visit) error {
	return s.templates(w, r, v, http.StatusOK, views.TemplatesPage{Width: "1200", Height: "630"})
}

// postDesign begins a design: from a template, or with an empty page.
func (s *Server) postDesign(w http.ResponseWriter, r *http.Request, v visit) error {
	if err := s.readForm(w, r); err != nil {
		return err
	}
	of, err := beginning(r)
	var d app.Design
	if err == nil {
		d, err = v.BeginDesign(r.Context(), of)
	}
	if refused(r, err) {
		said := s.note(w, r, err)
		page := views.TemplatesPage{Width: r.PostForm.Get("width"), Height: r.PostForm.Get("height"), Faults: map[string]string{}}
		for field, fault := range byField(said.fields) {
			page.Faults[strings.TrimPrefix(field, "pages[0].")] = fault
		}
		return s.templates(w, r, v, said.status, page)
	}
	if err != nil {
		return err
	}
	return seeOther(w, views.Workspace(v.here.Slug, "designs", d.ID, "edit"))
}

// beginning is the template that a form asks for, or one that is an empty page.
func beginning(r *http.Request) (t app.Template, err error) {
	if slug := r.PostForm.Get("template"); slug != "" {
		t, ok := app.FindTemplate(slug)
		if !ok {
			return t, app.Errorf(app.NotFound, "there is no such template; choose one of the page New design")
		}
		return t, nil
	}
	var faults []app.Field
	side := func(name string) int {
		n, err := strconv.Atoi(r.PostForm.Get(name))
		if err != nil {
			faults = append(faults, app.Field{Field: name, Message: "must be a whole number of pixels"})
		}
		return n
	}
	width, height := side("width"), side("height")
	if faults != nil {
		return t, invalid(faults...)
	}
	t.Name = "Untitled"
	t.Document, err = app.Blank(width, height)
	return t, err
}

func (s *Server) templates(w http.ResponseWriter, r *http.Request, v visit, status int, page views.TemplatesPage) error {
	for _, t := range app.Templates() {
		drawn, err := t.Document.Resolve(t.Sample)
		if err != nil {
			return err
		}
		page.Templates = append(page.Templates, views.DrawnTemplate{Template: t, Pages: drawn.Pages})
	}
	return show(w, r, status, views.Templates(s.easelFor(v, "New design"), page))
}
