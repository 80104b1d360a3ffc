package logs

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"sync"
)

// journal begins each line with its syslog priority, as journald reads it from
// what services write to standard error; see sd-daemon(3).
type journal struct {
	slog.Handler // writes to line
	*journalLine
}

type journalLine struct {
	mu   sync.Mutex
	line bytes.Buffer
	out  io.Writer
}

func newJournal(out io.Writer, make func(io.Writer) slog.Handler) journal {
	l := &journalLine{out: out}
	return journal{make(&l.line), l}
}

func (j journal) Handle(ctx context.Context, r slog.Record) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.line.Reset()
	j.line.WriteString(priority(r.Level))
	if err := j.Handler.Handle(ctx, r); err != nil {
		return err
	}
	_, err := j.out.Write(j.line.Bytes())
	return err
}

func (j journal) WithAttrs(attrs []slog.Attr) slog.Handler {
	return journal{j.Handler.WithAttrs(attrs), j.journalLine}
}

func (j journal) WithGroup(name string) slog.Handler {
	return journal{j.Handler.WithGroup(name), j.journalLine}
}

func priority(l slog.Level) string {
	switch {
	case l >= slog.LevelError:
		return "<3>"
	case l >= slog.LevelWarn:
		return "<4>"
	case l >= slog.LevelInfo:
		return "<6>"
	default:
		return "<7>"
	}
}
