package backup_test

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"majestic/app/apptest"
)

// The drill of a database of a gigabyte, with files. Its limit, in the same run, is
// three times what pg_dump and pg_restore take alone.
//
//	go test -run xxx -bench Drill -benchtime 1x ./app/backup
func BenchmarkDrill(b *testing.B) {
	ctx := b.Context()
	h := newHouse(b)
	for _, sql := range []string{
		`INSERT INTO designs (tenant_id, name) SELECT id, n::text FROM tenants, generate_series(1, 1000) n`,
		`WITH noise AS MATERIALIZED (
				SELECT id, tenant_id, name, (SELECT string_agg(md5(random()::text || id || g), '') FROM generate_series(1, 250) g) AS text FROM designs
			)
			INSERT INTO design_versions (tenant_id, design_id, version, name, document)
			SELECT tenant_id, id, v, name, to_json(v || text) FROM noise, generate_series(2, 126) v`,
	} {
		if _, err := h.db.Pool.Exec(ctx, sql); err != nil {
			b.Fatal(err)
		}
	}
	noise := strings.Repeat("0123456789abcdef", 4096)
	for n := range 1000 {
		h.render(b, noise[n:])
	}
	var size int64
	if err := h.db.Pool.QueryRow(ctx, `SELECT pg_database_size(current_database())`).Scan(&size); err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(size)/1e9, "GB")
	var drill, alone time.Duration
	for b.Loop() {
		target := apptest.Database(b)
		began := time.Now()
		dump := filepath.Join(h.Dir, "alone.dump")
		if err := h.db.Tool(ctx, "pg_dump", "--format=custom", "--compress=1", "--file="+dump); err != nil {
			b.Fatal(err)
		}
		if err := target.Tool(ctx, "pg_restore", "--no-owner", "--exit-on-error", dump); err != nil {
			b.Fatal(err)
		}
		alone += time.Since(began)
		if _, err := target.Pool.Exec(ctx, `DROP SCHEMA public CASCADE`); err != nil {
			b.Fatal(err)
		}

		made := h.create(b)
		b.ReportMetric(made.Took.Seconds(), "s/create")
		began = time.Now()
		if _, err := h.Verify(ctx, made, h.db); err != nil {
			b.Fatal(err)
		}
		drill += time.Since(began)
	}
	b.ReportMetric(alone.Seconds()/float64(b.N), "s/alone")
	b.ReportMetric(drill.Seconds()/float64(b.N), "s/drill")
	b.ReportMetric(float64(drill)/float64(alone), "x-alone")
}
