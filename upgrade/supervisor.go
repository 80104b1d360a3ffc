package upgrade

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"regexp"
	"slices"
	"strconv"
	"sync"
	"time"
)

// supervisor is who has started this process, or the first of its predecessors,
// and watches its main process: systemd. Until a successor is committed its
// predecessor stays the main one, so that its death is no failure of the service.
// Nil is none.
type supervisor struct {
	socket string
	unit   string        // of systemd; "" when it is another that speaks its language
	every  time.Duration // how often it wants a sign of life; 0 is never
	log    *slog.Logger

	mu   sync.Mutex
	deaf bool
}

// The environment of a supervised process; see sd_notify(3) and
// sd_watchdog_enabled(3).
const (
	envNotify      = "NOTIFY_SOCKET"
	envWatchdog    = "WATCHDOG_USEC"
	envWatchdogPID = "WATCHDOG_PID"
)

// supervised finds the supervisor in the environment. A successor has it from its
// predecessor, and makes true what it says of the process.
func supervised(successor bool, log *slog.Logger) *supervisor {
	s := &supervisor{socket: os.Getenv(envNotify), unit: unit(), log: log}
	if s.socket == "" {
		return nil
	}
	pid := os.Getenv(envWatchdogPID)
	usec, err := strconv.ParseInt(os.Getenv(envWatchdog), 10, 64)
	if err != nil || usec <= 0 || !successor && pid != "" && pid != strconv.Itoa(os.Getpid()) {
		return s
	}
	s.every = time.Duration(usec) * time.Microsecond
	os.Setenv(envWatchdogPID, strconv.Itoa(os.Getpid()))
	return s
}

var unitName = regexp.MustCompile(`/([^/\n]+\.service)\n`)

// unit is the service of systemd that this process belongs to.
func unit() string {
	text, err := os.ReadFile("/proc/self/cgroup")
	if found := unitName.FindSubmatch(text); err == nil && found != nil {
		return string(found[1])
	}
	return ""
}

// ready tells that this process is the main one and serves, and gives the sockets
// into keeping that are not kept yet. It returns when the supervisor knows.
func (s *supervisor) ready(keep []*gate) {
	if s == nil {
		return
	}
	if len(keep) > 0 {
		s.say("FDSTOREREMOVE=1\nFDNAME=" + stored) // of an address that was left
		descriptors(keep, func(fds []int) error {
			s.say("FDSTORE=1\nFDNAME="+stored, fds...)
			return nil
		})
	}
	s.say(fmt.Sprintf("MAINPID=%d\nREADY=1", os.Getpid()))
	s.heard(barrier(s.socket))
}

// say sends a message. Who does not hear is no reason to stop, and a warning once.
func (s *supervisor) say(message string, files ...int) {
	if s != nil {
		s.heard(notify(s.socket, message, files...))
	}
}

func (s *supervisor) heard(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil && !s.deaf {
		s.log.Warn("the supervisor does not hear us, and may take this process for hung; run it without NOTIFY_SOCKET where nobody reads that", "err", err)
	}
	s.deaf = err != nil
}

// statusEvery is how often the supervisor is told what goes on.
const statusEvery = 5 * time.Second

// stopping asks for a minute more, again and again.
const stopping = "STOPPING=1\nEXTEND_TIMEOUT_USEC=60000000"

// attend keeps the supervisor informed while this process is the main one: that it
// lives, what it does, and when it stops, that this takes its time. From the
// commit of a successor on it is silent, so as not to cover that one's silence.
func (g *Generation) attend() {
	s := g.supervisor
	if s == nil {
		return
	}
	every := statusEvery
	if s.every > 0 {
		every = min(every, s.every/3)
	}
	tick := time.NewTicker(every)
	defer tick.Stop()
	left, said := g.left, ""
	for {
		switch {
		case left == nil && g.Leave().Reason == Replaced:
			return
		case left == nil:
			s.say(stopping)
		}
		if g.now(); s.every > 0 { // it can be asked: nobody holds the phase for ever
			s.say("WATCHDOG=1")
		}
		if words := g.words(); words != said {
			s.say("STATUS=" + words)
			said = words
		}
		select {
		case <-g.closed:
			return
		case <-left:
			left = nil
		case <-tick.C:
		}
	}
}

// words are one line on what goes on here.
func (g *Generation) words() string {
	text := "serving release " + g.o.Release
	if g.now() == draining {
		text = "stopping"
	}
	all, _ := List(context.Background(), g.o.Dir)
	for _, s := range all {
		switch {
		case s.Generation == g.Number() && s.State == Draining:
			text += ", finishing " + s.Jobs.short()
		case s.State == Warming:
			text += "; release " + s.Release + " warms up"
		case s.Probation:
			text += "; release " + s.Release + " is on probation"
		case s.State == Draining:
			text += "; draining " + s.Jobs.short()
		}
	}
	return text
}

// short tells of unfinished jobs in a few words.
func (j Jobs) short() string {
	n := j.Running + j.Available
	if n == 0 {
		return "connections"
	}
	text := fmt.Sprintf("%d jobs", n)
	if n == 1 {
		text = "1 job"
	}
	tenants := slices.Collect(maps.Keys(j.Tenants))
	switch {
	case len(tenants) == 1:
		text += " of " + tenants[0]
	case len(tenants) > 1:
		text += fmt.Sprintf(" of %d tenants", len(tenants))
	}
	if j.Oldest != nil {
		if age := time.Since(*j.Oldest); age >= time.Minute {
			text += fmt.Sprintf(", oldest %d min", int(age.Minutes()))
		}
	}
	return text
}

// stopOlder ends the generations before this one, and returns when they are gone:
// with its main process the supervisor takes a service for stopped.
func (g *Generation) stopOlder() {
	older := func(s Status) bool { return s.Generation < g.Number() }
	stopped := make(chan error)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go func() { stopped <- stopAll(ctx, g.o.Dir, older, false) }()
	select {
	case <-stopped:
		return
	case <-g.hurry:
	}
	stopAll(ctx, g.o.Dir, older, true)
	cancel()
	<-stopped
}
