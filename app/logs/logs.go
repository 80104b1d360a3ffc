// Package logs writes what a process tells of itself, one line an event: as text
// or as JSON, to standard error or to a file, with all that the context knows of
// the request or the job that the line is about.
package logs

import (
	"io"
	"log/slog"
	"os"
)

// Options say how to write, and where.
type Options struct {
	Level   slog.Level
	JSON    bool
	Journal bool   // standard error is journald's: each line tells its priority
	File    string // written instead of standard error
}

// Log is a logger and where it writes.
type Log struct {
	*slog.Logger
	file *file // nil for standard error
}

// New makes a logger to a writer; of the options, File is not its business.
func New(out io.Writer, o Options) *slog.Logger {
	make := func(w io.Writer) slog.Handler {
		if o.JSON {
			return slog.NewJSONHandler(w, &slog.HandlerOptions{Level: o.Level})
		}
		return slog.NewTextHandler(w, &slog.HandlerOptions{Level: o.Level})
	}
	if o.Journal {
		return slog.New(contextual{newJournal(out, make)})
	}
	return slog.New(contextual{make(out)})
}

// Open makes a log; its file is made when it is missing.
func Open(o Options) (*Log, error) {
	if o.File == "" {
		return &Log{Logger: New(os.Stderr, o)}, nil
	}
	file, err := openFile(o.File)
	if err != nil {
		return nil, err
	}
	o.Journal = false
	return &Log{New(file, o), file}, nil
}

// Reopen writes on to a new file of the old name, for those who have moved the old
// one away. When that cannot be, the old one is written on.
func (l *Log) Reopen() error {
	if l.file == nil {
		return nil
	}
	return l.file.reopen()
}

// Close closes the file.
func (l *Log) Close() error {
	if l.file == nil {
		return nil
	}
	return l.file.close()
}
