package http

import (
	"encoding/json"
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

// linkedDesign is a design as it is read by itself.
type linkedDesign struct {
	app.Design
	LinkKey string `json:"link_key,omitempty"` // none for who may only look
}

// publishBody says which version is published; null is the newest, whichever that is.
type publishBody struct {
	Version jsontext.Value `json:"version"`
}

func (s *Server) listDesigns(w http.ResponseWriter, r *http.Request, t app.Tenant) error {
	page, err := pageOf(r)
	if err != nil {
		return err
	}
	f, err := designFilter(r)
	if err != nil {
		return err
	}
	designs, err := t.FindDesigns(r.Context(), f, page)
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
	w.Header().Set("ETag", designTag(d))
	if r.Header.Get("If-None-Match") == designTag(d) {
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	key, err := t.LinkKey(r.Context(), d.ID)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, linkedDesign{d, key})
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

// deleteDesign takes If-Match, and needs none: what is deleted is not written over.
func (s *Server) deleteDesign(w http.ResponseWriter, r *http.Request, t app.Tenant) error {
	seen, err := versionSeenIfAny(r)
	if err != nil {
		return err
	}
	if err := t.DeleteDesign(r.Context(), r.PathValue("id"), seen); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (s *Server) publishDesign(w http.ResponseWriter, r *http.Request, t app.Tenant) error {
	seen, err := versionSeenIfAny(r)
	if err != nil {
		return err
	}
	var in publishBody
	body, err := readJSON(w, r, maxBody, &in)
	if err != nil {
		return err
	}
	once, err := onceOf(r, body)
	if err != nil {
		return err
	}
	version, err := in.version()
	if err != nil {
		return err
	}
	d, err := t.PublishDesign(r.Context(), once, r.PathValue("id"), version, seen)
	if err != nil {
		return err
	}
	sayReplayed(w, once)
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

func (s *Server) getDesignVersion(w http.ResponseWriter, r *http.Request, t app.Tenant) error {
	version, err := versionIn(r)
	if err != nil {
		return err
	}
	past, err := t.PastDesign(r.Context(), r.PathValue("id"), version)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, past)
}

// version is null or a number, and not left out: nobody unpublishes by a slip.
func (in publishBody) version() (*int, error) {
	if in.Version == nil {
		return nil, invalid(app.Field{Field: "version", Message: "is missing; a number, or null for the newest, whichever that is"})
	}
	var version *int
	if err := json.Unmarshal(in.Version, &version); err != nil {
		return nil, invalid(app.Field{Field: "version", Message: "must be a number, or null for the newest, whichever that is"})
	}
	return version, nil
}

// designFilter reads which designs are wanted: ?q=&archived=true&sort=name.
func designFilter(r *http.Request) (f app.DesignFilter, err error) {
	q := r.URL.Query()
	var faults []app.Field
	choice := func(name, no, yes string) bool {
		value := q.Get(name)
		if value != "" && value != no && value != yes {
			faults = append(faults, app.Field{Field: name, Message: "must be " + no + " or " + yes})
		}
		return value == yes
	}
	f = app.DesignFilter{Name: q.Get("q"), Archived: choice("archived", "false", "true"), ByName: choice("sort", "newest", "name")}
	if faults != nil {
		return f, &app.Error{Kind: app.Malformed, Message: "the address asks for something that is not there", Fields: faults}
	}
	return f, nil
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
	w.Header().Set("ETag", designTag(d))
	return writeJSON(w, status, d)
}

func designTag(d app.Design) string { return strconv.Quote(strconv.Itoa(d.Version)) }

// versionSeenIfAny is nil where a change says nothing of what it builds on.
func versionSeenIfAny(r *http.Request) (*int, error) {
	if r.Header.Get("If-Match") == "" {
		return nil, nil
	}
	seen, err := versionSeen(r)
	return &seen, err
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
