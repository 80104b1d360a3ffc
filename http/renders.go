package http

import (
	"context"
	"net/http"

	"github.com/go-json-experiment/json/jsontext"

	"majestic/app"
	"majestic/http/views"
)

// renderBody is a render as it is asked for.
type renderBody struct {
	Design    string         `json:"design"`
	Version   *int           `json:"version"`
	Variables jsontext.Value `json:"variables"`
	outputBody
	Async bool `json:"async"`
}

func (s *Server) listRenders(w http.ResponseWriter, r *http.Request, t app.Tenant) error {
	page, err := pageOf(r)
	if err != nil {
		return err
	}
	renders, err := t.FindRenders(r.Context(), renderFilter(r), page)
	if err != nil {
		return err
	}
	plain := app.List[app.Render]{Data: []app.Render{}, Next: renders.Next}
	for _, r := range renders.Data {
		plain.Data = append(plain.Data, r.Render)
	}
	return s.writeRenders(w, plain)
}

// createRender waits a while for the render, so that most programs need to ask
// only once; one that takes longer is answered with where to ask again.
func (s *Server) createRender(w http.ResponseWriter, r *http.Request, t app.Tenant) error {
	var in renderBody
	body, err := readJSON(w, r, maxBody, &in)
	if err != nil {
		return err
	}
	once, err := onceOf(r, body)
	if err != nil {
		return err
	}
	request, err := in.request()
	if err != nil {
		return err
	}
	made, err := t.CreateRender(r.Context(), once, request)
	if err != nil {
		return err
	}
	if !in.Async && !made.Finished() {
		ctx, cancel := context.WithTimeout(r.Context(), s.o.Wait)
		defer cancel()
		err := t.FollowRender(ctx, s.o.Events, made.ID, func(now app.Render) error {
			made = now
			return nil
		})
		if err != nil {
			return err
		}
	}
	sayReplayed(w, once)
	w.Header().Set("Location", s.o.BaseURL+"/api/v1/renders/"+made.ID)
	status := http.StatusAccepted
	if made.Finished() && !in.Async {
		status = http.StatusCreated
	}
	return s.writeRender(w, status, made)
}

func (s *Server) getRender(w http.ResponseWriter, r *http.Request, t app.Tenant) error {
	made, err := t.Render(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	return s.writeRender(w, http.StatusOK, made)
}

func (s *Server) cancelRender(w http.ResponseWriter, r *http.Request, t app.Tenant) error {
	made, err := t.CancelRender(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	return s.writeRender(w, http.StatusOK, made)
}

func (s *Server) getRenderFile(w http.ResponseWriter, r *http.Request, t app.Tenant) error {
	made, f, err := t.OpenRender(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	defer f.Close()
	design, err := t.RenderedDesign(r.Context(), made)
	if err != nil {
		return err
	}
	return serveFile(w, r, file{content: f, name: fileName(design, made), mediaType: mediaType(made.Format), sha256: *made.SHA256, made: *made.FinishedAt})
}

func (s *Server) showRender(w http.ResponseWriter, r *http.Request, v visit) error {
	made, err := v.Render(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	d, err := v.RenderedDesign(r.Context(), made)
	if err != nil {
		return err
	}
	return show(w, r, http.StatusOK, views.Render(s.shellFor(v, "Render of "+d.Name), d, made))
}

// showRenders shows what was rendered in a workspace.
func (s *Server) showRenders(w http.ResponseWriter, r *http.Request, v visit) error {
	page := views.RendersPage{Filter: renderFilter(r)}
	if page.Filter.Design != "" {
		d, err := v.Design(r.Context(), page.Filter.Design)
		if err != nil {
			return err
		}
		page.Design = d.Name
	}
	renders, err := v.FindRenders(r.Context(), page.Filter, app.PageRequest{Limit: shown().Limit, After: r.URL.Query().Get("after")})
	if err != nil {
		return err
	}
	if page.Keep, err = v.KeepRenders(r.Context()); err != nil {
		return err
	}
	page.Renders = renders.Data
	if renders.Next != nil {
		page.Next = *renders.Next
	}
	return show(w, r, http.StatusOK, views.Renders(s.shellFor(v, "Renders"), page))
}

func (s *Server) postCancel(w http.ResponseWriter, r *http.Request, v visit) error {
	made, err := v.CancelRender(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	return seeOther(w, views.Workspace(v.here.Slug, "renders", made.ID))
}

func (s *Server) showRenderFile(w http.ResponseWriter, r *http.Request, v visit) error {
	return s.getRenderFile(w, r, v.Tenant)
}

// renderFilter reads which renders are wanted: ?design=&status=&format=.
func renderFilter(r *http.Request) app.RenderFilter {
	q := r.URL.Query()
	return app.RenderFilter{Design: q.Get("design"), Status: q.Get("status"), Format: q.Get("format")}
}

// request is the body with its defaults. What is written down counts as written:
// a scale of 0 is not one left out.
func (in renderBody) request() (app.RenderRequest, error) {
	vars, err := app.ParseVariables([]byte(in.Variables))
	if err != nil {
		return app.RenderRequest{}, err
	}
	q := app.RenderRequest{Design: in.Design, Variables: vars}
	faults := given("version", in.Version, &q.Version)
	var more []app.Field
	q.Output, more = in.output()
	if faults = append(faults, more...); faults != nil {
		return q, invalid(faults...)
	}
	return q, nil
}

func (s *Server) writeRender(w http.ResponseWriter, status int, r app.Render) error {
	s.link(&r)
	return writeJSON(w, status, r)
}

func (s *Server) writeRenders(w http.ResponseWriter, l app.List[app.Render]) error {
	for i := range l.Data {
		s.link(&l.Data[i])
	}
	return writeJSON(w, http.StatusOK, l)
}

// link adds the address of the file to a render that has one.
func (s *Server) link(r *app.Render) {
	if r.Status == app.Succeeded {
		url := FileURL(s.o.BaseURL, r.ID)
		r.FileURL = &url
	}
}

// FileURL is where programs find the file of a render.
func FileURL(base, render string) string { return base + "/api/v1/renders/" + render + "/file" }

func mediaType(format string) string {
	if format == "pdf" {
		return "application/pdf"
	}
	return "image/" + format
}

// fileName is what a person finds in the downloads.
func fileName(d app.Design, r app.Render) string { return d.Name + r.Extension() }
