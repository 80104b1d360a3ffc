package http

import (
	"net/http"

	"github.com/go-json-experiment/json/jsontext"

	"majestic/app"
	"majestic/http/views"
)

// drawBody is a document that is being changed, with the sample values that it is shown with.
type drawBody struct {
	Document  jsontext.Value    `json:"document"`
	Variables map[string]string `json:"variables"`
}

// editor opens a workspace to those who may change what is in it.
func (s *Server) editor(h func(http.ResponseWriter, *http.Request, visit) error) handler {
	return s.member(func(w http.ResponseWriter, r *http.Request, v visit) error {
		if !v.edits() {
			return app.Errorf(app.Forbidden, "you may look at this workspace and not change it; ask its owner to make you an editor")
		}
		return h(w, r, v)
	})
}

// edits tells whether the visitor may change designs.
func (v visit) edits() bool { return v.here.Role != "viewer" }

// showEditor shows the page on which a design is made. Who may only look gets
// the page that fills it in.
func (s *Server) showEditor(w http.ResponseWriter, r *http.Request, v visit) error {
	d, err := v.Design(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	if !v.edits() {
		return seeOther(w, views.Workspace(v.here.Slug, "designs", d.ID))
	}
	own, err := v.FontFaces(r.Context())
	if err != nil {
		return err
	}
	samples, err := v.Samples(r.Context(), d.ID)
	if err != nil {
		return err
	}
	drawn, _ := samples.Preview(d.Document)
	return show(w, r, http.StatusOK, views.Editor(s.easelFor(v, d.Name), views.EditorPage{
		Design: d, Samples: samples, Pages: drawn.Pages, Images: s.images(v), Families: views.FamiliesOf(app.Families(), own),
	}))
}

// drawDocument draws what is in the editor.
func (s *Server) drawDocument(w http.ResponseWriter, r *http.Request, v visit) error {
	if _, err := v.Design(r.Context(), r.PathValue("id")); err != nil {
		return err
	}
	var in drawBody
	if _, err := readJSON(w, r, maxBody, &in); err != nil {
		return err
	}
	doc, err := parseDocument(in.Document)
	if err != nil {
		return err
	}
	drawn, err := doc.Preview(in.Variables)
	if err != nil {
		return err
	}
	return show(w, r, http.StatusOK, views.Canvases(drawn.Pages, s.images(v)))
}

func (s *Server) saveDesign(w http.ResponseWriter, r *http.Request, v visit) error {
	return s.putDesign(w, r, v.Tenant)
}

// copyDesign keeps as a design of its own what cannot be saved over another's work.
func (s *Server) copyDesign(w http.ResponseWriter, r *http.Request, v visit) error {
	name, doc, _, err := readDesign(w, r)
	if err != nil {
		return err
	}
	d, err := v.CopyDesign(r.Context(), r.PathValue("id"), name, doc)
	if err != nil {
		return err
	}
	return writeDesign(w, http.StatusCreated, d)
}

// saveSamples keeps the values that a design is shown with in the editor.
func (s *Server) saveSamples(w http.ResponseWriter, r *http.Request, v visit) error {
	var in app.Samples
	if _, err := readJSON(w, r, maxBody, &in); err != nil {
		return err
	}
	if err := v.KeepSamples(r.Context(), r.PathValue("id"), in); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (s *Server) showAssets(w http.ResponseWriter, r *http.Request, v visit) error {
	return s.listAssets(w, r, v.Tenant)
}

func (s *Server) uploadAsset(w http.ResponseWriter, r *http.Request, v visit) error {
	return s.createAsset(w, r, v.Tenant)
}
