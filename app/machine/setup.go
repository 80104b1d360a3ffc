// Package machine knows what a machine must have for Majestic to run on it: one
// table of things, each with why it is needed, how to see whether it is there
// and what brings it. Setup mends what is missing, and can make a service of an
// instance; doctor looks at the machine and at an instance on it.
package machine

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"majestic/app"
)

// Needs are the parts of the table that other rooms know about.
type Needs struct {
	FindChromium func() (string, error) // the executable; the error says what is wrong with what is there
	FindPostgres func() (string, error) // the folder of the server's programs
	Fonts        []Font

	// Of an instance.
	Dir         string
	Listen      string                                     // the address that the settings say
	Install     func(dir string) (release string, _ error) // keeps the running binary as a release, and as current where there is none
	Database    func(context.Context) (string, error)      // what is to be said of it
	Generations func(context.Context) ([]Generation, error)
	Runtime     func(context.Context) (Runtime, error)
	Backups     func() (string, error)                                   // how they are
	Render      func(context.Context) (string, error)                    // draws designs again; what became of it
	Restore     func(ctx context.Context, dir string, from Source) error // makes the instance what a backup says
}

// Source is what an instance shall be made of.
type Source struct {
	From           string `name:"from-backup" help:"Make the instance of a backup, or of the newest in a folder that was brought from another machine." placeholder:"PATH"`
	Follow         bool   `help:"With --from-backup, once more: replace what the instance holds, and keep it aside."`
	Identity       string `help:"With --from-backup: the file with age's identity that opens the backup's secrets." placeholder:"FILE"`
	WithoutSecrets bool   `help:"With --from-backup: go without the secrets; links that were signed are then void."`
}

// dir is the instance's directory, as one finds it from anywhere.
func (n Needs) dir() string {
	if dir, err := filepath.Abs(n.Dir); err == nil {
		return dir
	}
	return n.Dir
}

// Font is one file that a Debian package brings.
type Font struct {
	Package, File, Why string
}

// Setup is the verb: app setup.
type Setup struct {
	Check   bool    `help:"Only say what is missing, why it is needed, and the commands that bring it; exit 1 if anything is."`
	Systemd *string `help:"Make a service of the instance, too: account, directory, unit, settings, command, nginx snippet." placeholder:"NAME" xor:"what"`
	Print   bool    `help:"With --systemd: only print the unit."`
	Remove  *string `help:"Take a service away again, and leave its data." placeholder:"NAME" xor:"what"`
	Source  `embed:""`
	JSON    bool `name:"json" help:"One JSON object per thing."`
}

// Validate is kong's.
func (s *Setup) Validate() error {
	switch {
	case s.Print && s.Systemd == nil:
		return errors.New("--print prints a service's unit: name it with --systemd NAME")
	case s.Remove != nil && (s.Check || s.JSON || s.From != ""):
		return errors.New("--remove goes alone")
	case s.From == "" && (s.Follow || s.Identity != "" || s.WithoutSecrets):
		return errors.New("--follow, --identity and --without-secrets go with --from-backup")
	}
	return nil
}

// Run checks every row of the table, and mends what is missing. A second run
// finds nothing to do.
func (s *Setup) Run(ctx context.Context, needs Needs, out io.Writer) error {
	h := host{root: "/", uid: os.Geteuid()}
	rows := h.table(needs)
	switch {
	case s.Remove != nil:
		return h.remove(ctx, *s.Remove, out)
	case s.Systemd != nil:
		v, err := h.service(*s.Systemd, needs)
		if err != nil {
			return err
		}
		if s.Print {
			_, err := io.WriteString(out, v.unit())
			return err
		}
		if err := v.possible(); err != nil {
			return err
		}
		all := v.rows(needs)
		if s.From != "" { // settings and release come with it, and the service is to run in the end
			restored := v.restored(ctx, s.Source, needs)
			all = append(slices.Insert(all, 2, restored), v.started(s.Follow))
		}
		rows = append(rows, all...)
		if err := s.run(ctx, h, rows, out); err != nil || s.Check || s.JSON {
			return err
		}
		next := v.next()
		if s.From != "" {
			next = v.fill(restoredText)
		}
		_, err = fmt.Fprint(out, next)
		return err
	case s.From != "":
		return s.run(ctx, h, append(rows, h.restored(ctx, needs.dir(), s.Source, needs)), out)
	}
	return s.run(ctx, h, rows, out)
}

func (s *Setup) run(ctx context.Context, h host, rows []row, out io.Writer) error {
	var missing []row
	states := make([]state, len(rows))
	for i, r := range rows {
		states[i] = r.look()
		if !states[i].OK {
			missing = append(missing, r)
		}
		if !s.JSON {
			states[i].print(out, "missing")
		}
	}
	commands := plan(missing)

	var failed error
	switch {
	case len(missing) == 0 && !s.JSON:
		fmt.Fprintln(out, "nothing is missing")
	case len(missing) > 0 && s.Check && !s.JSON && len(commands) > 0:
		fmt.Fprintf(out, "\nthese commands bring what is missing, and so does %s:\n%s\n", s.again(), h.script(commands))
	case len(missing) > 0 && !s.Check:
		failed = h.carryOut(ctx, commands, s.progress(out))
		for i, r := range rows {
			if states[i].OK {
				continue
			}
			if failed == nil && r.mend != nil && !r.look().OK { // a row before may have brought it
				failed = r.mend()
			}
			states[i] = r.look()
			states[i].Mended = states[i].OK
			if !s.JSON && (states[i].Mended || failed == nil) {
				states[i].print(out, "missing")
			}
			if !states[i].OK && r.mend != nil {
				break // what follows builds on it
			}
		}
	}

	if s.JSON {
		if err := printJSON(out, states); err != nil {
			return err
		}
	}
	if failed != nil {
		return failed
	}
	return s.stillMissing(states)
}

// progress is where the installation may talk: not into the JSON.
func (s *Setup) progress(out io.Writer) io.Writer {
	if s.JSON {
		return os.Stderr
	}
	return out
}

// again is what a person types to have the same set up.
func (s *Setup) again() string {
	again := "app setup"
	if s.Systemd != nil {
		again += " --systemd " + *s.Systemd
	}
	if s.From != "" {
		again += " --from-backup " + s.From
	}
	return again
}

// stillMissing is the outcome as an error, nil when all is there.
func (s *Setup) stillMissing(states []state) error {
	var names, problems []string
	mendable := false
	for _, st := range states {
		if !st.OK {
			names = append(names, st.Name)
			problems = append(problems, st.Name+": "+st.Problem)
			mendable = mendable || st.mendable
		}
	}
	switch {
	case names == nil:
		return nil
	case s.Check && mendable:
		return app.Errorf(app.Unavailable, "this machine lacks %s; run: %s", strings.Join(names, ", "), s.again())
	default:
		return app.Errorf(app.Unavailable, "this machine lacks what setup cannot bring, see to it by hand: %s", strings.Join(problems, "; "))
	}
}
