// Package machine knows what a machine must have for Majestic to run on it: one
// table of things, each with why it is needed, how to see whether it is there
// and what brings it. Setup mends what is missing.
package machine

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"

	"majestic/app"
)

// Needs are the parts of the table that other rooms know about.
type Needs struct {
	FindChromium func() (string, error) // the executable; the error says what is wrong with what is there
	FindPostgres func() (string, error) // the folder of the server's programs
	Fonts        []Font
}

// Font is one file that a Debian package brings.
type Font struct {
	Package, File, Why string
}

// Setup is the verb: app setup.
type Setup struct {
	Check bool `help:"Only say what is missing, why it is needed, and the commands that bring it; exit 1 if anything is."`
	JSON  bool `name:"json" help:"One JSON object per thing."`
}

// Run checks every row of the table, and mends what is missing. A second run
// finds nothing to do.
func (s *Setup) Run(ctx context.Context, needs Needs, out io.Writer) error {
	h := host{root: "/", uid: os.Geteuid()}
	return s.run(ctx, h, h.table(needs), out)
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
			states[i].print(out)
		}
	}
	commands := plan(missing)

	var failed error
	switch {
	case len(missing) == 0 && !s.JSON:
		fmt.Fprintln(out, "nothing is missing")
	case len(missing) > 0 && s.Check && !s.JSON && len(commands) > 0:
		fmt.Fprintf(out, "\nthese commands bring what is missing, and so does app setup:\n%s\n", h.script(commands))
	case len(missing) > 0 && !s.Check:
		failed = h.carryOut(ctx, commands, s.progress(out))
		for i, r := range rows {
			if !states[i].OK {
				states[i] = r.look()
				states[i].Mended = states[i].OK
				if !s.JSON && (states[i].Mended || failed == nil) {
					states[i].print(out)
				}
			}
		}
	}

	if s.JSON {
		encoder := json.NewEncoder(out)
		encoder.SetEscapeHTML(false)
		for _, st := range states {
			if err := encoder.Encode(st); err != nil {
				return err
			}
		}
	}
	if failed != nil {
		return failed
	}
	return stillMissing(states, s.Check)
}

// progress is where the installation may talk: not into the JSON.
func (s *Setup) progress(out io.Writer) io.Writer {
	if s.JSON {
		return os.Stderr
	}
	return out
}

// stillMissing is the outcome as an error, nil when all is there.
func stillMissing(states []state, onlyChecked bool) error {
	var names, problems []string
	mendable := false
	for _, st := range states {
		if !st.OK {
			names = append(names, st.Name)
			problems = append(problems, st.Name+": "+st.Problem)
			mendable = mendable || len(st.Commands) > 0
		}
	}
	switch {
	case names == nil:
		return nil
	case onlyChecked && mendable:
		return app.Errorf(app.Unavailable, "this machine lacks %s; run: app setup", strings.Join(names, ", "))
	default:
		return app.Errorf(app.Unavailable, "this machine lacks what setup cannot bring, see to it by hand: %s", strings.Join(problems, "; "))
	}
}
