package postgres

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"
)

// Command is the verb: app db.
type Command struct {
	Psql PsqlCommand `cmd:"" help:"Ask the database by hand, with psql."`
	URL  URLCommand  `cmd:"" name:"url" help:"Print where the database is, for programs; with its password, where it has one."`
}

// Opened opens the instance's database.
type Opened func() (*DB, error)

// PsqlCommand is the verb: app db psql.
type PsqlCommand struct {
	Args []string `arg:"" optional:"" help:"What psql takes, after --, as in: app db psql -- -c 'SELECT 1'." placeholder:"ARGS"`
}

// Run runs psql on the database, which is up meanwhile.
func (c *PsqlCommand) Run(ctx context.Context, open Opened, out io.Writer) error {
	db, err := open()
	if err != nil {
		return err
	}
	major, err := db.Major(ctx)
	if err != nil {
		return err
	}
	bin, err := fitting(find("", "psql"), "psql", major)
	if err != nil {
		return err
	}
	signal.Notify(make(chan os.Signal, 1), syscall.SIGINT) // is psql's, to end a statement
	defer signal.Reset(syscall.SIGINT)
	cmd := exec.CommandContext(ctx, filepath.Join(bin, "psql"), append([]string{"-d", connection(db.URL)}, c.Args...)...)
	cmd.Env = cmd.Environ()
	if password := db.Pool.Config().ConnConfig.Password; password != "" {
		cmd.Env = append(cmd.Env, "PGPASSWORD="+password)
	}
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, out, os.Stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("psql: %w", err)
	}
	return nil
}

// URLCommand is the verb: app db url.
type URLCommand struct{}

// Run prints it.
func (URLCommand) Run(o Options, out io.Writer) error {
	if o.URL == "" {
		c, err := newCluster(o)
		if err != nil {
			return err
		}
		if !c.made() {
			return errors.New("there is no private cluster yet; the first app serve makes it")
		}
		o.URL = c.url(owner)
	}
	_, err := fmt.Fprintln(out, o.URL)
	return err
}
