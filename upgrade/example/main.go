// Command visits counts its visitors in a file, and upgrades itself without losing
// one of them: the smallest program that package upgrade has something to do for.
//
//	go build -o visits ./upgrade/example
//	./visits serve &
//	curl http://127.0.0.1:8080/
//	./visits upgrade ./visits-v2
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"runtime"
	"syscall"
	"time"

	"github.com/alecthomas/kong"

	"majestic/upgrade"
)

// version is set by -ldflags "-X main.version=…".
var version = "dev"

type verbs struct {
	Dir      string                  `help:"The instance." default:"."`
	Serve    serve                   `cmd:"" help:"Count visitors."`
	Upgrade  upgrade.UpgradeCommand  `cmd:"" help:"Replace the running release by another."`
	Rollback upgrade.RollbackCommand `cmd:"" help:"Go back to the release before."`
	Status   upgrade.StatusCommand   `cmd:"" help:"Show the generations."`
	Stop     upgrade.StopCommand     `cmd:"" help:"End them all."`
	Version  about                   `cmd:"" help:"Say which release this is."`
}

func main() {
	var v verbs
	k := kong.Must(&v, kong.Name("visits"), kong.Description("Counts its visitors."))
	c, err := k.Parse(os.Args[1:])
	if err != nil {
		k.Errorf("%s", err)
		os.Exit(2)
	}
	c.BindTo(context.Background(), (*context.Context)(nil))
	c.BindTo(os.Stdout, (*io.Writer)(nil))
	c.Bind(upgrade.Place(v.Dir), upgrade.Rest(func(context.Context) error { return nil }))
	c.FatalIfErrorf(c.Run()) // with an upgrade's exit code
}

type serve struct {
	Listen string `help:"Address to serve on." default:"127.0.0.1:8080"`
}

// Run is a process from its start to its end.
func (s serve) Run(at upgrade.Place) (err error) {
	self, err := os.Open("/proc/self/exe")
	if err != nil {
		return err
	}
	defer self.Close()
	release, err := upgrade.Release(self)
	if err != nil {
		return err
	}
	soft, hard, stop := orders()
	g, err := upgrade.Start(soft, upgrade.Options{Dir: string(at), Release: release, Version: version, Stop: stop, Log: slog.Default()})
	if errors.Is(err, upgrade.ErrDetached) {
		return nil
	}
	if err != nil {
		return err
	}
	defer func() { g.Close(err) }() // of an error our predecessor hears
	context.AfterFunc(soft, g.Stop)
	context.AfterFunc(hard, g.Hurry)
	if err := upgrade.Register(string(at), self, release); err != nil {
		return err
	}

	listener, err := g.Listen(soft, s.Listen)
	if err != nil {
		return err
	}
	v := newVisits(string(at), release)
	go v.serve(listener) // nothing comes before g.Serve
	err = g.Serve(upgrade.Work{
		Jobs:  func(context.Context) (upgrade.Jobs, error) { return upgrade.Jobs{Running: v.underWay()}, nil },
		Check: func(context.Context) error { _, err := v.count(0); return err },
		Accept: func(_ context.Context, text []byte) error {
			var a facts
			if err := json.Unmarshal(text, &a); err != nil || a != ours {
				return fmt.Errorf("it says that it is %.200s, and this is %+v", text, ours)
			}
			return nil
		},
	})
	if err != nil {
		return err
	}
	fmt.Printf("visits serves http://%s\n", listener.Addr())

	<-g.Left()
	rest := 15 * time.Minute
	if g.Leave().Reason == upgrade.RolledBack {
		rest = time.Second // a moment later we are killed
	}
	hard, cancel := context.WithTimeout(hard, rest)
	defer cancel()
	v.leave(hard)
	return nil
}

// orders turns signals, and app stop, into ends: soft after the first, hard after
// a second one.
func orders() (soft, hard context.Context, stop func(now bool)) {
	soft, endSoft := context.WithCancel(context.Background())
	hard, endHard := context.WithCancel(context.Background())
	stop = func(now bool) {
		endSoft()
		if now {
			endHard()
		}
	}
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM)
	go func() {
		for range signals {
			stop(soft.Err() != nil)
		}
	}()
	return soft, hard, stop
}

// facts are what must be the same in whoever takes our place.
type facts struct {
	Product  string `json:"product"`
	Arch     string `json:"arch"`
	Protocol int    `json:"protocol"`
}

var ours = facts{"visits", runtime.GOARCH, 1}

type about struct {
	JSON bool `name:"json" help:"One JSON object."`
}

// Run answers what a running release asks of a file before it makes it its successor.
func (a about) Run() error {
	if a.JSON {
		return json.NewEncoder(os.Stdout).Encode(ours)
	}
	fmt.Println("visits", version)
	return nil
}
