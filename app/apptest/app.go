package apptest

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/csv"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"log/slog"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"

	"majestic/app"
	"majestic/app/logs"
	"majestic/app/objects"
	"majestic/app/remote"
	"majestic/jobs"
)

// Release is the release that an App of a test belongs to.
const Release = "0123456789ab"

// App is the product on a fresh database, with a queue that nobody works yet.
func App(t testing.TB) (*app.App, *pgxpool.Pool) {
	t.Helper()
	return AppIn(t, filepath.Join(Dir(t), "objects"))
}

// AppIn is App with its files in a folder that the test knows.
func AppIn(t testing.TB, dir string) (*app.App, *pgxpool.Pool) {
	t.Helper()
	db := Migrated(t)
	queue, err := jobs.NewQueue(db.Pool, Release)
	if err != nil {
		t.Fatal(err)
	}
	folder, err := objects.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { folder.Close() })
	servers := remote.Loopback(Roots())
	return app.New(app.Options{Pool: db.Pool, Queue: queue, Objects: folder, Remote: servers, Poster: servers, Release: Release, Secret: []byte("a secret of the tests"),
		FileURL: func(render string) string { return "https://majestic.example/" + render }}), db.Pool
}

// Roots believe the servers of httptest.
func Roots() *x509.CertPool {
	s := httptest.NewTLSServer(nil)
	defer s.Close()
	roots := x509.NewCertPool()
	roots.AddCert(s.Certificate())
	return roots
}

// Tenant makes a tenant and opens it.
func Tenant(t testing.TB, a *app.App, name string) app.Tenant {
	t.Helper()
	row, err := a.CreateTenant(context.Background(), name)
	if err != nil {
		t.Fatal(err)
	}
	return a.In(row.ID)
}

// Document reads one of the sample designs in testdata.
func Document(t testing.TB, name string) app.Document {
	t.Helper()
	doc, err := app.ParseDocument(File(t, name))
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

// File reads a file in testdata.
func File(t testing.TB, name string) []byte {
	t.Helper()
	_, here, _, _ := runtime.Caller(0)
	b, err := os.ReadFile(filepath.Join(filepath.Dir(here), "testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// Countries are the 249 rows of countries.csv.
func Countries(t testing.TB) (rows []map[string]string) {
	t.Helper()
	records, err := csv.NewReader(bytes.NewReader(File(t, "countries.csv"))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for _, record := range records[1:] {
		row := map[string]string{}
		for i, name := range records[0] {
			row[name] = record[i]
		}
		rows = append(rows, row)
	}
	return rows
}

// Log writes to the test's own log, shown when the test fails.
func Log(t testing.TB) *slog.Logger {
	return logs.New(writer{t}, logs.Options{Level: slog.LevelDebug})
}

type writer struct{ t testing.TB }

func (w writer) Write(b []byte) (int, error) {
	w.t.Log(string(b))
	return len(b), nil
}

// PNG is a picture of one colour, so many pixels wide and high.
func PNG(width, height int) []byte {
	picture := image.NewRGBA(image.Rect(0, 0, width, height))
	draw.Draw(picture, picture.Bounds(), image.NewUniform(color.RGBA{0x25, 0x63, 0xeb, 0xff}), image.Point{}, draw.Src)
	var b bytes.Buffer
	if err := png.Encode(&b, picture); err != nil {
		panic(err) // a buffer takes all
	}
	return b.Bytes()
}
