package logs

import (
	"errors"
	"fmt"
	"os"
	"sync"
	"syscall"
)

// file is a log file that can be changed for a new one of its name.
type file struct {
	name string
	mu   sync.Mutex
	f    *os.File
}

func openFile(name string) (*file, error) {
	l := &file{name: name}
	return l, l.reopen()
}

// Write appends. Several processes may write to one file: a line is one write.
func (l *file) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.f.Write(b)
}

func (l *file) reopen() error {
	// Not blocking, or a FIFO would hold us up until somebody reads it.
	f, err := os.OpenFile(l.name, os.O_CREATE|os.O_WRONLY|os.O_APPEND|syscall.O_NONBLOCK, 0o640)
	if err != nil {
		if cause := new(os.PathError); errors.As(err, &cause) {
			err = cause.Err
		}
		return fmt.Errorf("the log file %s cannot be opened: %w; name one in a folder that this account may write to, or leave LOG_FILE out", l.name, err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.f != nil {
		l.f.Close()
	}
	l.f = f
	return nil
}

func (l *file) close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.f.Close()
}
