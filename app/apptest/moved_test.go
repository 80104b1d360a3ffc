package apptest_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"majestic/app/apptest"
)

// An instance goes to another folder and another account, as to another machine: first
// to a database that a URL names, which serves one instance only, then back to a private
// cluster, then once more with what came meanwhile.
func TestMoved(t *testing.T) {
	t.Parallel()
	binary, dir := apptest.Binary(t, "v1"), apptest.Dir(t)
	first := apptest.Serve(t, binary, dir)
	api := apptest.API{URL: first.URL, Key: apptest.Key(t, binary, dir)}
	body := map[string]any{"design": card(t, api), "variables": apptest.Countries(t)[0]}
	was := api.Draw(t, body)
	apptest.Must(t, binary, dir, "backup", "create", "--with-secret")

	served := func(dir string, meanwhile func()) {
		t.Helper()
		server := apptest.Serve(t, binary, dir)
		there := apptest.API{URL: server.URL, Key: api.Key}
		if is := there.Draw(t, body); *is.SHA256 != *was.SHA256 {
			t.Errorf("it draws otherwise in %s", dir)
		}
		if page := said(t, server.URL+"/signin"); !strings.Contains(page, "This is a restored copy.") {
			t.Errorf("%s is not muted", dir)
		}
		meanwhile()
	}
	external := apptest.Dir(t)
	url := apptest.Database(t).URL
	if err := os.WriteFile(filepath.Join(external, "app.toml"), fmt.Appendf(nil, "database_url = %q\n", url), 0o600); err != nil {
		t.Fatal(err)
	}
	apptest.Must(t, binary, external, "setup", "--from-backup", dir)
	served(external, func() {
		_, errs, code := apptest.Run(t, binary, apptest.Dir(t), "serve", "--listen", "127.0.0.1:0", "--database-url", url)
		if code != 1 || !strings.Contains(errs, "another instance serves from this database") {
			t.Errorf("a second instance: exit %d, %s", code, errs)
		}
	})
	if out := apptest.Must(t, binary, external, "db", "url"); out != url+"\n" {
		t.Errorf("db url: %s", out)
	}
	if _, err := os.Stat(filepath.Join(external, "data", "postgres")); err == nil {
		t.Error("there is a private cluster, too")
	}
	apptest.Must(t, binary, external, "stop")
	apptest.Must(t, binary, external, "backup", "create", "--with-secret")

	// Root brings it, and the account owns it.
	private, owner := apptest.Dir(t), os.Geteuid()
	if owner == 0 {
		owner = 1
		if err := os.Chown(private, owner, owner); err != nil {
			t.Fatal(err)
		}
	}
	apptest.Must(t, binary, private, "setup", "--from-backup", external)
	served(private, func() {})
	if n := designsIn(t, binary, private); n != "1\n" {
		t.Errorf("it has %s designs", n)
	}
	apptest.Must(t, binary, private, "stop")
	err := filepath.WalkDir(private, func(name string, e os.DirEntry, err error) error {
		info, ierr := e.Info()
		if err = errors.Join(err, ierr); err == nil && int(info.Sys().(*syscall.Stat_t).Uid) != owner {
			err = fmt.Errorf("%s is not the account's", name)
		}
		return err
	})
	if err != nil || current(t, private) != current(t, dir) {
		t.Errorf("%v; current is %s", err, current(t, private))
	}

	card(t, api)
	apptest.Must(t, binary, dir, "upgrade", "--probation", "500ms", apptest.Binary(t, "v2"))
	apptest.Must(t, binary, dir, "backup", "create", "--with-secret")
	if out := apptest.Must(t, binary, private, "setup", "--from-backup", dir); !strings.Contains(out, "--follow replaces it") {
		t.Errorf("a second time: %s", out)
	}
	apptest.Must(t, binary, private, "setup", "--from-backup", dir, "--follow")
	if n := designsIn(t, binary, private); n != "2\n" {
		t.Errorf("with what came meanwhile it has %s designs", n)
	}
	if current(t, private) != current(t, dir) {
		t.Errorf("a release that came meanwhile is not the current one, but %s", current(t, private))
	}
	if kept, _ := filepath.Glob(filepath.Join(private, "data.before-*")); len(kept) != 1 {
		t.Errorf("what was there is kept in %v", kept)
	}
	_, errs, code := apptest.Run(t, binary, apptest.Dir(t), "setup", "--from-backup", filepath.Join(dir, "data"))
	if code != 1 || !strings.Contains(errs, "there is no backup in ") {
		t.Errorf("not a backup: exit %d, %s", code, errs)
	}
	closed := apptest.Dir(t)
	if err := os.Chmod(closed, 0); err != nil {
		t.Fatal(err)
	}
	_, errs, code = apptest.Run(t, binary, private, "backup", "verify", filepath.Join(closed, "x"))
	if code != 1 || !strings.Contains(errs, "cannot be read with the rights of the account") {
		t.Errorf("closed to the account: exit %d, %s", code, errs)
	}
	apptest.Must(t, binary, private, "stop")
	apptest.Must(t, binary, dir, "stop")
}

// designsIn asks psql how many cards an instance has.
func designsIn(t *testing.T, binary, dir string) string {
	t.Helper()
	out, err := exec.Command(binary, "db", "psql", "--dir", dir, "--", "-Atc", "SELECT count(*) FROM designs WHERE name = 'Card'").CombinedOutput()
	if err != nil {
		t.Errorf("db psql: %v", err)
	}
	return string(out)
}
