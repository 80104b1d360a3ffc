package backup_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"majestic/app"
	"majestic/app/backup"
)

func TestKeep(t *testing.T) {
	at := func(text string) backup.Backup {
		when, err := time.Parse("2006-01-02 15:04", text)
		if err != nil {
			t.Fatal(err)
		}
		return backup.Backup{Manifest: backup.Manifest{At: when}}
	}
	proven := at("2026-01-05 10:00")
	proven.Drill = &backup.Drill{OK: true}
	all := []backup.Backup{
		at("2026-03-20 09:00"), // the newest, by a clock that was set back
		at("2026-03-20 12:30"), at("2026-03-20 12:00"), at("2026-03-20 11:00"), at("2026-03-19 23:00"), at("2026-03-19 22:00"),
		at("2026-03-11 08:00"), at("2026-02-28 08:00"), at("2026-02-01 08:00"), proven, at("2026-01-05 09:00"),
	}
	keep, err := backup.ParseKeep("2, 2,2,2")
	if err != nil {
		t.Fatal(err)
	}
	var left string
	for _, yes := range backup.Choose(keep, all) {
		if yes {
			left += "x"
		} else {
			left += "."
		}
	}
	if want := "xx..x.xx.x."; left != want {
		t.Errorf("%s, want %s", left, want)
	}
	for _, text := range []string{"", "1,2,3", "1,2,3,4,5", "a,b,c,d", "1,2,3,-4"} {
		_, err := backup.ParseKeep(text)
		wants(t, err, app.Invalid, "BACKUP_KEEP")
	}
}

// What is removed takes the files with it that only it had.
func TestPrune(t *testing.T) {
	h := newHouse(t)
	first := h.create(t)
	if _, err := h.db.Pool.Exec(t.Context(), "DELETE FROM renders"); err != nil {
		t.Fatal(err)
	}
	second := h.create(t)
	gone, err := h.Prune(backup.Keep{Hourly: 1})
	if err != nil || len(gone) != 1 || gone[0].ID != first.ID {
		t.Fatalf("%+v, %v", gone, err)
	}
	kept, _ := filepath.Glob(filepath.Join(h.Place, "objects", "*", "*"))
	if len(kept) != second.Objects {
		t.Errorf("%d files of %d", len(kept), second.Objects)
	}
	if _, err := os.Stat(first.Path); !os.IsNotExist(err) {
		t.Errorf("the first: %v", err)
	}
	for _, path := range kept {
		text, err := os.ReadFile(filepath.Join(second.Path, "objects.txt"))
		if err != nil || !strings.Contains(string(text), filepath.Base(path)) {
			t.Errorf("%s is listed by none, or %v", path, err)
		}
	}
}
