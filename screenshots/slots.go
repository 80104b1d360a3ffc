package screenshots

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"time"
)

// atOnce is how many pages are drawn at once on this machine: one more than it has
// cores, since a page now and then waits for its next frame. The cores are then nine
// tenths busy, and not three quarters (BenchmarkAllCores).
func atOnce() int { return runtime.NumCPU() + 1 }

// slots are the places of the pages that are drawn at once, by all processes that
// share the folder: each is a file, and drawing holds its lock. A process that is
// killed gives its slots back by dying.
type slots struct {
	folder string // "" for none: then nobody waits
	count  int
}

func makeSlots(folder string) (slots, error) {
	if folder == "" {
		return slots{}, nil
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return slots{}, fmt.Errorf("make the render slots: %w", err)
	}
	return slots{folder, atOnce()}, nil
}

// slotRetry is how often a free slot is looked for. A shot takes a hundred times as long.
const slotRetry = 3 * time.Millisecond

// take waits for a free slot; the function it returns gives it back. Only one of
// all who wait looks for a slot at a time: else who gives one back would be the
// first to take it again, and a process that is full of work keep them for ever.
func (s slots) take(ctx context.Context) (give func(), err error) {
	if s.folder == "" {
		return func() {}, nil
	}
	turn, err := s.lock(ctx, "turn")
	if err != nil {
		return nil, fmt.Errorf("take a render slot: %w", err)
	}
	defer turn.Close()
	var names []string
	for k := range s.count {
		names = append(names, fmt.Sprint(k))
	}
	slot, err := s.lock(ctx, names...)
	if err != nil {
		return nil, fmt.Errorf("take a render slot: %w", err)
	}
	return func() { slot.Close() }, nil
}

// lock waits for the lock of one of the files.
func (s slots) lock(ctx context.Context, names ...string) (*os.File, error) {
	for {
		for _, name := range names {
			f, err := os.OpenFile(filepath.Join(s.folder, name), os.O_CREATE|os.O_RDWR, 0o600)
			if err != nil {
				return nil, err
			}
			err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
			if err == nil {
				return f, nil
			}
			f.Close()
			if !errors.Is(err, syscall.EWOULDBLOCK) && !errors.Is(err, syscall.EINTR) {
				return nil, err
			}
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(slotRetry):
		}
	}
}
