// Package rehearsal tries a release before it is wanted, on a copy of the instance that
// a backup is restored to. The release that serves serves there, the new one takes its
// place by an upgrade as any other, and that one takes it back. The copy has a cluster, a
// folder and a port of its own; it is muted, it knows no unfinished jobs, and it is gone
// in the end.
package rehearsal

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"

	"majestic/app"
	"majestic/app/backup"
	"majestic/app/config"
	"majestic/app/postgres"
	"majestic/upgrade"
	"majestic/upgrade/load"
)

// Rehearsal is of one instance.
type Rehearsal struct {
	Instance *config.Config
	Keeper   *backup.Keeper               // of the instance
	Database func() (*postgres.DB, error) // the instance's, for a backup that is made now
	Fresh    bool                         // have one made though there is one
	Limit    time.Duration                // for a release to get ready
	Args     []string                     // what else is wished of the upgrade
	Tell     func(step, detail string)
}

// Run rehearses the upgrade from the release that serves to a binary. The error says
// why that would not do.
func (r Rehearsal) Run(ctx context.Context, serving string, binary *os.File) (err error) {
	alone, err := r.lock()
	if err != nil {
		return err
	}
	defer alone.Close()
	if err := r.clear(); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.clear()) }()
	done := make(chan error, 1)
	go func() {
		// What this thread starts comes after what the instance does. It ends with us.
		runtime.LockOSThread()
		syscall.Setpriority(syscall.PRIO_PROCESS, 0, 10)
		done <- r.run(ctx, serving, binary)
	}()
	return <-done
}

// home is where all of it lies.
func (r Rehearsal) home() string { return r.Instance.Path("tmp", "rehearsal") }

// copied is the copy's directory.
func (r Rehearsal) copied() *config.Config {
	return &config.Config{Dir: filepath.Join(r.home(), "copy")}
}

// lock lets one rehearsal at a time work.
func (r Rehearsal) lock() (*os.File, error) {
	name := r.home() + ".lock"
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(name, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		f.Close()
		return nil, app.Errorf(app.Conflict, "another rehearsal is under way; wait for its end")
	}
	return f, nil
}

// clear removes the copy and ends what runs in it, also what a rehearsal has left
// that was killed.
func (r Rehearsal) clear() error {
	if _, err := os.Stat(r.home()); err != nil {
		return nil
	}
	c := r.copied()
	k := r.Keeper.Apart(c.Dir)
	err := errors.Join((&load.Instance{Dir: c.Dir}).Kill(), k.Forget(), postgres.Remove(context.Background(), k.Database))
	if away := c.Reachable(); away != c.Dir {
		err = errors.Join(err, os.RemoveAll(away))
	}
	return errors.Join(err, os.RemoveAll(r.home()))
}

func (r Rehearsal) run(ctx context.Context, serving string, binary *os.File) (err error) {
	old := r.Instance.Path("releases", serving, "app")
	next := filepath.Join(r.home(), "app")
	c := r.copied()
	if err := os.MkdirAll(c.Dir, 0o755); err != nil {
		return err
	}
	if err := take(binary, next); err != nil {
		return err
	}
	if err := r.restore(ctx, c); err != nil {
		return err
	}
	w, err := open(ctx, r.Keeper.Apart(c.Dir).Database)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.close()) }()

	i := &load.Instance{Binary: old, Dir: c.Dir, Args: []string{"--listen", "127.0.0.1:0"}, Env: r.environment()}
	defer i.Kill()
	if err := limited(ctx, r.Limit, i.Start); err != nil {
		return fmt.Errorf("the release that serves does not start on the copy: %w", err)
	}
	v := visitor{instance: i}
	if err := limited(ctx, r.Limit, v.come); err != nil {
		return unwell(i, fmt.Errorf("the release that serves is not well on the copy: %w", err))
	}
	r.Tell("serve", "the release that serves also serves the copy")

	if err := w.watch(ctx); err != nil {
		return err
	}
	last, err := i.Upgrade(ctx, next, r.pass, append([]string{"--probation", "1s", "--drain-timeout", "10s", "--timeout", r.Limit.String()}, r.Args...)...)
	if err != nil {
		return err
	}
	all, werr := w.seen(ctx, i, next)
	for _, m := range all {
		r.Tell("migrate", m.String())
	}
	if last.Result != "committed" {
		return r.failed(last)
	}
	if len(all) == 0 {
		r.Tell("migrate", "no migrations are pending")
	}
	if err := errors.Join(werr, tooLong(all)); err != nil {
		return err
	}

	i.Binary = next
	if err := v.comeAgain(ctx); err != nil {
		return unwell(i, fmt.Errorf("the new release is not well: %w", err))
	}
	if err := r.contract(ctx, i); err != nil {
		return err
	}
	r.Tell("trial", "the new release serves the copy, and draws")

	if _, err := i.Run(ctx, "rollback", "--probation", "1s", "--timeout", r.Limit.String()); err != nil {
		return fmt.Errorf("the way back fails: %w", err)
	}
	i.Binary = old
	if err := v.comeAgain(ctx); err != nil {
		return unwell(i, fmt.Errorf("the way back fails: the release that serves is not well on the new schema: %w", err))
	}
	r.Tell("rollback", "the way back leads to the release that serves, which draws with the new schema, too")
	return nil
}

// pass tells of the steps of the upgrade that are of interest beyond the copy.
func (r Rehearsal) pass(s upgrade.Step) {
	if s.Step == "compare" && s.OK {
		r.Tell(s.Step, s.Detail)
	}
}

// contract takes away in the copy what the releases have no use for, when the old one
// has left: so the way back is from there.
func (r Rehearsal) contract(ctx context.Context, i *load.Instance) error {
	return limited(ctx, r.Limit, func(ctx context.Context) error {
		for {
			alive, err := upgrade.Alive(i.Dir)
			if err != nil {
				return err
			}
			if len(alive) == 1 {
				_, err := i.Run(ctx, "migrate", "up")
				return err
			}
			select {
			case <-ctx.Done():
				return fmt.Errorf("the old release does not end: %w", ctx.Err())
			case <-time.After(50 * time.Millisecond):
			}
		}
	})
}

// failed is why the upgrade of the copy did not come off. A report of what is drawn
// otherwise stays.
func (r Rehearsal) failed(last upgrade.Step) error {
	why := last.Reason
	drawn := filepath.Join(r.copied().Dir, "tmp", "gate", fmt.Sprint(last.Generation))
	if strings.Contains(why, drawn) {
		kept := r.Instance.Path("tmp", "gate", "rehearsal")
		err := errors.Join(os.RemoveAll(kept), os.MkdirAll(filepath.Dir(kept), 0o700), os.Rename(drawn, kept))
		if err != nil {
			return errors.Join(errors.New(why), err)
		}
		why = strings.ReplaceAll(why, drawn, kept)
	}
	if last.Log != "" {
		why += "\n  the last lines of its log:\n    " + strings.ReplaceAll(last.Log, "\n", "\n    ")
	}
	return errors.New(why)
}

// unwell tells with an error what the copy's processes have logged of theirs, which
// goes with the copy.
func unwell(i *load.Instance, err error) error {
	text, _ := os.ReadFile(i.Log())
	var said []string
	for line := range strings.Lines(string(text)) {
		if strings.Contains(line, `"level":"ERROR"`) {
			said = append(said, "    "+strings.TrimSpace(line))
		}
	}
	if said == nil {
		return err
	}
	return fmt.Errorf("%w\n  what it has logged of that:\n%s", err, strings.Join(said[max(0, len(said)-3):], "\n"))
}

// environment is that of the copy's processes: none of the instance's settings.
func (r Rehearsal) environment() []string {
	env := []string{"LOG_FORMAT=json", "LOG_LEVEL=info"}
	for _, name := range []string{"PATH", "HOME", "USER", "TMPDIR", "LANG"} {
		if v, ok := os.LookupEnv(name); ok {
			env = append(env, name+"="+v)
		}
	}
	if r.Instance.ChromiumPath != "" {
		env = append(env, "CHROMIUM_PATH="+r.Instance.ChromiumPath)
	}
	return env
}

// take copies an open file, whose offset is shared with whoever opened it.
func take(binary *os.File, to string) error {
	info, err := binary.Stat()
	if err != nil {
		return err
	}
	syscall.ForkLock.RLock() // a process forked meanwhile would hold it open for writing: golang/go#22315
	defer syscall.ForkLock.RUnlock()
	f, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o755)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, io.NewSectionReader(binary, 0, info.Size()))
	return errors.Join(err, f.Close())
}

func limited(ctx context.Context, limit time.Duration, do func(context.Context) error) error {
	ctx, cancel := context.WithTimeoutCause(ctx, limit, fmt.Errorf("it took more than %s", limit))
	defer cancel()
	err := do(ctx)
	if cause := context.Cause(ctx); err != nil && cause != nil {
		return cause
	}
	return err
}
