package screenshots

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"
)

// RuntimeCommand is the verb: app runtime.
type RuntimeCommand struct {
	Freeze FreezeCommand `cmd:"" help:"Copy Chromium, its libraries and the fonts into the instance, where nothing that the system replaces changes them."`
	List   ListCommand   `cmd:"" help:"Show the frozen runtimes."`
	Use    UseCommand    `cmd:"" help:"Choose what the next generation draws with."`
	Prune  PruneCommand  `cmd:"" help:"Remove the frozen runtimes that nobody uses."`
}

// FreezeCommand is the verb: app runtime freeze.
type FreezeCommand struct {
	JSON bool `name:"json" help:"One JSON object."`
}

// Run freezes the runtime; the options are the system's.
func (c *FreezeCommand) Run(ctx context.Context, runtimes Runtimes, o Options, out io.Writer) error {
	f, err := runtimes.Freeze(ctx, o)
	if err != nil {
		return err
	}
	if c.JSON {
		return json.NewEncoder(out).Encode(f)
	}
	_, err = fmt.Fprintf(out, "frozen as %s: Chromium %s, %s\ndraw with it: app runtime use %s; app upgrade\n", f.Hash, f.Chromium, megabytes(f.Bytes), f.Hash)
	return err
}

// ListCommand is the verb: app runtime list.
type ListCommand struct {
	JSON bool `name:"json" help:"One JSON object."`
}

// Run shows them, the newest first.
func (c *ListCommand) Run(runtimes Runtimes, out io.Writer) error {
	all, err := runtimes.List()
	if err != nil {
		return err
	}
	if c.JSON {
		if all == nil {
			all = []Frozen{}
		}
		return json.NewEncoder(out).Encode(map[string]any{"runtimes": all})
	}
	if len(all) == 0 {
		_, err := fmt.Fprintln(out, "none is frozen: the system's is used; make one with: app runtime freeze")
		return err
	}
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "RUNTIME\tCHROMIUM\tSIZE\tFROZEN\tUSED BY")
	for _, f := range all {
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\n", f.Hash, f.Chromium, megabytes(f.Bytes), f.FrozenAt.Local().Format(time.DateTime), f.usedBy())
	}
	return t.Flush()
}

// UseCommand is the verb: app runtime use.
type UseCommand struct {
	Runtime string `arg:"" help:"Its hash, or the beginning of it; or system." placeholder:"HASH"`
}

// Run chooses it.
func (c *UseCommand) Run(runtimes Runtimes, out io.Writer) error {
	hash, err := runtimes.Use(c.Runtime)
	if err != nil {
		return err
	}
	what := "the frozen runtime " + hash
	if hash == system {
		what = "the system's Chromium and fonts"
	}
	_, err = fmt.Fprintf(out, "the next generation draws with %s; start it with: app upgrade\n", what)
	return err
}

// PruneCommand is the verb: app runtime prune.
type PruneCommand struct{}

// Run removes what nobody uses.
func (c *PruneCommand) Run(runtimes Runtimes, out io.Writer) error {
	gone, err := runtimes.Prune()
	for _, f := range gone {
		fmt.Fprintf(out, "removed %s: Chromium %s, %s\n", f.Hash, f.Chromium, megabytes(f.Bytes))
	}
	if len(gone) == 0 && err == nil {
		fmt.Fprintln(out, "nothing to remove")
	}
	return err
}

func (f Frozen) usedBy() string {
	var all []string
	if f.Current {
		all = append(all, "the next generation")
	}
	for _, pid := range f.Users {
		all = append(all, fmt.Sprintf("process %d", pid))
	}
	if all == nil {
		return "nobody"
	}
	return strings.Join(all, ", ")
}

func megabytes(n int64) string { return fmt.Sprintf("%d MB", n/1e6) }
