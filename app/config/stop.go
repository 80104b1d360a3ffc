package config

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"majestic/app/logs"
)

// Stop is how a process is told to end. The first signal, or app stop, ends Soft:
// finish running jobs and exit. The second, or app stop --now, ends Hard too.
// HUP ends a process only when its terminal has gone; else the log is opened anew.
type Stop struct {
	Soft, Hard context.Context

	end, endHard context.CancelFunc
	signals      chan os.Signal
}

// ListenForStop hears signals until Ignore.
func (c *Config) ListenForStop(log *logs.Log) *Stop {
	s := &Stop{signals: make(chan os.Signal, 2)}
	s.Soft, s.end = context.WithCancel(context.Background())
	s.Hard, s.endHard = context.WithCancel(context.Background())
	signal.Notify(s.signals, syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	signal.Ignore(syscall.SIGPIPE) // a log that nobody reads any more is no reason to end
	go func() {
		for signal := range s.signals {
			if signal != syscall.SIGHUP || c.Interactive() && c.LogFile == "" {
				s.Now(s.Soft.Err() != nil)
			} else if err := log.Reopen(); err != nil {
				log.Error("the log goes on in the old file", "err", err)
			}
		}
	}()
	return s
}

// UntilStopped ends with the first signal, for verbs that only have to clean up.
func UntilStopped() (context.Context, context.CancelFunc) {
	return signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
}

// Now tells the process to end.
func (s *Stop) Now(hard bool) {
	s.end()
	if hard {
		s.endHard()
	}
}

// Ignore hears no signal any more.
func (s *Stop) Ignore() {
	signal.Stop(s.signals)
	close(s.signals)
	s.Now(true)
}
