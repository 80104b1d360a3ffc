package postgres

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"syscall"

	"majestic/app"
)

// Apart runs do while the private cluster is down and nobody can start it. It
// refuses when somebody uses it.
func Apart(ctx context.Context, o Options, do func() error) error {
	c, err := newCluster(o)
	if err != nil {
		return err
	}
	door, err := c.door(ctx)
	if err != nil {
		return err
	}
	defer door.Close()
	users, err := os.OpenFile(c.usersFile(), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	defer users.Close()
	alone, err := tryLock(users, syscall.LOCK_EX)
	if err != nil {
		return err
	}
	if !alone {
		return app.Errorf(app.Conflict, "somebody uses the private cluster in %s; end it with: app stop", c.Data)
	}
	if c.alive() {
		if err := c.place(ctx); err != nil {
			return err
		}
		if err := c.stop(ctx); err != nil {
			return err
		}
	}
	return do()
}

// Remove stops a private cluster that nobody needs any more, and removes it, also
// where its place is only a link to it.
func Remove(ctx context.Context, o Options) error {
	c, err := newCluster(o)
	if err != nil {
		return err
	}
	door, err := c.door(ctx) // of a maker that was killed its programs hold it yet
	if err != nil {
		return err
	}
	defer door.Close()
	if c.alive() {
		if err := c.place(ctx); err != nil {
			return err
		}
		if err := c.stop(ctx); err != nil {
			return err
		}
	}
	if socket := c.socket(); socket != c.home {
		err = os.RemoveAll(socket)
	}
	err = errors.Join(err, os.RemoveAll(c.home), os.RemoveAll(c.home+".new"), os.RemoveAll(c.Data))
	if c.home != c.Data {
		os.Remove(filepath.Dir(c.home)) // ours, unless something else lies there
	}
	return err
}
