package upgrade

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"time"
)

// Front stays on the terminal that a generation was started on: it prints the logs
// of its successors, and when stop ends it ends them all; when again ends, at
// once. It returns when no successor lives.
func (g *Generation) Front(stop, again context.Context, out io.Writer) error {
	read := map[int]int64{} // how much of each log is printed
	tick := time.NewTicker(2 * blink)
	defer tick.Stop()
	var stopped chan error
	newer := func(s Status) bool { return s.Generation > g.Number() }
	for {
		alive, err := Alive(g.o.Dir)
		if err != nil {
			return err
		}
		for i := len(alive) - 1; i >= 0; i-- {
			if n := alive[i].Generation; n > g.Number() {
				read[n] += copyFrom(out, g.logOf(n), read[n])
			}
		}
		if len(alive) == 0 || alive[0].Generation <= g.Number() {
			for n := range read {
				copyFrom(out, g.logOf(n), read[n])
			}
			return nil
		}
		select {
		case <-stop.Done():
			if stopped == nil {
				stopped = make(chan error, 1)
				go func() {
					go func() {
						<-again.Done()
						stopAll(context.Background(), g.o.Dir, newer, true)
					}()
					stopped <- stopAll(context.Background(), g.o.Dir, newer, false)
				}()
			}
			select {
			case err := <-stopped:
				return err
			case <-tick.C:
			}
		case <-tick.C:
		}
	}
}

// copyFrom prints what a log has beyond an offset, and returns how much that was.
func copyFrom(out io.Writer, log string, offset int64) int64 {
	f, err := os.Open(filepath.Clean(log))
	if err != nil {
		return 0 // a successor that was started by hand writes to its own terminal
	}
	defer f.Close()
	if _, err := f.Seek(offset, io.SeekStart); err != nil {
		return 0
	}
	n, _ := io.Copy(out, f)
	return n
}
