package config

import (
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"syscall"

	"majestic/app/logs"
)

// Logger writes to standard error, as verbs do.
func (c *Config) Logger() *slog.Logger {
	o := c.logging()
	o.File = ""
	log, _ := logs.Open(o) // only a file can fail
	return log.Logger
}

// OpenLog opens the log of a process that serves: LOG_FILE, or standard error. On
// a terminal the processes that succeed it write text, too: it shows their logs.
func (c *Config) OpenLog() (*logs.Log, error) {
	o := c.logging()
	if o.File == "" && !o.JSON && c.Interactive() {
		os.Setenv("LOG_FORMAT", "text")
	}
	return logs.Open(o)
}

// logging is text on a terminal, JSON elsewhere.
func (c *Config) logging() logs.Options {
	o := logs.Options{File: c.LogFile, Journal: journaled(os.Stderr)}
	o.Level.UnmarshalText([]byte(c.LogLevel)) // kong has checked it
	if o.File != "" && !filepath.IsAbs(o.File) {
		o.File = c.Path(o.File)
	}
	o.JSON = c.LogFormat == "json" || c.LogFormat == "auto" && (o.File != "" || !terminal(os.Stderr))
	return o
}

// journaled tells whether what is written to f goes to journald: systemd names
// the file that does in JOURNAL_STREAM, see systemd.exec(5). A successor has the
// variable from us, and writes to a file.
func journaled(f *os.File) bool {
	info, err := f.Stat()
	if err != nil {
		return false
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	return ok && os.Getenv("JOURNAL_STREAM") == fmt.Sprintf("%d:%d", stat.Dev, stat.Ino)
}
