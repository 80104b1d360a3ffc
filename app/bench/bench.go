// Package bench measures the app on the machine it runs on: it starts instances of
// its own, deals with them as customers and owners do, and removes them.
package bench

import (
	"context"
	"fmt"
	"io"

	"github.com/jackc/pgx/v5/pgxpool"
)

// Command is the verb: app bench.
type Command struct {
	List    ListCommand    `cmd:"" default:"1" hidden:"" help:"List the benchmarks."`
	Upgrade UpgradeCommand `cmd:"" help:"What clients notice of upgrades."`
}

// Database opens the private cluster of an instance.
type Database func(ctx context.Context, dir string) (pool *pgxpool.Pool, close func() error, err error)

// ListCommand is the verb without a name.
type ListCommand struct{}

// Run lists the benchmarks.
func (ListCommand) Run(out io.Writer) error {
	_, err := fmt.Fprintln(out, "upgrade  what clients notice of upgrades, and of a new release that is killed (--kill)\n\napp bench NAME --help has more.")
	return err
}
