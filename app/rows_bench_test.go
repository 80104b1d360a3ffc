package app_test

import (
	"context"
	"io"
	"runtime"
	"runtime/debug"
	"sync/atomic"
	"testing"
	"time"

	"majestic/app"
	"majestic/app/apptest"
)

// A batch of 10,000 rows, from the rows in memory to the job in the queue. Its limit:
// the same rows inserted by one statement.
//
//	go test -run xxx -bench Enqueue -benchtime 3x ./app
func BenchmarkEnqueue(b *testing.B) {
	a, pool := apptest.App(b)
	tenant := apptest.Tenant(b, a, "Acme")
	d, err := tenant.CreateDesign(b.Context(), nil, "Card", apptest.Document(b, "country-card.json"))
	if err != nil {
		b.Fatal(err)
	}
	countries := apptest.Countries(b)
	rows := make([]map[string]string, 10_000)
	for i := range rows {
		rows[i] = countries[i%len(countries)]
	}
	var took, limit time.Duration
	var memory uint64
	for b.Loop() {
		began := time.Now()
		memory = max(memory, peak(func() {
			if _, err := tenant.CreateBatch(b.Context(), nil, app.BatchRequest{Design: d.ID, Rows: rows}); err != nil {
				b.Fatal(err)
			}
		}))
		took += time.Since(began)
		began = time.Now()
		_, err := pool.Exec(b.Context(), `
			INSERT INTO renders (tenant_id, design_id, design_version, variables, format, scale, page)
			SELECT tenant_id, design_id, design_version, variables, format, scale, page FROM renders WHERE batch_id = (SELECT id FROM batches ORDER BY created_at DESC LIMIT 1)`)
		if err != nil {
			b.Fatal(err)
		}
		limit += time.Since(began)
	}
	b.ReportMetric(took.Seconds()/float64(b.N), "s/10000-rows")
	b.ReportMetric(float64(took)/float64(limit), "x-insert-alone")
	b.ReportMetric(float64(memory)/1e6, "MB-peak")
}

// The zip of 5,000 files beside one of 500: what is held of it at once, and how fast it
// goes beside the same files only read.
//
//	go test -run xxx -bench Zip -benchtime 3x ./app
func BenchmarkZip(b *testing.B) {
	a, pool := apptest.App(b)
	tenant := apptest.Tenant(b, a, "Acme")
	d, err := tenant.CreateDesign(b.Context(), nil, "Card", apptest.Document(b, "country-card.json"))
	if err != nil {
		b.Fatal(err)
	}
	countries, picture := apptest.Countries(b), apptest.PNG(1200, 630)
	finished := func(n int) (batch app.Batch, renders []string) {
		rows := make([]map[string]string, n)
		for i := range rows {
			rows[i] = countries[i%len(countries)]
		}
		batch, err := tenant.CreateBatch(b.Context(), nil, app.BatchRequest{Design: d.ID, Rows: rows})
		if err != nil {
			b.Fatal(err)
		}
		pending, err := tenant.PendingRows(b.Context(), batch.ID, 0, n)
		if err == nil {
			err = tenant.FinishRender(b.Context(), pending[0], app.Picture{File: picture, Width: 1200, Height: 630, Key: []byte(batch.ID)})
		}
		for _, r := range pending {
			if err == nil && r.ID != pending[0].ID {
				_, err = tenant.ReuseRender(b.Context(), r, []byte(batch.ID))
			}
			renders = append(renders, r.ID)
		}
		if err == nil {
			err = tenant.FinishBatch(b.Context(), batch.ID)
		}
		if err != nil {
			b.Fatal(err)
		}
		return batch, renders
	}
	few, _ := finished(500)
	many, renders := finished(5_000)
	if _, err := pool.Exec(b.Context(), `ANALYZE`); err != nil {
		b.Fatal(err)
	}
	write := func(batch app.Batch) {
		archive, err := tenant.Archive(b.Context(), batch.ID)
		if err == nil {
			err = archive.Write(b.Context(), io.Discard)
		}
		if err != nil {
			b.Fatal(err)
		}
	}
	var small, large uint64
	var took, limit time.Duration
	for b.Loop() {
		small = max(small, peak(func() { write(few) }))
		began := time.Now()
		large = max(large, peak(func() { write(many) }))
		took += time.Since(began)
		began = time.Now()
		for _, id := range renders {
			_, f, err := tenant.OpenRender(b.Context(), id)
			if err == nil {
				_, err = io.Copy(io.Discard, f)
				f.Close()
			}
			if err != nil {
				b.Fatal(err)
			}
		}
		limit += time.Since(began)
	}
	b.ReportMetric(float64(small)/1e6, "MB-of-500")
	b.ReportMetric(float64(large)/1e6, "MB-of-5000")
	b.ReportMetric(took.Seconds()/float64(b.N), "s/5000-files")
	b.ReportMetric(float64(took)/float64(limit), "x-read-one-by-one")
}

// peak is how much more memory is in use at most while something is done than before.
func peak(do func()) uint64 {
	defer debug.SetGCPercent(debug.SetGCPercent(10)) // what is garbage does not count for long
	var stats runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&stats)
	before := stats.HeapAlloc
	var most atomic.Uint64
	ctx, cancel := context.WithCancel(context.Background())
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		var stats runtime.MemStats
		for ctx.Err() == nil {
			runtime.ReadMemStats(&stats)
			most.Store(max(most.Load(), stats.HeapAlloc))
			time.Sleep(5 * time.Millisecond)
		}
	}()
	do()
	cancel()
	<-watched
	if most.Load() < before {
		return 0
	}
	return most.Load() - before
}
