package http

import (
	"net/http"

	"majestic/app"
	"majestic/app/sfnt"
)

// programLimits are what a program is held to.
type programLimits struct {
	RequestsPerSecond float64 `json:"requests_per_second"` // of each key; 0 is any
	DocumentBytes     int     `json:"document_bytes"`
	AssetBytes        int     `json:"asset_bytes"`
	FontBytes         int     `json:"font_bytes"`
	Fonts             int     `json:"fonts"`
	BatchRows         int     `json:"batch_rows"`
	BatchBytes        int     `json:"batch_bytes"`
}

// getAccount tells a program whose key it has, and what that may do.
func (s *Server) getAccount(w http.ResponseWriter, r *http.Request, t app.Tenant) error {
	p, err := t.Program(r.Context())
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, struct {
		app.Program
		Limits  programLimits `json:"limits"`
		Version string        `json:"version"`
		Release string        `json:"release"`
	}{p, programLimits{
		RequestsPerSecond: max(0, s.o.RateLimit), DocumentBytes: app.MaxDocumentBytes, AssetBytes: app.MaxAssetBytes,
		FontBytes: sfnt.MaxBytes, Fonts: app.MaxFonts, BatchRows: app.MaxBatchRows, BatchBytes: maxBatchBody,
	}, s.o.Version, s.o.Release})
}

func (s *Server) getUsage(w http.ResponseWriter, r *http.Request, t app.Tenant) error {
	u, err := t.Usage(r.Context(), r.URL.Query().Get("from"), r.URL.Query().Get("to"))
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, u)
}
