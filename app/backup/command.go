package backup

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// Command is what BACKUP_COMMAND came to, which takes a backup elsewhere.
type Command struct {
	At     time.Time     `json:"at"`
	Took   time.Duration `json:"took_ns"`
	OK     bool          `json:"ok"`
	Error  string        `json:"error,omitempty"`
	Output string        `json:"output,omitempty"` // its end
}

// mostOutput is how much of what the command says is kept.
const mostOutput = 8 << 10

// Carry runs the owner's command, by sh, with the backup's place in its environment:
// BACKUP_PATH is its folder, BACKUP_DIR holds all. The backup stays, whatever comes of
// that; the result is kept beside it.
func (k *Keeper) Carry(ctx context.Context, b Backup, command string, limit time.Duration) (Backup, error) {
	c := Command{At: time.Now().UTC()}
	limited, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	cmd := exec.CommandContext(limited, "/bin/sh", "-c", command)
	cmd.Dir = k.Dir
	cmd.Env = append(cmd.Environ(), "BACKUP_ID="+b.ID, "BACKUP_PATH="+b.Path, "BACKUP_DIR="+k.Place)
	said := &tail{}
	cmd.Stdout, cmd.Stderr = said, said
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = time.Second
	err := cmd.Run()
	if ctx.Err() != nil {
		return b, context.Cause(ctx)
	}
	if limited.Err() != nil {
		err = fmt.Errorf("it did not end within %v, and was killed", limit)
	}
	if errors.Is(err, exec.ErrWaitDelay) {
		err = nil // it has ended; what it left in the background has our pipe
	}
	c.Took, c.OK, c.Output = time.Since(c.At), err == nil, string(said.end)
	if err != nil {
		c.Error = err.Error()
		err = fmt.Errorf("BACKUP_COMMAND failed, and the backup %s stays here alone: %w: %s", b.ID, err, bytes.TrimSpace(said.end))
	}
	b.Command = &c
	return b, errors.Join(err, remember(b.Path, commandFile, c))
}

// why it failed, with the last line that it said.
func (c *Command) why() string {
	said := strings.TrimSpace(c.Output)
	if said = said[strings.LastIndex(said, "\n")+1:]; said == "" {
		return c.Error
	}
	return c.Error + ": " + said
}

// tail keeps the end of what is written.
type tail struct{ end []byte }

func (t *tail) Write(p []byte) (int, error) {
	t.end = append(t.end, p...)
	t.end = t.end[max(0, len(t.end)-mostOutput):]
	return len(p), nil
}
