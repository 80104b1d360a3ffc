package postgres_test

import (
	"fmt"
	"path/filepath"
	"testing"

	"majestic/app/apptest"
)

func BenchmarkOpen(b *testing.B) {
	b.Run("running", func(b *testing.B) {
		o := instance(b, apptest.Dir(b))
		opened(b, o)
		for b.Loop() {
			opened(b, o).Close()
		}
	})
	b.Run("stopped", func(b *testing.B) {
		o := instance(b, apptest.Dir(b))
		opened(b, o).Close()
		for b.Loop() {
			db := opened(b, o)
			b.StopTimer()
			db.Close()
			b.StartTimer()
		}
	})
	b.Run("nothing", func(b *testing.B) {
		dir := apptest.Dir(b)
		for n := 0; b.Loop(); n++ {
			o := instance(b, filepath.Join(dir, fmt.Sprint(n)))
			db := opened(b, o)
			b.StopTimer()
			db.Close()
			b.StartTimer()
		}
	})
}
