package http

import (
	"cmp"
	"fmt"
	"net/http"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"majestic/app"
	"majestic/http/views"
)

// batchBody is a batch as it is asked for.
type batchBody struct {
	Design      string           `json:"design"`
	Rows        []jsontext.Value `json:"rows"`
	FileNames   string           `json:"file_names"`
	SkipBadRows bool             `json:"skip_bad_rows"`
	WebhookURL  string           `json:"webhook_url"`
	outputBody
}

func (s *Server) listBatches(w http.ResponseWriter, r *http.Request, t app.Tenant) error {
	page, err := pageOf(r)
	if err != nil {
		return err
	}
	batches, err := t.Batches(r.Context(), page)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, batches)
}

func (s *Server) createBatch(w http.ResponseWriter, r *http.Request, t app.Tenant) error {
	request, body, err := readBatch(w, r)
	if err != nil {
		return err
	}
	once, err := onceOf(r, body)
	if err != nil {
		return err
	}
	b, err := t.CreateBatch(r.Context(), once, request)
	if err != nil {
		return err
	}
	sayReplayed(w, once)
	w.Header().Set("Location", s.o.BaseURL+"/api/v1/batches/"+b.ID)
	return writeJSON(w, http.StatusAccepted, b)
}

func (s *Server) getBatch(w http.ResponseWriter, r *http.Request, t app.Tenant) error {
	b, err := t.Batch(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, b)
}

func (s *Server) cancelBatch(w http.ResponseWriter, r *http.Request, t app.Tenant) error {
	b, err := t.CancelBatch(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, b)
}

func (s *Server) retryBatch(w http.ResponseWriter, r *http.Request, t app.Tenant) error {
	once, err := onceOfEmpty(w, r)
	if err != nil {
		return err
	}
	b, err := t.RetryBatch(r.Context(), once, r.PathValue("id"))
	if err != nil {
		return err
	}
	sayReplayed(w, once)
	w.Header().Set("Location", s.o.BaseURL+"/api/v1/batches/"+b.ID)
	return writeJSON(w, http.StatusAccepted, b)
}

func (s *Server) listBatchItems(w http.ResponseWriter, r *http.Request, t app.Tenant) error {
	page, err := pageOf(r)
	if err != nil {
		return err
	}
	items, err := t.FindBatchItems(r.Context(), r.PathValue("id"), r.URL.Query().Get("status"), page)
	if err != nil {
		return err
	}
	return s.writeRenders(w, items)
}

// batchesPage is how many are listed at once.
const batchesPage = 50

func (s *Server) showBatches(w http.ResponseWriter, r *http.Request, v visit) error {
	batches, err := v.Batches(r.Context(), app.PageRequest{Limit: batchesPage, After: r.URL.Query().Get("after")})
	if err != nil {
		return err
	}
	return show(w, r, http.StatusOK, views.Batches(s.shellFor(v, "Batches"), batches.Data, nextOf(batches)))
}

func (s *Server) showBatch(w http.ResponseWriter, r *http.Request, v visit) error {
	id, page, list := r.PathValue("id"), shown(), v.BatchItems
	page.After = r.URL.Query().Get("after")
	failed := r.URL.Query().Get("show") == app.Failed
	if failed {
		list = v.FailedItems
	}
	now, err := v.Progress(r.Context(), id)
	if err != nil {
		return err
	}
	rows, err := list(r.Context(), id, page)
	if err != nil {
		return err
	}
	return show(w, r, http.StatusOK, views.Batch(s.shellFor(v, cmp.Or(now.DesignName, "Batch")), views.BatchPage{Progress: now, Rows: rows.Data, Failed: failed, Next: nextOf(rows)}))
}

func (s *Server) postBatchCancel(w http.ResponseWriter, r *http.Request, v visit) error {
	b, err := v.CancelBatch(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	return seeOther(w, views.Workspace(v.here.Slug, "batches", b.ID))
}

func (s *Server) postRetry(w http.ResponseWriter, r *http.Request, v visit) error {
	b, err := v.RetryBatch(r.Context(), nil, r.PathValue("id"))
	if err != nil {
		return err
	}
	return seeOther(w, views.Workspace(v.here.Slug, "batches", b.ID))
}

// nextOf is where a list goes on, "" on its last page.
func nextOf[T any](l app.List[T]) string {
	if l.Next == nil {
		return ""
	}
	return *l.Next
}

// readBatch reads a batch, of rows as JSON or of a table, and what of the body counts.
func readBatch(w http.ResponseWriter, r *http.Request) (q app.BatchRequest, body []byte, err error) {
	if isTable(r) {
		sent, err := readTable(w, r)
		if err != nil {
			return q, nil, err
		}
		q, err = sent.request()
		return q, sent.sum(), err
	}
	var in batchBody
	if body, err = readJSON(w, r, maxBatchBody, &in); err != nil {
		return q, nil, err
	}
	q, err = in.request()
	return q, body, err
}

func (in batchBody) request() (app.BatchRequest, error) {
	q := app.BatchRequest{Design: in.Design, FileNames: in.FileNames, SkipBadRows: in.SkipBadRows, WebhookURL: in.WebhookURL, Rows: make([]map[string]string, 0, min(len(in.Rows), app.MaxBatchRows))}
	var faults []app.Field
	if q.Output, faults = in.output(); faults != nil {
		return q, invalid(faults...)
	}
	if len(in.Rows) > app.MaxBatchRows {
		return q, invalid(app.Field{Field: "rows", Message: fmt.Sprintf("has %d rows; at most %d are allowed in one batch", len(in.Rows), app.MaxBatchRows)})
	}
	for i, raw := range in.Rows {
		row, err := app.ParseVariables([]byte(raw))
		if err != nil {
			return q, inRow(i, err)
		}
		q.Rows = append(q.Rows, row)
	}
	return q, nil
}

// inRow puts the fields of an error into the row they are of.
func inRow(i int, err error) error {
	row := fmt.Sprintf("rows[%d]", i)
	if e, ok := err.(*app.Error); ok {
		for j, f := range e.Fields {
			e.Fields[j].Field = row + strings.TrimPrefix(f.Field, "variables")
		}
	}
	return err
}
