package canvas_test

import (
	"encoding/json"
	"strings"
	"testing"

	"majestic/app"
)

// testTemplates: with its sample, no text of a template leaves its box, is cut, or
// shrinks until the design has come apart.
func testTemplates(t *testing.T, c chrome) {
	for _, template := range app.Templates() {
		written := map[string]float64{}
		doc := template.Document
		for _, e := range doc.Pages[0].Elements {
			written[e.ID] = e.Size
		}
		for id, m := range c.measureWith(t, fitted(t, doc), template.Sample, nil) {
			if strings.HasSuffix(m.Text, "…") || m.Size < 0.7*written[id] || m.Left < -1 {
				t.Errorf("%s: %s is written at %v and drawn so: %+v", template.Slug, id, written[id], m)
			}
		}
	}
}

// fitted is a document whose texts all tell when they do not fit.
func fitted(t *testing.T, doc app.Document) string {
	t.Helper()
	var tree struct {
		Version int `json:"version"`
		Pages   []map[string]any
	}
	data, err := json.Marshal(doc)
	if err == nil {
		err = json.Unmarshal(data, &tree)
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range tree.Pages[0]["elements"].([]any) {
		if e := e.(map[string]any); e["type"] == app.Text && e["fit"] == nil {
			e["fit"] = app.FitEllipsis
		}
	}
	data, err = json.Marshal(map[string]any{"version": 1, "pages": tree.Pages})
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}
