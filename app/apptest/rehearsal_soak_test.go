//go:build soak

package apptest_test

import (
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"majestic/app/apptest"
	"majestic/upgrade"
)

// What would go wrong with a release is told by its rehearsal, with the exit code of
// a refusal, and of none of it anything is left.
func TestRehearsalsThatFail(t *testing.T) {
	binary, dir, next := apptest.Binary(t, "v1"), apptest.Dir(t), adding(t)
	server := apptest.Serve(t, binary, dir)
	api := apptest.API{URL: server.URL, Key: apptest.Key(t, binary, dir)}
	api.Draw(t, map[string]any{"design": card(t, api), "variables": apptest.Countries(t)[0]})

	// One that is killed in the middle leaves its copy to the next.
	killed := exec.Command(binary, "upgrade", "--check", "--json", next, "--dir", dir)
	out, err := killed.StdoutPipe()
	if err == nil {
		err = killed.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	for d := json.NewDecoder(out); ; {
		var s upgrade.Step
		if err := d.Decode(&s); err != nil {
			t.Fatal(err)
		}
		if s.Step == "serve" {
			break
		}
	}
	_, errs, code := apptest.Run(t, binary, dir, "upgrade", "--check", next)
	if code != 3 || !strings.Contains(errs, "another rehearsal is under way") {
		t.Errorf("two at once: exit %d, %s", code, errs)
	}
	killed.Process.Kill()
	killed.Wait()

	_, errs, code = apptest.Run(t, binary, dir, "upgrade", "--check", inverted(t))
	page := filepath.Join(dir, "tmp", "gate", "rehearsal", "index.html")
	if _, err := os.Stat(page); code != 3 || !strings.Contains(errs, "1 of 1 designs are drawn otherwise") || !strings.Contains(errs, page) || err != nil {
		t.Errorf("drawn otherwise: exit %d, %v, %s", code, err, errs)
	}
	nothingLeft(t, dir)

	// What it says of itself goes with the copy, but for the reason.
	strict := apptest.BinaryWith(t, "strict", "migrations/expand/90001_strict.sql", "-- +goose Up\nALTER TABLE designs ADD COLUMN strict text;\nUPDATE designs SET strict = 'x';\nALTER TABLE designs ALTER COLUMN strict SET NOT NULL;\n")
	_, errs, code = apptest.Run(t, binary, dir, "upgrade", "--check", strict)
	if code != 3 || !strings.Contains(errs, "the new release is not well") || !strings.Contains(errs, `null value in column \"strict\"`) {
		t.Errorf("too strict: exit %d, %s", code, errs)
	}
	nothingLeft(t, dir)

	// A backup comes before migrations, or none of them runs.
	backups := filepath.Join(dir, "backups")
	if err := errors.Join(os.Rename(backups, backups+".aside"), os.WriteFile(backups, nil, 0o600)); err != nil {
		t.Fatal(err)
	}
	if last := upgradeTo(t, binary, dir, 3, next); !strings.Contains(last.Reason, "--no-backup") || !strings.Contains(last.Reason, backups) {
		t.Errorf("%+v", last)
	}
	if err := errors.Join(os.Remove(backups), os.Rename(backups+".aside", backups)); err != nil {
		t.Fatal(err)
	}
	apptest.Must(t, binary, dir, "upgrade", "--check", next)
	nothingLeft(t, dir)
	apptest.Must(t, binary, dir, "stop")
}
