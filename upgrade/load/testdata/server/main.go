// Command server is what the tests put load on: it does what it is asked to once,
// writes down who did it, and upgrades itself.
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
	"syscall"
	"time"

	"github.com/alecthomas/kong"

	"majestic/upgrade"
)

type verbs struct {
	Dir     string                 `required:""`
	Serve   serve                  `cmd:""`
	Upgrade upgrade.UpgradeCommand `cmd:""`
	Stop    upgrade.StopCommand    `cmd:""`
	Version version                `cmd:""`
}

func main() {
	if len(os.Args) == 3 && os.Args[1] == "version" {
		fmt.Println(`{"product":"server"}`) // the check of a binary names no instance
		return
	}
	var v verbs
	c := kong.Parse(&v)
	c.BindTo(context.Background(), (*context.Context)(nil))
	c.BindTo(os.Stdout, (*io.Writer)(nil))
	c.Bind(upgrade.Place(v.Dir), upgrade.Rest(func(context.Context) error { return nil }))
	c.FatalIfErrorf(c.Run())
}

type version struct{}

func (version) Run() {}

type serve struct{}

func (serve) Run(at upgrade.Place) (err error) {
	self, err := os.Open("/proc/self/exe")
	if err != nil {
		return err
	}
	defer self.Close()
	release, err := upgrade.Release(self)
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelDebug}))
	g, err := upgrade.Start(ctx, upgrade.Options{Dir: string(at), Release: release, Stop: func(bool) { stop() }, Log: log})
	if errors.Is(err, upgrade.ErrDetached) {
		return nil
	}
	if err != nil {
		return err
	}
	defer func() { g.Close(err) }()
	context.AfterFunc(ctx, g.Stop)
	if err := upgrade.Register(string(at), self, release); err != nil {
		return err
	}
	listener, err := g.Listen(ctx, "127.0.0.1:0")
	if err != nil {
		return err
	}
	s, err := newServer(string(at), release)
	if err != nil {
		return err
	}
	go s.http.Serve(listener)
	err = g.Serve(upgrade.Work{
		Jobs:  func(context.Context) (upgrade.Jobs, error) { return upgrade.Jobs{}, nil },
		Check: func(context.Context) error { return nil },
		Accept: func(_ context.Context, about []byte) error {
			var a struct{ Product string }
			if err := json.Unmarshal(about, &a); err != nil || a.Product != "server" {
				return fmt.Errorf("not a server: %s", about)
			}
			return nil
		},
	})
	if err != nil {
		return err
	}
	fmt.Printf("serves http://%s\n", listener.Addr())
	<-g.Left()
	rest := time.Minute
	if g.Leave().Reason == upgrade.RolledBack {
		rest = time.Second
	}
	s.leave(rest)
	return nil
}
