package upgrade

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"text/tabwriter"
	"time"
)

// Place is where the verbs find an instance: its tmp folder.
type Place string

// StatusCommand is the verb: app status.
type StatusCommand struct {
	JSON bool `help:"One JSON object." name:"json"`
}

// Run prints the generations, newest first.
func (c *StatusCommand) Run(ctx context.Context, at Place, out io.Writer) error {
	all, err := List(ctx, string(at))
	if err != nil {
		return err
	}
	if c.JSON {
		if all == nil {
			all = []Status{}
		}
		return json.NewEncoder(out).Encode(map[string]any{"generations": all})
	}
	if len(all) == 0 {
		fmt.Fprintln(out, "nothing runs here; start it with: app serve")
		return nil
	}
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "GENERATION\tRELEASE\tVERSION\tSTATE\tPID\tSTARTED\tJOBS")
	for _, s := range all {
		fmt.Fprintf(t, "%d\t%s\t%s\t%s\t%d\t%s\t%d running, %d available\n",
			s.Generation, s.Release, s.Version, s.State, s.PID, s.StartedAt.Local().Format(time.DateTime), s.Jobs.Running, s.Jobs.Available)
	}
	return t.Flush()
}

// StopCommand is the verb: app stop.
type StopCommand struct {
	Now bool `help:"Do not wait for running jobs; they go on at the next start."`
}

// Rest ends what the last process leaves running, and returns when it is gone.
type Rest func(context.Context) error

// Run asks every generation to stop and returns when all have.
func (c *StopCommand) Run(ctx context.Context, at Place, rest Rest) error {
	asked := map[int]bool{}
	for {
		alive, err := Alive(string(at))
		if err != nil {
			return err
		}
		if len(alive) == 0 {
			return rest(ctx)
		}
		for _, s := range alive {
			if asked[s.Generation] {
				continue
			}
			if _, err := ask(ctx, string(at), s.Generation, question{Verb: "stop", Now: c.Now}); err == nil {
				asked[s.Generation] = true
			}
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
	}
}
