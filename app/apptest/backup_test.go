package apptest_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"

	"majestic/app/apptest"
	"majestic/app/backup"
)

// A backup by itself while an instance serves and is upgraded; its trial draws with
// Chrome; it comes back beside the running one, muted, with a banner and mails that wait.
func TestBackups(t *testing.T) {
	t.Parallel()
	v1, v2, dir := apptest.Binary(t, "v1"), apptest.Binary(t, "v2"), apptest.Dir(t)
	settings := func(every string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, "app.toml"), []byte("backup_keep = \"2,0,0,0\"\nbackup_every = \""+every+"\"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	settings("0s") // what is tried shall be all there
	first := apptest.Serve(t, v1, dir)
	api := apptest.API{URL: first.URL, Key: apptest.Key(t, v1, dir)}
	body := map[string]any{"design": card(t, api), "variables": apptest.Countries(t)[0]}
	r := api.Draw(t, body)
	apptest.Must(t, v1, dir, "user", "create", "ada@example.com", "--tenant", "acme")

	settings("5s")
	upgraded := exec.Command(v1, "upgrade", v2, "--dir", dir, "--probation", "2s")
	if err := upgraded.Start(); err != nil {
		t.Fatal(err)
	}
	var made []string
	for len(made) < 3 || upgraded.ProcessState == nil {
		out, errs, code := apptest.Run(t, v1, dir, "backup", "create", "--json")
		var b struct{ ID, Path string }
		switch {
		case code == 0:
			if err := json.Unmarshal([]byte(out), &b); err != nil || b.ID == "" || b.Path == "" {
				t.Fatalf("%v: %s", err, out)
			}
			made = append(made, b.ID)
		case !strings.Contains(errs, "another backup"):
			t.Errorf("create: %s", errs)
		}
		if upgraded.ProcessState == nil && len(made) == 3 {
			if err := upgraded.Wait(); err != nil {
				t.Errorf("the upgrade: %v", err)
			}
		}
	}
	var proven backup.Backup
	until(t, "tried by itself", func() bool {
		proven = newestTried(t, v1, dir)
		return proven.Drill != nil
	})
	if !proven.Drill.OK || proven.Tables["public.users"].Rows != 1 || !strings.HasPrefix(proven.Drill.Drawn, `"Card"`) || !strings.Contains(proven.Drill.Live, "live rows") {
		t.Errorf("the trial by itself: %+v", proven.Drill)
	}
	b := holdTried(t, v1, dir)
	out := apptest.Must(t, v1, dir, "backup", "verify")
	if !strings.Contains(out, "came back") || !strings.Contains(out, `drawn: "Card"`) {
		t.Errorf("verify: %s", out)
	}
	if out := apptest.Must(t, v1, dir, "backup", "list"); !strings.Contains(out, "came back in") {
		t.Errorf("list: %s", out)
	}
	if _, errs, code := apptest.Run(t, v1, dir, "backup", "restore", b.ID, "--force"); code != 1 || !strings.Contains(errs, "runs, and nothing was touched") {
		t.Errorf("onto the running one: %d, %s", code, errs)
	}

	other := apptest.Dir(t)
	out = apptest.Must(t, v2, other, "backup", "restore", b.Path)
	if !strings.Contains(out, "it is muted") {
		t.Errorf("restore: %s", out)
	}
	copied := apptest.Serve(t, v2, other, "--backup-every", "1s")
	if page := said(t, copied.URL+"/signin"); !strings.Contains(page, "This is a restored copy.") {
		t.Error("there is no banner")
	}
	if page := said(t, api.URL+"/signin"); strings.Contains(page, "This is a restored copy.") {
		t.Error("there is a banner on the original")
	}
	api.URL = copied.URL
	if again := api.Draw(t, body); *again.SHA256 != *r.SHA256 {
		t.Error("it draws otherwise")
	}
	ask, err := http.NewRequest("POST", copied.URL+"/reset", strings.NewReader("email=ada%40example.com"))
	if err != nil {
		t.Fatal(err)
	}
	ask.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	answer, err := http.DefaultClient.Do(ask)
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	until(t, "the mail waits", func() (waits bool) {
		inDatabase(t, other, func(pool *pgxpool.Pool) error {
			return pool.QueryRow(t.Context(), `SELECT EXISTS (SELECT FROM river_job WHERE kind = 'mail' AND state = 'scheduled')`).Scan(&waits)
		})
		return waits
	})
	if mails, _ := filepath.Glob(filepath.Join(other, "data", "mail", "*")); mails != nil {
		t.Errorf("a muted instance sent %v", mails)
	}
	if backups, _ := filepath.Glob(filepath.Join(other, "backups", "*")); backups != nil {
		t.Errorf("a muted instance made %v", backups)
	}
	apptest.Must(t, v2, other, "unmute")
	inDatabase(t, other, func(pool *pgxpool.Pool) error {
		_, err := pool.Exec(t.Context(), `UPDATE river_job SET scheduled_at = now() WHERE kind = 'mail'`)
		return err
	})
	until(t, "the mail is sent", func() bool {
		mails, _ := filepath.Glob(filepath.Join(other, "data", "mail", "*"))
		return mails != nil
	})
	apptest.Must(t, v2, other, "stop")
	apptest.Must(t, v2, dir, "stop")
}

// A place that is full, and one that is gone, are named, and nothing is left there. The
// owner's command has exit codes of its own, and we have ours.
func TestBackupPlaceFull(t *testing.T) {
	binary, dir := apptest.Binary(t, "v1"), apptest.Dir(t)
	apptest.Key(t, binary, dir)
	place := apptest.Dir(t)
	options := []string{"--mount"}
	if os.Geteuid() != 0 {
		options = []string{"--mount", "--user", "--map-current-user", "--keep-caps"}
	}
	script := `mount -t tmpfs -o size=32k none "$1" && { "$2" backup create --dir "$3" --backup-dir "$1"; find "$1" -type f; }`
	out, _ := exec.Command("unshare", append(options, "sh", "-c", script, "sh", place, binary, dir)...).CombinedOutput()
	if lines := strings.Split(strings.TrimSpace(string(out)), "\n"); !strings.Contains(string(out), "app: backups cannot be kept in "+place+": no space left on device") || lines[len(lines)-1] != place+"/.lock" {
		t.Errorf("%s", out)
	}
	if _, errs, code := apptest.Run(t, binary, dir, "backup", "create", "--backup-command", "exit 7"); code != 1 || !strings.Contains(errs, "exit status 7") {
		t.Errorf("%d, %s", code, errs)
	}
	// A copy of an id that there is not leaves no folder.
	other := filepath.Join(dir, "other")
	if _, errs, code := apptest.Run(t, binary, other, "backup", "restore", "no-such"); code != 1 || !strings.Contains(errs, "no-such") {
		t.Errorf("%d, %s", code, errs)
	}
	if _, err := os.Stat(other); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("it has left %s: %v", other, err)
	}
	if _, errs, code := apptest.Run(t, binary, dir, "backup", "create", "--backup-dir", binary+"/x"); code != 1 || !strings.Contains(errs, "BACKUP_DIR") {
		t.Errorf("%d, %s", code, errs)
	}
	apptest.Must(t, binary, dir, "stop")
}

// Whoever is served comes before a backup: the verb, the owner's command, pg_dump and the
// session that counts give way; that of pg_dump, which waits for it, and the cluster do not.
func TestBackupGivesWay(t *testing.T) {
	t.Parallel()
	binary, dir := apptest.Binary(t, "v1"), apptest.Dir(t)
	apptest.Key(t, binary, dir)
	inDatabase(t, dir, func(pool *pgxpool.Pool) error {
		tx, err := pool.Begin(t.Context()) // what is dumped waits for us
		if err != nil {
			return err
		}
		defer tx.Rollback(t.Context())
		if _, err := tx.Exec(t.Context(), "LOCK TABLE designs IN ACCESS EXCLUSIVE MODE"); err != nil {
			return err
		}
		backup := exec.CommandContext(t.Context(), binary, "backup", "create", "--dir", dir, "--backup-command", "nice")
		var said strings.Builder
		backup.Stdout, backup.Stderr = &said, &said
		if err := backup.Start(); err != nil {
			return err
		}
		var dumps, counts int // sessions
		until(t, "the dump waits", func() bool {
			err := pool.QueryRow(t.Context(), `
				SELECT d.pid, c.pid FROM pg_stat_activity d, pg_stat_activity c
				WHERE d.application_name = 'pg_dump' AND d.wait_event_type = 'Lock' AND c.state = 'idle in transaction' AND c.backend_xmin IS NOT NULL AND c.pid NOT IN (d.pid, $1, pg_backend_pid())`,
				tx.Conn().PgConn().PID()).Scan(&dumps, &counts)
			return err == nil
		})
		if a, b := niceness(t, dumps), niceness(t, counts); a != 0 || b != 10 {
			t.Errorf("the session that dumps has %d, and the one that counts %d", a, b)
		}
		if n := niceness(t, childOf(t, backup.Process.Pid)); n != 10 {
			t.Errorf("pg_dump has %d", n)
		}
		text, err := os.ReadFile(filepath.Join(dir, "data", "postgres", "postmaster.pid"))
		if err != nil {
			return err
		}
		pid, _, _ := strings.Cut(string(text), "\n")
		postmaster, err := strconv.Atoi(pid)
		if err != nil {
			return err
		}
		if n := niceness(t, postmaster); n != 0 {
			t.Errorf("the cluster has %d", n)
		}
		if n := niceness(t, backup.Process.Pid); n != 10 {
			t.Errorf("the verb has %d", n)
		}
		if err := errors.Join(tx.Rollback(t.Context()), backup.Wait()); err != nil {
			t.Errorf("%v: %s", err, said.String())
		}
		return nil
	})
	var list struct{ Backups []backup.Backup }
	if err := json.Unmarshal([]byte(apptest.Must(t, binary, dir, "backup", "list", "--json")), &list); err != nil || len(list.Backups) != 1 || list.Backups[0].Command == nil || strings.TrimSpace(list.Backups[0].Command.Output) != "10" {
		t.Errorf("%+v, %v", list, err)
	}
}

// newestTried is the newest backup that was tried, or nothing.
func newestTried(t *testing.T, binary, dir string) (b backup.Backup) {
	t.Helper()
	var list struct{ Backups []backup.Backup }
	if err := json.Unmarshal([]byte(apptest.Must(t, binary, dir, "backup", "list", "--json")), &list); err != nil {
		t.Fatal(err)
	}
	for _, b := range list.Backups {
		if b.Drill != nil {
			return b
		}
	}
	return b
}

// holdTried is a backup that was tried, and stays as for one who restores it.
func holdTried(t *testing.T, binary, dir string) (b backup.Backup) {
	t.Helper()
	until(t, "held", func() bool {
		b = newestTried(t, binary, dir)
		f, err := os.Open(filepath.Join(b.Path, "manifest.json"))
		if err != nil {
			return false
		}
		t.Cleanup(func() { f.Close() })
		if err := syscall.Flock(int(f.Fd()), syscall.LOCK_SH); err != nil {
			t.Fatal(err)
		}
		_, err = os.Stat(b.Path)
		return err == nil
	})
	return b
}

// said is a page, as text.
func said(t *testing.T, url string) string {
	t.Helper()
	r := get(t, url)
	defer r.Body.Close()
	text, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// childOf is the process that another waits for.
func childOf(t *testing.T, pid int) (child int) {
	t.Helper()
	files, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	for _, file := range files {
		if line, err := os.ReadFile(file); err == nil && len(line) > 0 {
			fmt.Sscan(string(line), &child)
		}
	}
	if child == 0 {
		t.Fatalf("%d has started none", pid)
	}
	return child
}

// niceness is a process's priority, from -20, the first, to 19.
func niceness(t *testing.T, pid int) int {
	t.Helper()
	left, err := syscall.Getpriority(syscall.PRIO_PROCESS, pid)
	if err != nil {
		t.Fatal(err)
	}
	return 20 - left
}
