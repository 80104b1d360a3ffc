package config_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"majestic/app/apptest"
	"majestic/app/config"
	"majestic/app/logs"
)

// Text on a terminal, JSON elsewhere, and to journald with its priorities.
func TestLogFormat(t *testing.T) {
	t.Setenv("TERM", "xterm")
	t.Setenv("LOG_FORMAT", "") // OpenLog sets it for successors
	plain, journal := tempFile(t), tempFile(t)
	info, err := journal.Stat()
	if err != nil {
		t.Fatal(err)
	}
	id := info.Sys().(*syscall.Stat_t)
	t.Setenv("JOURNAL_STREAM", fmt.Sprintf("%d:%d", id.Dev, id.Ino))
	mine, screen := apptest.Terminal(t)
	file := filepath.Join(t.TempDir(), "app.log")

	for _, test := range []struct {
		name   string
		stderr *os.File
		read   *os.File
		config config.Config
		want   string
	}{
		{"a file", plain, plain, config.Config{}, `{"time"`},
		{"text", plain, plain, config.Config{LogFormat: "text"}, `time=`},
		{"the journal", journal, journal, config.Config{}, `<6>{"time"`},
		{"text in the journal", journal, journal, config.Config{LogFormat: "text"}, `<6>time=`},
		{"a terminal", screen, mine, config.Config{}, `time=`},
		{"JSON on a terminal", screen, mine, config.Config{LogFormat: "json"}, `{"time"`},
		{"a log file, on a terminal", screen, nil, config.Config{LogFile: file}, `{"time"`},
		{"a log file of the instance", journal, nil, config.Config{LogFile: filepath.Base(file), Dir: filepath.Dir(file)}, `{"time"`},
	} {
		t.Run(test.name, func(t *testing.T) {
			if test.config.LogFormat == "" {
				test.config.LogFormat = "auto"
			}
			was := os.Stderr
			os.Stderr = test.stderr
			defer func() { os.Stderr = was }()
			log, err := test.config.OpenLog()
			if err != nil {
				t.Fatal(err)
			}
			defer log.Close()
			log.Info("hello")
			if test.read == nil {
				if test.read, err = os.Open(file); err != nil {
					t.Fatal(err)
				}
				defer func() { os.Truncate(file, 0) }()
			} else if test.read != mine {
				test.read.Seek(0, 0)
				defer test.read.Truncate(0)
			}
			b := make([]byte, 4096)
			n, err := test.read.Read(b)
			if line := strings.TrimSpace(string(b[:n])); err != nil || !strings.HasPrefix(line, test.want) || !strings.Contains(line, "hello") {
				t.Errorf("%v: %q", err, line)
			}
		})
	}
}

// A hangup is the end on a terminal, which is gone then. Where there is none, or a
// log file, it is about the log.
func TestHangup(t *testing.T) {
	t.Setenv("TERM", "xterm")
	_, screen := apptest.Terminal(t)
	file := filepath.Join(t.TempDir(), "app.log")
	for _, test := range []struct {
		name   string
		stderr *os.File
		file   string
		ends   bool
	}{
		{"a terminal", screen, "", true},
		{"no terminal", tempFile(t), "", false},
		{"a log file on a terminal", screen, file, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			was := os.Stderr
			os.Stderr = test.stderr
			defer func() { os.Stderr = was }()
			log, err := logs.Open(logs.Options{File: file})
			if err != nil {
				t.Fatal(err)
			}
			defer log.Close()
			c := config.Config{LogFile: test.file}
			stop := c.ListenForStop(log)
			defer stop.Ignore()
			if err := os.Remove(file); err != nil {
				t.Fatal(err)
			}
			if err := syscall.Kill(os.Getpid(), syscall.SIGHUP); err != nil {
				t.Fatal(err)
			}
			reopened := func() bool {
				_, err := os.Stat(file)
				return err == nil
			}
			for stop.Soft.Err() == nil && !reopened() {
				time.Sleep(time.Millisecond)
			}
			if ended := stop.Soft.Err() != nil; ended != test.ends || stop.Hard.Err() != nil {
				t.Errorf("it ends: %v", ended)
			}
		})
	}
}

func tempFile(t *testing.T) *os.File {
	t.Helper()
	f, err := os.OpenFile(filepath.Join(t.TempDir(), "stderr"), os.O_CREATE|os.O_RDWR|os.O_APPEND, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}
