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

// slots are how many pages are drawn at once on this machine, one a core, by all
// processes that share the folder: each is a file, and drawing holds its lock. A
// process that is killed gives its slots back by dying.
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
	return slots{folder, runtime.NumCPU()}, nil
}

// slotRetry is how often a free slot is looked for. A shot takes a hundred times as long.
const slotRetry = 3 * time.Millisecond

// take waits for a free slot; the function it returns gives it back.
func (s slots) take(ctx context.Context) (give func(), err error) {
	if s.folder == "" {
		return func() {}, nil
	}
	for {
		for k := range s.count {
			f, err := os.OpenFile(filepath.Join(s.folder, fmt.Sprint(k)), os.O_CREATE|os.O_RDWR, 0o600)
			if err != nil {
				return nil, fmt.Errorf("take a render slot: %w", err)
			}
			err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
			if err == nil {
				return func() { f.Close() }, nil
			}
			f.Close()
			if !errors.Is(err, syscall.EWOULDBLOCK) && !errors.Is(err, syscall.EINTR) {
				return nil, fmt.Errorf("take a render slot: %w", err)
			}
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(slotRetry):
		}
	}
}
