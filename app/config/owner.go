package config

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"

	"majestic/app"
)

// Make makes the instance's directory when it is missing.
func (c *Config) Make() error {
	if err := os.MkdirAll(c.Dir, 0o755); err != nil {
		return app.Errorf(app.Forbidden, "the instance's directory cannot be made: %v; name another with --dir", err)
	}
	return nil
}

// Enter drops root's rights to those of the owner of the instance's directory, so
// that nothing in it is ever written by another. Where there is no directory
// there is no instance, and nothing to drop.
func (c *Config) Enter() error {
	dir, err := filepath.Abs(c.Dir)
	if err != nil {
		return fmt.Errorf("find the instance's directory: %w", err)
	}
	c.Dir = dir
	info, err := os.Stat(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("look at the instance's directory: %w", err)
	}
	if !info.IsDir() {
		return app.Errorf(app.Malformed, "%s is not a directory; name one with --dir", dir)
	}
	owner := info.Sys().(*syscall.Stat_t)
	switch uid := os.Geteuid(); {
	case uid == int(owner.Uid):
		return nil
	case uid == 0:
		return become(int(owner.Uid), int(owner.Gid))
	default:
		return app.Errorf(app.Forbidden, "the instance %s belongs to %s; run this as its owner: sudo -u %s app …",
			dir, accountName(owner.Uid), accountName(owner.Uid))
	}
}

func become(uid, gid int) error {
	groups := []int{gid}
	if u, err := user.LookupId(strconv.Itoa(uid)); err == nil {
		if gid, err = strconv.Atoi(u.Gid); err != nil {
			return fmt.Errorf("drop root's rights: %w", err)
		}
		groups = groupsOf(u, gid)
		os.Setenv("HOME", u.HomeDir)
		os.Setenv("USER", u.Username)
	}
	for _, step := range []func() error{
		func() error { return syscall.Setgroups(groups) },
		func() error { return syscall.Setgid(gid) },
		func() error { return syscall.Setuid(uid) },
	} {
		if err := step(); err != nil {
			return fmt.Errorf("drop root's rights to uid %d: %w", uid, err)
		}
	}
	return nil
}

func groupsOf(u *user.User, gid int) []int {
	groups := []int{gid}
	ids, _ := u.GroupIds()
	for _, id := range ids {
		if n, err := strconv.Atoi(id); err == nil && n != gid {
			groups = append(groups, n)
		}
	}
	return groups
}

func accountName(uid uint32) string {
	id := strconv.Itoa(int(uid))
	if u, err := user.LookupId(id); err == nil {
		return u.Username
	}
	return "#" + id
}

// elsewhere takes what lies where other accounts cannot reach it.
const elsewhere = "/var/lib/majestic"

// Reachable is the place of something that another account must reach: Chrome's,
// when we are root. Where the path above the instance is closed (a 0700 home) it
// is a folder of the instance's own under /var/lib.
func (c *Config) Reachable(parts ...string) string {
	if os.Geteuid() != 0 || open(c.Dir) {
		return c.Path(parts...)
	}
	sum := sha256.Sum256([]byte(c.Dir))
	return filepath.Join(append([]string{elsewhere, hex.EncodeToString(sum[:8])}, parts...)...)
}

// open tells whether everybody may pass through a folder and all above it.
func open(dir string) bool {
	for ; ; dir = filepath.Dir(dir) {
		info, err := os.Stat(dir)
		if err != nil || info.Mode()&0o001 == 0 {
			return false
		}
		if dir == filepath.Dir(dir) {
			return true
		}
	}
}
