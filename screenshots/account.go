package screenshots

import (
	"errors"
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
)

// unprivileged is the account Chrome runs under, nil when we are not root: then
// it runs as ourselves. As root Chrome would have no sandbox.
func unprivileged(name string) (*syscall.Credential, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	names := []string{name}
	if name == "" {
		names = []string{"majestic-chrome", "nobody"}
	}
	for _, name := range names {
		u, err := user.Lookup(name)
		if _, unknown := errors.AsType[user.UnknownUserError](err); unknown {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("looking up Chrome's account: %w", err)
		}
		uid, uerr := strconv.ParseUint(u.Uid, 10, 32)
		gid, gerr := strconv.ParseUint(u.Gid, 10, 32)
		if err := errors.Join(uerr, gerr); err != nil {
			return nil, fmt.Errorf("looking up Chrome's account: %w", err)
		}
		if uid == 0 {
			return nil, fmt.Errorf("running Chrome under %s: that is root, name an account without rights", name)
		}
		return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
	}
	return nil, fmt.Errorf("there is no account %s for Chrome, which must not run as root: run `app setup`", names[len(names)-1])
}

// open says no when the account cannot read a path, naming the folder that is in
// the way: Chrome itself would only say that it failed.
func open(path string, account *syscall.Credential) error {
	path, err := filepath.EvalSymlinks(path)
	if err != nil {
		return err
	}
	if account == nil {
		return nil
	}
	for at, need := path, os.FileMode(0o4); ; at, need = filepath.Dir(at), 0o1 {
		info, err := os.Stat(at)
		if err != nil {
			return err
		}
		if info.IsDir() {
			need = 0o1
		}
		owner := info.Sys().(*syscall.Stat_t)
		switch {
		case owner.Uid == account.Uid:
			need <<= 6
		case owner.Gid == account.Gid:
			need <<= 3
		}
		if info.Mode()&need == 0 {
			return fmt.Errorf("%s is closed to the account that Chrome runs under (uid %d): %s has mode %04o; open it with chmod, or use another directory",
				path, account.Uid, at, info.Mode().Perm())
		}
		if at == filepath.Dir(at) {
			return nil
		}
	}
}
