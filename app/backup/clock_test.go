package backup_test

import (
	"context"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"majestic/app/apptest"
	"majestic/app/backup"
)

// The clock may be set back: a backup of the future is followed by one of today.
func TestDue(t *testing.T) {
	now := time.Now()
	k := keeper(apptest.Dir(t))
	s := backup.Schedule{Every: time.Hour, Trial: 24 * time.Hour}
	made := func(ago, triedAgo time.Duration, ok bool, schema int64) backup.Backup {
		b := backup.Backup{Manifest: backup.Manifest{ID: ago.String(), At: now.Add(-ago), Schema: map[string][]int64{"expand": {schema}}}}
		if triedAgo != 0 {
			b.Drill = &backup.Drill{At: now.Add(-triedAgo), OK: ok}
		}
		return b
	}
	minute, hour := time.Minute, time.Hour
	for name, c := range map[string]struct {
		all          []backup.Backup
		due, untried bool
	}{
		"young":                 {nil, false, false},
		"fresh":                 {[]backup.Backup{made(30*minute, 5*minute, true, 1)}, false, false},
		"an hour":               {[]backup.Backup{made(61*minute, 5*minute, true, 1)}, true, false},
		"set back by a day":     {[]backup.Backup{made(-24*hour, -23*hour, true, 1)}, true, true},
		"not tried":             {[]backup.Backup{made(5*minute, 0, false, 1)}, false, true},
		"tried yesterday":       {[]backup.Backup{made(5*minute, 0, false, 1), made(25*hour, 25*hour, true, 1)}, false, true},
		"tried today":           {[]backup.Backup{made(5*minute, 0, false, 1), made(5*hour, 5*hour, true, 1)}, false, false},
		"another schema":        {[]backup.Backup{made(5*minute, 0, false, 2), made(5*hour, 5*hour, true, 1)}, false, true},
		"the one before failed": {[]backup.Backup{made(5*minute, 0, false, 1), made(2*hour, 2*hour, false, 1)}, false, true},
		"this very one failed":  {[]backup.Backup{made(5*minute, 2*minute, false, 1)}, false, false},
	} {
		if _, untried := backup.Due(k, backup.Schedule{Every: time.Hour}, c.all, now); untried {
			t.Errorf("%s: it is tried though BACKUP_TRIAL is 0", name)
		}
		if due, untried := backup.Due(k, s, c.all, now); due != c.due || untried != c.untried {
			t.Errorf("%s: due %v, to be tried %v", name, due, untried)
		}
	}
}

// By itself: a backup as soon as one is due, its trial, the owner's command.
func TestTend(t *testing.T) {
	h := newHouse(t)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		h.Tend(ctx, nil, h.db, backup.Schedule{
			Every: time.Second, Trial: time.Minute, Keep: backup.Keep{Hourly: 1}, Command: "touch carried-$BACKUP_ID", Limit: time.Minute,
		})
	}()
	for range time.Tick(50 * time.Millisecond) {
		all, err := h.List()
		if err != nil {
			t.Fatal(err)
		}
		carried, _ := filepath.Glob(filepath.Join(h.Dir, "carried-*"))
		if len(carried) >= 3 && len(all) > 0 && all[len(all)-1].Drill != nil {
			if d := all[len(all)-1].Drill; !d.OK || d.Drawn != "the picture" || !strings.Contains(d.Live, "live rows") {
				t.Errorf("%+v", d)
			}
			break
		}
	}
	cancel()
	<-done
	if all, err := h.List(); err != nil || len(all) > 3 { // the newest, the proven one, and one that was just made
		t.Errorf("%d backups stay, %v", len(all), err)
	}
}
