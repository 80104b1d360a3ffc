package apptest

import (
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"
)

// Slowly lets an instance draw one picture after the other, with a pause between two,
// until the test ends or it is let go: others have the render slots, as on a machine
// with many instances. A batch lasts while it is looked at, and burns no core.
func Slowly(t testing.TB, dir string) (letGo func()) {
	t.Helper()
	folder := filepath.Join(dir, "tmp", "slots")
	var held []*os.File
	for k := range runtime.NumCPU() + 1 {
		f, err := os.OpenFile(filepath.Join(folder, strconv.Itoa(k)), os.O_CREATE|os.O_RDWR, 0o600)
		if err == nil {
			err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX)
		}
		if err != nil {
			t.Fatal(err)
		}
		held = append(held, f)
	}
	done, gone := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(gone)
		for last := int(held[0].Fd()); ; {
			select {
			case <-done:
				for _, f := range held {
					f.Close()
				}
				return
			case <-time.After(time.Second):
			}
			syscall.Flock(last, syscall.LOCK_UN)
			time.Sleep(20 * time.Millisecond) // who waits looks every 3 ms
			syscall.Flock(last, syscall.LOCK_EX)
		}
	}()
	letGo = sync.OnceFunc(func() {
		close(done)
		<-gone
	})
	t.Cleanup(letGo)
	return letGo
}
