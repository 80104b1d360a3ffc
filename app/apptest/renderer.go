package apptest

import (
	"context"
	"testing"

	"majestic/jobs"
	"majestic/screenshots"
	"majestic/static"
)

// Renderer is a warm Chrome that draws our designs.
func Renderer(t testing.TB) *screenshots.Pool {
	t.Helper()
	pool, err := jobs.StartRenderer(context.Background(), jobs.Renderer{Dir: Dir(t), Fit: static.New().Fit(), Log: Log(t)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := pool.Close(); err != nil {
			t.Error(err)
		}
	})
	return pool
}
