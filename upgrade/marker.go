package upgrade

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// marker is THE marker, in the instance's tmp folder.
const marker = "shutdown.txt"

// blink is how often the marker is looked at. Nobody waits for it: both
// generations accept meanwhile.
const blink = 50 * time.Millisecond

// stamp tells one state of the marker from another; the zero stamp is no marker.
// The time alone would not do: clocks jump back.
type stamp struct {
	inode   uint64
	size    int64
	written time.Time
}

// markerStamp is the marker as it stands. What is no file is no marker.
func markerStamp(dir string) (stamp, error) {
	info, err := os.Lstat(filepath.Join(dir, marker))
	if errors.Is(err, fs.ErrNotExist) || err == nil && !info.Mode().IsRegular() {
		return stamp{}, nil
	}
	if err != nil {
		return stamp{}, err
	}
	return stamp{info.Sys().(*syscall.Stat_t).Ino, info.Size(), info.ModTime()}, nil
}

// watchMarker calls touched whenever the marker is another than before, until
// stop is closed. One left over from before is no touch; nor is one removed.
func watchMarker(dir string, stop <-chan struct{}, touched func()) error {
	last, err := markerStamp(dir)
	if err != nil {
		return err
	}
	go func() {
		tick := time.NewTicker(blink)
		defer tick.Stop()
		for {
			select {
			case <-stop:
				return
			case <-tick.C:
			}
			now, err := markerStamp(dir)
			if err != nil || now == last {
				continue
			}
			last = now
			if now != (stamp{}) {
				touched()
			}
		}
	}()
	return nil
}
