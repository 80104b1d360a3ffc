package machine

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
)

// row is one thing that a machine, or an instance on it, must have.
type row struct {
	name, why string
	check     func() (found string, err error)

	// What brings it: packages, all rows' in one installation, with commands
	// before and after it; or a function, in the order of the rows; or, where
	// nothing of ours can, words.
	before   [][]string
	packages []string
	after    [][]string
	mend     func() error
	remedy   string
}

// state is a row as it was found.
type state struct {
	Name     string   `json:"name"`
	OK       bool     `json:"ok"`
	Mended   bool     `json:"mended,omitempty"`
	Found    string   `json:"found,omitempty"`
	Problem  string   `json:"problem,omitempty"`
	Why      string   `json:"why"`
	Remedy   string   `json:"remedy,omitempty"`
	Commands []string `json:"commands,omitempty"`

	mendable bool
}

func (r row) look() state {
	found, err := r.check()
	if err == nil {
		return state{Name: r.name, OK: true, Found: found, Why: r.why}
	}
	s := state{Name: r.name, Problem: err.Error(), Why: r.why, Remedy: r.remedy}
	for _, command := range plan([]row{r}) {
		s.Commands = append(s.Commands, shell(command))
	}
	s.mendable = r.mend != nil || len(s.Commands) > 0
	return s
}

// advised tells that setup brings what is missing, where nothing better is known.
func (s state) advised() state {
	if len(s.Commands) > 0 && s.Remedy == "" {
		s.Remedy = "app setup"
	}
	return s
}

// print writes a state for people; bad is their word for what is not right.
func (s state) print(out io.Writer, bad string) {
	switch {
	case s.OK && s.Mended:
		fmt.Fprintf(out, "mended   %s: %s\n", s.Name, s.Found)
	case s.OK:
		fmt.Fprintf(out, "ok       %s: %s\n", s.Name, s.Found)
	default:
		fmt.Fprintf(out, "%-8s %s: %s\n         needed for: %s\n", bad, s.Name, s.Problem, s.Why)
		if s.Remedy != "" {
			fmt.Fprintf(out, "         remedy: %s\n", s.Remedy)
		}
	}
}

// printJSON writes one object a state.
func printJSON(out io.Writer, states []state) error {
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	for _, s := range states {
		if err := encoder.Encode(s); err != nil {
			return err
		}
	}
	return nil
}

// plan is the list of commands, for root, that bring what the rows lack: one
// update and one installation for all of them.
func plan(missing []row) [][]string {
	var before, after [][]string
	var packages []string
	for _, r := range missing {
		before = append(before, r.before...)
		packages = append(packages, r.packages...)
		after = append(after, r.after...)
	}
	slices.Sort(packages)
	packages = slices.Compact(packages)

	var commands [][]string
	if len(packages) > 0 {
		commands = append(commands, []string{"apt-get", "-qq", "update"})
		commands = append(commands, before...)
		commands = append(commands, install(append([]string{"--reinstall"}, packages...)...)) // one that is there lacks a file
	}
	return append(commands, after...)
}

func install(packages ...string) []string {
	return append([]string{"apt-get", "-qq", "install", "-y", "--no-install-recommends", "-o", "DPkg::Lock::Timeout=120", "-o", "Dpkg::Use-Pty=0"}, packages...)
}

// shell writes a command as one would type it.
func shell(command []string) string {
	words := slices.Clone(command)
	for i, w := range words {
		if strings.ContainsAny(w, " *#$'\"[]()<>|&;\\") {
			words[i] = "'" + strings.ReplaceAll(w, "'", `'\''`) + "'"
		}
	}
	return strings.Join(words, " ")
}
