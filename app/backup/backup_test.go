package backup_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"filippo.io/age"

	"majestic/app"
	"majestic/app/apptest"
	"majestic/app/backup"
	"majestic/app/postgres"
)

// A backup comes back on trial, and as another instance, which is muted.
func TestComesBack(t *testing.T) {
	ctx := t.Context()
	h := newHouse(t)
	settings := "log_level = \"warn\"\nsmtp_password = \"hunter2\"\nbackup_command = \"TOKEN=hunter2 carry\"\n\"database_url\" = \"postgres://x\"\nbackup_dir = \"" + h.Place + "/\" # elsewhere\n"
	if err := os.WriteFile(filepath.Join(h.Dir, "app.toml"), []byte(settings), 0o600); err != nil {
		t.Fatal(err)
	}
	identity, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	key := filepath.Join(h.Dir, "key.txt")
	if err := os.WriteFile(key, []byte(identity.String()+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	h.Recipient = identity.Recipient().String()

	if _, err := h.db.Pool.Exec(ctx, "VACUUM FREEZE designs"); err != nil { // frozen rows are compared, too
		t.Fatal(err)
	}
	b := h.create(t)
	if b.Serial != 1 || b.Objects != 5 || b.Missing != nil || b.Release != apptest.Release || b.Tables["public.drafts"].Rows != 1 || len(b.Schema["expand"]) < 13 || b.Secrets != "sealed" {
		t.Errorf("%+v", b.Manifest)
	}
	list, err := os.ReadFile(filepath.Join(b.Path, "objects.txt"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files(t, filepath.Join(h.Dir, "data", "objects")) { // no file is kept that no row names
		if !strings.Contains(string(list), " "+name+"\n") {
			t.Errorf("%s is not in the backup", name)
		}
	}
	for _, name := range files(t, b.Path) {
		text, err := os.ReadFile(filepath.Join(b.Path, name))
		if err != nil || bytes.Contains(text, []byte("hunter2")) || bytes.Contains(text, []byte("a secret of the tests")) {
			t.Errorf("%s tells a secret, or %v", name, err)
		}
	}
	sums := exec.Command("sha256sum", "--check", "--quiet", "SHA256SUMS")
	sums.Dir = b.Path
	if said, err := sums.CombinedOutput(); err != nil {
		t.Errorf("sha256sum: %v: %s", err, said)
	}

	h.render(t, "of later") // must not be missed in a backup from before it
	tried, err := h.Verify(ctx, b, h.db)
	if err != nil || !tried.Drill.OK || tried.Drill.Drawn != "the picture" || !strings.Contains(tried.Drill.Live, "live rows") || strings.Contains(tried.Drill.Live, "not") || strings.HasPrefix(tried.Drill.Live, "with 0") {
		t.Fatalf("%+v, %v", tried.Drill, err)
	}
	if left, _ := filepath.Glob(filepath.Join(h.Dir, "tmp", "*")); left != nil {
		t.Errorf("the drill has left %v", left)
	}
	if all, err := h.List(); err != nil || len(all) != 1 || all[0].Drill == nil || !all[0].Drill.OK {
		t.Errorf("%+v, %v", all, err)
	}

	other := keeper(apptest.Dir(t))
	t.Cleanup(func() { clean(t, other.Dir) })
	_, err = other.Restore(ctx, b, backup.Wishes{})
	wants(t, err, app.Invalid, "--identity FILE")
	lost, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	lostKey := filepath.Join(h.Dir, "lost.txt")
	if err := os.WriteFile(lostKey, []byte(lost.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err = other.Restore(ctx, b, backup.Wishes{Identity: backup.Identity{File: lostKey}})
	wants(t, err, app.Invalid, "another key", "--without-secrets")
	if left := files(t, other.Dir); left != nil {
		t.Errorf("refused, it has left %v", left)
	}
	r, err := other.Restore(ctx, b, backup.Wishes{Identity: backup.Identity{File: key}})
	if err != nil || r.Kept != "" || !slices.ContainsFunc(r.Notes, func(note string) bool { return strings.HasPrefix(note, "backup_dir is left out") }) {
		t.Fatalf("%+v, %v", r, err)
	}
	if !other.Muted() || h.Muted() {
		t.Error("the copy is not muted, or the original is")
	}
	for name, want := range map[string]string{"data/secret.key": "a secret of the tests", "app.toml": "smtp_password = \"hunter2\"\nbackup_command = \"TOKEN=hunter2 carry\"\n# database_url is left out: the rows were restored to where this instance keeps its own\n# backup_dir is left out"} {
		if text, err := os.ReadFile(filepath.Join(other.Dir, name)); err != nil || !strings.Contains(string(text), want) {
			t.Errorf("%s: %q, %v", name, text, err)
		}
	}
	db, err := postgres.Open(ctx, other.Database)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for sql, want := range map[string]string{
		"SELECT count(*)::text FROM renders WHERE status = 'succeeded'":                                               "1",
		"SELECT current_setting('fsync')":                                                                             "on",
		"SELECT pg_has_role(current_user, app.tenant_role(), 'MEMBER')::text":                                         "true",
		"SELECT has_table_privilege(app.tenant_role(), 'designs', 'UPDATE')::text":                                    "true",
		"SELECT string_agg(rolname, ',') FROM pg_roles WHERE rolname LIKE '%\\_tenant'":                               "majestic_tenant",
		"SELECT has_function_privilege(app.tenant_role(), 'app.find_api_key(bytea)', 'EXECUTE')::text":                "true",
		"SELECT bool_and(relrowsecurity)::text FROM pg_class WHERE oid IN ('designs'::regclass, 'renders'::regclass)": "true",
	} {
		var is string
		if err := db.Pool.QueryRow(ctx, sql).Scan(&is); err != nil || is != want {
			t.Errorf("%s: %q, %v", sql, is, err)
		}
	}
	if text, err := other.Draw(ctx, db.Pool, filepath.Join(other.Dir, "data", "objects")); err != nil || text != "the picture" {
		t.Errorf("%q, %v", text, err)
	}
	if was, err := other.Unmute(); err != nil || !was || other.Muted() {
		t.Errorf("unmuted: %v, %v", was, err)
	}
}

// One that was made without the right to see rows is refused; and if it was made all
// the same, it comes back as it was written, and yet does not verify.
func TestWall(t *testing.T) {
	ctx := t.Context()
	h := newHouse(t)
	var role string
	if err := h.db.Pool.QueryRow(ctx, `SELECT app.tenant_role()`).Scan(&role); err != nil {
		t.Fatal(err)
	}
	for _, sql := range []string{
		"GRANT SELECT ON ALL TABLES IN SCHEMA public TO " + role,
		"GRANT SELECT ON ALL SEQUENCES IN SCHEMA public TO " + role,
	} {
		if _, err := h.db.Pool.Exec(ctx, sql); err != nil {
			t.Fatal(err)
		}
	}
	// The walled role itself cannot come in by peer: it is taken on when a session begins.
	walled, err := postgres.Open(ctx, postgres.Options{URL: h.db.URL + "&options=-crole%3D" + role})
	if err != nil {
		t.Fatal(err)
	}
	defer walled.Close()
	_, err = h.Create(ctx, walled, false)
	wants(t, err, app.Forbidden, "does not see all rows", "owner of the tables")
	if all, err := h.List(); err != nil || len(all) != 0 {
		t.Errorf("%v, %v", all, err)
	}

	// As if it had been made: nothing in any table behind the wall.
	b := h.create(t)
	empty := newHouse(t)
	for _, table := range []string{"renders", "drafts", "assets", "fonts", "design_versions", "designs", "tenants"} {
		if _, err := empty.db.Pool.Exec(ctx, "DELETE FROM "+table); err != nil {
			t.Fatal(err)
		}
	}
	empty.Place = h.Place
	forged := empty.create(t)
	if forged.Serial != b.Serial+1 || forged.Cluster != b.Cluster {
		t.Fatalf("%+v", forged.Manifest)
	}
	_, err = h.Verify(ctx, forged, h.db)
	wants(t, err, app.Invalid, "the database has", "did not see them all")
	all, err := h.List()
	if err != nil || all[0].Drill == nil || all[0].Drill.OK {
		t.Errorf("%+v, %v", all[0].Drill, err)
	}
	if _, err := h.Health(backup.Schedule{Every: time.Hour}, time.Now()); err == nil || !strings.Contains(err.Error(), "did not come back on trial") {
		t.Errorf("health: %v", err)
	}
}

// One byte that is otherwise, a part that is cut or missing: nothing of it is restored.
func TestDamage(t *testing.T) {
	ctx := t.Context()
	h := newHouse(t)
	if err := os.WriteFile(filepath.Join(h.Dir, "app.toml"), []byte("log_level = \"warn\"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	b, err := h.Create(ctx, h.db, true)
	if err != nil {
		t.Fatal(err)
	}
	kinds := append(files(t, b.Path), "object")
	if len(kinds) != 7 {
		t.Errorf("%v", kinds)
	}
	other := keeper(apptest.Dir(t))
	for _, kind := range kinds {
		path := filepath.Join(b.Path, kind)
		if kind == "object" {
			found, _ := filepath.Glob(filepath.Join(h.Place, "objects", "*", "*"))
			path = found[0]
		}
		whole, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		flipped := slices.Clone(whole)
		flipped[len(flipped)/2] ^= 0x20
		for what, text := range map[string][]byte{"flipped": flipped, "cut": whole[:len(whole)/2], "missing": nil} {
			if text == nil {
				err = os.Remove(path)
			} else {
				err = errors.Join(os.Remove(path), os.WriteFile(path, text, 0o600)) // another file, as a copy would be
			}
			if err != nil {
				t.Fatal(err)
			}
			found, err := other.Find(b.Path)
			if err == nil {
				_, err = other.Restore(ctx, found, backup.Wishes{})
			}
			if err == nil || app.KindOf(err) != app.Invalid && app.KindOf(err) != app.NotFound {
				t.Errorf("%s %s: %v", kind, what, err)
			}
			if left := files(t, other.Dir); slices.ContainsFunc(left, func(name string) bool { return !strings.HasPrefix(name, "tmp/") }) {
				t.Errorf("%s %s: it has left %v", kind, what, left)
			}
			os.Remove(path)
			if err := os.WriteFile(path, whole, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	if _, err := h.Verify(ctx, b, nil); err != nil {
		t.Errorf("whole again: %v", err)
	}
}

func TestRefusals(t *testing.T) {
	ctx := t.Context()
	h := newHouse(t)
	b := h.create(t)

	foreign := keeper(apptest.Dir(t))
	foreign.Product = "another"
	_, err := foreign.Restore(ctx, b, backup.Wishes{})
	wants(t, err, app.Invalid, `"majestic"`, "nothing was touched")

	newer := b
	newer.Schema = map[string][]int64{"expand": append(slices.Clone(b.Schema["expand"]), 99999)}
	newer.Release = "ba9876543210"
	_, err = keeper(apptest.Dir(t)).Restore(ctx, newer, backup.Wishes{})
	wants(t, err, app.Conflict, "newer than this release", "99999")

	_, err = h.Restore(ctx, b, backup.Wishes{})
	wants(t, err, app.Conflict, "holds data already", "--force")
	h.Running = func() (bool, error) { return true, nil }
	_, err = h.Restore(ctx, b, backup.Wishes{Force: true})
	wants(t, err, app.Conflict, "runs", "app stop")

	_, err = h.Find("nothing")
	wants(t, err, app.NotFound, "app backup list")
	_, err = h.Find(h.Dir)
	wants(t, err, app.NotFound, "is no backup")

	blocked := keeper(h.Dir)
	blocked.Place = filepath.Join(b.Path, "manifest.json", "backups")
	_, err = blocked.Create(ctx, h.db, false)
	wants(t, err, app.Unavailable, "BACKUP_DIR")

	_, err = keeper(apptest.Dir(t)).Create(ctx, apptest.Database(t), false)
	wants(t, err, app.Unavailable, "no tables")
}

// What is replaced by force is kept aside, and the instance is the backup's.
func TestForce(t *testing.T) {
	ctx := t.Context()
	h := newHouse(t)
	b := h.create(t)
	copied := keeper(apptest.Dir(t))
	t.Cleanup(func() { clean(t, copied.Dir) })
	if err := os.MkdirAll(filepath.Join(copied.Dir, "data", "objects"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(copied.Dir, "data", "secret.key"), []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	r, err := copied.Restore(ctx, b, backup.Wishes{Force: true})
	if err != nil || r.Kept == "" {
		t.Fatalf("%+v, %v", r, err)
	}
	if text, err := os.ReadFile(filepath.Join(r.Kept, "secret.key")); err != nil || string(text) != "mine" {
		t.Errorf("%q, %v", text, err)
	}
	if text, err := os.ReadFile(filepath.Join(copied.Dir, "data", "secret.key")); err != nil || string(text) != "mine" {
		t.Errorf("the key of an instance has become %q, %v", text, err)
	}

	// Into the database of a URL, only while that is empty.
	urled := keeper(apptest.Dir(t))
	target := apptest.Database(t)
	urled.Database.URL = target.URL
	if _, err := urled.Restore(ctx, b, backup.Wishes{}); err != nil {
		t.Fatal(err)
	}
	for _, db := range []*postgres.DB{h.db, target} { // both have a walled role of their own
		var mine bool
		err := db.Pool.QueryRow(ctx, `SELECT bool_and(has_table_privilege(app.tenant_role(), oid, 'SELECT')) FROM pg_class WHERE oid IN ('designs'::regclass, 'fonts'::regclass)`).Scan(&mine)
		if err != nil || !mine {
			t.Errorf("rights of the walled role: %v, %v", mine, err)
		}
	}
	var rows int
	if err := target.Pool.QueryRow(ctx, `SELECT count(*) FROM drafts`).Scan(&rows); err != nil || rows != 1 {
		t.Errorf("%d drafts, %v", rows, err)
	}
	_, err = urled.Restore(ctx, b, backup.Wishes{Force: true})
	wants(t, err, app.Conflict, "DATABASE_URL", "tables already")
}

// Of two at once one is refused; the other is whole. Files that are deleted meanwhile
// with their rows are in no backup's list, or they are there.
func TestWhileChanging(t *testing.T) {
	h := newHouse(t)
	ctx, cancel := context.WithCancel(t.Context())
	var changing sync.WaitGroup
	changing.Go(func() {
		for n := 0; ctx.Err() == nil; n++ {
			d, err := h.tenant.CreateDraft(context.Background(), h.design.ID, "x.csv", fmt.Appendf(nil, "name\n%d\n", n))
			if err == nil { // as those go that are an hour old: the row first
				_, err = h.db.Pool.Exec(context.Background(), "DELETE FROM drafts WHERE id = $1", d.ID)
			}
			if err == nil {
				err = os.Remove(filepath.Join(h.Dir, "data", "objects", h.tenant.ID(), "drafts", d.ID+".csv"))
			}
			if err != nil {
				t.Error(err)
				return
			}
		}
	})
	var refused, made int
	for range 6 {
		errs := make(chan error, 2)
		for range 2 {
			go func() {
				b, err := h.Create(t.Context(), h.db, false)
				if err == nil && b.Missing != nil {
					err = fmt.Errorf("it lacks %v", b.Missing)
				}
				errs <- err
			}()
		}
		for range 2 {
			switch err := <-errs; {
			case err == nil:
				made++
			case app.KindOf(err) == app.Conflict:
				refused++
			default:
				t.Error(err)
			}
		}
	}
	cancel()
	changing.Wait()
	if refused == 0 || made < 6 {
		t.Errorf("%d made, %d refused", made, refused)
	}
	all, err := h.List()
	if err != nil || len(all) != made {
		t.Fatalf("%d of %d, %v", len(all), made, err)
	}
	if _, err := h.Verify(t.Context(), all[0], h.db); err != nil {
		t.Error(err)
	}
}

// A file that was gone before, or is not what its row says, is told, and fails the drill.
func TestMissingFile(t *testing.T) {
	h := newHouse(t)
	pictures, _ := filepath.Glob(filepath.Join(h.Dir, "data", "objects", "*", "renders", "*"))
	if err := os.WriteFile(pictures[0], []byte("another one"), 0o600); err != nil {
		t.Fatal(err)
	}
	// What a backup that failed has put on the shelf goes with the next that does anything.
	stray := filepath.Join(h.Place, "objects", "ab", "abcdef")
	if err := errors.Join(os.MkdirAll(filepath.Dir(stray), 0o700), os.WriteFile(stray, nil, 0o600)); err != nil {
		t.Fatal(err)
	}
	if gone, err := h.Prune(backup.Keep{}); err != nil || len(gone) != 0 {
		t.Errorf("%v, %v", gone, err)
	}
	if _, err := os.Stat(stray); err == nil {
		t.Error("a file that no backup lists stays")
	}
	b := h.create(t)
	if len(b.Missing) != 1 || !strings.HasSuffix(pictures[0], b.Missing[0]) || b.Objects != 4 {
		t.Errorf("%+v", b.Manifest)
	}
	_, err := h.Verify(t.Context(), b, h.db)
	wants(t, err, app.Invalid, b.Missing[0])
}

// A file that was damaged on the shelf is taken anew from the instance, which has it,
// when a backup has not come back: so all come back again.
func TestShelfHeals(t *testing.T) {
	ctx := t.Context()
	h := newHouse(t)
	b := h.create(t)
	found, _ := filepath.Glob(filepath.Join(h.Place, "objects", "*", "*"))
	whole, err := os.ReadFile(found[0])
	if err != nil {
		t.Fatal(err)
	}
	whole[0] ^= 1
	if err := errors.Join(os.Remove(found[0]), os.WriteFile(found[0], whole, 0o600)); err != nil { // another disk's, as it were
		t.Fatal(err)
	}
	_, err = h.Verify(ctx, b, h.db)
	wants(t, err, app.Invalid, "is not what was written")
	for _, b := range []backup.Backup{h.create(t), b} {
		if _, err := h.Verify(ctx, b, h.db); err != nil {
			t.Error(err)
		}
	}
}

// A backup that is killed leaves nothing that the next one does not remove.
func TestCreateKilled(t *testing.T) {
	h := newHouse(t)
	killCreates(t, h, 2)
}

func killCreates(t *testing.T, h *house, times int) {
	began := time.Now()
	first := h.create(t)
	took := time.Since(began)
	for range times {
		h.render(t, fmt.Sprint("picture ", random(time.Hour)))
		p := process(t, "create", h.Dir, h.db.URL, "-")
		time.Sleep(random(3 * took))
		p.Process.Kill()
		p.Wait()
	}
	b := h.create(t)
	all, err := h.List()
	if err != nil || len(all) < 2 || all[0].ID != b.ID || all[len(all)-1].ID != first.ID {
		t.Fatalf("%d backups, %v", len(all), err)
	}
	listed := map[string]bool{}
	for _, b := range all {
		text, err := os.ReadFile(filepath.Join(b.Path, "objects.txt"))
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			listed[line[:64]] = true
		}
	}
	for _, name := range files(t, h.Place) {
		folder, _, _ := strings.Cut(name, "/")
		switch {
		case folder == "objects" && listed[filepath.Base(name)], name == ".lock":
		case slices.ContainsFunc(all, func(b backup.Backup) bool { return b.ID == folder }):
		default:
			t.Errorf("left: %s", name)
		}
	}
	if _, err := h.Verify(t.Context(), b, h.db); err != nil {
		t.Error(err)
	}
}

// An instance is what it was, or what was restored, at whatever moment a restore is
// killed; the next one removes what is left.
func TestRestoreKilled(t *testing.T) {
	h := newHouse(t)
	killRestores(t, h, 2)
}

func killRestores(t *testing.T, h *house, times int) {
	ctx := t.Context()
	b := h.create(t)
	other := keeper(apptest.Dir(t))
	t.Cleanup(func() { clean(t, other.Dir) })
	began := time.Now()
	if _, err := other.Restore(ctx, b, backup.Wishes{}); err != nil {
		t.Fatal(err)
	}
	took := time.Since(began)
	for range times {
		p := process(t, "restore", other.Dir, "-", b.Path)
		time.Sleep(random(took * 5 / 4))
		p.Process.Kill()
		p.Wait()
		db, err := postgres.Open(ctx, other.Database)
		if err != nil {
			t.Fatal(err)
		}
		text, err := other.Draw(ctx, db.Pool, filepath.Join(other.Dir, "data", "objects"))
		if err != nil || text != "the picture" || !other.Muted() {
			t.Errorf("after a kill: %q, %v", text, err)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := other.Restore(ctx, b, backup.Wishes{Force: true}); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(other.Dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if name := e.Name(); name != "data" && name != "tmp" && !strings.HasPrefix(name, "data.before-") {
			t.Errorf("left: %s", name)
		}
	}
	if running := clusters(other.Dir); len(running) > 0 {
		t.Errorf("still running: %v", running)
	}
}

// clusters are the folders of those that run below a directory.
func clusters(dir string) (running []string) {
	found, _ := filepath.Glob(filepath.Join(dir, "*", "postgres"))
	more, _ := filepath.Glob(filepath.Join(dir, "tmp", "*", "postgres"))
	for _, data := range append(found, more...) {
		if postgres.Running(postgres.Options{Data: data, Locks: dir}) {
			running = append(running, data)
		}
	}
	return running
}

// The owner's command runs after a backup, fails, and hangs; the backup stays.
func TestCommand(t *testing.T) {
	ctx := t.Context()
	h := newHouse(t)
	b := h.create(t)
	out := filepath.Join(h.Dir, "carried")
	b, err := h.Carry(ctx, b, `cp -r "$BACKUP_PATH" `+out+` && echo done`, time.Minute)
	if err != nil || !b.Command.OK || b.Command.Output != "done\n" {
		t.Errorf("%+v, %v", b.Command, err)
	}
	if carried, err := h.Find(out); err != nil || carried.ID != b.ID {
		t.Errorf("carried: %v", err)
	}
	b, err = h.Carry(ctx, b, `echo no route to host >&2; exit 7`, time.Minute)
	if err == nil || !strings.Contains(err.Error(), "no route to host") || b.Command.OK {
		t.Errorf("%+v, %v", b.Command, err)
	}
	if _, err := h.Health(backup.Schedule{Every: time.Hour}, time.Now()); err == nil || !strings.Contains(err.Error(), "BACKUP_COMMAND failed") {
		t.Errorf("health: %v", err)
	}
	_, err = h.Carry(ctx, b, `sleep 1000 & sleep 1000`, 100*time.Millisecond)
	if err == nil || !strings.Contains(err.Error(), "did not end within 100ms") {
		t.Errorf("%v", err)
	}
	all, err := h.List()
	if err != nil || all[0].Command == nil || all[0].Command.OK {
		t.Errorf("%+v, %v", all[0].Command, err)
	}
}

// Health tells of a time without backups, and of one without drills.
func TestHealth(t *testing.T) {
	h := newHouse(t)
	hour := time.Hour
	hourly := backup.Schedule{Every: hour, Trial: 24 * hour}
	now := time.Now()
	if said, err := h.Health(hourly, now); err != nil || said != "none yet" {
		t.Errorf("%q, %v", said, err)
	}
	if _, err := h.Health(hourly, now.Add(3*hour)); err == nil || err.Error() != "there is none" {
		t.Errorf("%v", err)
	}
	b := h.create(t)
	for after, want := range map[time.Duration]string{hour: "", 200 * time.Minute: "the newest is 3 h old", -24 * hour: ""} {
		if _, err := h.Health(hourly, now.Add(after)); err == nil && want != "" || err != nil && err.Error() != want {
			t.Errorf("after %v: %v", after, err)
		}
	}
	if _, err := h.Verify(t.Context(), b, h.db); err != nil {
		t.Fatal(err)
	}
	if said, err := h.Health(hourly, now); err != nil || !strings.Contains(said, "the last that came back on trial is ") {
		t.Errorf("%q, %v", said, err)
	}

	// The one that was tried is of yesterday, as the instance is.
	yesterday := now.Add(-27 * hour)
	b.At = yesterday
	text, err := json.Marshal(b.Manifest)
	if err = errors.Join(err, os.WriteFile(filepath.Join(b.Path, "manifest.json"), text, 0o600), os.Chtimes(filepath.Join(h.Dir, "data"), yesterday, yesterday)); err != nil {
		t.Fatal(err)
	}
	h.create(t)
	ill := func(s backup.Schedule, want string) {
		t.Helper()
		if said, err := h.Health(s, now); want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%q, %v; want %q", said, err, want)
		}
	}
	never, weekly := backup.Schedule{Every: hour}, backup.Schedule{Every: hour, Trial: 7 * 24 * hour}
	ill(hourly, "that came back on trial is 27 h old")
	ill(weekly, "")
	if err := os.Remove(filepath.Join(b.Path, "drill.json")); err != nil {
		t.Fatal(err)
	}
	ill(hourly, "none has come back on trial yet")
	ill(never, "")
	if err := os.WriteFile(filepath.Join(b.Path, "manifest.json"), text[:9], 0o600); err != nil {
		t.Fatal(err)
	}
	ill(never, b.Path+" is damaged: its manifest.json cannot be read")
	if err := os.RemoveAll(b.Path); err != nil {
		t.Fatal(err)
	}
	ill(never, "")
	if err := os.WriteFile(filepath.Join(h.Place, "failed.json"), []byte(`{"error":"no room"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	ill(never, "failed: no room")
	newest := h.create(t)
	ill(never, "")

	// Which files a damaged backup has nobody can tell.
	if err := os.WriteFile(filepath.Join(newest.Path, "objects.txt"), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err = h.Prune(backup.Keep{})
	wants(t, err, app.Invalid, "rm -r "+newest.Path)
}
