package postgres

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"majestic/app"
)

// closedPlace takes the clusters of instances whose own path is closed to the
// cluster's account (a 0700 home above it).
const closedPlace = "/var/lib/majestic"

// place settles where the cluster lies, whose it is, and which programs run it.
func (c *cluster) place(ctx context.Context) error {
	if err := c.settle(ctx); err != nil {
		return err
	}
	bin, err := c.binaries()
	if err != nil {
		return err
	}
	c.bin = bin
	return c.makeSocketDir()
}

func (c *cluster) settle(ctx context.Context) (err error) {
	info, err := os.Stat(c.home)
	if err == nil && !c.empty() {
		return c.adopt(info)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	// Programs first: without them there is no account either, and the remedy is one.
	if _, err = servers(c.Binaries); err != nil {
		return err
	}
	if c.account, err = ours(); err != nil {
		return err
	}
	above := filepath.Dir(c.home)
	if err = os.MkdirAll(above, 0o755); err != nil {
		return err
	}
	if c.home != c.Data || c.account.reaches(ctx, above) {
		return nil
	}
	return c.moveOut(ctx)
}

func (c *cluster) empty() bool {
	inside, err := os.ReadDir(c.home)
	return err == nil && len(inside) == 0
}

// adopt takes a cluster as it is found: under the account that owns it.
func (c *cluster) adopt(info fs.FileInfo) error {
	a, err := ownerOf(info)
	if err != nil {
		return err
	}
	us := os.Geteuid()
	if a.uid == 0 {
		return app.Errorf(app.Unavailable, "%s belongs to root, and Postgres refuses to run as root: chown -R postgres: %s", c.home, c.home)
	}
	if us != 0 && uint32(us) != a.uid {
		return app.Errorf(app.Unavailable, "%s belongs to %s: run app as %s, or as root", c.home, a.name, a.name)
	}
	if !c.made() {
		return app.Errorf(app.Unavailable, "%s is not empty and holds no cluster: move it away", c.home)
	}
	c.account = a
	return nil
}

// moveOut gives a new cluster a place its account can reach and leaves a link.
// The link comes first: a folder there without a link to it is another's, of an
// instance moved or deleted, and is not to be taken for ours.
func (c *cluster) moveOut(ctx context.Context) error {
	place := c.Closed
	if place == "" {
		place = closedPlace
	}
	if err := open(place); err != nil {
		return err
	}
	base := filepath.Join(place, hash(c.Data))
	dir := base
	for n := 2; ; n++ {
		err := os.Mkdir(dir, 0o711)
		if err == nil {
			break
		}
		if !errors.Is(err, fs.ErrExist) {
			return err
		}
		dir = fmt.Sprintf("%s-%d", base, n)
	}
	if err := open(dir); err != nil {
		return err
	}
	if !c.account.reaches(ctx, dir) {
		return app.Errorf(app.Unavailable, "neither %s nor %s can be entered by the account %s: open one of them (chmod o+x)", filepath.Dir(c.Data), dir, c.account.name)
	}
	home := filepath.Join(dir, "postgres")
	if c.empty() {
		if err := os.Remove(c.Data); err != nil {
			return err
		}
	}
	if err := os.Symlink(home, c.Data); err != nil {
		return err
	}
	c.home = home
	return nil
}

// open makes a folder that others may pass through and not list, whatever the umask.
func open(dir string) error {
	if err := os.MkdirAll(dir, 0o711); err != nil {
		return err
	}
	info, err := os.Stat(dir)
	if err != nil {
		return err
	}
	return os.Chmod(dir, info.Mode().Perm()|0o111)
}

// socket is the folder of the server's socket: the cluster's own, which is
// closed to others, or where its path would pass the kernel's 107 bytes, a
// short one that follows from it.
func (c *cluster) socket() string {
	if len(filepath.Join(c.home, ".s.PGSQL.5432")) <= 107 {
		return c.home
	}
	return filepath.Join("/tmp", "majestic-"+hash(c.home))
}

// makeSocketDir makes the short folder. In /tmp anybody could have been there
// first, so it has to be a closed folder of the cluster's account.
func (c *cluster) makeSocketDir() error {
	dir := c.socket()
	if dir == c.home {
		return nil
	}
	if err := os.Mkdir(dir, 0o700); err == nil {
		if err := c.account.own(dir); err != nil {
			return err
		}
	}
	info, err := os.Lstat(dir)
	if err != nil {
		return err
	}
	if info.Mode() != fs.ModeDir|0o700 || info.Sys().(*syscall.Stat_t).Uid != c.account.uid {
		return app.Errorf(app.Unavailable, "%s, the private cluster's socket folder, is not a closed folder (0700) of the account %s: remove it", dir, c.account.name)
	}
	return nil
}

func hash(path string) string {
	return fmt.Sprintf("%x", sha256.Sum256([]byte(path)))[:16]
}
