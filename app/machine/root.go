package machine

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"

	"github.com/mattn/go-isatty"

	"majestic/app"
)

// carryOut runs the commands as root: directly, or by sudo, which asks for the
// password itself where there is somebody to ask.
func (h host) carryOut(ctx context.Context, commands [][]string, out io.Writer) error {
	if len(commands) == 0 {
		return nil
	}
	prefix, err := h.becomeRoot(ctx, commands)
	if err != nil {
		return err
	}
	// Names are looked up in root's own PATH: after a plain `su` ours lacks the
	// folders that dpkg insists on.
	prefix = append(prefix, "env", "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "DEBIAN_FRONTEND=noninteractive", "LC_ALL=C.UTF-8")
	for _, command := range commands {
		fmt.Fprintln(out, "+", h.script([][]string{command}))
		line := append(prefix, command...)
		var said bytes.Buffer
		cmd := exec.CommandContext(ctx, line[0], line[1:]...)
		cmd.Stdout = io.MultiWriter(&quiet{to: out}, &said)
		cmd.Stderr = cmd.Stdout
		cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) } // dpkg is not to be cut in the middle
		if err := cmd.Run(); err != nil {
			return &app.Error{
				Kind:    app.Unavailable,
				Message: fmt.Sprintf("%s failed: mend what it says and run app setup again:\n%s", h.script([][]string{command}), lastLines(said.String(), 8)),
				Err:     err,
			}
		}
	}
	return nil
}

// becomeRoot is what goes before a command so that it runs as root.
func (h host) becomeRoot(ctx context.Context, commands [][]string) ([]string, error) {
	if h.uid == 0 {
		return nil, nil
	}
	if exec.CommandContext(ctx, "sudo", "-n", "true").Run() == nil {
		return []string{"sudo", "-n"}, nil
	}
	if _, err := exec.LookPath("sudo"); err == nil && isatty.IsTerminal(os.Stdin.Fd()) {
		return []string{"sudo"}, nil
	}
	return nil, app.Errorf(app.Forbidden, "installing needs root, and sudo cannot be asked here: run app setup as root, or have root run:\n%s", host{}.script(commands))
}

// script writes commands as this user would type them.
func (h host) script(commands [][]string) string {
	var lines []string
	for _, command := range commands {
		line := shell(command)
		if h.uid != 0 {
			line = "sudo " + line
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n")
}

// quiet passes on whole lines, without what dpkg says on a package's way in: that
// a package is being set up is news enough.
type quiet struct {
	to   io.Writer
	line []byte
}

func (q *quiet) Write(said []byte) (int, error) {
	for rest := said; len(rest) > 0; {
		part, after, whole := bytes.Cut(rest, []byte("\n"))
		q.line = append(q.line, part...)
		if !whole {
			break
		}
		if !chatter(string(q.line)) {
			if _, err := fmt.Fprintf(q.to, "  %s\n", q.line); err != nil {
				return 0, err
			}
		}
		q.line, rest = q.line[:0], after
	}
	return len(said), nil
}

func chatter(line string) bool {
	for _, start := range []string{"Selecting previously", "Preparing to unpack", "Unpacking ", "(Reading database", "Processing triggers", "update-alternatives: using"} {
		if strings.HasPrefix(line, start) {
			return true
		}
	}
	return strings.TrimSpace(line) == ""
}

func lastLines(said string, n int) string {
	lines := strings.Split(strings.TrimSpace(said), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}
