package machine

import (
	"fmt"
	"io"
	"slices"
	"strings"
)

// row is one thing that a machine must have.
type row struct {
	name, why string
	check     func() (found string, err error)

	// What brings it: packages, all rows' in one installation, with commands
	// before and after it; or, where nothing of ours can, words.
	before   [][]string
	packages []string
	after    [][]string
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
	return s
}

func (s state) print(out io.Writer) {
	switch {
	case s.OK && s.Mended:
		fmt.Fprintf(out, "mended   %s: %s\n", s.Name, s.Found)
	case s.OK:
		fmt.Fprintf(out, "ok       %s: %s\n", s.Name, s.Found)
	default:
		fmt.Fprintf(out, "missing  %s: %s\n         needed for: %s\n", s.Name, s.Problem, s.Why)
		if s.Remedy != "" {
			fmt.Fprintf(out, "         remedy: %s\n", s.Remedy)
		}
	}
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
