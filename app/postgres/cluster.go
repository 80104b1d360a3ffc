package postgres

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

const (
	owner     = "majestic" // the role the app connects as, and its database
	superuser = "postgres"
)

// cluster is a private cluster. Its files lie in home, which is Data itself or
// what Data links to.
type cluster struct {
	Options
	home    string
	account account
	bin     string
}

func newCluster(o Options) (*cluster, error) {
	var err error
	if o.Data, err = filepath.Abs(o.Data); err != nil {
		return nil, err
	}
	if o.Locks, err = filepath.Abs(o.Locks); err != nil {
		return nil, err
	}
	c := &cluster{Options: o, home: o.Data}
	if target, err := os.Readlink(o.Data); err == nil {
		c.home = target
		if !filepath.IsAbs(target) {
			c.home = filepath.Join(filepath.Dir(o.Data), target)
		}
	}
	return c, nil
}

// enter joins the users of the cluster, which is up when it returns. The door
// lock makes starting and stopping one at a time: whoever is inside sees a
// cluster that nobody else is about to start or stop.
func (c *cluster) enter(ctx context.Context) (leave func() error, err error) {
	door, err := c.door(ctx)
	if err != nil {
		return nil, err
	}
	defer door.Close()

	users, err := lock(ctx, c.usersFile(), syscall.LOCK_SH)
	if err != nil {
		return nil, err
	}
	if err := c.up(ctx, door); err != nil {
		users.Close()
		return nil, err
	}
	return func() error {
		// A context of its own: we leave because the caller's has ended.
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		defer users.Close()
		door, err := c.door(ctx)
		if err != nil {
			return err
		}
		defer door.Close()
		last, err := tryLock(users, syscall.LOCK_EX)
		if !last || err != nil {
			return err
		}
		return c.stop(ctx)
	}, nil
}

// stopUnused stops the cluster unless somebody uses it.
func (c *cluster) stopUnused(ctx context.Context) (gone bool, err error) {
	door, err := c.door(ctx)
	if err != nil {
		return false, err
	}
	defer door.Close()
	users, err := os.OpenFile(c.usersFile(), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return false, err
	}
	defer users.Close()
	last, err := tryLock(users, syscall.LOCK_EX)
	if !last || err != nil {
		return false, err
	}
	if !c.alive() {
		return true, nil
	}
	if err := c.place(ctx); err != nil {
		return false, err
	}
	return true, c.stop(ctx)
}

func (c *cluster) door(ctx context.Context) (*os.File, error) {
	return lock(ctx, filepath.Join(c.Locks, "postgres.door"), syscall.LOCK_EX)
}

func (c *cluster) usersFile() string { return filepath.Join(c.Locks, "postgres.users") }

// up brings the cluster to where it answers, from whatever state it is in.
func (c *cluster) up(ctx context.Context, door *os.File) error {
	if err := c.place(ctx); err != nil {
		return err
	}
	if !c.made() {
		if err := c.make(ctx, door); err != nil {
			return fmt.Errorf("making the private cluster in %s: %w", c.Data, err)
		}
	}
	if err := c.start(ctx); err != nil {
		return fmt.Errorf("starting the private cluster in %s: %w", c.Data, err)
	}
	return nil
}

// start starts Postgres, or waits for one that is on its way up or down. After
// a kill -9 of the postmaster its children may hold the shared memory for a
// moment yet, so a failed start is tried again a few times.
func (c *cluster) start(ctx context.Context) error {
	const starts, pings = 10, 100
	var err error
	for started, pinged := 0, 0; started < starts && pinged < pings; {
		if c.alive() {
			if err = c.ping(ctx); err == nil {
				return nil
			}
			if !recovering(err) {
				pinged++
			}
		} else {
			if err = c.launch(ctx); err == nil {
				return nil
			}
			started++
		}
		if stop := pause(ctx, 100*time.Millisecond); stop != nil {
			return errors.Join(stop, err)
		}
	}
	return err
}

func (c *cluster) launch(ctx context.Context) error {
	if err := c.configure(); err != nil {
		return err
	}
	if err := c.clearStale(); err != nil {
		return err
	}
	// pg_ctl gives Postgres a session of its own and its log as output, so it
	// holds no terminal and no pipe of ours.
	said := filepath.Join(c.home, "startup.log")
	os.Remove(said)
	err := c.account.run(ctx, c.account.command(ctx, c.home, filepath.Join(c.bin, "pg_ctl"),
		"start", "-D", c.home, "-l", said, "-w", "-s", "-t", "60"))
	if err != nil && ctx.Err() == nil {
		if why, _ := os.ReadFile(said); len(why) > 0 {
			return fmt.Errorf("%w: %s", err, lastLines(why, 4))
		}
	}
	return err
}

// stop ends Postgres and returns when it has gone.
func (c *cluster) stop(ctx context.Context) error {
	// Never by pg_ctl alone: it would signal whatever process has a stale pid.
	if !c.alive() {
		return nil
	}
	err := c.account.run(ctx, c.account.command(ctx, c.home, filepath.Join(c.bin, "pg_ctl"),
		"stop", "-D", c.home, "-m", "fast", "-w", "-s", "-t", "60"))
	if err != nil && c.alive() {
		return fmt.Errorf("stopping the private cluster in %s: %w", c.Data, err)
	}
	return nil
}

// alive reports whether the postmaster that postmaster.pid names is there.
func (c *cluster) alive() bool {
	pid := c.pid()
	return pid > 0 && c.postmaster(pid)
}

// clearStale removes a postmaster.pid whose number now belongs to another
// program: Postgres would take that for a running server and refuse to start.
func (c *cluster) clearStale() error {
	pid := c.pid()
	if pid == 0 || c.postmaster(pid) {
		return nil
	}
	if _, err := os.Stat(fmt.Sprintf("/proc/%d", pid)); err != nil {
		return nil // no such process: Postgres sees that by itself
	}
	if c.Log != nil {
		c.Log.Warn("stale postmaster.pid removed", "pid", pid, "data", c.Data)
	}
	return os.Remove(filepath.Join(c.home, "postmaster.pid"))
}

func (c *cluster) pid() int {
	file, err := os.ReadFile(filepath.Join(c.home, "postmaster.pid"))
	if err != nil {
		return 0
	}
	first, _, _ := strings.Cut(string(file), "\n")
	pid, _ := strconv.Atoi(strings.TrimSpace(first))
	return pid
}

// postmaster reports whether a process is this cluster's server. Its command
// line tells anybody the program and the folder; its working directory tells
// more (a folder moved under a running server), but only those who may trace
// it, which root in a container may not.
func (c *cluster) postmaster(pid int) bool {
	line, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
	if err != nil {
		return false
	}
	args := strings.Split(string(line), "\x00")
	if filepath.Base(args[0]) != "postgres" {
		return false
	}
	cwd, err := os.Stat(fmt.Sprintf("/proc/%d/cwd", pid))
	home, homeErr := os.Stat(c.home)
	if err == nil && homeErr == nil {
		return os.SameFile(cwd, home)
	}
	return slices.Contains(args, c.home)
}

func (c *cluster) ping(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	conn, err := pgx.Connect(ctx, c.url(owner))
	if err != nil {
		return err
	}
	return conn.Close(ctx)
}

// recovering: up, and not yet (or no longer) taking connections. How long that
// lasts depends on the log to replay, so it is waited for as long as ctx allows.
func recovering(err error) bool {
	var said *pgconn.PgError
	return errors.As(err, &said) && said.Code == "57P03"
}

// url is how a role connects, for pgx and libpq alike. The port is spelt out
// because both would take PGPORT over the default.
func (c *cluster) url(role string) string {
	host := strings.ReplaceAll(url.QueryEscape(c.socket()), "+", "%20")
	return fmt.Sprintf("postgres://%s@/%s?host=%s&port=5432", role, owner, host)
}
