package apptest

import (
	"context"
	"log/slog"
	"os"
	"sync"
	"testing"

	"majestic/app/logs"
	"majestic/jobs"
	"majestic/screenshots"
	"majestic/static"
)

// Renderer is a warm Chrome that draws our designs, the same one for all tests of a
// process: to start it takes longer than most of what is then drawn.
func Renderer(t testing.TB) *screenshots.Pool {
	t.Helper()
	renderer.Lock()
	defer renderer.Unlock()
	if renderer.pool != nil {
		return renderer.pool
	}
	dir, err := makeDir()
	if err != nil {
		t.Fatal(err)
	}
	renderer.dir = dir
	renderer.pool = startRenderer(t, dir, logs.New(os.Stderr, logs.Options{Level: slog.LevelWarn}))
	if !lasting {
		t.Cleanup(closeRenderer)
	}
	return renderer.pool
}

// FreshRenderer is one that has drawn nothing yet, and ends with the test.
func FreshRenderer(t testing.TB) *screenshots.Pool {
	t.Helper()
	pool := startRenderer(t, Dir(t), Log(t))
	t.Cleanup(func() {
		if err := pool.Close(); err != nil {
			t.Error(err)
		}
	})
	return pool
}

func startRenderer(t testing.TB, dir string, log *slog.Logger) *screenshots.Pool {
	t.Helper()
	pool, err := jobs.StartRenderer(context.Background(), jobs.Renderer{Dir: dir, Fit: static.Fit(), Log: log})
	if err != nil {
		t.Fatal(err)
	}
	return pool
}

// renderer is the one that tests share.
var renderer struct {
	sync.Mutex
	dir  string
	pool *screenshots.Pool
}

func closeRenderer() {
	if renderer.pool != nil {
		renderer.pool.Close()
		os.RemoveAll(renderer.dir)
		renderer.pool = nil
	}
}
