package postgres

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"majestic/app"
)

// account is the operating system's user that Postgres runs under. Postgres
// knows it by name: peer authentication and initdb both refuse a nameless uid.
type account struct {
	name     string
	uid, gid uint32
}

// ours is who runs a cluster that we make: we ourselves, or, since Postgres
// refuses root, the account that Debian's package brings.
func ours() (account, error) {
	if os.Geteuid() != 0 {
		return lookup(strconv.Itoa(os.Geteuid()))
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		return account{}, &app.Error{Kind: app.Unavailable, Message: "the account postgres is missing, and Postgres refuses to run as root: run: app setup", Err: err}
	}
	return parse(u)
}

// ownerOf is the account that a file belongs to.
func ownerOf(info fs.FileInfo) (account, error) {
	return lookup(strconv.Itoa(int(info.Sys().(*syscall.Stat_t).Uid)))
}

func lookup(uid string) (account, error) {
	u, err := user.LookupId(uid)
	if err != nil {
		return account{}, &app.Error{Kind: app.Unavailable, Message: fmt.Sprintf("uid %s has no name on this machine, and Postgres runs under named accounts only: add it with useradd, or give a DATABASE_URL", uid), Err: err}
	}
	return parse(u)
}

func parse(u *user.User) (account, error) {
	uid, err := strconv.ParseUint(u.Uid, 10, 32)
	if err != nil {
		return account{}, err
	}
	gid, err := strconv.ParseUint(u.Gid, 10, 32)
	return account{u.Username, uint32(uid), uint32(gid)}, err
}

// reaches reports whether the account can enter a folder. It is tried, not
// worked out from modes, so that access lists count.
func (a account) reaches(ctx context.Context, dir string) bool {
	cmd := a.command(ctx, dir, "true")
	return cmd.Run() == nil
}

// own gives the account a folder that we made.
func (a account) own(dir string) error {
	if os.Geteuid() != 0 {
		return nil
	}
	return os.Lchown(dir, int(a.uid), int(a.gid))
}

// run runs a program under the account and returns what it said as the error.
func (a account) run(ctx context.Context, cmd *exec.Cmd) error {
	said, err := cmd.CombinedOutput()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err != nil && bytes.Contains(said, []byte("No space left on device")) {
		err = errors.Join(err, syscall.ENOSPC) // said in the middle of what the last lines tell
	}
	if err != nil {
		return fmt.Errorf("%s: %w: %s", filepath.Base(cmd.Path), err, lastLines(said, 4))
	}
	return nil
}

// command prepares a program of the account's: in a session of its own, so that
// a Ctrl-C meant for us does not reach it, and without our PG* environment.
func (a account) command(ctx context.Context, dir, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = dir
	cmd.Env = []string{"PATH=/usr/local/bin:/usr/bin:/bin", "LC_ALL=C.UTF-8", "TZ=UTC"}
	cmd.WaitDelay = 5 * time.Second
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if os.Geteuid() == 0 {
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: a.uid, Gid: a.gid}
	}
	return cmd
}

func lastLines(said []byte, n int) string {
	lines := strings.Split(string(bytes.TrimSpace(said)), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "; ")
}
