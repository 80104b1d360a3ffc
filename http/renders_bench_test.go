package http_test

import (
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"

	"majestic/app"
	"majestic/app/apptest"
	"majestic/app/logs"
	ours "majestic/http"
)

// GET /renders/{id} by eight clients, in turns with a bare handler that reads the same
// row behind the same wall and writes it: what all the rest costs.
//
//	go test -run xxx -bench GetRender -benchtime 10x ./http
func BenchmarkGetRender(b *testing.B) {
	s := newSite(b, func(o *ours.Options) {
		o.RateLimit, o.Log = 0, logs.New(io.Discard, logs.Options{Level: slog.LevelInfo, JSON: true})
	})
	d, err := s.tenant.CreateDesign(b.Context(), nil, "Card", apptest.Document(b, "country-card.json"))
	if err != nil {
		b.Fatal(err)
	}
	r, err := s.tenant.CreateRender(b.Context(), nil, app.RenderRequest{Design: d.ID, Variables: apptest.Countries(b)[0]})
	if err != nil {
		b.Fatal(err)
	}
	role := s.pool.Config().ConnConfig.Database + "_tenant"
	bare := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		batch := &pgx.Batch{}
		batch.Queue(`SELECT set_config('role', $1, true), set_config('app.tenant', $2, true)`, role, s.tenant.ID())
		batch.Queue(`
			SELECT id, status, design_id, design_version, batch_id, row, variables, format, scale, page, pages, quality, transparent, optimize,
				width, height, bytes, sha256, error, release, cached, fingerprint, created_at, finished_at, link IS NOT NULL AS linked, thumbnail
			FROM renders WHERE id = $1`, r.ID)
		results := s.pool.SendBatch(q.Context(), batch)
		defer results.Close()
		_, err := results.Exec()
		var found map[string]any
		if err == nil {
			var rows pgx.Rows
			if rows, err = results.Query(); err == nil {
				found, err = pgx.CollectExactlyOneRow(rows, pgx.RowToMap)
			}
		}
		if err != nil {
			http.Error(w, err.Error(), 500)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		json.NewEncoder(w).Encode(found)
	}))
	defer bare.Close()
	const clients, each = 8, 250
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: clients}}
	rate := func(address string) time.Duration {
		began := time.Now()
		var all errgroup.Group
		for range clients {
			all.Go(func() error {
				for range each {
					q, err := http.NewRequest("GET", address, nil)
					if err != nil {
						return err
					}
					q.Header.Set("Authorization", "Bearer "+s.key)
					a, err := client.Do(q)
					if err != nil {
						return err
					}
					_, err = io.Copy(io.Discard, a.Body)
					if a.Body.Close(); err != nil || a.StatusCode != 200 {
						b.Fatalf("%s, %v", a.Status, err)
					}
				}
				return nil
			})
		}
		if err := all.Wait(); err != nil {
			b.Fatal(err)
		}
		return time.Since(began)
	}
	api := s.url + "/api/v1/renders/" + r.ID
	rate(api)
	rate(bare.URL)
	var ours, limit time.Duration
	for b.Loop() {
		ours += rate(api)
		limit += rate(bare.URL)
	}
	n := float64(b.N * clients * each)
	b.ReportMetric(n/ours.Seconds(), "api/s")
	b.ReportMetric(n/limit.Seconds(), "bare/s")
	b.ReportMetric(float64(limit)/float64(ours), "of-bare")
}
