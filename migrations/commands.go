package migrations

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"path"
	"slices"
	"strconv"
	"text/tabwriter"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"majestic/app"
)

// MigrateCommand is the verb: app migrate.
type MigrateCommand struct {
	Up     UpCommand     `cmd:"" help:"Apply what may be applied now; serve does it by itself."`
	Status StatusCommand `cmd:"" help:"List the migrations, and those that the database has had."`
	Check  CheckCommand  `cmd:"" help:"Try this release's migrations on the schema of the last one, in a scratch database."`
}

// UpCommand is the verb: app migrate up.
type UpCommand struct{}

// Run expands, and contracts where this release has committed and none other runs.
func (UpCommand) Run(ctx context.Context, pool *pgxpool.Pool, in Instance, out io.Writer) error {
	steps, err := Expand(ctx, pool)
	if err != nil {
		return err
	}
	done, _, err := ours().contract(ctx, pool, in)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "applied %d migrations\n", steps+len(done))
	return nil
}

// StatusCommand is the verb: app migrate status.
type StatusCommand struct {
	JSON bool `name:"json" help:"One JSON object."`
}

// Migration is one line of the status.
type Migration struct {
	Kind      string     `json:"kind"` // expand contract river
	Version   int64      `json:"version"`
	Name      string     `json:"name,omitempty"`
	State     string     `json:"state"` // applied pending unknown
	AppliedAt *time.Time `json:"applied_at,omitempty"`
}

// Run lists all migrations that this release knows or the database has had.
func (c *StatusCommand) Run(ctx context.Context, pool *pgxpool.Pool, out io.Writer) error {
	conn, err := pool.Acquire(ctx)
	if err != nil {
		return fmt.Errorf("migrations: %w", err)
	}
	defer conn.Release()
	all, err := ours().status(ctx, conn.Conn())
	if err != nil {
		return fmt.Errorf("migrations: %w", err)
	}
	if c.JSON {
		return json.NewEncoder(out).Encode(map[string]any{"migrations": all})
	}
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "MIGRATION\tSTATE\tSINCE")
	for _, m := range all {
		since, state := "-", m.State
		if m.AppliedAt != nil {
			since = m.AppliedAt.Local().Format(time.DateTime)
		}
		if state == "unknown" {
			state += " to this release"
		}
		fmt.Fprintf(t, "%s/%s\t%s\t%s\n", m.Kind, cmp.Or(m.Name, strconv.FormatInt(m.Version, 10)), state, since)
	}
	return t.Flush()
}

// CheckCommand is the verb: app migrate check.
type CheckCommand struct {
	JSON bool `name:"json" help:"One JSON object."`
}

// Run fails when the last release would not bear this one's migrations.
func (c *CheckCommand) Run(ctx context.Context, pool *pgxpool.Pool, out io.Writer) error {
	faults, err := Check(ctx, pool)
	if err != nil {
		return err
	}
	if c.JSON {
		if err := json.NewEncoder(out).Encode(map[string]any{"ok": len(faults) == 0, "faults": append([]app.Field{}, faults...)}); err != nil {
			return err
		}
	}
	if len(faults) > 0 {
		return &app.Error{Kind: app.Invalid, Message: "the last release could not go on with this schema", Fields: faults}
	}
	if !c.JSON {
		fmt.Fprintln(out, "the last release can go on with this schema")
	}
	return nil
}

// status is every migration that is known or was applied.
func (s schema) status(ctx context.Context, conn *pgx.Conn) (all []Migration, err error) {
	for _, kind := range []string{"expand", "river", "contract"} {
		known, err := s.known(kind)
		if err != nil {
			return nil, err
		}
		had, err := applied(ctx, conn, kind)
		if err != nil {
			return nil, err
		}
		for _, version := range slices.Sorted(maps.Keys(merge(known, had))) {
			name, ours := known[version]
			m := Migration{Kind: kind, Version: version, Name: name, State: "pending"}
			if at, ok := had[version]; ok {
				m.State, m.AppliedAt = "applied", &at
			}
			if !ours {
				m.State = "unknown"
			}
			all = append(all, m)
		}
	}
	return all, nil
}

// known are the names of a kind's migrations, by version.
func (s schema) known(kind string) (map[int64]string, error) {
	all := map[int64]string{}
	if kind == "river" {
		newest, err := riverKnown()
		for v := 1; v <= newest; v++ {
			all[int64(v)] = ""
		}
		return all, err
	}
	list, err := s.list(kind)
	for _, f := range list {
		all[f.version] = path.Base(f.name)
	}
	return all, err
}

func merge(known map[int64]string, had map[int64]time.Time) map[int64]bool {
	all := map[int64]bool{}
	for v := range known {
		all[v] = true
	}
	for v := range had {
		all[v] = true
	}
	return all
}
