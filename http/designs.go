package http

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"majestic/app"
)

// designBody is a design as it is sent.
type designBody struct {
	Name     string         `json:"name"`
	Document jsontext.Value `json:"document"`
}

func (s *Server) listDesigns(w http.ResponseWriter, r *http.Request, t app.Tenant) error {
	page, err := pageOf(r)
	if err != nil {
		return err
	}
	designs, err := t.Designs(r.Context(), page)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, designs)
}

func (s *Server) createDesign(w http.ResponseWriter, r *http.Request, t app.Tenant) error {
	name, doc, body, err := readDesign(w, r)
	if err != nil {
		return err
	}
	once, err := onceOf(r, body)
	if err != nil {
		return err
	}
	d, err := t.CreateDesign(r.Context(), once, name, doc)
	if err != nil {
		return err
	}
	sayReplayed(w, once)
	w.Header().Set("Location", s.o.BaseURL+"/api/v1/designs/"+d.ID)
	return writeDesign(w, http.StatusCreated, d)
}

func (s *Server) getDesign(w http.ResponseWriter, r *http.Request, t app.Tenant) error {
	d, err := t.Design(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	return writeDesign(w, http.StatusOK, d)
}

func (s *Server) putDesign(w http.ResponseWriter, r *http.Request, t app.Tenant) error {
	seen, err := versionSeen(r)
	if err != nil {
		return err
	}
	name, doc, _, err := readDesign(w, r)
	if err != nil {
		return err
	}
	d, err := t.SaveDesign(r.Context(), r.PathValue("id"), seen, name, doc)
	if err != nil {
		return err
	}
	return writeDesign(w, http.StatusOK, d)
}

func (s *Server) listDesignVersions(w http.ResponseWriter, r *http.Request, t app.Tenant) error {
	page, err := pageOf(r)
	if err != nil {
		return err
	}
	versions, err := t.DesignVersions(r.Context(), r.PathValue("id"), page)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, versions)
}

func readDesign(w http.ResponseWriter, r *http.Request) (name string, doc app.Document, body []byte, err error) {
	var in designBody
	if body, err = readJSON(w, r, maxBody, &in); err != nil {
		return "", doc, nil, err
	}
	doc, err = parseDocument(in.Document)
	return in.Name, doc, body, err
}

// parseDocument reads the field document of a body.
func parseDocument(data jsontext.Value) (app.Document, error) {
	if data == nil {
		return app.Document{}, invalid(app.Field{Field: "document", Message: "is missing"})
	}
	doc, err := app.ParseDocument(data)
	return doc, within("document", err)
}

// writeDesign answers with a design; the ETag is what If-Match takes.
func writeDesign(w http.ResponseWriter, status int, d app.Design) error {
	w.Header().Set("ETag", strconv.Quote(strconv.Itoa(d.Version)))
	return writeJSON(w, status, d)
}

// versionSeen is the version that a save builds on: If-Match: "3".
func versionSeen(r *http.Request) (int, error) {
	match := r.Header.Get("If-Match")
	if match == "" {
		return 0, app.Errorf(app.Unconditional, `say which version you change: read the design and send its ETag, such as If-Match: "3"`)
	}
	digits, quoted := strings.CutPrefix(match, `"`)
	digits, closed := strings.CutSuffix(digits, `"`)
	version, err := strconv.Atoi(digits)
	if !quoted || !closed || err != nil || strconv.Itoa(version) != digits {
		return 0, app.Errorf(app.Malformed, `If-Match must be the design's ETag, a version in quotes such as "3", not %s`, match)
	}
	return version, nil
}
