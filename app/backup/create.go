package backup

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"

	"majestic/app"
	"majestic/app/postgres"
)

// unfinished begins the name of what is not done yet, or was left so by a kill.
const unfinished = ".new-"

// Create makes a backup of the instance, whose database is open. It changes nothing
// there and may run while the instance serves, or is upgraded. With secrets it holds
// them readable, where there is nobody to encrypt them to.
func (k *Keeper) Create(ctx context.Context, db *postgres.DB, secrets bool) (b Backup, err error) {
	began := time.Now()
	lock, err := k.lock()
	if err != nil {
		return b, err
	}
	defer lock.Close()
	if err := k.clear(); err != nil {
		return b, err
	}
	all, err := k.List()
	if err != nil {
		return b, err
	}
	b.Serial = 1
	if len(all) > 0 {
		b.Serial = all[0].Serial + 1
	}
	b.Format, b.Product, b.Release, b.Version = format, k.Product, k.Release, k.Version
	b.ID = fmt.Sprintf("%06d-%s", b.Serial, began.UTC().Format("20060102T150405Z"))
	b.Path = filepath.Join(k.Place, b.ID)
	half := filepath.Join(k.Place, unfinished+b.ID)
	if err := os.Mkdir(half, 0o700); err != nil {
		return b, unusable(k.Place, err)
	}
	s := shelfOf(k.Place)
	s.doubted = failed(all)
	defer func() {
		if err != nil {
			os.RemoveAll(half)
			err = errors.Join(err, s.sweep())
		}
	}()
	if err := k.fill(ctx, db, half, s, &b.Manifest, secrets); err != nil {
		if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
			return b, unusable(k.Place, err)
		}
		return b, err
	}
	b.Took = time.Since(began)
	if err = seal(half, b.Manifest); err == nil {
		err = errors.Join(syncDir(half), os.Rename(half, b.Path), syncDir(k.Place))
	}
	if err != nil {
		return b, unusable(k.Place, err)
	}
	k.forgetFailure()
	return read(b.Path)
}

// lock lets one process at a time change what backups there are.
func (k *Keeper) lock() (*os.File, error) {
	if err := os.MkdirAll(filepath.Join(k.Place, "objects"), 0o700); err != nil {
		return nil, unusable(k.Place, err)
	}
	f, err := os.OpenFile(filepath.Join(k.Place, ".lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, unusable(k.Place, err)
	}
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		err = app.Errorf(app.Conflict, "another backup is being made or removed in %s just now; wait for its end", k.Place)
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// clear removes what backups that were killed have left.
func (k *Keeper) clear() error {
	left, _ := filepath.Glob(filepath.Join(k.Place, unfinished+"*"))
	files, _ := filepath.Glob(filepath.Join(k.Place, "objects", unfinished+"*"))
	for _, path := range append(left, files...) {
		if err := os.RemoveAll(path); err != nil {
			return unusable(k.Place, err)
		}
	}
	if left == nil {
		return nil
	}
	return shelfOf(k.Place).sweep()
}

// failed tells whether the last backup that was tried did not come back. A file of the
// shelf may be at fault, which all later backups would have, too.
func failed(all []Backup) bool {
	i := slices.IndexFunc(all, func(b Backup) bool { return b.Drill != nil })
	return i >= 0 && !all[i].Drill.OK
}

// fill writes the parts of a backup.
func (k *Keeper) fill(ctx context.Context, db *postgres.DB, half string, s *shelf, m *Manifest, secrets bool) (err error) {
	if m.Postgres, err = db.Major(ctx); err != nil {
		return err
	}
	if m.Schema, err = k.Schema(ctx, db.Pool); err != nil {
		return err
	}
	if err := k.pack(half, m, secrets); err != nil {
		return err
	}
	files := &collector{from: filepath.Join(k.Dir, "data", "objects"), shelf: s, list: filepath.Join(half, listFile)}
	// Most files are kept before the snapshot, which is then short of few: of those that
	// are removed meanwhile none is missed.
	if err := inTransaction(ctx, db, func(tx pgx.Tx) error { return files.ahead(ctx, tx) }); err != nil {
		return err
	}
	dump := db.PatientTool
	if k.hurries {
		dump = db.Tool
	}
	for {
		again := false
		err := inTransaction(ctx, db, func(tx pgx.Tx) error {
			snapshot, err := m.look(ctx, tx)
			if err != nil {
				return err
			}
			if again, err = files.collect(ctx, db, tx, m); again || err != nil {
				return err
			}
			group, ctx := errgroup.WithContext(ctx)
			dumping, dumped := context.WithCancel(ctx)
			group.Go(func() error { return giveWay(dumping, db, tx.Conn().PgConn().PID()) })
			group.Go(func() error {
				defer dumped()
				// One after the other: who is served meanwhile waits less.
				err := dump(ctx, "pg_dump", "--format=custom", "--compress=1", "--snapshot="+snapshot, "--lock-wait-timeout=60s",
					"--no-publications", "--no-subscriptions", "--no-security-labels", "--file="+filepath.Join(half, dumpFile))
				if err != nil {
					return err
				}
				return m.count(ctx, tx)
			})
			return group.Wait()
		})
		if err != nil {
			return err
		}
		if !again {
			break
		}
	}
	for _, name := range []string{dumpFile, listFile} {
		f, err := os.Open(filepath.Join(half, name))
		if err != nil {
			return err
		}
		if err := errors.Join(f.Chmod(0o600), f.Sync(), f.Close()); err != nil {
			return err
		}
	}
	return files.shelf.sync()
}

// inTransaction runs do on a session of its own that gives way to all others, in a
// transaction that sees the database as it was when it began, as the owner.
func inTransaction(ctx context.Context, db *postgres.DB, do func(pgx.Tx) error) error {
	lent, err := db.Pool.Acquire(ctx)
	if err != nil {
		return err
	}
	session := lent.Hijack()
	defer session.Close(context.WithoutCancel(ctx))
	if err := db.Yield(int(session.PgConn().PID())); err != nil {
		return err
	}
	begin := `begin isolation level repeatable read read only; set local idle_in_transaction_session_timeout = 0; set local statement_timeout = 0; ` +
		`set local max_parallel_workers_per_gather = 0; ` + plainTexts // workers would give way to nobody
	return pgx.BeginTxFunc(ctx, session, pgx.TxOptions{BeginQuery: begin}, do)
}

// collector brings the files that rows name onto the shelf, and lists them.
type collector struct {
	from  string
	shelf *shelf
	list  string
}

// ahead keeps what there is, and lists nothing.
func (c *collector) ahead(ctx context.Context, tx pgx.Tx) error {
	return app.Files(ctx, tx, func(f app.File) error {
		_, _, err := c.keep(f)
		if lost(err) {
			err = nil
		}
		return err
	})
}

// collect keeps and lists the files of a snapshot. When some are gone since others
// have deleted them with their rows, it is to be done again with a new one.
func (c *collector) collect(ctx context.Context, db *postgres.DB, tx pgx.Tx, m *Manifest) (again bool, err error) {
	out, err := os.OpenFile(c.list, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return false, err
	}
	defer out.Close()
	w := bufio.NewWriter(out)
	m.Objects, m.ObjectBytes, m.Missing = 0, 0, nil
	err = app.Files(ctx, tx, func(f app.File) error {
		sum, size, err := c.keep(f)
		if lost(err) {
			m.Missing = append(m.Missing, f.Key)
			return nil
		}
		if err != nil {
			return err
		}
		m.Objects++
		m.ObjectBytes += size
		_, err = w.WriteString(object{sum, size, f.Key}.line())
		return err
	})
	if err = errors.Join(err, w.Flush()); err != nil || m.Missing == nil {
		return false, err
	}
	still := map[string]bool{}
	err = inTransaction(ctx, db, func(tx pgx.Tx) error {
		return app.Files(ctx, tx, func(f app.File) error { still[f.Key] = true; return nil })
	})
	return slices.ContainsFunc(m.Missing, func(key string) bool { return !still[key] }), err
}

func (c *collector) keep(f app.File) (sum string, size int64, err error) {
	key := filepath.FromSlash(f.Key)
	if !filepath.IsLocal(key) {
		return "", 0, fmt.Errorf("a row names the file %q, which cannot be", f.Key)
	}
	return c.shelf.keep(filepath.Join(c.from, key), f)
}

// lost tells whether a file is not there to be kept, or not as it was.
func lost(err error) bool {
	_, bad := errors.AsType[*damaged](err)
	return bad || errors.Is(err, fs.ErrNotExist)
}

// pack writes what of an instance is neither row nor file of a tenant.
func (k *Keeper) pack(half string, m *Manifest, secrets bool) error {
	drew, err := os.ReadFile(filepath.Join(k.Dir, "data", "runtime.json"))
	if err == nil && json.Valid(drew) {
		m.Runtime = drew
	}
	settings, err := os.ReadFile(filepath.Join(k.Dir, settingsFile))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if public, ok := withoutSecrets(string(settings)); err == nil && ok {
		m.Settings = true
		if err := write(filepath.Join(half, settingsFile), []byte(public)); err != nil {
			return err
		}
	}
	m.Secrets, err = k.packSecrets(half, string(settings), secrets)
	return err
}

// secretSettings are left out of settings that everybody may read who has a backup.
var secretSettings = []string{"secret_key", "database_url", "smtp_url", "smtp_password", "backup_command"}

// withoutSecrets leaves them out of app.toml; what it cannot read line by line it
// leaves out whole.
func withoutSecrets(settings string) (public string, ok bool) {
	if strings.Contains(settings, `"""`) || strings.Contains(settings, `'''`) {
		return "", false
	}
	var b strings.Builder
	for line := range strings.Lines(settings) {
		if name := settingOf(line); slices.Contains(secretSettings, name) {
			line = "# " + name + " is left out: it may hold a secret\n"
		}
		b.WriteString(line)
	}
	return b.String(), true
}

// settingOf is what a line of app.toml sets.
func settingOf(line string) string {
	name, _, _ := strings.Cut(line, "=")
	return strings.Trim(strings.TrimSpace(name), `"'`)
}
