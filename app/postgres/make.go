package postgres

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"majestic/app"
)

// made reports whether there is a cluster. It gets its name when it is
// complete, so a half-made one is never taken for one.
func (c *cluster) made() bool {
	_, err := os.Stat(filepath.Join(c.home, "PG_VERSION"))
	return err == nil
}

// make makes the cluster with its role and database beside its place, and moves
// it there when all is done. The programs inherit the door's lock, so that the
// next comer waits for them when we are killed.
func (c *cluster) make(ctx context.Context, door *os.File) error {
	half := c.home + ".new"
	if err := os.RemoveAll(half); err != nil {
		return err
	}
	if err := os.Mkdir(half, 0o700); err != nil {
		return err
	}
	if err := c.account.own(half); err != nil {
		return err
	}

	args := []string{"-D", half, "--username=" + superuser, "--encoding=UTF8", "--locale=C.UTF-8", "--data-checksums", "--auth=peer", "--no-instructions", "--no-clean"}
	if c.Settings["fsync"] == "off" {
		args = append(args, "--no-sync") // whoever wants it to last syncs all of it
	}
	initdb := c.account.command(ctx, half, filepath.Join(c.bin, "initdb"), args...)
	initdb.ExtraFiles = []*os.File{door}
	if err := c.account.run(ctx, initdb); err != nil {
		if full(half) {
			err = errors.Join(err, syscall.ENOSPC) // PostgreSQL may break down on it, and not say why
		}
		os.RemoveAll(half)
		return err
	}
	if err := c.lay(half); err != nil {
		return err
	}
	roles := c.account.command(ctx, half, filepath.Join(c.bin, "postgres"), "--single", "-D", half, "-c", "exit_on_error=on", superuser)
	roles.ExtraFiles = []*os.File{door}
	roles.Stdin = strings.NewReader("CREATE ROLE " + owner + " LOGIN CREATEDB CREATEROLE\nCREATE DATABASE " + owner + " OWNER " + owner + "\n")
	if err := c.account.run(ctx, roles); err != nil {
		return err
	}
	if err := os.Rename(half, c.home); err != nil {
		return err
	}
	return syncDir(filepath.Dir(c.home))
}

// full tells whether nothing more fits on the disk of a folder: less than a segment
// of the log, which is what initdb makes at once.
func full(dir string) bool {
	const segment = 16 << 20
	var fs unix.Statfs_t
	err := unix.Statfs(dir, &fs)
	return err == nil && fs.Bavail*uint64(fs.Bsize) < segment
}

// lay writes the files of a new cluster that are the owner's to change later.
func (c *cluster) lay(dir string) error {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	if err := root.WriteFile("pg_hba.conf", []byte("local all all peer map=majestic\n"), 0o600); err != nil {
		return err
	}
	conf, err := root.OpenFile("postgresql.conf", os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	defer conf.Close()
	_, err = conf.WriteString("\ninclude_if_exists 'majestic.conf' # rewritten at every start; your own settings go below and win\n")
	return err
}

// configure writes what must be right at every start: our settings, and who may
// connect. Through os.Root, because as root we write into another's folder.
func (c *cluster) configure() error {
	users, err := c.users()
	if err != nil {
		return err
	}
	root, err := os.OpenRoot(c.home)
	if err != nil {
		return err
	}
	defer root.Close()
	if err := root.WriteFile("majestic.conf", []byte(c.settings()), 0o644); err != nil {
		return err
	}
	var ident strings.Builder
	for _, user := range users {
		fmt.Fprintf(&ident, "majestic %q %s\nmajestic %q %s\n", user, owner, user, superuser)
	}
	return root.WriteFile("pg_ident.conf", []byte(ident.String()), 0o644)
}

// users are the accounts of the operating system that may connect: root, the
// cluster's, and the instance's owner.
func (c *cluster) users() ([]string, error) {
	users := []string{"root", c.account.name}
	info, err := os.Stat(filepath.Dir(c.Data))
	if err != nil {
		return nil, err
	}
	if a, err := ownerOf(info); err == nil {
		users = append(users, a.name)
	} else if app.KindOf(err) != app.Unavailable {
		return nil, err
	}
	slices.Sort(users)
	return slices.Compact(users), nil
}

// settings suit one box that Postgres shares with Chrome and us.
func (c *cluster) settings() string {
	all := map[string]string{
		"listen_addresses":         "",
		"port":                     "5432",
		"unix_socket_directories":  `"` + c.socket() + `"`,
		"unix_socket_permissions":  "0700",
		"cluster_name":             "majestic",
		"max_connections":          "100",
		"shared_buffers":           "128MB",
		"jit":                      "off",
		"timezone":                 "UTC",
		"log_timezone":             "UTC",
		"logging_collector":        "on",
		"log_directory":            "log",
		"log_filename":             "%a.log", // a week, then over again
		"log_rotation_age":         "1d",
		"log_rotation_size":        "0",
		"log_truncate_on_rotation": "on",
		"log_line_prefix":          "%m [%p] %a ",
		"log_checkpoints":          "off",
	}
	maps.Copy(all, c.Settings)
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(all)) {
		fmt.Fprintf(&b, "%s = '%s'\n", name, strings.ReplaceAll(all[name], "'", "''"))
	}
	return b.String()
}

// syncDir makes a rename within a folder outlast a power cut.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}
