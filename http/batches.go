package http

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"majestic/app"
)

// batchBody is a batch as it is asked for.
type batchBody struct {
	Design string           `json:"design"`
	Rows   []jsontext.Value `json:"rows"`
	outputBody
}

func (s *Server) createBatch(w http.ResponseWriter, r *http.Request, t app.Tenant) error {
	var in batchBody
	body, err := readJSON(w, r, maxBatchBody, &in)
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

func (s *Server) listBatchItems(w http.ResponseWriter, r *http.Request, t app.Tenant) error {
	page, err := pageOf(r)
	if err != nil {
		return err
	}
	items, err := t.BatchItems(r.Context(), r.PathValue("id"), page)
	if err != nil {
		return err
	}
	return s.writeRenders(w, items)
}

func (in batchBody) request() (app.BatchRequest, error) {
	q := app.BatchRequest{Design: in.Design, Rows: make([]map[string]string, 0, min(len(in.Rows), app.MaxBatchRows))}
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
