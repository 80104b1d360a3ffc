package backup

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"majestic/app"
)

// Keep is how many backups stay: the newest of each hour, day, week and month that
// has any.
type Keep struct{ Hourly, Daily, Weekly, Monthly int }

// ParseKeep reads four numbers: 24,7,5,12.
func ParseKeep(text string) (k Keep, err error) {
	parts := strings.Split(text, ",")
	all := []*int{&k.Hourly, &k.Daily, &k.Weekly, &k.Monthly}
	for i, part := range parts {
		n, err := strconv.Atoi(strings.TrimSpace(part))
		if err != nil || n < 0 || len(parts) != len(all) {
			return k, app.Errorf(app.Invalid, "BACKUP_KEEP is %q; write how many hourly, daily, weekly and monthly backups are kept, as in 24,7,5,12", text)
		}
		*all[i] = n
	}
	return k, nil
}

// Prune removes backups that are beyond what is kept, and the files that only they
// have. The newest stays, the newest that has come back on trial, and what somebody
// restores just now.
func (k *Keeper) Prune(keep Keep) (gone []Backup, err error) {
	lock, err := k.lock()
	if err != nil {
		return nil, err
	}
	defer lock.Close()
	all, err := k.List()
	if err != nil {
		return nil, err
	}
	stays := keep.choose(all)
	for i, b := range all {
		if stays[i] {
			continue
		}
		removed, err := k.remove(b)
		if err != nil {
			return gone, unusable(k.Place, err)
		}
		if removed {
			gone = append(gone, b)
		}
	}
	return gone, shelfOf(k.Place).sweep()
}

// choose tells which of some backups stay; the newest come first.
func (k Keep) choose(all []Backup) []bool {
	stays := make([]bool, len(all))
	if len(all) > 0 {
		stays[0] = true
	}
	for i, b := range all {
		if b.Drill != nil && b.Drill.OK {
			stays[i] = true
			break
		}
	}
	for _, rule := range []struct {
		n    int
		span func(time.Time) string
	}{
		{k.Hourly, func(t time.Time) string { return t.Format("2006010215") }},
		{k.Daily, func(t time.Time) string { return t.Format("20060102") }},
		{k.Weekly, func(t time.Time) string { year, week := t.ISOWeek(); return fmt.Sprint(year, week) }},
		{k.Monthly, func(t time.Time) string { return t.Format("200601") }},
	} {
		seen := map[string]bool{}
		for i, b := range all {
			if span := rule.span(b.At.UTC()); !seen[span] && len(seen) < rule.n {
				seen[span], stays[i] = true, true
			}
		}
	}
	return stays
}

// remove takes a backup away, under another name first: half of one is none.
func (k *Keeper) remove(b Backup) (bool, error) {
	f, err := os.Open(filepath.Join(b.Path, manifestFile))
	if err != nil {
		return false, err
	}
	defer f.Close()
	if syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) != nil {
		return false, nil // somebody restores it
	}
	going := filepath.Join(k.Place, unfinished+b.ID)
	if err := os.Rename(b.Path, going); err != nil {
		return false, err
	}
	return true, os.RemoveAll(going)
}
