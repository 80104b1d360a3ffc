package upgrade

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// Place is where the verbs find an instance: its directory.
type Place string

// StatusCommand is the verb: app status.
type StatusCommand struct {
	JSON  bool `help:"One JSON object." name:"json"`
	Watch bool `help:"Again whenever something has changed, until you end it."`
}

// Run prints the generations, newest first.
func (c *StatusCommand) Run(ctx context.Context, at Place, out io.Writer) error {
	for last := ""; ; {
		text, err := c.text(ctx, at)
		if err != nil {
			return err
		}
		if text != last {
			if last != "" && !c.JSON {
				text = "\n" + text
			}
			if _, err := io.WriteString(out, text); err != nil {
				return nil // nobody reads any more
			}
			last = strings.TrimPrefix(text, "\n")
		}
		if !c.Watch {
			return nil
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(time.Second / 2):
		}
	}
}

func (c *StatusCommand) text(ctx context.Context, at Place) (string, error) {
	all, err := List(ctx, string(at))
	if err != nil {
		return "", err
	}
	var out strings.Builder
	if c.JSON {
		if all == nil {
			all = []Status{}
		}
		err := json.NewEncoder(&out).Encode(map[string]any{"generations": all})
		return out.String(), err
	}
	if len(all) == 0 {
		return "nothing runs here; start it with: app serve\n", nil
	}
	t := tabwriter.NewWriter(&out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "GENERATION\tRELEASE\tVERSION\tSTATE\tPID\tSTARTED\tJOBS")
	for _, s := range all {
		state := s.State
		if s.Probation {
			state += " (probation)"
		}
		jobs := "-"
		if s.State != Gone {
			jobs = s.Jobs.words()
		}
		fmt.Fprintf(t, "%d\t%s\t%s\t%s\t%d\t%s\t%s\n",
			s.Generation, s.Release, s.Version, state, s.PID, s.StartedAt.Local().Format(time.DateTime), jobs)
	}
	err = t.Flush()
	for _, s := range all {
		for _, stay := range s.Staying {
			fmt.Fprintln(&out, stay.words(s.Version))
		}
	}
	return out.String(), err
}

func (s Stay) words(version string) string {
	return fmt.Sprintf("%s: on %s, %s", s.Tenant, version, s.Doing)
}

// words are what people read of jobs.
func (j Jobs) words() string {
	if j.Running+j.Available+j.Waiting+j.Unknown == 0 {
		return "no jobs"
	}
	text := fmt.Sprintf("%d running, %d available", j.Running, j.Available)
	if j.Waiting > 0 {
		text += fmt.Sprintf(", %d for later", j.Waiting)
	}
	if j.Unknown > 0 {
		text += fmt.Sprintf(", %d for a release that knows them", j.Unknown)
	}
	if j.Oldest != nil {
		text += ", the oldest from " + j.Oldest.Local().Format(time.DateTime)
	}
	most := slices.SortedFunc(maps.Keys(j.Tenants), func(a, b string) int { return j.Tenants[b] - j.Tenants[a] })
	for i, tenant := range most {
		separator := ", "
		if i == 0 {
			separator = "; "
		}
		if i == 5 {
			return text + fmt.Sprintf(" and %d tenants more", len(most)-i)
		}
		text += fmt.Sprintf("%s%s: %d", separator, tenant, j.Tenants[tenant])
	}
	return text
}

// StopCommand is the verb: app stop.
type StopCommand struct {
	Now bool `help:"Do not wait for running jobs; they go on at the next start."`
}

// Rest ends what the last process leaves running, and returns when it is gone.
type Rest func(context.Context) error

// Run asks every generation to stop and returns when all have.
func (c *StopCommand) Run(ctx context.Context, at Place, rest Rest) error {
	all, err := List(ctx, string(at))
	if err != nil {
		return err
	}
	for _, s := range all {
		// Its own call to stop has its socket in the environment.
		if s.Unit != "" && (s.State == Serving || s.State == Warming) && os.Getenv(envNotify) == "" {
			return fmt.Errorf("systemd looks after this instance and would start it again; say: systemctl stop %s", s.Unit)
		}
	}
	every := func(Status) bool { return true }
	if err := stopAll(ctx, string(at), every, c.Now); err != nil {
		return err
	}
	return rest(ctx)
}

// stopAll ends the generations that which picks, and returns when they are gone.
// The newest comes first: a predecessor that takes over again is told, too.
func stopAll(ctx context.Context, dir string, which func(Status) bool, now bool) error {
	asked, silent := map[int]bool{}, map[int]time.Time{}
	for {
		alive, err := Alive(dir)
		if err != nil {
			return err
		}
		alive = slices.DeleteFunc(alive, func(s Status) bool { return !which(s) })
		if len(alive) == 0 {
			return nil
		}
		for _, s := range alive {
			if asked[s.Generation] {
				continue
			}
			if _, err := ask(ctx, dir, s.Generation, question{Verb: "stop", Now: now}); err == nil {
				asked[s.Generation] = true
				continue
			}
			if silent[s.Generation].IsZero() {
				silent[s.Generation] = time.Now()
			}
			if now && time.Since(silent[s.Generation]) > silence {
				kill(s.PID) // it hangs, or is stopped: it would not hear of it
			}
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(blink):
		}
	}
}

func kill(pid int) {
	if p, err := os.FindProcess(pid); err == nil {
		p.Kill()
	}
}
