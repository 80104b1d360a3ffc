package app

import (
	"errors"
	"fmt"
	"io"
	"syscall"
)

// Complain tells the person at the terminal what failed: an Error in its own words with
// the fields at fault, anything else as it is.
func Complain(w io.Writer, err error) {
	var e *Error
	switch {
	case errors.Is(err, syscall.ENOSPC):
		fmt.Fprintf(w, "app: the disk is full; free some space, see where it went with: df -h; du -xh / | sort -h | tail\n  because: %v\n", err)
	case errors.Is(err, syscall.EROFS):
		fmt.Fprintf(w, "app: the instance lies where nothing can be written; mount that writable, or name another directory with --dir\n  because: %v\n", err)
	case errors.As(err, &e):
		fmt.Fprintf(w, "app: %s\n", e.Message)
		for _, f := range e.Fields {
			fmt.Fprintf(w, "  %s: %s\n", f.Field, f.Message)
		}
		if e.Err != nil && e.Kind != Malformed && e.Kind != Invalid { // their messages tell all
			fmt.Fprintf(w, "  because: %v\n", e.Err)
		}
	default:
		fmt.Fprintf(w, "app: %v\n", err)
	}
}
