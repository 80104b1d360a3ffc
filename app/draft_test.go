package app_test

import (
	"archive/zip"
	"bytes"
	"context"
	"fmt"
	"io"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"majestic/app"
	"majestic/app/apptest"
)

const badge = `{"version":1,"pages":[{"width":90,"height":40,"elements":[
	{"id":"band","type":"rect","x":0,"y":0,"width":9,"height":9,"fill":"{{accent}}"},
	{"id":"name","type":"text","x":0,"y":0,"width":90,"height":40,"text":"{{first_name}}","size":12}]}]}`

func badges(t testing.TB, tenant app.Tenant) app.Design {
	t.Helper()
	doc, err := app.ParseDocument([]byte(badge))
	if err != nil {
		t.Fatal(err)
	}
	d, err := tenant.CreateDesign(context.Background(), nil, "Badge", doc)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// A draft is looked at and becomes batches: rows are checked one by one, the good
// ones keep their numbers, and the bad ones come back as a table.
func TestDraft(t *testing.T) {
	ctx := context.Background()
	a, pool := apptest.App(t)
	tenant, other := apptest.Tenant(t, a, "Badges"), apptest.Tenant(t, a, "Other")
	design := badges(t, tenant)
	d, err := tenant.CreateDraft(ctx, design.ID, `C:\people.csv`, []byte("\ufeffFirst Name;accent;team\r\nAda;#f00;=cmd|x\r\nBob;red;-1\r\n\r\nCai;#00f;core\r\n"))
	if err != nil {
		t.Fatal(err)
	}
	if d.Total != 3 || d.Name != "people.csv" || fmt.Sprint(d.Columns) != "[First Name accent team]" {
		t.Errorf("%+v", d)
	}
	m := app.MatchColumns(d.Document.Variables(), d.Columns)
	found, err := tenant.Inspect(ctx, d, m)
	if err != nil || found.Good != 2 || found.Bad != 1 || found.FirstBad != 2 || len(found.Faults) != 1 || found.Faults[0].Field != "row 2 (line 3), accent" {
		t.Errorf("%+v, %v", found, err)
	}
	var bad bytes.Buffer
	if err := tenant.WriteBadRows(ctx, d, m, &bad); err != nil || !strings.HasPrefix(bad.String(), "First Name,accent,team,What is wrong\nBob,red,-1,") || strings.Contains(bad.String(), "Ada") {
		t.Errorf("%s, %v", &bad, err)
	}
	bad.Reset()
	swapped := app.Mapping{Columns: map[string]string{"first_name": "First Name", "accent": "team"}}
	if err := tenant.WriteBadRows(ctx, d, swapped, &bad); err != nil || !strings.Contains(bad.String(), "Ada,#f00,'=cmd|x,") {
		t.Errorf("a formula is left in %s, %v", &bad, err)
	}
	if _, err := tenant.Inspect(ctx, d, app.Mapping{Columns: map[string]string{"first_name": "gone"}}); app.KindOf(err) != app.Invalid || len(err.(*app.Error).Fields) != 2 {
		t.Errorf("a mapping without columns: %v", err)
	}
	if row, err := tenant.DraftRow(ctx, d, m, 3); err != nil || row["first_name"] != "Cai" || row["team"] != "core" {
		t.Errorf("%v, %v", row, err)
	}

	q := app.BatchRequest{Mapping: m, FileNames: "{team}/{First Name}"}
	if _, err := tenant.CreateBatchOf(ctx, nil, d, q); app.KindOf(err) != app.Invalid || !strings.Contains(err.Error(), "nothing was drawn") {
		t.Errorf("a bad row refuses all: %v", err)
	}
	q.SkipBadRows = true
	b, err := tenant.CreateBatchOf(ctx, nil, d, q)
	if err != nil || b.Total != 2 || b.Skipped != 1 || b.Name != "people.csv" || b.DesignName != "Badge" {
		t.Fatalf("%+v, %v", b, err)
	}
	items, err := tenant.BatchItems(ctx, b.ID, app.PageRequest{})
	if err != nil || len(items.Data) != 2 || *items.Data[1].Row != 3 || fmt.Sprint(items.Data[0].Variables) != "map[First Name:Ada accent:#f00 first_name:Ada team:=cmd|x]" {
		t.Errorf("%+v, %v", items, err)
	}
	q.Mapping = app.Mapping{Columns: map[string]string{"first_name": "First Name"}, Values: map[string]string{"accent": "#123"}}
	if b, err := tenant.CreateBatchOf(ctx, nil, d, q); err != nil || b.Total != 3 || b.Skipped != 0 {
		t.Errorf("one value for all rows: %+v, %v", b, err)
	}

	if _, err := other.Draft(ctx, d.ID); app.KindOf(err) != app.NotFound {
		t.Errorf("another tenant's: %v", err)
	}
	if _, err := pool.Exec(ctx, `UPDATE drafts SET created_at = now() - interval '61 minutes'`); err != nil {
		t.Fatal(err)
	}
	if _, err := tenant.Draft(ctx, d.ID); app.KindOf(err) != app.NotFound {
		t.Errorf("after an hour: %v", err)
	}
	if _, err := tenant.CreateDraft(ctx, design.ID, "", []byte("first_name\nAda\n")); err != nil {
		t.Fatal(err)
	}
	if _, _, err := tenant.DraftTable(ctx, d); app.KindOf(err) != app.NotFound {
		t.Errorf("its file: %v", err)
	}
}

// An image that is another tenant's is a fault of each row that shows it.
func TestTableOfForeignImages(t *testing.T) {
	ctx := context.Background()
	a, _ := apptest.App(t)
	tenant, other := apptest.Tenant(t, a, "Ours"), apptest.Tenant(t, a, "Other")
	doc, err := app.ParseDocument([]byte(`{"version":1,"pages":[{"width":10,"height":10,"elements":[{"id":"i","type":"image","x":0,"y":0,"width":9,"height":9,"asset":"{{logo}}"}]}]}`))
	if err != nil {
		t.Fatal(err)
	}
	design, err := tenant.CreateDesign(ctx, nil, "Logo", doc)
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, t2 := range []app.Tenant{tenant, other} {
		asset, err := t2.CreateAsset(ctx, nil, "dot.png", apptest.PNG(4, 4))
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, asset.ID)
	}
	d, err := tenant.CreateDraft(ctx, design.ID, "x.csv", []byte("logo\n"+ids[0]+"\n"+ids[1]+"\n"+ids[1]+"\nhttps://example.com/x.png\n"))
	if err != nil {
		t.Fatal(err)
	}
	found, err := tenant.Inspect(ctx, d, app.MatchColumns([]string{"logo"}, d.Columns))
	if err != nil || found.Good != 2 || found.Bad != 2 || found.Faults[1].Field != "row 3 (line 4), logo" {
		t.Errorf("%+v, %v", found, err)
	}
}

func TestFileNames(t *testing.T) {
	ctx := context.Background()
	a, _ := apptest.App(t)
	tenant := apptest.Tenant(t, a, "Badges")
	design := badges(t, tenant)
	rows := []map[string]string{{"first_name": "Ada", "accent": "#000"}}
	for _, bad := range []string{"../{row}", "/{row}", "a//{row}", "a/../{row}", `..\{row}`, "C:/{row}", "nul/{row}", "same", "{nobody}", "{row", ".{row}", "a\x00{row}", strings.Repeat("a", 300) + "{row}"} {
		_, err := tenant.CreateBatch(ctx, nil, app.BatchRequest{Design: design.ID, Rows: rows, FileNames: bad})
		if e, ok := err.(*app.Error); !ok || e.Kind != app.Invalid || len(e.Fields) != 1 || e.Fields[0].Field != "file_names" {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

// The archive holds each picture once, by names that lead nowhere else and stay the
// same; a row that failed has its name kept until it is drawn after all.
func TestArchive(t *testing.T) {
	ctx := context.Background()
	a, pool := apptest.App(t)
	tenant := apptest.Tenant(t, a, "Badges")
	design := badges(t, tenant)
	var rows []map[string]string
	for _, name := range []string{"Ada", "../../etc/passwd", "ada", "Ada", ""} {
		rows = append(rows, map[string]string{"first_name": name, "accent": "#000"})
	}
	b, err := tenant.CreateBatch(ctx, nil, app.BatchRequest{Design: design.ID, Rows: rows, FileNames: "all/{first_name}", Output: app.Output{Format: "jpeg"}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tenant.Archive(ctx, b.ID); app.KindOf(err) != app.Conflict {
		t.Errorf("before it is finished: %v", err)
	}
	items, err := tenant.BatchItems(ctx, b.ID, app.PageRequest{})
	if err != nil {
		t.Fatal(err)
	}
	for i, r := range items.Data {
		if i == 2 {
			err = tenant.FailRender(ctx, r, "for a test")
		} else {
			err = tenant.FinishRender(ctx, r, app.Picture{File: []byte(fmt.Sprint("picture ", i)), Width: 90, Height: 40})
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := tenant.FinishBatch(ctx, b.ID); err != nil {
		t.Fatal(err)
	}
	first := archive(t, tenant, b.ID)
	if got := unzip(t, first); got != "all/Ada.jpg=picture 0 all/-..-etc-passwd.jpg=picture 1 all/Ada-3.jpg=picture 3 all/_.jpg=picture 4" {
		t.Errorf("%s", got)
	}
	if !bytes.Equal(first, archive(t, tenant, b.ID)) {
		t.Error("it is another one the second time")
	}

	failed, err := tenant.FailedItems(ctx, b.ID, app.PageRequest{})
	if err != nil || len(failed.Data) != 1 || *failed.Data[0].Row != 3 {
		t.Errorf("%+v, %v", failed, err)
	}
	if b, err = tenant.RetryBatch(ctx, nil, b.ID); err != nil || b.Status != app.Queued || b.Done != 4 || b.Failed != 0 {
		t.Fatalf("%+v, %v", b, err)
	}
	if _, err := tenant.RetryBatch(ctx, nil, b.ID); app.KindOf(err) != app.Conflict {
		t.Errorf("again while it is under way: %v", err)
	}
	var jobs int
	if err := pool.QueryRow(ctx, `SELECT count(*) FROM river_job WHERE args->>'batch' = $1`, b.ID).Scan(&jobs); err != nil || jobs != 2 {
		t.Errorf("%d jobs, %v", jobs, err)
	}
	pending, err := tenant.PendingRows(ctx, b.ID, 0, 10)
	if err != nil || len(pending) != 1 || *pending[0].Row != 3 {
		t.Fatalf("%+v, %v", pending, err)
	}
	if err := tenant.FinishRender(ctx, pending[0], app.Picture{File: []byte("picture 2"), Width: 90, Height: 40}); err != nil {
		t.Fatal(err)
	}
	p, err := tenant.Progress(ctx, b.ID)
	if err != nil || p.Done != 5 || p.Rate <= 0 || p.SecondsLeft == nil || *p.SecondsLeft != 0 || len(p.Last) != 5 || p.State() != "queued-5-0" {
		t.Errorf("%+v, %v", p, err)
	}
	if err := tenant.FinishBatch(ctx, b.ID); err != nil {
		t.Fatal(err)
	}
	if got := unzip(t, archive(t, tenant, b.ID)); !strings.Contains(got, " all/ada-2.jpg=picture 2 all/Ada-3.jpg=picture 3") {
		t.Errorf("after the retry: %s", got)
	}
	if _, err := tenant.RetryBatch(ctx, nil, b.ID); app.KindOf(err) != app.Conflict {
		t.Errorf("with nothing failed: %v", err)
	}
}

func archive(t testing.TB, tenant app.Tenant, batch string) []byte {
	t.Helper()
	a, err := tenant.Archive(context.Background(), batch)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := a.Write(context.Background(), &b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func unzip(t testing.TB, data []byte) string {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, f.Name+"="+string(b))
	}
	return strings.Join(all, " ")
}

// BenchmarkTableBatch makes a batch of 10,000 rows of a table.
func BenchmarkTableBatch(b *testing.B) {
	ctx := context.Background()
	a, _ := apptest.App(b)
	tenant := apptest.Tenant(b, a, "Badges")
	design := badges(b, tenant)
	var csv bytes.Buffer
	csv.WriteString("first_name,accent,note\n")
	for i := range 10_000 {
		fmt.Fprintf(&csv, "Person %d,#%06x,\"a note, as long as an address is: 12 Some Street, Some Town\"\n", i, i)
	}
	var peak uint64
	for b.Loop() {
		peak = max(peak, peakHeap(func() {
			table, err := app.ReadTable(bytes.NewReader(csv.Bytes()))
			if err != nil {
				b.Fatal(err)
			}
			if _, err := tenant.CreateBatch(ctx, nil, app.BatchRequest{Design: design.ID, Table: table, FileNames: "{note}/{row}"}); err != nil {
				b.Fatal(err)
			}
		}))
	}
	b.ReportMetric(float64(peak)/1e6, "peak-MB")
}

// BenchmarkArchive writes an archive of 5,000 files of 100 kB, and in the same run one of 500.
func BenchmarkArchive(b *testing.B) {
	ctx := context.Background()
	a, pool := apptest.App(b)
	tenant := apptest.Tenant(b, a, "Badges")
	design := badges(b, tenant)
	few, many := finished(b, pool, tenant, design.ID, 500), finished(b, pool, tenant, design.ID, 5000)
	peak := map[string]uint64{}
	for b.Loop() {
		for _, id := range []string{few, many} {
			peak[id] = max(peak[id], peakHeap(func() {
				a, err := tenant.Archive(ctx, id)
				if err != nil {
					b.Fatal(err)
				}
				if err := a.Write(ctx, io.Discard); err != nil {
					b.Fatal(err)
				}
			}))
		}
	}
	b.ReportMetric(float64(peak[few])/1e6, "peak-MB/500")
	b.ReportMetric(float64(peak[many])/1e6, "peak-MB/5000")
}

// finished is a batch of so many rows that have one file together.
func finished(b *testing.B, pool *pgxpool.Pool, tenant app.Tenant, design string, n int) string {
	b.Helper()
	ctx := context.Background()
	rows := make([]map[string]string, n)
	for i := range rows {
		rows[i] = map[string]string{"first_name": fmt.Sprint("Person ", i%100), "accent": "#000"}
	}
	made, err := tenant.CreateBatch(ctx, nil, app.BatchRequest{Design: design, Rows: rows, FileNames: "{first_name}"})
	if err != nil {
		b.Fatal(err)
	}
	key := []byte("one file")
	for after := 0; ; {
		pending, err := tenant.PendingRows(ctx, made.ID, after, 200)
		if err != nil {
			b.Fatal(err)
		}
		for _, r := range pending {
			if reused, err := tenant.ReuseRender(ctx, r, key); err != nil {
				b.Fatal(err)
			} else if reused {
				continue
			}
			if err := tenant.FinishRender(ctx, r, app.Picture{File: make([]byte, 100_000), Width: 90, Height: 40, Key: key}); err != nil {
				b.Fatal(err)
			}
		}
		if len(pending) == 0 {
			break
		}
		after = *pending[len(pending)-1].Row
	}
	if err := tenant.FinishBatch(ctx, made.ID); err != nil {
		b.Fatal(err)
	}
	return made.ID
}

// peakHeap is the most that do has on the heap beyond what was there before.
func peakHeap(do func()) uint64 {
	heap := func() uint64 {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	runtime.GC()
	before := heap()
	var peak atomic.Uint64
	done, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		tick := time.NewTicker(5 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-done:
				return
			case <-tick.C:
				peak.Store(max(peak.Load(), heap()))
			}
		}
	}()
	do()
	close(done)
	<-stopped
	return max(peak.Load(), before) - before
}
