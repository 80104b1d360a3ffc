package backup

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"majestic/app"
	"majestic/app/postgres"
)

// Verbs are: app backup.
type Verbs struct {
	Create  CreateCommand  `cmd:"" help:"Make a backup, also while the instance serves."`
	List    ListCommand    `cmd:"" help:"List the backups, and whether they came back on trial."`
	Verify  VerifyCommand  `cmd:"" help:"Restore a backup on trial, and compare it with what was there."`
	Restore RestoreCommand `cmd:"" help:"Make an instance what it was, muted until: app unmute."`
	Prune   PruneCommand   `cmd:"" help:"Remove backups beyond what BACKUP_KEEP says."`
}

// Open opens the instance's database.
type Open func() (*postgres.DB, error)

// CreateCommand is the verb: app backup create.
type CreateCommand struct {
	WithSecret bool `help:"Put the secret key and secret settings into it, readable, where no BACKUP_RECIPIENT is set to encrypt them to."`
	JSON       bool `name:"json" help:"One JSON object."`
}

// Run makes the backup, and has it carried elsewhere.
func (c *CreateCommand) Run(ctx context.Context, k *Keeper, open Open, s *Schedule, out io.Writer) error {
	if !k.Lives() {
		return app.Errorf(app.NotFound, "there is nothing to back up in %s: no instance was ever started there; name another directory with --dir", k.Dir)
	}
	db, err := open()
	if err != nil {
		return err
	}
	// Not before: a cluster that is started for us goes on after us.
	if err := postgres.YieldSelf(); err != nil {
		return err
	}
	b, err := k.Create(ctx, db, c.WithSecret)
	if err != nil {
		return err
	}
	if s.Command != "" && !k.Muted() {
		b, err = k.Carry(ctx, b, s.Command, s.Limit)
	}
	if c.JSON {
		json.NewEncoder(out).Encode(b)
		return err
	}
	fmt.Fprintf(out, "made the backup %s: %s in %s\n", b.Path, size(b.Bytes()), short(b.Took))
	for _, key := range b.Missing {
		fmt.Fprintf(out, "  a file was not there, or not as it was written: %s\n", key)
	}
	if b.Secrets == noSecrets {
		fmt.Fprintln(out, "  it holds no secrets: keep data/secret.key elsewhere, or set BACKUP_RECIPIENT")
	}
	return err
}

// ListCommand is the verb: app backup list.
type ListCommand struct {
	JSON bool `name:"json" help:"One JSON object."`
}

// Run lists the backups.
func (c *ListCommand) Run(k *Keeper, out io.Writer) error {
	all, bad, err := k.list()
	if err != nil {
		return err
	}
	if c.JSON {
		return json.NewEncoder(out).Encode(map[string]any{"backups": append([]Backup{}, all...), "damaged": append([]string{}, bad...)})
	}
	if len(all) == 0 {
		fmt.Fprintln(out, "there are none in", k.Place)
	} else if err := c.table(all, out); err != nil {
		return err
	}
	for _, path := range bad {
		fmt.Fprintln(out, unreadable(path))
	}
	return nil
}

// table has a line for each, and what went wrong below it.
func (c *ListCommand) table(all []Backup, out io.Writer) error {
	var wrong []string
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "BACKUP\tAGE\tSIZE\tVERSION\tTRIED\tRESULT\tCOMMAND")
	for _, b := range all {
		tried, result, command := "-", "-", "-"
		if b.Drill != nil {
			tried, result = b.Drill.At.Local().Format(time.DateTime), "came back in "+short(b.Drill.Took)
			if !b.Drill.OK {
				result = "FAILED"
				wrong = append(wrong, fmt.Sprintf("%s did not come back: %s", b.ID, b.Drill.Error))
			}
		}
		if b.Command != nil {
			command = "ok"
			if !b.Command.OK {
				command = "FAILED"
				wrong = append(wrong, fmt.Sprintf("%s was not taken elsewhere: %s", b.ID, b.Command.why()))
			}
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", b.ID, short(b.age(time.Now())), size(b.Bytes()), b.Version, tried, result, command)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	for _, line := range wrong {
		fmt.Fprintln(out, line)
	}
	return nil
}

// VerifyCommand is the verb: app backup verify [ID].
type VerifyCommand struct {
	Backup string `arg:"" optional:"" help:"Its id, or its folder; without it the newest."`
	JSON   bool   `name:"json" help:"One JSON object."`
}

// Run restores the backup on trial.
func (c *VerifyCommand) Run(ctx context.Context, k *Keeper, open Open, out io.Writer) error {
	b, err := k.Find(c.Backup)
	if err != nil {
		return err
	}
	var live *postgres.DB
	if k.Lives() {
		if live, err = open(); err != nil {
			return err
		}
	}
	b, err = k.Verify(ctx, b, live)
	if c.JSON && b.Drill != nil {
		json.NewEncoder(out).Encode(b)
		return err
	}
	if err != nil {
		return err
	}
	d := b.Drill
	fmt.Fprintf(out, "the backup %s came back in %s: %d tables and %d files as they were\n", b.ID, short(d.Took), len(b.Tables), b.Objects)
	if d.Live != "" {
		fmt.Fprintln(out, "  compared", d.Live)
	}
	fmt.Fprintln(out, "  drawn:", d.Drawn)
	return nil
}

// RestoreCommand is the verb: app backup restore PATH|ID.
type RestoreCommand struct {
	Backup   string `arg:"" help:"The backup's id, or its folder."`
	Force    bool   `help:"Replace what the instance holds, and keep it aside."`
	Identity `embed:""`
	JSON     bool `name:"json" help:"One JSON object."`
}

// Run restores the instance.
func (c *RestoreCommand) Run(ctx context.Context, k *Keeper, out io.Writer) error {
	b, err := k.Find(c.Backup)
	if err != nil {
		return err
	}
	r, err := k.Restore(ctx, b, Wishes{c.Force, c.Identity})
	if err != nil {
		return err
	}
	if c.JSON {
		return json.NewEncoder(out).Encode(r)
	}
	fmt.Fprintf(out, "restored %s to what it was at %s\n", k.Dir, b.At.Local().Format(time.DateTime))
	if r.Kept != "" {
		fmt.Fprintln(out, "  what was there is kept in", r.Kept)
	}
	for _, note := range r.Notes {
		fmt.Fprintln(out, "  "+note)
	}
	fmt.Fprintln(out, "  it is muted: no mails, no webhooks, no deletions, until: app unmute")
	return nil
}

// PruneCommand is the verb: app backup prune.
type PruneCommand struct {
	JSON bool `name:"json" help:"One JSON object."`
}

// Run removes old backups.
func (c *PruneCommand) Run(k *Keeper, s *Schedule, out io.Writer) error {
	gone, err := k.Prune(s.Keep)
	if err != nil {
		return err
	}
	if c.JSON {
		ids := []string{}
		for _, b := range gone {
			ids = append(ids, b.ID)
		}
		return json.NewEncoder(out).Encode(map[string]any{"removed": ids})
	}
	fmt.Fprintf(out, "removed %d backups\n", len(gone))
	return nil
}

// Unmute is the verb: app unmute.
type Unmute struct{}

// Run lets a restored instance act on the world outside again.
func (Unmute) Run(k *Keeper, out io.Writer) error {
	was, err := k.Unmute()
	if err != nil {
		return err
	}
	if was {
		fmt.Fprintln(out, "mails, webhooks and what is done by itself go on from now; mails and webhooks that have waited are sent")
	} else {
		fmt.Fprintln(out, "the instance was not muted")
	}
	return nil
}

func size(bytes int64) string {
	switch {
	case bytes < 1e6:
		return fmt.Sprintf("%.0f kB", float64(bytes)/1e3)
	case bytes < 1e9:
		return fmt.Sprintf("%.1f MB", float64(bytes)/1e6)
	}
	return fmt.Sprintf("%.1f GB", float64(bytes)/1e9)
}
