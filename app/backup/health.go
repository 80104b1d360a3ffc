package backup

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"majestic/app"
)

// Health tells how the backups are that a schedule makes, or what is wrong with them.
func (k *Keeper) Health(s Schedule, now time.Time) (string, error) {
	if s.Every <= 0 {
		return "none are made by themselves: BACKUP_EVERY is 0", nil
	}
	if k.Muted() {
		return "none are made by themselves: the instance is muted", nil
	}
	all, bad, err := k.list()
	if err != nil {
		return "", err
	}
	born := k.born(now)
	failed, _ := recall[failure](k.Place, failureFile)
	if len(all) == 0 {
		if now.Sub(born) <= 2*s.Every && failed == nil {
			return "none yet", nil
		}
		return "", failed.alarm("there is none")
	}
	newest := all[0]
	if age := newest.age(now); age > 2*s.Every || failed != nil {
		return "", failed.alarm(fmt.Sprintf("the newest is %s old", short(age)))
	}
	if len(bad) > 0 {
		return "", errors.New(unreadable(bad[0]))
	}
	if len(newest.Missing) > 0 {
		return "", fmt.Errorf("the newest lacks %d files that rows name, such as %s", len(newest.Missing), newest.Missing[0])
	}
	if c := newest.Command; c != nil && !c.OK {
		return "", fmt.Errorf("BACKUP_COMMAND failed after the newest: %s", c.why())
	}
	var proven *Backup
	for i, b := range all {
		if b.Drill != nil && !b.Drill.OK && proven == nil {
			return "", fmt.Errorf("%s did not come back on trial: %s", b.ID, b.Drill.Error)
		}
		if b.Drill != nil && proven == nil {
			proven = &all[i]
		}
	}
	lately := s.Trial + 2*s.Every // so young is one that has come back
	switch {
	case proven == nil && s.Trial > 0 && now.Sub(born) > lately:
		return "", errors.New("none has come back on trial yet")
	case proven == nil:
		return fmt.Sprintf("the newest is %s old, none was tried yet", short(newest.age(now))), nil
	case s.Trial > 0 && proven.age(now) > lately:
		return "", fmt.Errorf("the newest that came back on trial is %s old", short(proven.age(now)))
	}
	return fmt.Sprintf("%d, the newest %s old; the last that came back on trial is %s old, in %s",
		len(all), short(newest.age(now)), short(proven.age(now)), short(proven.Drill.Took)), nil
}

func unreadable(path string) string {
	return fmt.Sprintf("%s is damaged: its %s cannot be read, so it is no backup any more; remove it with: rm -r %[1]s", path, manifestFile)
}

// Lives tells whether there is an instance whose rows a backup can be compared with.
func (k *Keeper) Lives() bool {
	if k.Database.URL != "" {
		return true
	}
	_, err := os.Stat(filepath.Join(k.Database.Data, "PG_VERSION"))
	return err == nil
}

// born is when the instance began, as far as its files tell.
func (k *Keeper) born(now time.Time) time.Time {
	for _, name := range []string{"data/secret.key", "data"} {
		if info, err := os.Stat(filepath.Join(k.Dir, name)); err == nil {
			return info.ModTime()
		}
	}
	return now
}

// failure is the last time that no backup could be made.
type failure struct {
	At    time.Time `json:"at"`
	Error string    `json:"error"`
}

const failureFile = "failed.json"

func (f *failure) alarm(what string) error {
	if f == nil {
		return errors.New(what)
	}
	return fmt.Errorf("%s; the last try, at %s, failed: %s", what, f.At.Local().Format(time.DateTime), f.Error)
}

func (k *Keeper) noteFailure(err error, now time.Time) {
	if e := new(app.Error); errors.As(err, &e) {
		err = errors.New(e.Message)
	}
	remember(k.Place, failureFile, failure{now.UTC(), err.Error()}) // the log has it in any case
}

func (k *Keeper) forgetFailure() { os.Remove(filepath.Join(k.Place, failureFile)) }

// short is a span as one says it.
func short(d time.Duration) string {
	switch {
	case d < time.Minute:
		return d.Round(time.Second / 10).String()
	case d < 2*time.Hour:
		return fmt.Sprintf("%d min", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h", int(d.Hours()))
	}
	return fmt.Sprintf("%d days", int(d.Hours()/24))
}
