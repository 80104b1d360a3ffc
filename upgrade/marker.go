package upgrade

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// marker is THE marker, in the instance's tmp folder.
const marker = "shutdown.txt"

// blink is how often the marker and the verdict are looked at. Nobody waits for
// it: both generations accept meanwhile.
const blink = 50 * time.Millisecond

// mark is what a successor writes into the marker. The nonce was given to it, and
// to nobody else, by its predecessor.
type mark struct {
	Generation int      `json:"generation"`
	Nonce      string   `json:"nonce"`
	Took       []string `json:"took"` // the addresses whose sockets it accepts from
}

// touch puts a mark into the marker's place.
func touch(dir string, m mark) (err error) {
	temp, err := os.CreateTemp(tmp(dir), ".shutdown-*")
	if err != nil {
		return fmt.Errorf("touch the marker: %w", err)
	}
	defer os.Remove(temp.Name())
	err = json.NewEncoder(temp).Encode(m)
	if err = errors.Join(err, temp.Close()); err != nil {
		return fmt.Errorf("touch the marker: %w", err)
	}
	name := filepath.Join(tmp(dir), marker)
	if err = os.Rename(temp.Name(), name); err != nil {
		// Somebody made a folder of that name: out of the way with it, it is ours to name.
		if info, serr := os.Lstat(name); serr == nil && info.IsDir() {
			os.Rename(name, fmt.Sprintf("%s.%d", name, time.Now().UnixNano()))
			err = os.Rename(temp.Name(), name)
		}
	}
	if err != nil {
		return fmt.Errorf("touch the marker: %w", err)
	}
	return nil
}

// stamp tells one state of the marker from another; the zero stamp is no marker.
// The time alone would not do: clocks jump back.
type stamp struct {
	inode   uint64
	size    int64
	written time.Time
}

// markerStamp is the marker as it stands. What is no file is no marker.
func markerStamp(dir string) (stamp, error) {
	info, err := os.Lstat(filepath.Join(tmp(dir), marker))
	if errors.Is(err, fs.ErrNotExist) || err == nil && !info.Mode().IsRegular() {
		return stamp{}, nil
	}
	if err != nil {
		return stamp{}, err
	}
	return stamp{info.Sys().(*syscall.Stat_t).Ino, info.Size(), info.ModTime()}, nil
}

// watchMarker calls touched with what the marker says whenever it is another than
// before, until stop is closed. One left over from before is no touch; nor is one
// removed. By hand it says nothing: a zero mark.
func watchMarker(dir string, stop <-chan struct{}, touched func(mark)) error {
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
			if now == (stamp{}) {
				continue
			}
			var m mark
			if b, err := os.ReadFile(filepath.Join(tmp(dir), marker)); err == nil && json.Unmarshal(b, &m) != nil {
				m = mark{}
			}
			touched(m)
		}
	}()
	return nil
}
