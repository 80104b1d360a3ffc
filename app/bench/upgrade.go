package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"majestic/app/config"
	"majestic/upgrade/load"
)

// UpgradeCommand is the verb: app bench upgrade.
type UpgradeCommand struct {
	Count     int           `default:"20" help:"How many upgrades."`
	Kill      bool          `help:"Kill each new release (kill -9), 50 ms or 2 s after it took over."`
	Rate      float64       `default:"360" help:"Requests a second."`
	RTT       time.Duration `name:"rtt" default:"20ms" help:"What a round trip shall take."`
	Probation time.Duration `default:"2s" help:"How long the old release stands by."`
	Window    time.Duration `default:"10s" help:"How long to look at the clients around each upgrade, and without one; 0 is upgrades in a row."`
	JSON      bool          `name:"json" help:"One JSON object."`
}

// Run upgrades an instance of its own again and again while clients use it.
func (c *UpgradeCommand) Run(out io.Writer, open Database) (err error) {
	if c.Count < 1 || c.Rate <= 0 {
		return errors.New("a benchmark has at least one upgrade, and a rate")
	}
	ctx, end := config.UntilStopped()
	defer end()
	h, err := newHouse(open)
	defer func() { err = errors.Join(err, h.close()) }()
	if err == nil {
		fmt.Fprintf(os.Stderr, "an instance starts in %s\n", h.instance.Dir)
		err = h.furnish(ctx)
	}
	if err != nil {
		return stopped(err)
	}
	trial := load.Trial{Instance: h.instance, Plan: h.plan(c.Rate, c.RTT), Probation: c.Probation, Window: c.Window, Progress: os.Stderr, Executed: h.designs}
	run := trial.Upgrades
	if c.Kill {
		run = trial.Kills
	}
	f, err := run(ctx, c.Count)
	if err != nil {
		return stopped(err)
	}
	if c.JSON {
		return json.NewEncoder(out).Encode(f)
	}
	return f.Print(out)
}

// stopped says in words that somebody did not want to wait.
func stopped(err error) error {
	if errors.Is(err, context.Canceled) {
		return errors.New("it was stopped before it had figures")
	}
	return err
}
