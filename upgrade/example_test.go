package upgrade_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"strings"

	"majestic/upgrade"
)

// A process's life, without its signals; upgrade/example is a whole program.
func Example() {
	dir, err := os.MkdirTemp("", "instance-")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	program := strings.NewReader("in earnest, what /proc/self/exe holds")
	release, err := upgrade.Release(program)
	if err != nil {
		panic(err)
	}

	var g *upgrade.Generation
	g, err = upgrade.Start(context.Background(), upgrade.Options{Dir: dir, Release: release, Version: "v1", Log: slog.Default(), Stop: func(bool) { g.Stop() }})
	if err != nil {
		panic(err) // or upgrade.ErrDetached: exit with 0
	}
	defer g.Close(nil)
	if err := upgrade.Register(dir, program, release); err != nil {
		panic(err)
	}
	listener, err := g.Listen(context.Background(), "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	go http.Serve(listener, http.NotFoundHandler()) // nobody comes before g.Serve
	err = g.Serve(upgrade.Work{
		Jobs:   func(context.Context) (upgrade.Jobs, error) { return upgrade.Jobs{}, nil },
		Check:  func(context.Context) error { return nil },
		Accept: func(_ context.Context, about []byte) error { return nil },
	})
	if err != nil {
		panic(err)
	}
	all, _ := upgrade.List(context.Background(), dir)
	fmt.Println("generation", all[0].Generation, "is", all[0].State)

	g.Stop() // or an upgrade: then another has taken its place
	<-g.Left()
	fmt.Println("it ends:", g.Leave().Reason)
	// Output:
	// generation 1 is serving
	// it ends: it is stopped
}
