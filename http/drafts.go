package http

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"majestic/app"
	"majestic/http/views"
)

func (s *Server) showUpload(w http.ResponseWriter, r *http.Request, v visit) error {
	d, err := v.Design(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	return s.uploadPage(w, r, v, http.StatusOK, views.UploadPage{Design: d})
}

// postUpload keeps a table to be looked at. One that cannot be read is said on the page.
func (s *Server) postUpload(w http.ResponseWriter, r *http.Request, v visit) error {
	d, err := v.Design(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	sent, err := readTable(w, r)
	var made app.Draft
	if err == nil {
		if text := sent.fields.Get("text"); len(sent.data) == 0 {
			sent.name, sent.data = "pasted.csv", []byte(text)
		}
		made, err = v.CreateDraft(r.Context(), d.ID, sent.name, sent.data)
	}
	var e *app.Error
	if mine := []app.Kind{app.Malformed, app.Invalid, app.TooLarge}; errors.As(err, &e) && slices.Contains(mine, e.Kind) && !wantsProblem(r) {
		entryOf(r).err = err
		return s.uploadPage(w, r, v, statusOf(err), views.UploadPage{Design: d, Text: sent.fields.Get("text"), Message: sentence(e.Message)})
	}
	if err != nil {
		return err
	}
	return seeOther(w, views.Workspace(v.here.Slug, "drafts", made.ID))
}

func (s *Server) showDraft(w http.ResponseWriter, r *http.Request, v visit) error {
	d, err := v.Draft(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	return s.draftPage(w, r, v, http.StatusOK, d, r.URL.Query(), nil)
}

// showBadRows sends the rows that do not fit as a table.
func (s *Server) showBadRows(w http.ResponseWriter, r *http.Request, v visit) error {
	d, err := v.Draft(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	var b bytes.Buffer
	if err := v.WriteBadRows(r.Context(), d, mapping(d, r.URL.Query()), &b); err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "text/csv; charset=utf-8")
	h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": "mend " + d.Name}))
	h.Set("Content-Length", strconv.Itoa(b.Len()))
	w.Write(b.Bytes())
	return nil
}

// postBatch makes the batch. The same form, sent twice, makes one.
func (s *Server) postBatch(w http.ResponseWriter, r *http.Request, v visit) error {
	if err := s.readForm(w, r); err != nil {
		return err
	}
	d, err := v.Draft(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	q := app.BatchRequest{Mapping: mapping(d, r.PostForm), FileNames: r.PostForm.Get("file_names"), SkipBadRows: r.PostForm.Has("skip_bad_rows")}
	var made app.Batch
	if q.Output, err = outputForm(r.PostForm); err == nil {
		sum := sha256.Sum256([]byte(r.PostForm.Encode()))
		once := &app.Once{Key: d.ID + " " + hex.EncodeToString(sum[:]), Method: r.Method, Path: r.URL.Path, Body: sum}
		made, err = v.CreateBatchOf(r.Context(), once, d, q)
	}
	var e *app.Error
	if errors.As(err, &e) && e.Kind == app.Invalid && !wantsProblem(r) {
		entryOf(r).err = err
		return s.draftPage(w, r, v, http.StatusUnprocessableEntity, d, r.PostForm, e)
	}
	if err != nil {
		return err
	}
	return seeOther(w, views.Workspace(v.here.Slug, "batches", made.ID))
}

func (s *Server) uploadPage(w http.ResponseWriter, r *http.Request, v visit, status int, page views.UploadPage) error {
	page.Variables = page.Design.Document.Variables()
	return show(w, r, status, views.Upload(s.shellFor(v, "Render many"), page))
}

// draftPage shows a draft as its form says, with what is wrong with that.
func (s *Server) draftPage(w http.ResponseWriter, r *http.Request, v visit, status int, d app.Draft, form url.Values, wrong *app.Error) error {
	page := views.DraftPage{
		Draft: d, Images: s.images(v), Query: form.Encode(), Faults: map[string]string{},
		Output: typed(app.Output{Format: "png", Scale: 1, Page: 1}), FileNames: cmp.Or(form.Get("file_names"), "{row}"),
	}
	if form.Has("format") {
		page.Output = retyped(form)
	}
	page.Row, _ = strconv.Atoi(form.Get("row"))
	page.Row = min(max(page.Row, 1), d.Total)
	m := mapping(d, form)
	var faults []app.Field
	note := func(err error) error {
		e, ok := errors.AsType[*app.Error](err)
		if !ok || e.Kind != app.Invalid {
			return err
		}
		if len(e.Fields) == 0 {
			page.Message = sentence(e.Message)
		}
		faults = append(faults, e.Fields...)
		return nil
	}
	if wrong != nil {
		note(wrong)
	}
	output, err := outputForm(form)
	if form.Has("format") {
		if err == nil {
			output, err = d.Document.Output(output)
		}
		if err := note(err); err != nil {
			return err
		}
	}
	found, err := v.Inspect(r.Context(), d, m)
	if err == nil {
		page.Found = &found
	} else if err = note(err); err != nil {
		return err
	}
	row, err := v.DraftRow(r.Context(), d, m, page.Row)
	if err != nil {
		return err
	}
	page.FileName, err = d.FileName(page.FileNames, cmp.Or(output.Format, "png"), page.Row, row)
	if err := note(err); err != nil {
		return err
	}
	if drawn, err := d.Document.Preview(row); err == nil {
		page.Pages = drawn.Pages
	}
	for _, f := range faults {
		page.Faults[f.Field] = sentence(f.Message)
	}
	for _, in := range d.Document.Inputs() {
		if value, given := form["var."+in.Name]; given {
			in.Value = value[0]
		}
		page.Sources = append(page.Sources, views.Source{Input: in, Column: m.Columns[in.Name], Fault: page.Faults["variables."+in.Name]})
	}
	return show(w, r, status, views.Draft(s.easelFor(v, "Render many"), page))
}

// mapping is where a form says that the variables come from. One that says nothing
// leaves it to the names of the columns.
func mapping(d app.Draft, form url.Values) app.Mapping {
	m := app.MatchColumns(d.Document.Variables(), d.Columns)
	m.Values = map[string]string{}
	for name := range form {
		v, ok := strings.CutPrefix(name, "from.")
		switch column := form.Get(name); {
		case !ok:
		case column != "":
			m.Columns[v] = column
		default:
			delete(m.Columns, v)
			m.Values[v] = form.Get("var." + v)
		}
	}
	return m
}
